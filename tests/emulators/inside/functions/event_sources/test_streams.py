"""Tests for mappings from streams on the embedded emulator: where they begin, shards side by side, order in a key."""

import base64
import random
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from tests.roles import allow
from tests.waiting import wait_until

FAIL_ON_POISON = """
import base64
def lambda_handler(event, context):
    for record in event["Records"]:
        if base64.b64decode(record["kinesis"]["data"]) == b"poison":
            raise ValueError("poison")
"""
SOMETIMES = """
import base64, os, zlib
tried = set()
def lambda_handler(event, context):
    first = event["Records"][0]["kinesis"]["sequenceNumber"]
    if zlib.crc32(first.encode()) % 3 == 0 and first not in tried:
        tried.add(first)
        raise ValueError("not yet")
"""


def texts(events):
    """What the records of each event say."""
    return [[base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]] for event in events]


def flat(events):
    return [text for some in texts(events) for text in some]


def changed(events):
    return [record["dynamodb"]["Keys"]["id"]["S"] for event in events for record in event["Records"]]


def write(account, *ids):
    for each in ids:
        account.dynamodb.put_item(TableName="pets", Item={"id": {"S": each}})


def test_record_of_a_stream_has_what_aws_sends(account):
    at = account()
    arn = at.stream()
    at.connect(arn)
    [number] = at.put("hi", key="ada")
    [[record]] = [event["Records"] for event in wait_until(at.events)]
    assert isinstance(record["kinesis"].pop("approximateArrivalTimestamp"), float)
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": "ada", "sequenceNumber": number, "data": "aGk=",
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/worker",
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
    }  # fmt: skip


def test_mapping_begins_where_it_is_told_to(account):
    at = account()
    arn = at.stream()
    at.put("old")
    seen = at.kinesis.get_records(ShardIterator=at.kinesis.get_shard_iterator(
        StreamName="clicks", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"])["Records"][0]["ApproximateArrivalTimestamp"]  # fmt: skip
    wait_until(lambda: datetime.now(UTC) > seen)
    between = datetime.now(UTC)
    wait_until(lambda: datetime.now(UTC).timestamp() > between.timestamp() + 0.01)
    at.put("middle")
    uuid = at.connect(arn, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=between)
    wait_until(at.events)
    at.lambda_.delete_event_source_mapping(UUID=uuid)
    uuid = at.connect(arn, StartingPosition="TRIM_HORIZON")
    wait_until(lambda: len(at.events()) > 1)
    at.lambda_.delete_event_source_mapping(UUID=uuid)
    at.connect(arn, StartingPosition="LATEST")
    at.put("new")
    wait_until(lambda: len(at.events()) > 2)
    assert texts(at.events()) == [["middle"], ["old", "middle"], ["new"]]


def test_window_gathers_records_until_the_batch_is_full(account):
    at = account()
    at.connect(at.stream(), BatchSize=3, MaximumBatchingWindowInSeconds=300)
    at.put("1", "2", key="one")
    at.put("3", "4", key="one")
    wait_until(at.events)
    assert texts(at.events()) == [["1", "2", "3"]]


def test_shard_waits_while_its_batch_is_tried_again_and_others_go_on(account):
    at = account(FAIL_ON_POISON)
    arn = at.stream(shards=2)
    at.connect(arn, BatchSize=1)
    shards = at.kinesis.list_shards(StreamName="clicks")["Shards"]
    first, second = (shard["HashKeyRange"]["StartingHashKey"] for shard in shards)
    for text, place in (("poison", first), ("behind", first), ("beside", second), ("beside too", second)):
        at.kinesis.put_record(StreamName="clicks", Data=text, PartitionKey="any", ExplicitHashKey=place)
    wait_until(lambda: flat(at.events()).count("poison") > 2 and "beside too" in flat(at.events()))
    assert "behind" not in flat(at.events())


def test_lanes_of_a_shard_run_side_by_side(account):
    at = account("import time\ndef lambda_handler(event, context): time.sleep(0.5)")
    arn = at.stream()
    at.put(*map(str, range(8)))
    at.connect(arn, BatchSize=1, ParallelizationFactor=8)
    wait_until(lambda: len(at.events()) == 8)
    starts = sorted(run.time for run in at.runs())
    assert any(later - earlier < 0.3 for earlier, later in pairwise(starts))


def test_nothing_is_lost_and_the_records_of_a_key_stay_in_order(account):
    """Sixty records of seven keys in three shards, which fail now and then, with a fixed seed and changing settings."""
    at = account(SOMETIMES)
    arn = at.stream(shards=3)
    uuid = at.connect(arn, BatchSize=4, ParallelizationFactor=3, BisectBatchOnFunctionError=True)
    chosen = random.Random(7).choices("abcdefg", k=60)
    for number, key in enumerate(chosen):
        at.put(f"{key}{number}", key=key)
        if number == 30:
            at.lambda_.update_event_source_mapping(UUID=uuid, ParallelizationFactor=2, BatchSize=3)
    wanted = {f"{key}{number}" for number, key in enumerate(chosen)}
    wait_until(lambda: wanted <= set(flat(at.events())))
    first_seen = defaultdict(list)
    for text in dict.fromkeys(flat(at.events())):
        first_seen[text[0]].append(int(text[1:]))
    assert all(numbers == sorted(numbers) for numbers in first_seen.values())


def test_changes_of_a_table_come_in_their_order(account):
    at = account()
    arn = at.table()
    uuid = at.connect(arn, BatchSize=2)
    write(at, *"abcde")
    wait_until(lambda: len(changed(at.events())) == 5)
    assert changed(at.events()) == list("abcde")
    assert max(len(event["Records"]) for event in at.events()) <= 2
    assert at.mapping(uuid)["BatchSize"] == 2
    record = at.events()[0]["Records"][0]
    assert (record["eventSource"], record["eventSourceARN"], record["eventName"]) == ("aws:dynamodb", arn, "INSERT")


def test_latest_begins_when_the_mapping_is_made(account):
    at = account()
    arn = at.table()
    write(at, "before")
    at.connect(arn, StartingPosition="LATEST")
    write(at, "after")
    wait_until(at.events)
    assert changed(at.events()) == ["after"]


def test_disabled_mapping_goes_on_where_it_was(account):
    at = account()
    uuid = at.connect(at.table())
    write(at, "first")
    wait_until(at.events)
    at.lambda_.update_event_source_mapping(UUID=uuid, Enabled=False)
    write(at, "second")
    at.lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)
    wait_until(lambda: len(at.events()) == 2)
    assert changed(at.events()) == ["first", "second"]


def test_records_without_a_match_are_passed_over(account):
    at = account()
    at.connect(at.table(), FilterCriteria={"Filters": [{"Pattern": '{"dynamodb": {"Keys": {"id": {"S": ["cat"]}}}}'}]})
    write(at, "dog", "cat", "fox")
    wait_until(at.events)
    assert changed(at.events()) == ["cat"]


def test_stream_that_is_switched_off_is_read_to_its_end(account):
    at = account()
    arn = at.table()
    write(at, "last")
    at.dynamodb.update_table(TableName="pets", StreamSpecification={"StreamEnabled": False})
    at.connect(arn)
    wait_until(at.events)
    assert changed(at.events()) == ["last"]


def test_consumer_with_enhanced_fan_out_gets_what_the_stream_gets(account):
    at = account()
    arn = at.stream(shards=2)
    consumer = at.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="hello")["Consumer"]["ConsumerARN"]
    mapping = at.connect(consumer)
    assert at.mapping(mapping)["EventSourceArn"] == consumer
    at.put("a", "b", "c", "d")
    wait_until(lambda: sorted(flat(at.events())) == ["a", "b", "c", "d"])
    assert {record["eventSourceARN"] for event in at.events() for record in event["Records"]} == {consumer}


