"""Tests for the shards of Kinesis's streams on the embedded emulator: closed ones are read to their end."""

import time

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.streams import closed_shards
from lab_harness.emulators.inside.streams.resharding.reading import forget_old
from lab_harness.emulators.process import free_port
from tests.emulators.inside.functions.event_sources.conftest import account  # noqa: F401  a fixture
from tests.emulators.inside.functions.event_sources.test_streams import flat
from tests.emulators.inside.tables.test_point_in_time import advance
from tests.waiting import wait_until

STREAM = {"StreamName": "clicks"}
MIDDLE = 2**127
HOUR = 3600  # seconds
SLOW = "import time\ndef lambda_handler(event, context): time.sleep(0.2)"


@pytest.fixture
def kinesis(clients):
    clients["kinesis"].create_stream(**STREAM, ShardCount=1)
    return clients["kinesis"]


def shards(kinesis, **more):
    return {each["ShardId"][-1]: each for each in kinesis.list_shards(**STREAM, **more)["Shards"]}


def put(kinesis, *texts):
    for text in texts:
        kinesis.put_record(**STREAM, Data=text.encode(), PartitionKey=text)


def read(kinesis, shard, limit=100, kind="TRIM_HORIZON"):
    """The texts in a shard, and the last answer."""
    about = {"ShardId": f"shardId-{int(shard):012d}", "ShardIteratorType": kind}
    answer = {"NextShardIterator": kinesis.get_shard_iterator(**STREAM, **about)["ShardIterator"]}
    texts = []
    for _ in range(4):
        answer = kinesis.get_records(ShardIterator=answer["NextShardIterator"], Limit=limit)
        texts += [each["Data"].decode() for each in answer["Records"]]
        if "NextShardIterator" not in answer:
            break
    return texts, answer


def split(kinesis, shard="0", at=MIDDLE):
    kinesis.split_shard(**STREAM, ShardToSplit=f"shardId-{int(shard):012d}", NewStartingHashKey=str(at))


def test_split_shard_is_read_to_its_end_and_names_its_children(kinesis):
    put(kinesis, "a", "b", "c")
    split(kinesis)
    put(kinesis, "d", "e")
    texts, last = read(kinesis, 0, limit=2)
    assert texts == ["a", "b", "c"]
    assert "NextShardIterator" not in last
    assert [each["ShardId"][-1] for each in last["ChildShards"]] == ["1", "2"]
    assert {each["ParentShards"][0][-1] for each in last["ChildShards"]} == {"0"}
    assert sorted(read(kinesis, 1)[0] + read(kinesis, 2)[0]) == ["d", "e"]
    found = shards(kinesis)
    assert sorted(found) == ["0", "1", "2"]
    assert found["1"]["ParentShardId"][-1] == "0"
    assert "EndingSequenceNumber" in found["0"]["SequenceNumberRange"]
    assert "EndingSequenceNumber" not in found["1"]["SequenceNumberRange"]
    assert kinesis.describe_stream_summary(**STREAM)["StreamDescriptionSummary"]["OpenShardCount"] == 2
    assert len(kinesis.describe_stream(**STREAM)["StreamDescription"]["Shards"]) == 3
    assert sorted(shards(kinesis, ShardFilter={"Type": "AT_LATEST"})) == ["1", "2"]


