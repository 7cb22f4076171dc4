"""Tests for destinations and dead-letter queues: only with a role that may send to them, each kind in turn."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from tests.labs.helpers import zipped
from tests.roles import allow, role, take_away
from tests.waiting import wait_until

ACCOUNT = "arn:aws:{}:us-east-1:000000000000:{}"
QUEUE, TOPIC = ACCOUNT.format("sqs", "left"), ACCOUNT.format("sns", "left")
KINDS = {
    "sqs": ("SendMessage", QUEUE),
    "sns": ("Publish", TOPIC),
    "lambda": ("InvokeFunction", ACCOUNT.format("lambda", "function:listener")),
    "events": ("PutEvents", ACCOUNT.format("events", "event-bus/default")),
    "s3": ("PutObject", "arn:aws:s3:::left"),
}
LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


@pytest.fixture
def worker(account):
    """The clients of an account with a function whose role may write logs, a queue, a topic and a bucket."""
    account["sqs"].create_queue(QueueName="left")
    account["sns"].create_topic(Name="left")
    account["s3"].create_bucket(Bucket="left")
    account["lambda"].create_function(
        FunctionName="work", Runtime="python3.13", Handler="lambda_function.lambda_handler",
        Role=role(account, "sender", LOGS, services=["lambda"]),
        Code={"ZipFile": zipped("def lambda_handler(event, context): return 'done'")},
    )  # fmt: skip
    account["lambda"].get_waiter("function_active_v2").wait(FunctionName="work", WaiterConfig={"Delay": 0.1})
    return account


def may_send(account, kind):
    operation, target = KINDS[kind]
    resources = [target, f"{target}/*", f"{target}:*"]
    allow(account, "sender", LOGS, {"Effect": "Allow", "Action": f"{kind}:{operation}", "Resource": resources})


def send_on(account, target):
    account["lambda"].put_function_event_invoke_config(
        FunctionName="work", DestinationConfig={"OnSuccess": {"Destination": target}}
    )


@pytest.mark.parametrize("kind", KINDS)
def test_destination_needs_a_permission_of_the_functions_role(worker, embedded, kind):
    operation, target = KINDS[kind]
    operation = {"InvokeFunction": "Invoke"}.get(operation, operation)
    words = f"The function's execution role does not have permissions to call {operation} on {target}"
    with pytest.raises(ClientError, match=f"InvalidParameterValueException.*{re.escape(words)}"):
        send_on(worker, target)
    may_send(worker, kind)
    send_on(worker, target)
    take_away(worker, "sender")

    def invoke():
        worker["lambda"].invoke(FunctionName="work", InvocationType="Event", Payload=b"{}")

    told = is_denied_on(embedded, invoke, target)
    assert told["action"] == f"{kind}:{KINDS[kind][0]}"


def is_denied_on(emulator, cause, resource):
    """Let something happen, and wait until an action on this was refused."""
    before = len(emulator.deeds()[1])
    cause()

    def refusals():
        found = [deed for deed in emulator.deeds()[1][before:] if deed.kind == "denied" and deed.name == resource]
        return found and json.loads(found[-1].detail)

    return wait_until(refusals)


def test_what_came_of_an_event_is_sent_while_the_role_may_send_it(worker, embedded):
    may_send(worker, "sqs")
    send_on(worker, QUEUE)
    url = worker["sqs"].get_queue_url(QueueName="left")["QueueUrl"]

    def invoke(number):
        worker["lambda"].invoke(FunctionName="work", InvocationType="Event", Payload=json.dumps(number).encode())

    def received():
        messages = worker["sqs"].receive_message(QueueUrl=url).get("Messages", [])
        for each in messages:
            worker["sqs"].delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return [json.loads(each["Body"])["requestPayload"] for each in messages]

    invoke(1)
    assert wait_until(received) == [1]
    allow(worker, "sender", LOGS)
    is_denied_on(embedded, lambda: invoke(2), QUEUE)
    may_send(worker, "sqs")
    invoke(3)
    assert wait_until(received) == [3]


@pytest.mark.parametrize(("kind", "target", "call"), [("sqs", QUEUE, "SendMessage"), ("sns", TOPIC, "Publish")])
def test_dead_letter_queue_needs_a_permission_of_the_functions_role(worker, kind, target, call):
    def configure():
        worker["lambda"].update_function_configuration(FunctionName="work", DeadLetterConfig={"TargetArn": target})

    words = f"The provided execution role does not have permissions to call {call} on {kind.upper()}"
    with pytest.raises(ClientError, match=words):
        configure()
    may_send(worker, kind)
    configure()
    take_away(worker, "sender")
    with pytest.raises(ClientError, match=words):
        configure()


def test_dead_letter_is_sent_while_the_role_may_send_it(worker, embedded):
    may_send(worker, "sqs")
    fails = zipped("def lambda_handler(event, context): raise ValueError(event)")
    worker["lambda"].update_function_code(FunctionName="work", ZipFile=fails)
    worker["lambda"].update_function_configuration(FunctionName="work", DeadLetterConfig={"TargetArn": QUEUE})
    worker["lambda"].put_function_event_invoke_config(FunctionName="work", MaximumRetryAttempts=0)
    url = worker["sqs"].get_queue_url(QueueName="left")["QueueUrl"]

    def invoke(number):
        worker["lambda"].invoke(FunctionName="work", InvocationType="Event", Payload=json.dumps(number).encode())

    def received():
        messages = worker["sqs"].receive_message(QueueUrl=url).get("Messages", [])
        for each in messages:
            worker["sqs"].delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return [each["Body"] for each in messages]

    allow(worker, "sender", LOGS)
    is_denied_on(embedded, lambda: invoke(1), QUEUE)
    may_send(worker, "sqs")
    invoke(2)
    assert wait_until(received) == ["2"]
    allow(worker, "sender", LOGS)
    is_denied_on(embedded, lambda: invoke(3), QUEUE)
    assert received() == []


def test_function_is_not_made_with_a_dead_letter_queue_that_its_role_may_not_send_to(worker):
    with pytest.raises(ClientError, match="does not have permissions to call SendMessage on SQS"):
        worker["lambda"].create_function(
            FunctionName="another", Runtime="python3.13", Handler="a.b", Code={"ZipFile": zipped("")},
            Role="arn:aws:iam::000000000000:role/sender", DeadLetterConfig={"TargetArn": QUEUE},
        )  # fmt: skip
