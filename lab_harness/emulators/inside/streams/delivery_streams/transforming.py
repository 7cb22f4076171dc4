"""Records as a stream's function makes them; what it cannot make stands in `processing-failed/`, as it came.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html and
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html (2026)
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from lab_harness.emulators.inside.functions import invocations
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.streams.delivery_streams import objects
from lab_harness.emulators.inside.streams.delivery_streams.objects import FAILED, Failure

LARGEST_CALL = 3 * 1024 * 1024  # bytes of data with one event; Lambda's 6 MB must hold them in base64, and the answer
RETRIES = 3  # of an invocation that failed
INVOKE = "lambda:InvokeFunction"
DENIED = ("Lambda.InvokeAccessDenied", "Access was denied. Ensure that the access policy allows access to it.")
MISSING = ("Lambda.FunctionDoesNotExist", "The specified Lambda function does not exist.")
ERROR = ("Lambda.FunctionError", "The Lambda function was successfully invoked but it returned an error result.")
NO_JSON = ("Lambda.JsonProcessingException", "There was an error parsing returned records from the Lambda function.")
LEFT_OUT = ("Lambda.MissingRecordId", "A record id of the event is not among those that the function returned.")
SET = ("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")


@dataclass
class Record:
    """A record: its id, its data and when it arrived, and the partition keys that a function gave it."""

    name: str
    data: bytes
    arrived: float
    keys: dict[str, str] = field(default_factory=dict)


def transformed(stream: dict[str, Any], destination: dict[str, Any], records: list[Record]) -> list[Record]:
    """The records that are to be written, after all of the destination's functions."""
    for function in objects.processors(destination, "Lambda", "LambdaArn"):
        records = [kept for some in batches(records) for kept in _by(function, stream, destination, some)]
    return records


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in lists whose data one event holds."""
    batch: list[Record] = []
    size = 0
    for record in records:
        size += len(record.data)
        if batch and size > LARGEST_CALL:
            yield batch
            batch, size = [], len(record.data)
        batch.append(record)
    if batch:
        yield batch


def _by(function: str, stream: dict[str, Any], destination: dict[str, Any], records: list[Record]) -> list[Record]:
    """What a function makes of records; what it fails with is kept as failed."""
    answer, failed, tries = _call(function, stream, destination, records)
    results = {each.get("recordId"): each for each in answer if isinstance(each, dict)}
    kept, lost = [], []
    for record in records:
        result = results.get(record.name)
        reason = failed or (LEFT_OUT if result is None else _reason(result))
        if reason:
            lost.append(Failure(record.data, record.arrived, *reason, tries, {"lambdaArn": function}))
        elif result and result["result"] == "Ok":
            kept.append(_made(record, result))
    objects.keep_failed(stream, destination, lost, FAILED)
    return kept


def _call(
    function: str, stream: dict[str, Any], destination: dict[str, Any], records: list[Record]
) -> tuple[list[Any], tuple[str, str] | None, int]:
    """The records of a function's answer, why there are none, and how often it was tried."""
    from ministack.services import firehose

    if answers.role(destination["config"].get("RoleARN", ""), objects.by(stream), INVOKE, function):
        return [], DENIED, 1
    event = {
        "invocationId": firehose.new_uuid(),
        "deliveryStreamArn": stream["arn"],
        "region": firehose.get_region(),
        "records": [
            {
                "recordId": each.name,
                "approximateArrivalTimestamp": int(each.arrived * 1000),
                "data": base64.b64encode(each.data).decode(),
            }
            for each in records
        ],
    }
    for tries in range(1, RETRIES + 2):
        called = invocations.called(function)
        if called is None:
            return [], MISSING, tries
        result, _ = invocations.run(called, event)
        if not result.get("error"):
            found = _records(result.get("body"))
            return (found, None, tries) if found is not None else ([], NO_JSON, tries)
    return [], ERROR, RETRIES + 1


def _records(body: Any) -> list[Any] | None:
    if isinstance(body, str | bytes):
        try:
            body = json.loads(body)
        except ValueError:
            return None
    found = body.get("records") if isinstance(body, dict) else None
    return found if isinstance(found, list) else None


def _reason(result: dict[str, Any]) -> tuple[str, str] | None:
    """Why a function's result is none; nothing where it is one."""
    if result.get("result") == "ProcessingFailed":
        return SET
    if result.get("result") not in ("Ok", "Dropped"):
        return NO_JSON
    try:
        base64.b64decode(result.get("data") or "", validate=True)
    except (binascii.Error, ValueError, TypeError):
        return NO_JSON
    return None


def _made(record: Record, result: dict[str, Any]) -> Record:
    keys = (result.get("metadata") or {}).get("partitionKeys") or {}
    data = base64.b64decode(result.get("data") or "")
    return replace(record, data=data, keys={str(key): str(value) for key, value in keys.items()})
