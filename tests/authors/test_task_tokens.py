"""Tests for task tokens: taken out of their queue and answered, those of others left alone."""

import json
import secrets
import time

import pytest

from lab_harness.authors import executions, queues, task_tokens
from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import END_DEADLINE, free_port
from tests.authors.test_executions import MACHINE, create, each
from tests.test_states_language import machine
from tests.waiting import PATIENCE

QUEUE = "questions"


@pytest.fixture
def asking(clients):
    """The state machine that sends a task token for each item, and then ends with the answer."""
    clients["sqs"].create_queue(QueueName=QUEUE)
    url = clients["sqs"].get_queue_url(QueueName=QUEUE)["QueueUrl"]
    body = {"taskToken.$": "$$.Task.Token", "item.$": "$"}
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody": body},
        "End": True,
    }
    create(clients, each(Ask=ask))
    return clients


def run(clients, answer, items, tags, within=PATIENCE):
    sfn, sqs = clients["stepfunctions"], clients["sqs"]
    queue = task_tokens.token_queue(sfn, sqs, MACHINE, QUEUE, tags)
    return task_tokens.run_answering(sfn, MACHINE, items, queue, answer, within)


def messages(clients):
    url = clients["sqs"].get_queue_url(QueueName=QUEUE)["QueueUrl"]
    return clients["sqs"].receive_message(QueueUrl=url, WaitTimeSeconds=3).get("Messages", [])


def test_task_tokens_are_answered(asking):
    tag = secrets.token_hex(6)
    items = [f"{tag}-yes", f"{tag}-also"]
    answered = run(asking, lambda message: {"output": json.dumps(message["item"])}, items, items)
    assert answered.execution.output == items
    assert (len(answered.messages), answered.unanswered) == (2, [])


def test_a_task_token_may_be_answered_with_a_failure(asking):
    tag = secrets.token_hex(6)
    answered = run(asking, lambda _: {"error": "No", "cause": "not today"}, [tag], [tag])
    assert (answered.execution.status, answered.execution.errors()) == ("FAILED", ["No"])
    assert "failed with No: not today" in answered.execution.described()


def test_messages_of_others_stay_in_the_queue(asking):
    sfn, tag = asking["stepfunctions"], secrets.token_hex(6)
    with executions.probe_execution(sfn, MACHINE, ["mine"]) as mine:
        (message,) = messages(asking)
        asking["sqs"].change_message_visibility(
            QueueUrl=asking["sqs"].get_queue_url(QueueName=QUEUE)["QueueUrl"],
            ReceiptHandle=message["ReceiptHandle"],
            VisibilityTimeout=0,
        )
        run(asking, lambda _: {"output": "1"}, [tag], [tag])
        (message,) = messages(asking)
        assert json.loads(message["Body"])["item"] == "mine"
        sfn.send_task_success(taskToken=json.loads(message["Body"])["taskToken"], output="2")
        assert mine.end(within=PATIENCE).output == [2]


@pytest.mark.parametrize("body", [{"item.$": "$"}, {"item.$": "$", "taskToken": "made up"}, "no JSON", "[1]"])
def test_an_execution_whose_message_cannot_be_answered_is_stopped(clients, body):
    url = clients["sqs"].create_queue(QueueName=QUEUE)["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody": body},
        "End": True,
    }
    create(clients, machine(A=ask))
    answered = run(clients, lambda _: {"output": "1"}, "x", [secrets.token_hex(6)])
    assert answered.execution.status == "ABORTED"
    assert answered.unanswered == answered.messages
    assert len(answered.messages) == 1
    assert not any(queues.counts(clients["sqs"], url).values())


def test_an_emulator_stops_at_once_though_an_execution_waits_for_an_answer(tmp_path):
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    try:
        clients = Clients(emulator)
        url = clients["sqs"].create_queue(QueueName=QUEUE)["QueueUrl"]
        ask = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"},
            "End": True,
        }
        create(clients, each(Ask=ask))
        with executions.probe_execution(clients["stepfunctions"], MACHINE, [1]):
            assert len(messages(clients)) == 1
    finally:
        started = time.monotonic()
        emulator.stop()
    assert time.monotonic() - started < END_DEADLINE  # after which it would have been killed
