"""Tests for functions that are named by a part of their ARN, on the embedded emulator."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.permissions.authorization.test_calls import user

CODE = "def lambda_handler(event, context): return [context.invoked_function_arn, context.function_version]"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
PART = "000000000000:function:hello"


@pytest.fixture
def lambda_(hello):
    found = hello(CODE)["lambda"]
    found.publish_version(FunctionName=PART)
    found.create_alias(FunctionName=PART, Name="live", FunctionVersion="1")
    return found


@pytest.mark.parametrize(("part", "version"), [(PART, "$LATEST"), (f"{PART}:live", "1"), (f"{PART}:1", "1")])
def test_function_its_alias_and_its_version_are_called(lambda_, part, version):
    answer = lambda_.invoke(FunctionName=part)
    arn = f"{ARN}{part.removeprefix(PART)}"
    assert json.load(answer["Payload"]) == [arn, version]


def test_calls_about_it_find_it(lambda_):
    lambda_.add_permission(
        FunctionName=PART, StatementId="s", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com"
    )
    lambda_.put_function_event_invoke_config(FunctionName=PART, MaximumRetryAttempts=1)
    lambda_.update_function_configuration(FunctionName=PART, Timeout=7)
    found = lambda_.get_function(FunctionName="hello")["Configuration"]
    assert (found["FunctionArn"], found["Timeout"]) == (ARN, 7)
    assert ARN in lambda_.get_policy(FunctionName="hello")["Policy"]


def test_source_is_mapped_to_it(lambda_, embedded):
    Clients(embedded)["sqs"].create_queue(QueueName="orders")
    source = "arn:aws:sqs:us-east-1:000000000000:orders"
    made = lambda_.create_event_source_mapping(FunctionName=f"{PART}:live", EventSourceArn=source)
    assert made["FunctionArn"] == f"{ARN}:live"


@pytest.mark.parametrize("part", ["111111111111:function:hello", "000000000000:function:", "000000000000:layer:hello"])
def test_function_of_another_account_is_not_ours(lambda_, part):
    with pytest.raises(ClientError):
        lambda_.invoke(FunctionName=part)


def test_permission_is_asked_on_the_function_itself(lambda_, embedded):
    given = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{ARN}:live"}
    hers = user(Clients(embedded), embedded, given).client("lambda", endpoint_url=embedded.endpoint)
    hers.invoke(FunctionName=f"{PART}:live")
    for part, resource in ((PART, ARN), (f"{PART}:1", f"{ARN}:1")):
        with pytest.raises(ClientError, match=f"InvokeFunction on resource: {resource} because"):
            hers.invoke(FunctionName=part)
