"""Tests for what the embedded emulator refuses of data streams, with AWS's codes."""

import re

import pytest
from botocore.exceptions import ClientError

SHARD = "shardId-000000000000"
STREAM = {"StreamName": "clicks"}


@pytest.fixture
def kinesis(clients):
    clients["kinesis"].create_stream(**STREAM, ShardCount=1)
    clients["kinesis"].get_waiter("stream_exists").wait(**STREAM, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    return clients["kinesis"]


def refused(words, call, code="InvalidArgumentException", **asked):
    with pytest.raises(ClientError, match=re.escape(words)) as caught:
        call(**asked)
    assert caught.value.response["Error"]["Code"] == code


def test_a_stream_with_consumers_is_deleted_only_with_them(kinesis):
    arn = kinesis.describe_stream_summary(**STREAM)["StreamDescriptionSummary"]["StreamARN"]
    for number in range(20):
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"reader-{number}")
    more = {"StreamARN": arn, "ConsumerName": "reader-20"}
    refused("has 20 consumers already", kinesis.register_stream_consumer, "LimitExceededException", **more)
    refused("has registered consumers", kinesis.delete_stream, "ResourceInUseException", **STREAM)
    assert kinesis.list_streams()["StreamNames"] == ["clicks"]
    kinesis.delete_stream(**STREAM, EnforceConsumerDeletion=True)
    assert kinesis.list_streams()["StreamNames"] == []


def test_an_iterator_is_one_and_says_where_it_begins(kinesis):
    refused("Invalid ShardIterator.", kinesis.get_records, ShardIterator="nowhere")
    about = {**STREAM, "ShardId": SHARD}
    words = "Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber."
    refused(words, kinesis.get_shard_iterator, **about, ShardIteratorType="AT_SEQUENCE_NUMBER")
    words = "Request specified AT_TIMESTAMP and no timestamp."
    refused(words, kinesis.get_shard_iterator, **about, ShardIteratorType="AT_TIMESTAMP")
    begin = kinesis.get_shard_iterator(**about, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    words = "Member must have value less than or equal to 10000"
    refused(words, kinesis.get_records, "ValidationException", ShardIterator=begin, Limit=10_001)
    assert kinesis.get_records(ShardIterator=begin, Limit=10_000)["Records"] == []


def test_retention_goes_the_way_that_the_call_says(kinesis):
    longer, shorter = kinesis.increase_stream_retention_period, kinesis.decrease_stream_retention_period
    refused("Minimum allowed retention period is 24 hours.", shorter, **STREAM, RetentionPeriodHours=23)
    refused("Maximum allowed retention period is 8760 hours.", longer, **STREAM, RetentionPeriodHours=8761)
    longer(**STREAM, RetentionPeriodHours=48)
    refused("Use DecreaseRetentionPeriod API.", longer, **STREAM, RetentionPeriodHours=24)
    refused("Use IncreaseRetentionPeriod API.", shorter, **STREAM, RetentionPeriodHours=72)


def test_a_shard_is_split_within(kinesis):
    words = f"NewStartingHashKey 0 used in SplitShard() on shard {SHARD} in stream clicks"
    refused(words, kinesis.split_shard, **STREAM, ShardToSplit=SHARD, NewStartingHashKey="0")


def test_a_hash_key_is_within_all_shards(kinesis):
    asked = {"Data": b"1", "PartitionKey": "a", "ExplicitHashKey": str(2**128)}
    refused("Invalid ExplicitHashKey.", kinesis.put_record, **STREAM, **asked)
    refused("Invalid ExplicitHashKey.", kinesis.put_records, **STREAM, Records=[asked])


def test_a_record_that_no_wait_makes_room_for_is_refused_for_good(kinesis):
    asked, code = {"Data": b"x" * (1024 * 1024 + 1), "PartitionKey": "a"}, "ValidationException"
    refused("'data' failed to satisfy constraint", kinesis.put_record, code, **STREAM, **asked)
    refused("'data' failed to satisfy constraint", kinesis.put_records, code, **STREAM, Records=[asked])
