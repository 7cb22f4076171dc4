"""Destinations in S3 that Firehose refuses.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html and
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html (2026)
"""

from typing import Any

from lab_harness.emulators.inside.constraints import refuse, told

KINDS = ("ExtendedS3DestinationConfiguration", "S3DestinationConfiguration")
UPDATES = ("ExtendedS3DestinationUpdate", "S3DestinationUpdate")
DEFAULTS = {"SizeInMBs": 5, "IntervalInSeconds": 300}
LEAST_OF_PARTITIONS = 64  # MB of a buffer with dynamic partitioning
EXPRESSION, ERROR_TYPE = "!{", "!{firehose:error-output-type}"
COMPRESSIONS = ("UNCOMPRESSED", "GZIP")


def install() -> None:
    """Change MiniStack's Firehose. This takes effect when its module is imported."""
    refuse({"firehose": {"_create_delivery_stream": _of_new, "_update_destination": _of_changed}})


def _of_new(asked: dict[str, Any]) -> Any:
    if words := told("firehose", "CreateDeliveryStream", asked):
        return _invalid(words, "ValidationException")
    return _of(next((asked[kind] for kind in KINDS if kind in asked), None))


def _of_changed(asked: dict[str, Any]) -> Any:
    from ministack.services import firehose

    stream = firehose._streams.get(asked.get("DeliveryStreamName")) or {"destinations": []}
    there = stream["destinations"][0]["config"] if stream["destinations"] else {}
    changed = next((asked[kind] for kind in UPDATES if kind in asked), None)
    return _of({**there, **changed}) if changed else None


def _of(destination: dict[str, Any] | None) -> Any:
    """The refusal of a destination."""
    if destination is None:
        return None
    prefix, errors = destination.get("Prefix") or "", destination.get("ErrorOutputPrefix") or ""
    partitions = (destination.get("DynamicPartitioningConfiguration") or {}).get("Enabled")
    words = ""
    if EXPRESSION in prefix and not errors:
        words = "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions."
    elif EXPRESSION in errors and ERROR_TYPE not in errors:
        words = f"ErrorOutputPrefix must contain {ERROR_TYPE} when it contains expressions."
    elif "partitionKeyFrom" in prefix and not partitions:
        words = "Prefix may name partition keys only where dynamic partitioning is enabled."
    elif partitions and hints(destination)["SizeInMBs"] < LEAST_OF_PARTITIONS:
        words = f"BufferingHints.SizeInMBs must be at least {LEAST_OF_PARTITIONS} when dynamic partitioning is enabled."
    elif destination.get("CompressionFormat", "UNCOMPRESSED") not in COMPRESSIONS:
        words = "This emulator compresses with GZIP, or not at all."
    return _invalid(words) if words else None


def hints(destination: dict[str, Any]) -> dict[str, int]:
    """How many megabytes, and for how many seconds, a destination's buffer collects."""
    return {**DEFAULTS, **(destination.get("BufferingHints") or {})}


def _invalid(message: str, code: str = "InvalidArgumentException") -> Any:
    from ministack.services import firehose

    return firehose.error_response_json(code, message, 400)