def test_neighbours_are_merged_and_others_are_not(kinesis):
    kinesis.update_shard_count(**STREAM, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    kinesis.update_shard_count(**STREAM, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    with pytest.raises(ClientError, match="not adjacent"):
        kinesis.merge_shards(**STREAM, ShardToMerge="shardId-000000000003", AdjacentShardToMerge="shardId-000000000006")
    put(kinesis, "a")
    kinesis.merge_shards(**STREAM, ShardToMerge="shardId-000000000003", AdjacentShardToMerge="shardId-000000000004")
    merged = shards(kinesis)["7"]
    assert (merged["ParentShardId"][-1], merged["AdjacentParentShardId"][-1]) == ("3", "4")
    with pytest.raises(ClientError, match="not found"):
        split(kinesis, "3")  # it is closed


def test_count_of_shards_is_doubled_and_halved_at_most(kinesis):
    told = kinesis.update_shard_count(**STREAM, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert (told["CurrentShardCount"], told["TargetShardCount"]) == (1, 2)
    assert {number: each.get("ParentShardId", "-")[-1] for number, each in shards(kinesis).items()} == {
        "0": "-", **dict.fromkeys("12", "0")
    }  # fmt: skip
    with pytest.raises(ClientError, match="over double"):
        kinesis.update_shard_count(**STREAM, TargetShardCount=5, ScalingType="UNIFORM_SCALING")
    kinesis.update_shard_count(**STREAM, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    with pytest.raises(ClientError, match="below half"):
        kinesis.update_shard_count(**STREAM, TargetShardCount=1, ScalingType="UNIFORM_SCALING")
    kinesis.update_shard_count(**STREAM, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert sorted(shards(kinesis, ShardFilter={"Type": "AT_LATEST"})) == ["7", "8"]
    assert shards(kinesis)["8"]["AdjacentParentShardId"][-1] == "6"


def test_closed_shard_is_gone_when_its_records_are_too_old(kinesis, embedded):
    put(kinesis, "a")
    split(kinesis)
    advance(embedded, 23 * 3600)
    assert read(kinesis, 0)[0] == ["a"]
    advance(embedded, 2 * 3600)
    assert sorted(shards(kinesis)) == ["1", "2"]


def test_stream_on_demand_has_four_shards_of_its_own(clients):
    kinesis = clients["kinesis"]
    kinesis.create_stream(**STREAM, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert len(shards(kinesis)) == 4
    with pytest.raises(ClientError, match="ON_DEMAND"):
        split(kinesis, at=2**100)
    arn = kinesis.describe_stream_summary(**STREAM)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    split(kinesis, at=2**100)
    assert len(shards(kinesis)) == 6
    with pytest.raises(ClientError, match="not found"):
        kinesis.update_stream_mode(StreamARN=f"{arn}-other", StreamModeDetails={"StreamMode": "PROVISIONED"})


def test_closed_shards_are_there_after_the_emulator_was_stopped(tmp_path):
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    try:
        kinesis = Clients(emulator)["kinesis"]
        kinesis.create_stream(**STREAM, ShardCount=1)
        put(kinesis, "a")
        split(kinesis)
        emulator.stop()
        emulator.start()
        kinesis = Clients(emulator)["kinesis"]
        assert read(kinesis, 0)[0] == ["a"]
        assert sorted(shards(kinesis)) == ["0", "1", "2"]
    finally:
        emulator.stop()


def test_subscriber_of_a_closed_shard_gets_the_rest_and_its_children(kinesis):
    put(kinesis, "a", "b")
    arn = kinesis.describe_stream_summary(**STREAM)["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="app")["Consumer"]["ConsumerARN"]
    split(kinesis)
    answer = kinesis.subscribe_to_shard(
        ConsumerARN=consumer, ShardId="shardId-000000000000", StartingPosition={"Type": "TRIM_HORIZON"}
    )
    (event,) = [each["SubscribeToShardEvent"] for each in answer["EventStream"]]
    assert [each["Data"] for each in event["Records"]] == [b"a", b"b"]
    assert len(event["ChildShards"]) == 2


def test_mapping_reads_a_parent_before_its_children(account):  # noqa: F811
    at = account(SLOW)
    arn = at.stream()
    mapping = at.connect(arn, BatchSize=1)
    at.put("1", "2", "3", key="ada")
    at.kinesis.split_shard(**STREAM, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(MIDDLE))
    at.put("4", "5", key="ada")
    wait_until(lambda: len(at.events()) == 5)
    assert flat(at.events()) == ["1", "2", "3", "4", "5"]
    assert at.mapping(mapping)["LastProcessingResult"] == "OK"


def test_old_records_leave_while_others_come():
    """Whoever is just writing has the list in hand, so it stays the shard's."""
    before, now = time.time() - 25 * HOUR, time.time()
    records = [{"ApproximateArrivalTimestamp": moment} for moment in (before, before, now)]
    old, young = {"records": records}, {"records": records[:1], "closed_at": now}
    stream = {"RetentionPeriodHours": 24, "shards": {"open": old}}
    closed_shards.of(stream).update({"closed": young, "gone": {"records": [], "closed_at": before}})
    lists = old["records"], young["records"]
    forget_old(stream)
    assert (old["records"], young["records"]) == (records[-1:], [])
    assert old["records"] is lists[0]
    assert young["records"] is lists[1]
    assert list(closed_shards.of(stream)) == ["closed"]
