"""Tests for durable functions on the embedded emulator, with AWS's own SDK."""

import io
import json
import zipfile
from importlib.metadata import files

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.functions.durable_calls import CALLBACKS, EXECUTIONS, action_of, execution_in
from tests import roles
from tests.emulators.inside.functions.test_limits import SETTINGS
from tests.labs.helpers import zipped
from tests.waiting import wait_until

SDK = "aws-durable-execution-sdk-python"
NAME = {"FunctionName": "hello"}
ONE = "arn:aws:lambda:us-east-1:000000000000:function:hello:1/durable-execution/one/two"
ORDER = """
import time
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration

@durable_execution
def lambda_handler(event, context):
    print("the code begins", event)
    first = context.step(lambda _: print("first step") or "reserved", name="reserve")
    context.wait(Duration.from_days(1), name="a day")
    return [first, context.step(lambda _: print("second step") or "shipped", name="ship")]
"""


def sdk_layer():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in files(SDK):
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(file.locate(), f"python/{file}")
    return buffer.getvalue()


@pytest.fixture
def durable(embedded):
    """Makes the durable function hello, of this code, with its version 1; returns clients of its account."""

    def make(code, timeout=7 * 24 * 3600):
        embedded.reset()
        return made(Clients(embedded), code, timeout)

    return make


def made(clients, code, timeout=7 * 24 * 3600):
    """The clients, in whose account there is now a durable function of this code."""
    lambda_, role = clients["lambda"], roles.role(clients, "worker", services=["lambda"])
    layer = lambda_.publish_layer_version(LayerName="durable", Content={"ZipFile": sdk_layer()})
    own = {"Code": {"ZipFile": zipped(code)}, "Layers": [layer["LayerVersionArn"]], "Role": role, "Publish": True}
    config = {"ExecutionTimeout": timeout, "RetentionPeriodInDays": 1}
    lambda_.create_function(**SETTINGS | own, Timeout=20, DurableConfig=config)
    wait_until(lambda: lambda_.get_function_configuration(**NAME, Qualifier="1")["State"] == "Active")
    return clients


def start(lambda_, event, **more):
    """The ARN of an execution of version 1, which nobody waits for."""
    answer = lambda_.invoke(**NAME, Qualifier="1", InvocationType="Event", Payload=json.dumps(event), **more)
    assert answer["StatusCode"] == 202
    return answer["DurableExecutionArn"]


def kinds(lambda_, execution):
    events = lambda_.get_durable_execution_history(DurableExecutionArn=execution)["Events"]
    return [each["EventType"] for each in events]


def status(lambda_, execution):
    return lambda_.get_durable_execution(DurableExecutionArn=execution)["Status"]


def printed(clients):
    pages = clients["logs"].get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/hello")
    lines = [event["message"].strip() for page in pages for event in page["events"]]
    return [line for line in lines if line.startswith(("the code", "first", "second"))]


def advance(embedded, hours):
    for _ in embedded.advance(hours * 3600):
        pass


def test_a_day_passes_between_two_steps_and_each_runs_once(durable, embedded):
    clients = durable(ORDER)
    lambda_ = clients["lambda"]
    execution = start(lambda_, {"orderId": "o-1"})
    wait_until(lambda: "InvocationCompleted" in kinds(lambda_, execution))
    advance(embedded, 23)
    assert status(lambda_, execution) == "RUNNING"
    advance(embedded, 1)
    wait_until(lambda: status(lambda_, execution) == "SUCCEEDED")
    found = lambda_.get_durable_execution(DurableExecutionArn=execution)
    assert json.loads(found["Result"]) == ["reserved", "shipped"]
    assert (found["EndTimestamp"] - found["StartTimestamp"]).total_seconds() >= 24 * 3600
    begins = "the code begins {'orderId': 'o-1'}"
    assert printed(clients) == [begins, "first step", begins, "second step"]
    assert kinds(lambda_, execution) == [
        *("ExecutionStarted", "StepStarted", "StepSucceeded", "WaitStarted", "InvocationCompleted", "WaitSucceeded"),
        *("StepStarted", "StepSucceeded", "InvocationCompleted", "ExecutionSucceeded"),
    ]


def test_it_is_called_as_aws_wants_it(durable):
    lambda_ = durable(ORDER)["lambda"]
    with pytest.raises(ClientError, match="unqualified ARN"):
        lambda_.invoke(**NAME, InvocationType="Event")
    with pytest.raises(ClientError, match="greater than 15 minutes"):
        lambda_.invoke(**NAME, Qualifier="1")
    named = {"DurableExecutionName": "order-1"}
    first = start(lambda_, {"orderId": "o-1"}, **named)
    assert start(lambda_, {"orderId": "o-1"}, **named) == first
    with pytest.raises(ClientError, match="DurableExecutionAlreadyStarted"):
        start(lambda_, {"orderId": "o-2"}, **named)


SHORT = """
from aws_durable_execution_sdk_python import durable_execution

@durable_execution
def lambda_handler(event, context):
    if "wrong" in event:
        raise ValueError("wrong")
    return context.step(lambda _: event["number"] * 2)
"""


