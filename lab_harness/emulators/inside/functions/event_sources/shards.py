"""The shards of Kinesis's streams and of tables' streams, and their records as functions get them."""

import base64
import copy
import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import wrapt

from lab_harness.emulators.inside.streams import closed_shards

OF_A_TABLE = "shardId-00000000000000000000-00000000"  # MiniStack's streams of tables have one shard
# What MiniStack does not save of a table's stream: by the name in the saved state, its own name.
UNSAVED = {"lab_stream_records": "_stream_records", "lab_streams_trimmed": "_stream_trimmed",
           "lab_closed_streams": "_closed_streams"}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """A record of a shard. `key` is what keeps its order: records of one key are never done side by side."""

    number: str
    key: str
    arrived: float
    event: dict[str, Any]


@dataclass(frozen=True)
class Shard:
    """A shard, its records oldest first, in MiniStack's form."""

    name: str
    arn: str  # of its stream
    reader: str  # the ARN of the role that reads it
    records: Sequence[dict[str, Any]]
    parents: tuple[str, ...] = ()  # shards that are read to their end before it

    def after(self, number: str) -> Iterator[Record]:
        """The records after the one with this sequence number, or all after where it was."""
        for raw in self.records[bisect_right(self.records, int(number or 0), key=self._number) :]:
            yield self.record(raw)

    def last(self) -> str:
        """The sequence number of the newest record; empty where there is none."""
        return str(self._number(self.records[-1])) if self.records else ""

    def before(self, moment: float) -> str:
        """The sequence number of the newest record that is older than this."""
        older = [raw for raw in self.records if raw["ApproximateArrivalTimestamp"] < moment]
        return str(self._number(older[-1])) if older else ""

    def _number(self, raw: dict[str, Any]) -> int:
        return int((raw.get("dynamodb") or raw)["SequenceNumber"])

    def record(self, raw: dict[str, Any]) -> Record:
        """A record as a function gets it."""
        return _of_table(raw) if "dynamodb" in raw else self._of_stream(raw)

    def _of_stream(self, raw: dict[str, Any]) -> Record:
        data = raw["Data"]
        told = {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": raw["PartitionKey"],
            "sequenceNumber": raw["SequenceNumber"],
            "data": data if isinstance(data, str) else base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": raw["ApproximateArrivalTimestamp"],
        }
        event = {
            "kinesis": told,
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self.name}:{raw['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": self.reader,
            "awsRegion": self.arn.split(":")[3],
            "eventSourceARN": self.arn,
        }
        return Record(raw["SequenceNumber"], raw["PartitionKey"], raw["ApproximateArrivalTimestamp"], event)


def _of_table(raw: dict[str, Any]) -> Record:
    change = raw["dynamodb"]
    key = json.dumps(change["Keys"], sort_keys=True, default=str)  # order is kept item by item
    return Record(change["SequenceNumber"], key, float(change["ApproximateCreationDateTime"]), raw)


def stream_of(arn: str) -> str:
    """The ARN of a stream, by its own or by that of a consumer with enhanced fan-out."""
    return arn.partition("/consumer/")[0]


def of(arn: str, reader: str) -> list[Shard]:
    """The shards of a stream, by its ARN or by a consumer's, for a role that reads them; none where it is not there."""
    if ":kinesis:" not in arn:
        return _of_table_stream(arn, reader)
    from ministack.services import kinesis

    stream = kinesis._resolve_stream_by_arn(stream_of(arn))
    if stream is None or (stream_of(arn) != arn and kinesis._consumer_from_arn(arn) is None):
        return []
    kinesis._expire_records(stream)
    return [
        Shard(name, arn, reader, shard["records"], tuple(closed_shards.parents(shard)))
        for name, shard in closed_shards.with_open(stream).items()
    ]


def _of_table_stream(arn: str, reader: str) -> list[Shard]:
    from ministack.services import dynamodb

    name = arn.partition("/")[2].partition("/")[0]
    if closed := dynamodb.closed_stream(arn):  # switched off, or its table deleted: readable for a day
        return [Shard(OF_A_TABLE, arn, reader, closed["records"])]
    table = dynamodb._tables.get(name) or {}
    there = table.get("LatestStreamArn") == arn
    return [Shard(OF_A_TABLE, arn, reader, dynamodb.stream_live_records(name))] if there else []


def save_records(dynamodb: Any) -> None:
    """Have the records of tables' streams saved with the tables, so that none is lost when the emulator ends."""
    wrapt.wrap_function_wrapper(dynamodb, "get_state", _with_records)
    wrapt.wrap_function_wrapper(dynamodb, "_restore_state", _and_records)


def _with_records(original: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import dynamodb

    return original(*args, **kwargs) | {name: copy.deepcopy(getattr(dynamodb, own)) for name, own in UNSAVED.items()}


def _and_records(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import dynamodb

    answer = original(*args, **kwargs)
    for name, own in UNSAVED.items():
        getattr(dynamodb, own).update((args[0] or {}).get(name, {}))
    return answer
