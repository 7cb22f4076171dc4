"""The objects that a stream writes: one for all records of a prefix, and one for those that failed in the same way.

https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html and
https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-s3bucketprefix.html (2026)
"""

import base64
import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers

FIREHOSE, FAILED = "firehose.amazonaws.com", "processing-failed"
PUT = "s3:PutObject"


@dataclass
class Failure:
    """A record that could not be delivered as it should: its data, when it arrived, why, and after how many tries."""

    data: bytes
    arrived: float
    code: str
    message: str
    tries: int
    more: dict[str, Any]


def by(stream: dict[str, Any]) -> str:
    """In whose name a stream acts: the service's and its own, as a role's session."""
    return f"{FIREHOSE}/{stream['name']}"


def processors(destination: dict[str, Any], kind: str, parameter: str) -> list[str]:
    """The values of a parameter of a destination's processors of one kind."""
    processing = destination["config"].get("ProcessingConfiguration") or {}
    return [
        str(each.get("ParameterValue", ""))
        for processor in processing.get("Processors") or []
        if processing.get("Enabled") and processor.get("Type") == kind
        for each in processor.get("Parameters") or []
        if each.get("ParameterName") == parameter
    ]


def write(stream: dict[str, Any], destination: dict[str, Any], records: list[Any]) -> None:
    """Write records, those of one prefix as one object, with nothing between them but what a processor appends."""
    from ministack.services import firehose

    config = destination["config"]
    if (config.get("DataFormatConversionConfiguration") or {}).get("Enabled"):
        if not _may_write(stream, config, config.get("Prefix") or ""):
            return
        for record in records:
            firehose._deliver_to_s3(stream, destination, record.data, record.keys)
        return
    delimiters = processors(destination, "AppendDelimiterToRecord", "Delimiter")
    end = "".join(delimiters).replace("\\n", "\n").encode()
    moment = firehose._arrival_time(config)
    by_prefix: dict[str, list[bytes]] = defaultdict(list)
    lost = []
    for record in records:
        try:
            by_prefix[_prefix(config, moment, record)].append(record.data + end)
        except firehose._DeliveryError as error:
            code = "DynamicPartitioning.MetadataExtractionFailed"
            lost.append(Failure(record.data, record.arrived, code, error.message, 1, {}))
    packed, ending = config.get("CompressionFormat") == "GZIP", config.get("FileExtension")
    for prefix, parts in by_prefix.items():
        body = b"".join(parts)
        name = f"{prefix}{_name(stream, moment)}{ending or ('.gz' if packed else '')}"
        _put(stream, config, name, gzip.compress(body, mtime=0) if packed else body)
    keep_failed(stream, destination, lost, FAILED)


def _prefix(config: dict[str, Any], moment: Any, record: Any) -> str:
    from ministack.services import firehose

    query = None
    if (config.get("DynamicPartitioningConfiguration") or {}).get("Enabled"):
        query = firehose._metadata_extraction_keys(config, record.data)
    return str(firehose._evaluate_prefix(config.get("Prefix") or "", moment, query, record.keys))


def _name(stream: dict[str, Any], moment: Any) -> str:
    from ministack.services import firehose

    when = firehose._java_time("yyyy-MM-dd-HH-mm-ss", moment)
    return f"{stream['name']}-{stream.get('version', 1)}-{when}-{firehose.new_uuid()}"


def keep_failed(stream: dict[str, Any], destination: dict[str, Any], failures: list[Failure], kind: str) -> None:
    """Write what failed as one object, a line of JSON for each record, below the prefix for errors."""
    from ministack.services import firehose

    if not failures:
        return
    config, moment = destination["config"], firehose._arrival_time(destination["config"])
    lines = [json.dumps(_told(each)) + "\n" for each in failures]
    given = config.get("ErrorOutputPrefix") or f"{config.get('Prefix') or ''}{kind}/"
    prefix = firehose._evaluate_prefix(given, moment, error_type=kind)
    _put(stream, config, f"{prefix}{_name(stream, moment)}", "".join(lines).encode())


def _told(failure: Failure) -> dict[str, Any]:
    return {
        "attemptsMade": failure.tries,
        "arrivalTimestamp": int(failure.arrived * 1000),
        "errorCode": failure.code,
        "errorMessage": failure.message,
        "attemptEndingTimestamp": int(clock.now() * 1000),
        "rawData": base64.b64encode(failure.data).decode(),
        **failure.more,
    }


def _may_write(stream: dict[str, Any], config: dict[str, Any], key: str) -> bool:
    bucket = config.get("BucketARN", "")
    return not answers.role(config.get("RoleARN", ""), by(stream), PUT, f"{bucket}/{key}")


def _put(stream: dict[str, Any], config: dict[str, Any], key: str, body: bytes) -> None:
    from ministack.services import firehose

    if _may_write(stream, config, key):
        firehose._put_s3_object(config.get("BucketARN", "").rpartition(":")[2], key, body)
