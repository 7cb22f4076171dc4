"""Tests for executions: start one, wait for its end, answer its task tokens, read its history as evidence."""

import json
import secrets
import time

import pytest

from lab_harness.authors import Failure, executions, histories, queues
from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import END_DEADLINE, free_port
from tests.test_states_language import PASS, ROLE, machine
from tests.waiting import PATIENCE

MACHINE, QUEUE = "steps", "questions"


@pytest.fixture
def sfn(clients):
    return clients["stepfunctions"]


def create(clients, definition, name=MACHINE):
    clients["stepfunctions"].create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)


def each(**states):
    """A Map over the input, in which these are the states."""
    start = next(iter(states))
    return machine("Each", Each={"Type": "Map", "ItemProcessor": machine(start, **states), "End": True})


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
    queue = executions.token_queue(sfn, sqs, MACHINE, QUEUE, tags)
    return executions.run_answering(sfn, MACHINE, items, queue, answer, within)


def messages(clients):
    url = clients["sqs"].get_queue_url(QueueName=QUEUE)["QueueUrl"]
    return clients["sqs"].receive_message(QueueUrl=url, WaitTimeSeconds=3).get("Messages", [])


def test_an_execution_that_succeeds_has_its_output_and_the_states_it_entered(clients, sfn):
    create(clients, machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Succeed"}))
    execution = executions.run_execution(sfn, MACHINE, {"x": 1}, within=PATIENCE)
    assert (execution.status, execution.output, execution.error) == ("SUCCEEDED", {"x": 1}, "")
    assert (execution.entered(), execution.entered("Pass"), execution.entered("Wait")) == (["A", "B"], ["A"], [])
    assert execution.described().splitlines() == [
        'the execution SUCCEEDED with the output {"x": 1}',
        "its history ends with:",
        "  A entered",
        "  B entered",
    ]


def test_an_execution_that_fails_says_with_what(clients, sfn):
    create(clients, machine(A={"Type": "Fail", "Error": "Broken", "Cause": "by me"}))
    execution = executions.run_execution(sfn, MACHINE, {}, within=PATIENCE)
    assert (execution.status, execution.output, execution.errors()) == ("FAILED", None, [])
    assert execution.described().startswith("the execution is FAILED with Broken: by me\n")


def test_failed_attempts_of_a_task_are_counted_and_shown(clients, sfn):
    missing = "arn:aws:lambda:us-east-1:000000000000:function:nobody"
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    create(clients, machine(A={"Type": "Task", "Resource": missing, "Retry": retry, "End": True}))
    execution = executions.run_execution(sfn, MACHINE, {}, within=PATIENCE)
    assert len(execution.errors()) == 2
    assert execution.described().count("failed with Lambda.ResourceNotFoundException: Function not found") == 2


def test_the_history_can_be_narrowed_to_one_item_of_a_map(clients, sfn):
    odd = {"Variable": "$", "StringEquals": "odd", "Next": "Odd"}
    choice = {"Type": "Choice", "Choices": [odd], "Default": "Even"}
    create(clients, each(Which=choice, Odd=PASS, Even=PASS))
    execution = executions.run_execution(sfn, MACHINE, ["odd", "even"], within=PATIENCE)
    assert sorted(execution.entered()) == ["Each", "Even", "Odd", "Which", "Which"]
    assert [line.strip() for line in execution.described(about="odd").splitlines()[2:]] == [
        "Which entered",
        "Odd entered",
    ]


def test_only_the_end_of_a_long_history_is_shown(clients, sfn):
    create(clients, each(A=PASS))
    execution = executions.run_execution(sfn, MACHINE, list(range(40)), within=PATIENCE)
    assert len(execution.described().splitlines()) == 2 + histories.SHOWN_EVENTS


def test_an_execution_that_does_not_end_is_shown_and_stopped(clients, sfn):
    create(clients, machine(A={"Type": "Wait", "Seconds": 60, "End": True}))
    with pytest.raises(Failure) as caught, executions.probe_execution(sfn, MACHINE, {}) as probe:
        probe.end(within=0.5)
    assert caught.value.found.startswith("the execution is RUNNING")
    assert caught.value.found.endswith("A entered (after waiting 0.5 s)")
    assert probe.now().status == "ABORTED"


def test_what_happens_meanwhile_is_called_at_each_look(clients, sfn):
    create(clients, machine(A=PASS))
    looks = []
    with executions.probe_execution(sfn, MACHINE, {}) as probe:
        probe.end(5, lambda: looks.append(probe.now().status))
    assert looks
    assert set(looks) <= {"RUNNING", "SUCCEEDED"}


@pytest.mark.parametrize("there", [False, True])
def test_a_machine_that_cannot_be_started_is_named(sfn, there):
    class Refusing:
        def __getattr__(self, name):
            return getattr(sfn, name)

        def start_execution(self, **_):
            return sfn.start_execution(stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:gone")

        def get_paginator(self, name):
            pages = [{"stateMachines": [{"name": MACHINE, "stateMachineArn": "arn"}] if there else []}]
            return type("Pages", (), {"paginate": lambda _: pages})()

    with pytest.raises(Failure) as caught:
        executions.run_execution(Refusing(), MACHINE, {}, within=1)
    assert caught.value.expected == "a state machine steps that can be started"
    assert ("gone" in caught.value.found) if there else (caught.value.found == "no such state machine")


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


def test_the_problems_of_a_definition_are_told():
    assert executions.definition_problems(json.dumps(machine(A=PASS))) == []
    assert (
        "Missing 'Next' target: B"
        in executions.definition_problems(json.dumps(machine(A={**PASS, "End": False, "Next": "B"})))[0]
    )


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