def test_consumer_is_read_with_a_role_that_may_subscribe(account):
    at = account()
    arn = at.stream()
    consumer = at.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="hello")["Consumer"]["ConsumerARN"]
    reads = {"Effect": "Allow", "Action": ["kinesis:Get*", "kinesis:Describe*", "logs:*"], "Resource": "*"}
    subscribes = {"Effect": "Allow", "Action": "kinesis:SubscribeToShard", "Resource": consumer}
    allow(at.clients, "worker", reads)
    with pytest.raises(ClientError, match="Cannot access stream"):
        at.connect(consumer)
    allow(at.clients, "worker", reads, subscribes)
    mapping = at.connect(consumer)
    at.put("a")
    wait_until(lambda: flat(at.events()) == ["a"])
    allow(at.clients, "worker", reads)
    wait_until(lambda: at.mapping(mapping)["LastProcessingResult"].startswith("PROBLEM"))
    at.put("b")
    allow(at.clients, "worker", reads, subscribes)
    wait_until(lambda: flat(at.events()) == ["a", "b"])


def test_consumer_subscribes_to_a_shard(account):
    at = account()
    arn = at.stream()
    consumer = at.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]["ConsumerARN"]
    at.put("a", "b")
    (shard,) = at.kinesis.list_shards(StreamARN=arn)["Shards"]
    answer = at.kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=shard["ShardId"], StartingPosition={"Type": "TRIM_HORIZON"}
    )
    with closing(answer["EventStream"]) as events:
        records = next(each["SubscribeToShardEvent"]["Records"] for each in events if "SubscribeToShardEvent" in each)
    assert [each["Data"] for each in records] == [b"a", b"b"]