def test_who_waits_gets_the_result_or_the_error(durable):
    lambda_ = durable(SHORT, timeout=60)["lambda"]
    answer = lambda_.invoke(**NAME, Qualifier="1", Payload=b'{"number": 21}')
    assert json.load(answer["Payload"]) == 42
    assert status(lambda_, answer["DurableExecutionArn"]) == "SUCCEEDED"
    answer = lambda_.invoke(**NAME, Qualifier="1", Payload=b'{"wrong": true}')
    assert json.load(answer["Payload"])["errorMessage"] == "wrong"
    assert (answer["FunctionError"], status(lambda_, answer["DurableExecutionArn"])) == ("Unhandled", "FAILED")


def test_a_role_must_allow_the_notes(durable):
    clients = durable(SHORT, timeout=60)
    lambda_, call = clients["lambda"], {**NAME, "Qualifier": "1", "Payload": b'{"number": 21}'}
    logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    roles.allow(clients, "worker", logs)
    answer = lambda_.invoke(**call)
    assert "lambda:CheckpointDurableExecution" in json.load(answer["Payload"])["errorMessage"]
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicDurableExecutionRolePolicy"
    roles.take_away(clients, "worker")
    clients["iam"].attach_role_policy(RoleName="worker", PolicyArn=arn)
    assert json.load(lambda_.invoke(**call)["Payload"]) == 42
    clients["iam"].detach_role_policy(RoleName="worker", PolicyArn=arn)
    assert "lambda:CheckpointDurableExecution" in json.load(lambda_.invoke(**call)["Payload"])["errorMessage"]


TRIED = """
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy

ONCE_MORE = create_retry_strategy(RetryStrategyConfig(max_attempts=2, initial_delay=Duration.from_hours(1)))

@durable_execution
def lambda_handler(event, context):
    def pay(step):
        raise ValueError("no money")
    return context.step(pay, name="pay", config=StepConfig(retry_strategy=ONCE_MORE))
"""


def test_a_step_is_tried_as_often_as_its_strategy_says(durable, embedded):
    clients = durable(TRIED)
    lambda_ = clients["lambda"]
    execution = start(lambda_, {})
    wait_until(lambda: "InvocationCompleted" in kinds(lambda_, execution))
    assert status(lambda_, execution) == "RUNNING"
    advance(embedded, 3)
    wait_until(lambda: status(lambda_, execution) == "FAILED")
    assert kinds(lambda_, execution).count("StepFailed") == 2


def test_an_execution_that_takes_too_long_is_ended(durable, embedded):
    lambda_ = durable(ORDER, timeout=3600)["lambda"]
    execution = start(lambda_, {})
    wait_until(lambda: "InvocationCompleted" in kinds(lambda_, execution))
    advance(embedded, 2)
    wait_until(lambda: status(lambda_, execution) == "TIMED_OUT")


CALLBACK = """
import boto3
from aws_durable_execution_sdk_python import durable_execution

@durable_execution
def lambda_handler(event, context):
    def ask(callback_id, _):
        boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody=callback_id)
    return context.wait_for_callback(ask, name="approval")
"""


def test_a_callback_goes_on_with_it(durable):
    clients = durable(CALLBACK)
    lambda_, sqs = clients["lambda"], clients["sqs"]
    queue = sqs.create_queue(QueueName="asked")["QueueUrl"]
    execution = start(lambda_, {"queue": queue})
    message = wait_until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))[0]
    wait_until(lambda: "InvocationCompleted" in kinds(lambda_, execution))
    lambda_.send_durable_execution_callback_success(CallbackId=message["Body"], Result=b'"yes"')
    wait_until(lambda: status(lambda_, execution) == "SUCCEEDED")


def test_an_execution_goes_on_after_the_emulator_was_stopped(tmp_path):
    emulator = Embedded(tmp_path)
    emulator.start()
    try:
        lambda_ = made(Clients(emulator), ORDER)["lambda"]
        execution = start(lambda_, {})
        wait_until(lambda: "InvocationCompleted" in kinds(lambda_, execution))
        emulator.stop()
        emulator.start()
        clients = Clients(emulator)
        advance(emulator, 24)
        wait_until(lambda: status(clients["lambda"], execution) == "SUCCEEDED")
        assert [line for line in printed(clients) if "step" in line] == ["first step", "second step"]
    finally:
        emulator.stop()


@pytest.mark.parametrize(
    ("path", "action"),
    [
        (f"{EXECUTIONS}{ONE}/checkpoint", "CheckpointDurableExecution"),
        (f"{EXECUTIONS}{ONE}", "GetDurableExecution"),
        (f"{CALLBACKS}aGVsbG8=/succeed", "SendDurableExecutionCallbackSuccess"),
        ("/2025-12-01/functions/hello/durable-executions", "ListDurableExecutionsByFunction"),
        ("/2015-03-31/functions/hello/invocations", ""),
    ],
)
def test_each_call_has_a_permission_of_its_own(path, action):
    assert action_of(path) == action
    assert execution_in(path) == (ONE if path.startswith(EXECUTIONS) else "")
