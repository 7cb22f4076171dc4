"""Tests for what one shard takes and gives in a second on the embedded emulator."""

import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab_harness.emulators.base import REGION
from tests.emulators.inside.functions.event_sources.conftest import account  # noqa: F401  a fixture
from tests.emulators.inside.functions.event_sources.test_streams import flat
from tests.emulators.inside.tables.test_point_in_time import advance
from tests.waiting import wait_until

STREAM, EXCEEDED = {"StreamName": "clicks"}, "ProvisionedThroughputExceededException"
HALF = b"x" * 600_000
FIRST, SECOND = "0", str(2**128 - 1)  # hash keys of the two shards


@pytest.fixture
def kinesis(clients):
    """Kinesis with a stream of two shards; what is refused is not tried again."""
    clients["kinesis"].create_stream(**STREAM, ShardCount=2)
    keys = clients.emulator.learner
    return boto3.client(
        "kinesis", region_name=REGION, endpoint_url=clients.emulator.endpoint, aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key, config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def put_many(kinesis, *records):
    told = kinesis.put_records(
        **STREAM, Records=[{"Data": data, "PartitionKey": "k", "ExplicitHashKey": at} for data, at in records]
    )
    return told["FailedRecordCount"], [each.get("ErrorCode", each.get("ShardId")) for each in told["Records"]]


def test_shard_takes_a_megabyte_a_second_and_the_other_is_not_concerned(kinesis, embedded):
    first, second = "shardId-000000000000", "shardId-000000000001"
    sent = [(HALF, FIRST), (HALF, FIRST), (HALF, SECOND), (b"small", FIRST)]
    assert put_many(kinesis, *sent) == (1, [first, EXCEEDED, second, first])
    with pytest.raises(ClientError, match=r"Rate exceeded for shard shardId-0+ in stream clicks under account 0+\."):
        for _ in range(4):  # at most one of them in time for what has refilled
            kinesis.put_record(**STREAM, Data=HALF, PartitionKey="k", ExplicitHashKey=FIRST)
    advance(embedded, 1)
    assert put_many(kinesis, (HALF, FIRST)) == (0, [first])


def test_shard_takes_a_thousand_records_a_second(kinesis):
    refused = sum(put_many(kinesis, *[(b"x", FIRST)] * 500)[0] for _ in range(8))
    assert refused > 0
    assert put_many(kinesis, *[(b"x", SECOND)] * 500)[0] == 0


def test_readers_share_five_calls_a_second(kinesis, embedded):
    about = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**STREAM, **about)["ShardIterator"]
    with pytest.raises(ClientError, match=EXCEEDED):
        for _ in range(100):
            kinesis.get_records(ShardIterator=iterator)
    advance(embedded, 1)
    kinesis.get_records(ShardIterator=iterator)


def test_who_reads_much_waits_until_it_is_paid_off(kinesis, embedded):
    for _ in range(6):
        assert put_many(kinesis, (HALF, FIRST))[0] == 0
        advance(embedded, 1)
    about = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**STREAM, **about)["ShardIterator"]
    assert len(kinesis.get_records(ShardIterator=iterator)["Records"]) == 6
    with pytest.raises(ClientError, match=EXCEEDED):
        for _ in range(3):
            kinesis.get_records(ShardIterator=iterator)
    advance(embedded, 3)
    kinesis.get_records(ShardIterator=iterator)


def test_mapping_is_not_counted(account):  # noqa: F811
    at = account()
    at.connect(at.stream(), BatchSize=1)
    at.put(*[str(number) for number in range(30)], key="ada")
    wait_until(lambda: len(flat(at.events())) == 30)


def test_many_records_at_once_are_refused_whole(kinesis):
    with pytest.raises(ClientError, match="less than or equal to 500"):
        put_many(kinesis, *[(b"x", FIRST)] * 501)


def test_subscriber_gets_two_megabytes_a_second(kinesis, embedded):
    for _ in range(6):
        put_many(kinesis, (b"x" * 1_000_000, FIRST))
        advance(embedded, 2)
    stream = kinesis.describe_stream_summary(**STREAM)["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="fast")["Consumer"]["ConsumerARN"]
    asked = {"ConsumerARN": consumer, "ShardId": "shardId-000000000000"}
    wait_until(
        lambda: (
            kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
        )
    )
    began, got = time.monotonic(), 0
    events = kinesis.subscribe_to_shard(**asked, StartingPosition={"Type": "TRIM_HORIZON"})["EventStream"]
    while got < 6:
        got += len(next(iter(events))["SubscribeToShardEvent"]["Records"])
    events.close()
    assert time.monotonic() - began > 2.5  # 6 MB at 2 MB a second
