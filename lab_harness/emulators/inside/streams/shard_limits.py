"""What one shard of a Kinesis stream takes and gives in a second; more is refused until time has passed.

A shard takes 1 MB or 1,000 records a second; all who read it by GetRecords share 5 calls and 2 MB a second, and each
consumer that subscribes has 2 MB a second of its own. MiniStack has no limit. What services write and read themselves,
such as an event source mapping, is not counted.
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html (2026)
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.levels import Bucket
from lab_harness.emulators.inside.moving_time import clock

EXCEEDED = "ProvisionedThroughputExceededException"
MOST_PUT = 500  # records of one PutRecords
LARGEST = 1024 * 1024  # bytes of a record's data; what is larger MiniStack refuses, and no wait makes room for it
SLICE, ENCODED = 256 * 1024, 4 / 3  # bytes that a subscriber is sent at once; how much longer base64 is


class Limit(NamedTuple):
    """So many units a second; what is not used within one second is gone."""

    unit: str
    rate: float


RECORDS, BYTES = Limit("records written", 1000.0), Limit("bytes written", 1024.0 * 1024)
READS, BYTES_READ = Limit("calls", 5.0), Limit("bytes read", 2.0 * 1024 * 1024)

_levels: dict[tuple[str, float, str, str], Bucket] = {}  # by the stream's ARN and its beginning, shard and unit


def install() -> None:
    """Change MiniStack's Kinesis. This takes effect when its module is imported."""
    wrappers = {"_put_record": _put_record, "_put_records": _put_records, "_get_records": _get_records}
    hooks.change({"kinesis": {**wrappers, "_subscribe_to_shard": _subscribe, "reset": _forget}})


class Shard:
    """One shard of a stream."""

    def __init__(self, stream: dict[str, Any], name: str) -> None:
        self._stream, self._name = stream, name

    def _bucket(self, limit: Limit) -> Bucket:
        key = (self._stream["StreamARN"], self._stream["CreationTimestamp"], self._name, limit.unit)
        return _levels.setdefault(key, Bucket(limit.rate, clock.now()))

    def left(self, limit: Limit) -> float:
        """How many units are left now."""
        return self._bucket(limit).level(limit.rate, 1.0)

    def take(self, limit: Limit, units: float) -> None:
        """Take away so many units."""
        self.left(limit)
        self._bucket(limit).left -= units

    def writes(self, record: dict[str, Any]) -> bool:
        """Whether a record still fits; then it is counted."""
        size = _size(record)
        if self.left(RECORDS) < 1 or self.left(BYTES) < size:
            return False
        self.take(RECORDS, 1)
        self.take(BYTES, size)
        return True

    def refusal(self) -> str:
        """AWS's sentence about it."""
        account, name = self._stream["StreamARN"].split(":")[4], self._stream["StreamName"]
        return f"Rate exceeded for shard {self._name} in stream {name} under account {account}."


def _length(record: dict[str, Any]) -> int:
    """The bytes of a record's data."""
    try:
        return len(base64.b64decode(record.get("Data") or ""))
    except (binascii.Error, ValueError, TypeError):
        return len(record["Data"])


def _size(record: dict[str, Any]) -> int:
    """The bytes of a record's data and its key."""
    return _length(record) + len(str(record.get("PartitionKey") or "").encode())


def _shard_of(stream: dict[str, Any], record: dict[str, Any]) -> Shard:
    from ministack.services import kinesis

    chosen = record.get("ExplicitHashKey")
    number = int(chosen) if chosen else kinesis._partition_key_to_hash(record.get("PartitionKey") or "")
    return Shard(stream, kinesis._route_to_shard(number, stream))


def _put_record(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import kinesis

    record = args[0]
    _, stream = kinesis._resolve_stream(record)
    fits = stream is not None and _length(record) <= LARGEST
    if fits and not (shard := _shard_of(stream, record)).writes(record):
        return kinesis.error_response_json(EXCEEDED, shard.refusal(), 400)
    return original(*args, **kwargs)


def _put_records(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """Write what fits; of the others the answer says why not, each in its place."""
    from ministack.services import kinesis

    asked = args[0]
    records, (_, stream) = asked.get("Records") or [], kinesis._resolve_stream(asked)
    if stream is None or len(records) > MOST_PUT or any(_length(each) > LARGEST for each in records):
        return original(asked)
    refused = {at: told for at, told in enumerate(_refusals(stream, records)) if told}
    fitting = [record for at, record in enumerate(records) if at not in refused]
    status, headers, body = original({**asked, "Records": fitting})
    if status != 200 or not refused:
        return status, headers, body
    answer = json.loads(body)
    written = iter(answer["Records"])
    answer["Records"] = [
        {"ErrorCode": EXCEEDED, "ErrorMessage": refused[at]} if at in refused else next(written)
        for at in range(len(records))
    ]
    answer["FailedRecordCount"] = len(refused)
    return status, headers, json.dumps(answer).encode()


def _refusals(stream: dict[str, Any], records: Iterable[dict[str, Any]]) -> Iterable[str]:
    for record in records:
        shard = _shard_of(stream, record)
        yield "" if shard.writes(record) else shard.refusal()


def _get_records(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import kinesis

    state = kinesis._shard_iterators.get(args[0].get("ShardIterator")) or {}
    stream = kinesis._streams.get(state.get("stream"))
    if stream is None:
        return original(*args, **kwargs)
    shard = Shard(stream, state["shard_id"])
    if shard.left(READS) < 1 or shard.left(BYTES_READ) <= 0:
        return kinesis.error_response_json(EXCEEDED, shard.refusal(), 400)
    shard.take(READS, 1)
    status, headers, body = original(*args, **kwargs)
    if status == 200:
        shard.take(BYTES_READ, sum(map(_size, json.loads(body)["Records"])))
    return status, headers, body


def _subscribe(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What a subscriber gets, at its own 2 MB a second. Time is the computer's here, as it is for who listens."""
    from ministack.core.responses import StreamingResponse

    status, headers, body = original(*args, **kwargs)
    if isinstance(body, StreamingResponse):
        runner = body.runner
        body = StreamingResponse(lambda send, receive: runner(_paced(send), receive))
    return status, headers, body


def _paced(send: Callable[[dict[str, Any]], Awaitable[None]]) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """Sends as before, but no more than a subscriber gets in each second, a slice after another."""
    free_at = 0.0  # when what was sent is paid for

    async def tell(message: dict[str, Any]) -> None:
        nonlocal free_at
        body, now = message.get("body", b""), asyncio.get_running_loop().time
        while len(body) > SLICE:
            await asyncio.sleep(max(0.0, free_at - now()))
            free_at = max(free_at, now()) + SLICE / (BYTES_READ.rate * ENCODED)
            await send({**message, "body": body[:SLICE], "more_body": True})
            body = body[SLICE:]
        await send({**message, "body": body})

    return tell


def _forget(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    _levels.clear()
    return original(*args, **kwargs)
