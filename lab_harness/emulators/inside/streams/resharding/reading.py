"""Closed shards are listed, and read to their end, where their children are named."""

import json
import threading
from contextvars import ContextVar
from itertools import takewhile
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.scopes import within
from lab_harness.emulators.inside.streams import closed_shards

MOST_RECORDS, ITERATOR_SECONDS = 10_000, 300
READING = ("_describe_stream", "_list_shards", "_get_shard_iterator")

_forgetting = threading.Lock()
_reading: ContextVar[bool] = ContextVar("reading", default=False)  # whether closed shards are seen, too


def install() -> None:
    """Change MiniStack's Kinesis. This takes effect when its module is imported."""
    wrappers = {
        **dict.fromkeys(READING, _read),
        "_resolve_stream": _resolve,
        "_shard_out": _told,
        "_expire_records": _expire,
        "_get_records": _get_records,
        "_subscribe_to_shard": _subscribe,
    }
    hooks.change({"kinesis": wrappers})


def _read(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Read with the closed shards, unless those are asked for that are open now."""
    with within(_reading, (args[0].get("ShardFilter") or {}).get("Type") != "AT_LATEST"):
        return original(*args, **kwargs)


def _resolve(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import kinesis

    name, stream = original(*args, **kwargs)
    if stream is None or not _reading.get():
        return name, stream
    kinesis._expire_records(stream)
    return name, {**stream, "shards": closed_shards.with_open(stream)}


def _told(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    told, shard = original(*args, **kwargs), args[1]
    if "closed_at" in shard:
        told["SequenceNumberRange"]["EndingSequenceNumber"] = shard["ending_sequence_number"]
    return told


def _expire(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> None:
    forget_old(args[0])


def forget_old(stream: dict[str, Any]) -> None:
    """Forget old records, of closed shards too; and a closed shard when its last could be that old.

    The poller of mappings does so in its thread while a call writes in another. So the lists stay the same: MiniStack
    puts new ones in their place, and a record that came meanwhile was lost.
    """
    closed, cutoff = closed_shards.of(stream), clock.now() - stream["RetentionPeriodHours"] * 3600
    with _forgetting:
        for shard in closed_shards.with_open(stream).values():
            old = takewhile(lambda each: each["ApproximateArrivalTimestamp"] < cutoff, shard["records"])
            del shard["records"][: sum(1 for _ in old)]
        for name in [name for name, shard in closed.items() if shard["closed_at"] < cutoff]:
            del closed[name]


def _get_records(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Records of a closed shard; at its end there is no next iterator, but children."""
    from ministack.services import kinesis

    asked = args[0]
    state = kinesis._shard_iterators.get(asked.get("ShardIterator")) or {}
    stream = kinesis._streams.get(state.get("stream")) or {}
    name = str(state.get("shard_id"))
    shard = closed_shards.of(stream).get(name) if stream else None
    if shard is None or clock.now() - state["created_at"] > ITERATOR_SECONDS:
        return original(*args, **kwargs)
    begin = min(state["position"], len(shard["records"]))
    records = shard["records"][begin : begin + min(asked.get("Limit", MOST_RECORDS), MOST_RECORDS)]
    answer: dict[str, Any] = {"Records": [_record(stream, each) for each in records], "MillisBehindLatest": 0}
    if (end := begin + len(records)) < len(shard["records"]):
        answer["NextShardIterator"] = kinesis.new_uuid()
        kinesis._shard_iterators[answer["NextShardIterator"]] = state | {"position": end, "created_at": clock.now()}
    else:
        answer["ChildShards"] = closed_shards.children(stream, name)
    return kinesis.json_response(answer)


def _record(stream: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import kinesis

    told = {key: raw[key] for key in ("SequenceNumber", "ApproximateArrivalTimestamp", "PartitionKey")}
    encryption = stream.get("EncryptionType", "NONE")
    return {**told, "Data": kinesis._ensure_base64(raw["Data"]), "EncryptionType": encryption}


def _subscribe(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A closed shard's subscriber gets what is left in it, is told of its children, and that is the end."""
    from ministack.services import kinesis

    asked, is_cbor = args
    consumer = kinesis._consumer_from_arn(asked.get("ConsumerARN")) if asked.get("ConsumerARN") else None
    stream = kinesis._resolve_stream_by_arn(consumer["StreamARN"]) if consumer else None
    shard = closed_shards.of(stream).get(asked.get("ShardId")) if stream else None
    if stream is None or shard is None or is_cbor:
        return original(*args, **kwargs)
    where = asked["StartingPosition"]
    begin = kinesis._start_position(
        shard["records"], where["Type"], where.get("SequenceNumber", ""), where.get("Timestamp")
    )
    told = {
        "Records": [_record(stream, each) for each in shard["records"][begin or 0 :]],
        "ContinuationSequenceNumber": shard["ending_sequence_number"],
        "MillisBehindLatest": 0,
        "ChildShards": closed_shards.children(stream, asked["ShardId"]),
    }
    events = [_event("initial-response", {}), _event("SubscribeToShardEvent", told)]
    return 200, {"Content-Type": "application/vnd.amazon.eventstream"}, b"".join(events)


def _event(kind: str, payload: dict[str, Any]) -> bytes:
    from ministack.services import kinesis

    headers = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
    message: bytes = kinesis._eventstream_message(headers, json.dumps(payload).encode())
    return message
