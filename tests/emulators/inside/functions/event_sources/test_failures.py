"""Tests for the record that a mapping's destination gets of what was given up."""

import json
from datetime import datetime

import pytest

from tests.emulators.inside.functions.event_sources.test_streams import FAIL_ON_POISON, write
from tests.log_lines import log_lines
from tests.roles import allow
from tests.waiting import wait_until

LEFT = "arn:aws:sqs:us-east-1:000000000000:left"
FAILS = "def lambda_handler(event, context): raise ValueError('no')"


def to(arn):
    return {"DestinationConfig": {"OnFailure": {"Destination": arn}}}


def received(account, url):
    [message] = wait_until(lambda: account.sqs.receive_message(QueueUrl=url).get("Messages"))
    return json.loads(message["Body"])


def arrivals(events):
    return [record["kinesis"]["approximateArrivalTimestamp"] for record in events[0]["Records"]]


@pytest.fixture
def given_up(account):
    """An account in which a batch of three was given up after two tries, for a destination by its ARN."""

    def make(destination, prepare=lambda at: None):
        at = account(FAIL_ON_POISON)
        made = prepare(at)
        settings = {"BatchSize": 3, "MaximumBatchingWindowInSeconds": 300, "MaximumRetryAttempts": 1}
        at.uuid = at.connect(at.stream(), **settings, **to(destination))
        at.numbers = at.put("1", "poison", "2", key="one")
        return at, made

    return make


def test_queue_gets_awss_record(given_up):
    at, url = given_up(LEFT, lambda at: at.queue("left"))
    told = received(at, url)
    first, *_, last = (datetime.fromtimestamp(each).astimezone() for each in arrivals(at.events()))
    info, context = told.pop("KinesisBatchInfo"), told.pop("requestContext")
    for name, arrived in (("approximateArrivalOfFirstRecord", first), ("approximateArrivalOfLastRecord", last)):
        assert abs(datetime.fromisoformat(info.pop(name)) - arrived).total_seconds() < 0.002
    assert info == {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": at.numbers[0],
        "endSequenceNumber": at.numbers[-1],
        "batchSize": 3,
        "streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/clicks",
    }
    assert f"START RequestId: {context.pop('requestId')}" in "".join(log_lines(at.logs, "/aws/lambda/hello"))
    assert context == {
        "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:hello",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 2,
    }
    assert told.pop("timestamp").endswith("Z")
    answered = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert told == {"version": "1.0", "responseContext": answered}


def test_topic_gets_it_too(given_up):
    def subscribed(at):
        topic = at.sns.create_topic(Name="left")["TopicArn"]
        at.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")

    at, _ = given_up("arn:aws:sns:us-east-1:000000000000:left", subscribed)
    [mail] = wait_until(at.emulator.inbox)
    assert '"condition": "RetryAttemptsExhausted"' in mail.text


def test_bucket_gets_it_with_the_event(given_up):
    at, _ = given_up("arn:aws:s3:::left", lambda at: at.s3.create_bucket(Bucket="left"))
    [found] = wait_until(lambda: at.s3.list_objects_v2(Bucket="left").get("Contents"))
    folder, shard, year, month, day, name = found["Key"].removeprefix(f"aws/lambda/{at.uuid}").split("/")
    assert (folder, shard) == ("", "shardId-000000000000")
    assert name.startswith(f"{year}-{month}-{day}T")
    told = json.load(at.s3.get_object(Bucket="left", Key=found["Key"])["Body"])
    assert told["KinesisBatchInfo"]["batchSize"] == 3
    assert json.loads(told["payload"]) == at.events()[0]


def test_record_of_a_table_is_named_after_its_stream(account):
    at = account(FAILS)
    url = at.queue("left")
    arn = at.table()
    at.connect(arn, MaximumRetryAttempts=0, **to(LEFT))
    write(at, "cat")
    told = received(at, url)
    assert (told["DDBStreamBatchInfo"]["streamArn"], told["DDBStreamBatchInfo"]["batchSize"]) == (arn, 1)
    assert told["requestContext"]["approximateInvokeCount"] == 1


def test_records_that_are_too_old_are_told_of_as_such(account):
    at = account(FAILS)
    url = at.queue("left")
    at.connect(at.stream(), MaximumRecordAgeInSeconds=60, **to(LEFT))
    at.put("1")
    assert received(at, url)["requestContext"]["condition"] == "RecordAgeExceeded"


def test_destination_that_is_not_there_blocks_nothing(account):
    at = account(FAILS)
    at.connect(at.stream(), MaximumRetryAttempts=0, BatchSize=1, **to(LEFT))
    at.put("1", "2", key="one")
    wait_until(lambda: len(at.events()) == 2)


def test_destination_gets_only_what_the_functions_role_may_send(account):
    at = account(FAIL_ON_POISON)
    url = at.queue("left")
    others = {"Effect": "Allow", "Action": ["kinesis:*", "logs:*"], "Resource": "*"}
    allow(at.clients, "worker", others)
    at.connect(at.stream(), BatchSize=1, MaximumRetryAttempts=0, **to(LEFT))
    at.put("poison")
    wait_until(lambda: any((deed.kind, deed.name) == ("denied", LEFT) for deed in at.emulator.deeds()[1]))
    allow(at.clients, "worker", others, {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": LEFT})
    (second,) = at.put("poison")
    assert received(at, url)["KinesisBatchInfo"]["startSequenceNumber"] == second
    allow(at.clients, "worker", others)
    at.put("poison")

    def refusals():
        return sum((deed.kind, deed.name) == ("denied", LEFT) for deed in at.emulator.deeds()[1])

    wait_until(lambda: refusals() == 2)
