"""Tests for the event source mappings that the embedded emulator refuses."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.test_function_limits import SETTINGS
from tests.roles import ready

ARN = "arn:aws:sqs:us-east-1:000000000000:orders"


@pytest.fixture
def clients(embedded):
    embedded.reset()
    ready(embedded)
    found = Clients(embedded)
    found["sqs"].create_queue(QueueName="orders")
    found["lambda"].create_function(**SETTINGS)
    return found


def connect(clients, **settings):
    return clients["lambda"].create_event_source_mapping(EventSourceArn=ARN, FunctionName="hello", **settings)["UUID"]


def filtered(pattern):
    return {"FilterCriteria": {"Filters": [{"Pattern": pattern}]}}


REFUSED = [
    (filtered("no JSON"), "InvalidParameterValueException.*Invalid filter pattern definition"),
    (filtered('{"body": {"pet": "cat"}}'), "InvalidParameterValueException.*Invalid filter pattern definition"),
    (filtered('{"body": {"pet": [{"begins": "c"}]}}'), "Invalid filter pattern definition"),
    ({"BatchSize": 10001}, "ValidationException.*'batchSize' .*less than or equal to 10000"),
    ({"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
    ({"MaximumBatchingWindowInSeconds": 301}, "'maximumBatchingWindowInSeconds' .*less than or equal to 300"),
]


@pytest.mark.parametrize(("settings", "rule"), REFUSED)
def test_mapping_that_aws_refuses_is_refused_at_creation_and_change(clients, settings, rule):
    with pytest.raises(ClientError, match=rule):
        connect(clients, **settings)
    made = connect(clients, **filtered(json.dumps({"body": {"pet": ["cat", {"prefix": "d"}]}})))
    with pytest.raises(ClientError, match=rule):
        clients["lambda"].update_event_source_mapping(UUID=made, **settings)
    settings = {"BatchSize": 11, "MaximumBatchingWindowInSeconds": 1}
    assert clients["lambda"].update_event_source_mapping(UUID=made, **settings)["BatchSize"] == 11


def test_messages_are_hidden_for_as_long_as_the_function_may_run(clients):
    clients["lambda"].update_function_configuration(FunctionName="hello", Timeout=31)
    rule = "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds"
    with pytest.raises(ClientError, match=rf"InvalidParameterValueException.*{rule}"):
        connect(clients)
    url = clients["sqs"].get_queue_url(QueueName="orders")["QueueUrl"]
    clients["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "31"})
    connect(clients)


def test_queue_is_connected_to_a_function_once(clients):
    made = connect(clients)
    with pytest.raises(ClientError, match=f"ResourceConflictException.*the existing mapping with UUID {made}"):
        connect(clients)
    clients["lambda"].delete_event_source_mapping(UUID=made)
    connect(clients)
