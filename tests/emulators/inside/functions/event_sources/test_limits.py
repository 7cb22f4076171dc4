"""Tests for the event source mappings that the embedded emulator refuses."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.functions.test_limits import SETTINGS
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


FIFO_REFUSED = [
    ({"BatchSize": 11}, "Batch size must not be greater than 10 for FIFO queues"),
    ({"MaximumBatchingWindowInSeconds": 1}, "Batching window is not supported for FIFO queues"),
]


@pytest.mark.parametrize(("settings", "rule"), FIFO_REFUSED)
def test_fifo_queue_has_small_batches_and_no_window(clients, settings, rule):
    attributes = {"FifoQueue": "true"}
    clients["sqs"].create_queue(QueueName="orders.fifo", Attributes=attributes)
    about = {"EventSourceArn": f"{ARN}.fifo", "FunctionName": "hello"}
    with pytest.raises(ClientError, match=f"InvalidParameterValueException.*{rule}"):
        clients["lambda"].create_event_source_mapping(**about, **settings)
    clients["lambda"].create_event_source_mapping(**about, BatchSize=10)


@pytest.mark.parametrize("settings", [
    {"StartingPosition": "LATEST"}, {"ParallelizationFactor": 2}, {"MaximumRetryAttempts": 1},
    {"BisectBatchOnFunctionError": True}, {"TumblingWindowInSeconds": 1},
    {"DestinationConfig": {"OnFailure": {"Destination": ARN}}}, {"MaximumRecordAgeInSeconds": 60},
])  # fmt: skip
def test_queue_takes_nothing_of_a_streams(clients, settings):
    [name] = settings
    with pytest.raises(ClientError, match=f"InvalidParameterValueException.*{name} is not valid for SQS event sources"):
        connect(clients, **settings)


STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
STREAMS_REFUSED = [
    ({"BatchSize": 10_001}, "'batchSize' .*less than or equal to 10000"),
    ({"MaximumBatchingWindowInSeconds": 301}, "'maximumBatchingWindowInSeconds' .*less than or equal to 300"),
    ({"ParallelizationFactor": 11}, "'parallelizationFactor' .*less than or equal to 10"),
    ({"MaximumRetryAttempts": 10_001}, "'maximumRetryAttempts' .*less than or equal to 10000"),
    ({"MaximumRecordAgeInSeconds": 604_801}, "'maximumRecordAgeInSeconds' .*less than or equal to 604800"),
    ({"MaximumRecordAgeInSeconds": 59}, r"must be either -1 \(forever\) or between 60 and 604800 \(inclusive\)"),
    ({"TumblingWindowInSeconds": 901}, "'tumblingWindowInSeconds' .*less than or equal to 900"),
    ({"FunctionResponseTypes": ["All"]}, "must satisfy enum value set"),
    ({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:lambda:us-east-1:000000000000:function:f"}}},
     "is no queue, topic or bucket"),
    ({"ScalingConfig": {"MaximumConcurrency": 2}}, "only supported for Amazon SQS"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "rule"), STREAMS_REFUSED)
def test_mapping_of_a_stream_that_aws_refuses_is_refused_at_creation_and_change(clients, settings, rule):
    clients["kinesis"].create_stream(StreamName="clicks", ShardCount=1)
    about = {"EventSourceArn": STREAM, "FunctionName": "hello", "StartingPosition": "LATEST"}
    with pytest.raises(ClientError, match=rule):
        clients["lambda"].create_event_source_mapping(**about, **settings)
    made = clients["lambda"].create_event_source_mapping(**about)["UUID"]
    with pytest.raises(ClientError, match=rule):
        clients["lambda"].update_event_source_mapping(UUID=made, **settings)


TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/pets/stream/2026-01-01T00:00:00.000"
BADLY_BEGUN = [
    (STREAM, {}, "Value null at 'startingPosition' failed to satisfy constraint: Member must not be null"),
    (STREAM, {"StartingPosition": "AT_TIMESTAMP"}, "Need to specify a timestamp"),
    (STREAM, {"StartingPosition": "NOW"}, "must satisfy enum value set"),
    (TABLE, {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1},
     "Unsupported starting position for arn type: arn:aws:dynamodb"),
]  # fmt: skip


@pytest.mark.parametrize(("arn", "settings", "rule"), BADLY_BEGUN)
def test_stream_is_read_from_a_place_that_is_there(clients, arn, settings, rule):
    with pytest.raises(ClientError, match=rule):
        clients["lambda"].create_event_source_mapping(EventSourceArn=arn, FunctionName="hello", **settings)


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


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (f"{ARN}-none", "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: "),
        ("arn:aws:kinesis:us-east-1:000000000000:stream/none", "Stream not found: {source}"),
        ("arn:aws:kinesis:us-east-1:000000000000:stream/none/consumer/c:1", "Stream not found: {source}"),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2026", "Stream not found: {source}"),
    ],
)  # fmt: skip
def test_source_that_is_not_there_is_refused(clients, source, words):
    begin = {} if ":sqs:" in source else {"StartingPosition": "LATEST"}
    with pytest.raises(ClientError, match=rf"\(InvalidParameterValueException\).*{words.format(source=source)}"):
        clients["lambda"].create_event_source_mapping(EventSourceArn=source, FunctionName="hello", **begin)
    assert clients["lambda"].list_event_source_mappings()["EventSourceMappings"] == []
