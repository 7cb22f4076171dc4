"""What becomes of records that a mapping gives up: its destination gets AWS's record of them, a bucket with the event.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html (2026)
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from lab_harness.emulators.inside.functions import destinations
from lab_harness.emulators.inside.functions.event_sources import batches

TOO_OFTEN, TOO_OLD = "RetryAttemptsExhausted", "RecordAgeExceeded"

log = logging.getLogger("lab_harness.event_sources")


def tell(mapping: dict[str, Any], part: Any, condition: str) -> None:
    """Send the record of a `lanes.Part` to the mapping's destination, if it has one; what cannot be sent is dropped."""
    target = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if not target:
        return
    from ministack.services import lambda_svc

    told = record(mapping, part, condition)
    try:
        if refused := destinations.refusal(lambda_svc._functions[mapping["FunctionName"]]["config"], target):
            raise PermissionError(refused)
        if ":s3:" in target:
            whole = json.dumps({**told, "payload": json.dumps(_event(part), default=str)})
            destinations.to_bucket(target, f"aws/lambda/{mapping['UUID']}/{part.shard}", whole)
        else:
            send = destinations.to_queue if ":sqs:" in target else destinations.to_topic
            send(target, json.dumps(told), {})
    except Exception as error:
        log.warning("The records that %s gave up could not be sent to %s: %s", mapping["UUID"], target, error)


def _event(part: Any) -> dict[str, Any]:
    return {"Records": [each.event for each in part.records]}


def record(mapping: dict[str, Any], part: Any, condition: str) -> dict[str, Any]:
    """AWS's record of a part. What never ran has no `responseContext`."""
    arn, answer, last = mapping["EventSourceArn"], part.answer, part.records[-1]
    told = {
        "requestContext": {
            "requestId": answer.id if answer else "",
            "functionArn": mapping["FunctionArn"],
            "condition": condition,
            "approximateInvokeCount": part.runs,
        },
        "version": "1.0",
        "timestamp": _moment(batches.now()),
        "KinesisBatchInfo" if ":kinesis:" in arn else "DDBStreamBatchInfo": {
            "shardId": part.shard,
            "startSequenceNumber": part.records[0].number,
            "endSequenceNumber": last.number,
            "approximateArrivalOfFirstRecord": _moment(part.records[0].arrived),
            "approximateArrivalOfLastRecord": _moment(last.arrived),
            "batchSize": len(part.records),
            "streamArn": arn,
        },
    }
    if not answer or answer.throttled:
        return told
    responded = {"statusCode": 200, "executedVersion": answer.version}
    if answer.failed:
        responded["functionError"] = answer.result.get("function_error") or "Unhandled"
    return {**told, "responseContext": responded}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
