"""What the checks of streams send and read of the archive: records as Firehose gives them, and its settings."""

import base64
import json
import re
import uuid
from datetime import UTC, datetime

from lab_harness.authors import Failure, customers, expect

from . import ARCHIVE

DATE = {"y": "the year", "M": "the month", "d": "the day"}


def collected():
    """An event of Firehose's, and for each record what is wanted: a result, and a location or none."""
    north, south = customers.chance.randrange(50, 99), customers.chance.randrange(50)
    name = customers.some_id("pet-", but=[])
    wanted = [
        (json.dumps({"pet": name, "x": 4, "y": north}), "Ok", {"pet": name, "x": 4, "y": north, "zone": "north"}),
        (json.dumps({"pet": name, "x": 5, "y": south}), "Ok", {"pet": name, "x": 5, "y": south, "zone": "south"}),
        (json.dumps({"pet": name, "x": 5, "y": 50}), "Ok", {"pet": name, "x": 5, "y": 50, "zone": "north"}),
        (json.dumps({"pet": f"test-{name}", "x": 1, "y": 1}), "Dropped", None),
        ("no json", "ProcessingFailed", None),
        (json.dumps({"pet": name, "x": 4}), "ProcessingFailed", None),
    ]
    wanted, now = customers.shuffled(wanted), int(datetime.now(UTC).timestamp() * 1000)
    told = {
        "invocationId": str(uuid.uuid4()),
        "deliveryStreamArn": f"arn:aws:firehose:us-east-1:000000000000:deliverystream/{ARCHIVE}",
        "region": "us-east-1",
        "records": [
            {
                "recordId": f"{now:020d}{uuid.uuid4().hex}",  # as the emulator writes them
                "approximateArrivalTimestamp": now,
                "data": base64.b64encode(data.encode()).decode(),
            }
            for data, *_ in wanted
        ],
    }
    return told, wanted


def expect_cleaned(answer, told, wanted):
    """Each record is in the answer, with its result, and where it is Ok its line."""
    said = answer.payload.get("records") if isinstance(answer.payload, dict) else None
    found = {each.get("recordId"): each for each in said or [] if isinstance(each, dict)}
    for record, (data, result, location) in zip(told["records"], wanted, strict=True):
        one = found.get(record["recordId"], {})
        line = _decoded(one.get("data"))
        if one.get("result") == result and (location is None or _is_line(line, location)):
            continue
        kept = f" {line!r}" if one else ""
        raise Failure(
            expected=f"{result} for {data}" + (f", as the line {json.dumps(location)}" if location else ""),
            found=f"{one.get('result', 'no result')}{kept}" if not answer.error else answer.described(),
            next_step=answer.next_step("Section 8 says what becomes of a record; each recordId is answered."),
        )


def _decoded(data):
    try:
        return base64.b64decode(data, validate=True).decode()
    except (ValueError, TypeError):
        return ""


def _is_line(line, location):
    try:
        return line.endswith("\n") and json.loads(line) == location
    except ValueError:
        return False


def names(firehose):
    return firehose.list_delivery_streams(Limit=10_000)["DeliveryStreamNames"]


def described(firehose):
    return firehose.describe_delivery_stream(DeliveryStreamName=ARCHIVE)["DeliveryStreamDescription"]


def _destination(firehose):
    found = described(firehose).get("Destinations") or [{}]
    return found[0].get("ExtendedS3DestinationDescription") or {}


def processors(firehose):
    """The ARNs of the functions that change pet-archive's records."""
    processing = _destination(firehose).get("ProcessingConfiguration") or {}
    return [
        parameter["ParameterValue"]
        for processor in processing.get("Processors") or []
        if processing.get("Enabled") and processor.get("Type") == "Lambda"
        for parameter in processor.get("Parameters") or []
        if parameter.get("ParameterName") == "LambdaArn"
    ]


def expect_destination(firehose, bucket, role, longest):
    """pet-archive writes to the bucket with its role, compressed, soon, by date, and errors elsewhere."""
    found, how = _destination(firehose), "Section 8 names the settings; update_destination changes them."
    expect.value("its bucket:", f"arn:aws:s3:::{bucket}", found.get("BucketARN", "none"), how)
    expect.value("its role to write:", role, found.get("RoleARN", "").rpartition("/")[2], how)
    expect.value("CompressionFormat:", "GZIP", found.get("CompressionFormat"), how)
    seconds = (found.get("BufferingHints") or {}).get("IntervalInSeconds", 300)
    expect.value("IntervalInSeconds, at most:", longest, max(seconds, longest), how)
    prefix, errors = found.get("Prefix") or "", found.get("ErrorOutputPrefix") or ""
    expect.value("Prefix begins with", "locations/", prefix[: len("locations/")], how)
    dates = "".join(re.findall(r"!\{timestamp:([^}]*)\}", prefix)) or "yyyy/MM/dd/HH"  # which Firehose appends
    missing = [name for letter, name in DATE.items() if letter not in dates]
    expect.value("missing in Prefix:", [], missing, how)
    expect.value("ErrorOutputPrefix begins with", "errors/", errors[: len("errors/")], how)
