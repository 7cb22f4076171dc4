"""Tests for subscription filters of log groups on the embedded emulator."""

import base64
import gzip
import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.permissions.authorization.conftest import account  # noqa: F401  a fixture
from tests.emulators.inside.permissions.authorization.listener import FUNCTION
from tests.roles import allow, let_in, role
from tests.waiting import wait_until

GROUP = {"logGroupName": "/pets"}
LINES = ["cat ate", "dog ate", "cat: slept", '{"level": "INFO"}', '{"level": "ERROR"}']
SOURCE = "arn:aws:logs:us-east-1:000000000000:log-group:/pets:*"
CLICKS = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"


@pytest.fixture
def aws(account):  # noqa: F811
    account["logs"].create_log_group(**GROUP)
    account["logs"].create_log_stream(**GROUP, logStreamName="s")
    return account


def subscribe(aws, pattern="", name="errors", target=FUNCTION, **more):
    aws["logs"].put_subscription_filter(**GROUP, filterName=name, filterPattern=pattern, destinationArn=target, **more)


def permit(aws, principal="logs.amazonaws.com", source=SOURCE):
    aws["lambda"].add_permission(
        FunctionName="listener", StatementId="logs", Action="lambda:InvokeFunction", Principal=principal,
        SourceArn=source,
    )  # fmt: skip


def write(aws, *lines):
    now = int(time.time() * 1000)
    events = [{"timestamp": now + at, "message": line} for at, line in enumerate(lines)]
    aws["logs"].put_log_events(**GROUP, logStreamName="s", logEvents=events)


def told(data):
    return json.loads(gzip.decompress(data))


def heard(embedded):
    """The lines that the function got, event by event."""
    events = [json.loads(deed.detail) for deed in embedded.deeds()[1] if (deed.kind, deed.name) == ("run", "listener")]
    found = [told(base64.b64decode(event["awslogs"]["data"])) for event in events]
    return [[each["message"] for each in message["logEvents"]] for message in found]


@pytest.mark.parametrize("principal", ["logs.amazonaws.com", "logs.us-east-1.amazonaws.com"])
def test_function_that_lets_it_gets_the_lines_that_fit(aws, embedded, principal):
    permit(aws, principal)
    subscribe(aws, "ERROR")
    write(aws, "INFO good", "ERROR bad", "ERROR worse")
    assert wait_until(lambda: heard(embedded)) == [["ERROR bad", "ERROR worse"]]
    assert {deed.by for deed in embedded.deeds()[1] if deed.kind == "run"} == {"logs /pets"}


@pytest.mark.parametrize(
    ("principal", "source"),
    [("events.amazonaws.com", SOURCE), ("logs.amazonaws.com", SOURCE.replace("/pets", "/cats"))],
)
def test_function_that_lets_others_only_cannot_be_subscribed(aws, principal, source):
    permit(aws, principal, source)
    with pytest.raises(ClientError, match="Could not execute the lambda function"):
        subscribe(aws)
    assert not aws["logs"].describe_subscription_filters(**GROUP)["subscriptionFilters"]


def test_function_that_lets_it_no_longer_gets_nothing(aws, embedded):
    permit(aws)
    subscribe(aws)
    aws["lambda"].remove_permission(FunctionName="listener", StatementId="logs")
    write(aws, "one")
    let_in(aws, "listener", "logs")
    write(aws, "two")
    assert wait_until(lambda: heard(embedded)) == [["two"]]


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ("", None), ("cat ate", ["cat ate"]), ('"cat: slept"', ["cat: slept"]),
        ("?dog ?slept", ["dog ate", "cat: slept"]), ("ate -dog", ["cat ate"]),
        ('{ $.level = "ERROR" }', ['{"level": "ERROR"}']),
    ],
)  # fmt: skip
def test_patterns_are_of_words_or_of_json(aws, embedded, pattern, fitting):
    permit(aws)
    subscribe(aws, pattern)
    write(aws, *LINES)
    assert wait_until(lambda: heard(embedded)) == [fitting or LINES]
    found = aws["logs"].filter_log_events(**GROUP, filterPattern=pattern)["events"]
    assert [each["message"] for each in found] == (fitting or LINES)


def test_third_filter_and_patterns_that_are_not_read_are_refused(aws):
    permit(aws)
    for name in ("one", "two", "two"):
        subscribe(aws, name=name)
    with pytest.raises(ClientError, match="LimitExceeded"):
        subscribe(aws, name="three")
    for call in (
        lambda: subscribe(aws, "[ip, user]", name="two"),
        lambda: aws["logs"].filter_log_events(**GROUP, filterPattern="[ip, user]"),
        lambda: aws["logs"].put_metric_filter(
            **GROUP,
            filterName="m",
            filterPattern="{ $.level",
            metricTransformations=[{"metricName": "m", "metricNamespace": "Pets", "metricValue": "1"}],
        ),
    ):
        with pytest.raises(ClientError, match="Invalid filter pattern"):
            call()


def test_group_that_is_not_there_is_named(aws):
    with pytest.raises(ClientError, match="does not exist"):
        aws["logs"].put_subscription_filter(
            logGroupName="/none", filterName="f", filterPattern="", destinationArn=FUNCTION
        )


def test_streams_get_the_lines_with_the_filters_role(aws):
    aws["kinesis"].create_stream(StreamName="clicks", ShardCount=1)
    aws["s3"].create_bucket(Bucket="archive")
    carrier = role(aws, "carrier", services=["firehose", "logs"])
    at_once = {"SizeInMBs": 1, "IntervalInSeconds": 0}
    destination = {"RoleARN": carrier, "BucketARN": "arn:aws:s3:::archive", "BufferingHints": at_once}
    archive = aws["firehose"].create_delivery_stream(
        DeliveryStreamName="archive", ExtendedS3DestinationConfiguration=destination
    )["DeliveryStreamARN"]
    with pytest.raises(ClientError, match="Could not deliver test message"):
        subscribe(aws, name="without", target=CLICKS)
    for name, target in (("clicks", CLICKS), ("archive", archive)):
        subscribe(aws, name=name, target=target, roleArn=carrier)
    write(aws, "one")
    about = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = aws["kinesis"].get_shard_iterator(StreamName="clicks", **about)["ShardIterator"]
    (record,) = aws["kinesis"].get_records(ShardIterator=iterator)["Records"]
    assert [each["message"] for each in told(record["Data"])["logEvents"]] == ["one"]
    (key,) = wait_until(lambda: aws["s3"].list_objects_v2(Bucket="archive").get("Contents"))
    body = aws["s3"].get_object(Bucket="archive", Key=key["Key"])["Body"].read()
    assert told(body)["subscriptionFilters"] == ["archive"]
    allow(aws, "carrier", {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"})
    write(aws, "two")
    assert len(aws["kinesis"].get_records(ShardIterator=iterator)["Records"]) == 1
