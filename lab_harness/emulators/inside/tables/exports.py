"""Exports of a table to S3: the items as they were at a moment, and the two manifests that tell of them.

MiniStack says that an export is complete, and writes nothing. One needs point-in-time recovery, as on AWS.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html (2026)
"""

import base64
import gzip
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import wrapt

from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.tables import journal

UNAVAILABLE = "PointInTimeRecoveryUnavailableException"


def install() -> None:
    """Make MiniStack write them. This takes effect when it imports DynamoDB."""
    wrapt.register_post_import_hook(_change_dynamodb, "ministack.services.dynamodb")


def _change_dynamodb(dynamodb: Any) -> None:
    wrapt.wrap_function_wrapper(dynamodb, "_export_table_to_point_in_time", _export)


def _export(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import dynamodb

    data = args[0]
    name = dynamodb._table_name_from_arn(data.get("TableArn") or "")
    table = dynamodb._tables.get(name) if name else None
    if table is None:
        return original(*args, **kwargs)
    if not journal.is_kept(table):
        return dynamodb.error_response_json(
            UNAVAILABLE, f"Point in time recovery is not enabled for table '{name}'", 400
        )
    if data.get("ExportType") == "INCREMENTAL_EXPORT" or data.get("ExportFormat") == "ION":
        return dynamodb.error_response_json(
            "ValidationException", "This emulator exports all items, as DYNAMODB_JSON.", 400
        )
    moment = float(data.get("ExportTime") or clock.now())
    if not int(journal.earliest(table)) <= moment <= clock.now():  # programs say the second
        return dynamodb.error_response_json(
            "InvalidExportTimeException",
            "The specified ExportTime is outside of the point in time recovery window.",
            400,
        )
    known = set(dynamodb._exports.keys())
    status, headers, body = original(*args, **kwargs)
    if status == 200:
        for arn in set(dynamodb._exports.keys()) - known:  # none, where the client's token was used before
            export = dynamodb._exports[arn]
            export["ExportTime"] = moment
            _complete(export, table)
    return status, headers, body


def _complete(export: dict[str, Any], table: dict[str, Any]) -> None:
    """Write an export's objects, and note that it is done, or why it is not."""
    from ministack.services import s3

    bucket = export["S3Bucket"]
    if bucket not in s3._buckets:
        _fail(export, "S3NoSuchBucket", "The specified bucket does not exist")
    elif refused := answers.caller("s3:PutObject", f"arn:aws:s3:::{bucket}/{_folder(export)}/manifest-summary.json"):
        _fail(export, "S3AccessDenied", refused)
    else:
        _write(export, journal.items_at(table, export["ExportTime"]))
    export["EndTime"] = clock.now()


def _fail(export: dict[str, Any], code: str, message: str) -> None:
    export |= {"ExportStatus": "FAILED", "FailureCode": code, "FailureMessage": message}


def _write(export: dict[str, Any], items: dict[Any, dict[Any, Any]]) -> None:
    from ministack.services import dynamodb

    folder = _folder(export)
    rows = [item for sorted_rows in items.values() for item in sorted_rows.values()]
    lines = "".join(json.dumps({"Item": item}, ensure_ascii=False) + "\n" for item in rows)
    data, name = gzip.compress(lines.encode(), mtime=0), f"{folder}/data/{dynamodb.new_uuid()}.json.gz"
    file = {
        "itemCount": len(rows),
        "md5Checksum": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
        "etag": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "dataFileS3Key": name,
    }
    size = sum(map(dynamodb._item_size_bytes, rows))
    export |= {"ItemCount": len(rows), "BilledSizeBytes": size, "ExportStatus": "COMPLETED"}
    export["ExportManifest"] = f"{folder}/manifest-summary.json"
    objects = {f"{folder}/_started": b"", name: data}
    for manifest, told in (("manifest-files", file), ("manifest-summary", _summary(export, folder))):
        text = json.dumps(told).encode()
        objects[f"{folder}/{manifest}.json"] = text
        objects[f"{folder}/{manifest}.md5"] = base64.b64encode(hashlib.md5(text, usedforsecurity=False).digest())
    _put(export, objects)


def _folder(export: dict[str, Any]) -> str:
    """The prefix of all that an export writes."""
    own = f"{export['S3Prefix'].strip('/')}/" if export.get("S3Prefix") else ""
    return f"{own}AWSDynamoDB/{export['ExportArn'].rpartition('/')[2]}"


def _summary(export: dict[str, Any], folder: str) -> dict[str, Any]:
    def moment(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    return {
        "version": "2020-06-30",
        "exportArn": export["ExportArn"],
        "startTime": moment(export["StartTime"]),
        "endTime": moment(clock.now()),
        "tableArn": export["TableArn"],
        "tableId": export["TableId"],
        "exportTime": moment(export["ExportTime"]),
        "s3Bucket": export["S3Bucket"],
        "s3Prefix": export.get("S3Prefix"),
        "s3SseAlgorithm": export.get("S3SseAlgorithm", "AES256"),
        "s3SseKmsKeyId": export.get("S3SseKmsKeyId"),
        "manifestFilesS3Key": f"{folder}/manifest-files.json",
        "billedSizeBytes": export["BilledSizeBytes"],
        "itemCount": export["ItemCount"],
        "outputFormat": export["ExportFormat"],
        "exportType": "FULL_EXPORT",
    }


def _put(export: dict[str, Any], objects: dict[str, bytes]) -> None:
    from ministack.services import s3

    for key, body in objects.items():
        status, _, answer = s3._put_object(export["S3Bucket"], key, body, {})
        if status != 200:
            _fail(export, "S3InternalServerError", f"{key}: {answer!r}")
            return
