"""Tests for the lab first_steps."""

import json

import pytest

from lab_harness import load_lab, run_checks
from lab_harness.authors import queues

from .helpers import aws_cli, failure, not_passed

lab = load_lab("first_steps")
FIRST = {"queue_exists"}  # what fails in an untouched account
QUEUE, TEXT = "first-steps", "hello, serverless"


@pytest.fixture
def solved(clients):
    lab.solve(clients)
    return clients


def url(clients):
    return clients["sqs"].get_queue_url(QueueName=QUEUE)["QueueUrl"]


def messages(clients):
    """The queue's messages, each with how often it was received so far; they stay visible."""
    found = clients["sqs"].receive_message(
        QueueUrl=url(clients),
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    return [(each["Body"], int(each["Attributes"]["ApproximateReceiveCount"])) for each in found.get("Messages", [])]


def send_instead(clients, *texts):
    """Take the messages out of the queue and send these."""
    sqs, queue = clients["sqs"], url(clients)
    for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    for text in texts:
        sqs.send_message(QueueUrl=queue, MessageBody=text)


def test_checks_leave_the_message_where_it_is_and_visible(solved):
    for _ in range(3):
        assert run_checks(lab, solved).complete
    assert queues.counts(solved["sqs"], url(solved)) == {"visible": 1, "in flight": 0, "delayed": 0}
    assert [text for text, _ in messages(solved)] == [TEXT]


def test_the_task_queue_does_not_touch_the_message_at_all(solved):
    run_checks(lab, solved, ["queue"])
    assert messages(solved) == [(TEXT, 1)]  # the test's own look is the first


# Undo one thing: exactly that check fails.


def test_a_queue_of_another_name_is_named(clients):
    clients["sqs"].create_queue(QueueName="first-step")
    try:
        assert not_passed(run_checks(lab, clients)) == {"queue_exists"}
        assert "first-step" in failure(lab.checks.queue_exists, clients["sqs"]).found
    finally:
        clients["sqs"].delete_queue(QueueUrl=clients["sqs"].get_queue_url(QueueName="first-step")["QueueUrl"])


def test_a_queue_with_a_delay_is_named(solved):
    solved["sqs"].set_queue_attributes(QueueUrl=url(solved), Attributes={"DelaySeconds": "60"})
    assert not_passed(run_checks(lab, solved)) == {"queue_hands_out_at_once"}
    assert failure(lab.checks.queue_hands_out_at_once, solved["sqs"]).found == "DelaySeconds of first-steps: 60"


def test_a_queue_without_a_message_is_named(solved):
    send_instead(solved)
    assert not_passed(run_checks(lab, solved)) == {"message_waits"}
    found = failure(lab.checks.message_waits, solved["sqs"])
    assert found.found == "0 visible, 0 in flight, 0 delayed"
    assert "send_message" in found.next_step


def test_a_message_that_was_received_is_said_to_be_in_flight(solved):
    solved["sqs"].receive_message(QueueUrl=url(solved), VisibilityTimeout=60)
    assert not_passed(run_checks(lab, solved)) == {"message_waits"}
    assert failure(lab.checks.message_waits, solved["sqs"]).found == "0 visible, 1 in flight, 0 delayed"


@pytest.mark.parametrize("text", ["Hello, serverless", "hello serverless", '"hello, serverless"', "hello, serverless "])
def test_a_message_with_another_text_is_shown(solved, text):
    send_instead(solved, text)
    assert not_passed(run_checks(lab, solved)) == {"message_says_hello"}
    assert failure(lab.checks.message_says_hello, solved["sqs"]).found == json.dumps(text)


def test_of_many_wrong_messages_some_are_shown(solved):
    send_instead(solved, *(f"text {number}" for number in range(7)))
    found = failure(lab.checks.message_says_hello, solved["sqs"])
    assert found.found.startswith('"text ')
    assert found.found.endswith('" and 2 more')
    assert "purge_queue" in found.next_step


def test_the_right_message_passes_among_wrong_ones(solved):
    send_instead(solved, "hello", TEXT, "goodbye")
    assert run_checks(lab, solved).complete


def test_the_right_message_is_found_behind_many_wrong_ones_and_all_stay_visible(solved):
    send_instead(solved, *(f"text {number}" for number in range(25)), TEXT)
    assert run_checks(lab, solved).complete
    assert run_checks(lab, solved).complete


# Another valid way of building it.


def test_cloudformation_serves_as_well(clients):
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": QUEUE}}}}
    cloudformation, patience = clients["cloudformation"], {"Delay": 0.2, "MaxAttempts": 200}
    cloudformation.create_stack(StackName="first-steps", TemplateBody=json.dumps(template))
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName="first-steps", WaiterConfig=patience)
        clients["sqs"].send_message(QueueUrl=url(clients), MessageBody=TEXT)
        assert run_checks(lab, clients).complete
    finally:
        cloudformation.delete_stack(StackName="first-steps")
        cloudformation.get_waiter("stack_delete_complete").wait(StackName="first-steps", WaiterConfig=patience)


def test_the_aws_cli_serves_as_well(clients):
    aws_cli(clients, "sqs", "create-queue", "--queue-name", QUEUE)
    aws_cli(clients, "sqs", "send-message", "--queue-url", url(clients), "--message-body", TEXT)
    assert run_checks(lab, clients).complete
