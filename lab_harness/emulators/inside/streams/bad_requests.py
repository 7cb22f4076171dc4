"""Refuses of Kinesis's data streams what AWS refuses, in its words and with its codes.

MiniStack deletes a stream that still has consumers, takes any iterator for an expired one, begins a shard anew where no
place in it is named, and calls a wrong argument a failed validation, so that a program which tells AWS's errors apart
does not know it.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html, API_GetShardIterator.html and
API_SplitShard.html (2026). Of a stream with consumers, and of one consumer too many, the words are ours.
"""

from typing import Any

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.inside.constraints import refuse, told

LEAST_HOURS, MOST_HOURS = 24, 8760
MOST_CONSUMERS = 20  # of a stream
LARGEST_HASH = 2**128 - 1
BY_NUMBER = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")
NO_NUMBER = (
    "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
    "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {} and no StartingSequenceNumber."
)
NO_TIME = "Must specify timestamp parameter for AT_TIMESTAMP iterator. Request specified AT_TIMESTAMP and no timestamp."
NO_ITERATOR = "Invalid ShardIterator."
TOO_SHORT = (
    "Minimum allowed retention period is {least} hours. Requested retention period ({hours} hours) is too short."
)
TOO_LONG = "Maximum allowed retention period is {most} hours. Requested retention period ({hours} hours) is too long."
NOT_LONGER = (
    "Requested retention period ({hours} hours) for stream {name} can not be shorter than existing retention period "
    "({there} hours). Use DecreaseRetentionPeriod API."
)
NOT_SHORTER = (
    "Requested retention period ({hours} hours) for stream {name} can not be longer than existing retention period "
    "({there} hours). Use IncreaseRetentionPeriod API."
)
NO_SPLIT = (
    "NewStartingHashKey {key} used in SplitShard() on shard {shard} in stream {name} under account {account} is not "
    "both greater than one plus the shard's StartingHashKey {first} and less than the shard's EndingHashKey {last}."
)
NO_HASH = "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {}"
HAS_CONSUMERS = (
    "Stream {name} under account {account} has registered consumers, and EnforceConsumerDeletion is not set."
)
CONSUMERS = "Stream {name} under account {account} has {most} consumers already, which is the limit."


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports Kinesis."""
    problems = {
        "_delete_stream": _delete,
        "_get_shard_iterator": _iterator,
        "_get_records": _records,
        "_increase_retention": lambda asked: _retention(asked, longer=True),
        "_decrease_retention": lambda asked: _retention(asked, longer=False),
        "_split_shard": _split,
        "_register_consumer": _consumer,
        "_put_record": lambda asked: _hash([asked]),
        "_put_records": lambda asked: _hash(asked.get("Records") or []),
    }
    refuse({"kinesis": problems})


def _no(words: str, code: str = "InvalidArgumentException") -> Any:
    from ministack.services import kinesis

    return kinesis.error_response_json(code, words, 400) if words else None


def _stream(asked: dict[str, Any]) -> Any:
    """The stream that a request names; None where there is none, which MiniStack says itself."""
    from ministack.services import kinesis

    return kinesis._resolve_stream(asked)[1]


def _consumers(stream: dict[str, Any]) -> int:
    from ministack.services import kinesis

    return sum(each["StreamARN"] == stream["StreamARN"] for each in kinesis._consumers.values())


def _delete(asked: dict[str, Any]) -> Any:
    stream = _stream(asked)
    if stream is None or asked.get("EnforceConsumerDeletion") or not _consumers(stream):
        return None
    return _no(HAS_CONSUMERS.format(name=stream["StreamName"], account=ACCOUNT), "ResourceInUseException")


def _consumer(asked: dict[str, Any]) -> Any:
    stream = _stream(asked) if asked.get("StreamARN") else None
    if stream is None or _consumers(stream) < MOST_CONSUMERS:
        return None
    words = CONSUMERS.format(name=stream["StreamName"], account=ACCOUNT, most=MOST_CONSUMERS)
    return _no(words, "LimitExceededException")


def _iterator(asked: dict[str, Any]) -> Any:
    stream, kind = _stream(asked), asked.get("ShardIteratorType")
    if stream is None:
        return None
    if kind in BY_NUMBER and not asked.get("StartingSequenceNumber"):
        return _no(NO_NUMBER.format(kind))
    return _no(NO_TIME) if kind == "AT_TIMESTAMP" and asked.get("Timestamp") is None else None


def _records(asked: dict[str, Any]) -> Any:
    from ministack.services import kinesis

    if words := told("kinesis", "GetRecords", asked):
        return _no(words, "ValidationException")
    return None if asked.get("ShardIterator") in kinesis._shard_iterators else _no(NO_ITERATOR)


def _retention(asked: dict[str, Any], longer: bool) -> Any:
    stream, hours = _stream(asked), asked.get("RetentionPeriodHours")
    if stream is None or hours is None:
        return None
    there = stream["RetentionPeriodHours"]
    words = ""
    if hours < LEAST_HOURS:
        words = TOO_SHORT
    elif hours > MOST_HOURS:
        words = TOO_LONG
    elif longer and hours < there:
        words = NOT_LONGER
    elif not longer and hours > there:
        words = NOT_SHORTER
    return _no(words.format(hours=hours, there=there, name=stream["StreamName"], least=LEAST_HOURS, most=MOST_HOURS))


def _split(asked: dict[str, Any]) -> Any:
    stream, key = _stream(asked), str(asked.get("NewStartingHashKey") or "")
    shard = (stream or {"shards": {}})["shards"].get(asked.get("ShardToSplit"))
    if shard is None or not key.isdecimal():
        return None
    first, last = int(shard["starting_hash_key"]), int(shard["ending_hash_key"])
    if first + 1 < int(key) < last:
        return None
    about = {"key": key, "shard": asked["ShardToSplit"], "name": stream["StreamName"], "account": ACCOUNT}
    return _no(NO_SPLIT.format(**about, first=first, last=last))


def _hash(records: list[dict[str, Any]]) -> Any:
    given = [str(each.get("ExplicitHashKey") or "0") for each in records]
    bad = next((each for each in given if not (each.isdecimal() and int(each) <= LARGEST_HASH)), "")
    return _no(NO_HASH.format(bad)) if bad else None
