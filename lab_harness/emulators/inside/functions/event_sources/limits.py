"""Refuses event source mappings that AWS refuses: filters that are none, numbers that do not fit, what a source lacks.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html,
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html and its kin for the streams (2026)
"""

from collections.abc import Iterator
from typing import Any

from lab_harness.emulators.inside.constraints import refuse, told
from lab_harness.emulators.inside.functions.event_sources import shards
from lab_harness.iam.contexts import service_of

MOST_WITHOUT_WINDOW = 10  # messages of a batch; and of one from a FIFO queue in any case
YOUNGEST = 60  # seconds: records are not given up sooner
NO_QUEUE = "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue."
DESTINATIONS = ("sqs", "sns", "s3")
OF_STREAMS_ALONE = (
    "StartingPosition", "StartingPositionTimestamp", "ParallelizationFactor", "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts", "BisectBatchOnFunctionError", "TumblingWindowInSeconds", "DestinationConfig",
)  # fmt: skip


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports Lambda."""
    refuse({"lambda_svc": {"_create_esm": _created, "_update_esm": _updated}})


def _error(code: str, message: str, status: int = 400) -> Any:
    from ministack.services.lambda_svc import error_response_json

    return error_response_json(code, message, status)


def _invalid(message: str) -> Any:
    return _error("InvalidParameterValueException", message)


def _created(data: dict[str, Any]) -> Any:
    return (
        _members("CreateEventSourceMapping", data)
        or next(_unfit(data), None)
        or next(_badly_begun(data), None)
        or _of_queue(data)
        or _there_already(data)
        or _nowhere(data.get("EventSourceArn", ""))
    )


def _updated(mapping: str, data: dict[str, Any]) -> Any:
    from ministack.services import lambda_svc

    known = lambda_svc._esms.get(mapping)
    if known is None:
        return None
    arn = {"EventSourceArn": known["EventSourceArn"]}
    return _members("UpdateEventSourceMapping", data) or next(_unfit(arn | data), None) or _of_queue({**known, **data})


def _members(operation: str, data: dict[str, Any]) -> Any:
    if message := told("lambda", operation, data):
        return _error("ValidationException", message)
    filters = (data.get("FilterCriteria") or {}).get("Filters") or []
    return _invalid("Invalid filter pattern definition.") if any(map(_is_bad, filters)) else None


def _is_bad(each: dict[str, Any]) -> bool:
    from ministack.services import eventbridge

    return not each.get("Pattern") or bool(eventbridge._event_pattern_error(each["Pattern"]))


def _unfit(data: dict[str, Any]) -> Iterator[Any]:
    """The refusals of what does not fit the kind of the source, or is within the model's range and yet not allowed."""
    if ":sqs:" in data.get("EventSourceArn", ""):
        for name in OF_STREAMS_ALONE:
            if data.get(name) is not None:  # AWS's words are known of StartingPosition.
                yield _invalid(f"{name} is not valid for SQS event sources.")
        return
    age = data.get("MaximumRecordAgeInSeconds", -1)
    if age != -1 and age < YOUNGEST:
        yield _invalid("MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)")
    target = ((data.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if target and target.split(":")[2] not in DESTINATIONS:  # AWS refuses it; the words are ours.
        yield _invalid(f"The destination {target} is no queue, topic or bucket.")


def _badly_begun(data: dict[str, Any]) -> Iterator[Any]:
    """The refusals of where a stream is to be read from."""
    arn, position = data.get("EventSourceArn", ""), data.get("StartingPosition")
    if ":sqs:" in arn:
        return
    if position is None:
        yield _invalid(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    if position == "AT_TIMESTAMP" and ":dynamodb:" in arn:
        yield _invalid(f"Unsupported starting position for arn type: {arn}")
    if position == "AT_TIMESTAMP" and data.get("StartingPositionTimestamp") is None:
        yield _invalid("Need to specify a timestamp")


def _of_queue(data: dict[str, Any]) -> Any:
    """The refusal of a mapping from a queue whose numbers do not fit each other."""
    return (
        next(_too_much_at_once(data), None) or _too_short(data) if ":sqs:" in data.get("EventSourceArn", "") else None
    )


def _too_much_at_once(data: dict[str, Any]) -> Iterator[Any]:
    window, size = data.get("MaximumBatchingWindowInSeconds"), data.get("BatchSize", 0)
    fifo = data["EventSourceArn"].endswith(".fifo")
    if fifo and window:
        yield _invalid("Batching window is not supported for FIFO queues")
    if fifo and size > MOST_WITHOUT_WINDOW:  # AWS refuses it; the words are ours.
        yield _invalid(f"Batch size must not be greater than {MOST_WITHOUT_WINDOW} for FIFO queues")
    if size > MOST_WITHOUT_WINDOW and not window:
        yield _invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
            f"{MOST_WITHOUT_WINDOW}"
        )


def _too_short(data: dict[str, Any]) -> Any:
    """The refusal of a queue that shows messages again before the function may have ended."""
    from ministack.services import lambda_svc, sqs

    _, config, _ = lambda_svc._get_func_record_for_ref(data.get("FunctionArn") or data.get("FunctionName", ""))
    queue = sqs._queue_by_arn(data["EventSourceArn"])
    if not config or not queue:
        return None
    hidden, runs = int(queue["attributes"].get("VisibilityTimeout", 30)), config.get("Timeout", 3)
    if hidden >= runs:
        return None
    return _invalid(f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {runs} seconds")


def _nowhere(arn: str) -> Any:
    """The refusal of a source that is not there."""
    from ministack.services import sqs

    if ":sqs:" in arn:
        missing = sqs._queue_by_arn(arn) is None
        told = "SQS Error Message: The specified queue does not exist."
        return _invalid(f"{NO_QUEUE} {told}") if missing else None
    gone = service_of(arn) in ("kinesis", "dynamodb") and not shards.of(arn, "")
    return _invalid(f"Stream not found: {arn}") if gone else None


def _there_already(data: dict[str, Any]) -> Any:
    from ministack.services import lambda_svc

    arn, (name, qualifier) = (
        data.get("EventSourceArn", ""),
        lambda_svc._resolve_name_and_qualifier(data["FunctionName"]),
    )
    for mapping in lambda_svc._esms.values():
        if (mapping["EventSourceArn"], mapping["FunctionName"], mapping.get("Qualifier")) == (arn, name, qualifier):
            return _error(
                "ResourceConflictException",
                f'An event source mapping with {arn.split(":")[2].upper()} arn (" {arn} ") and function (" {name} ") '
                f"already exists. Please update or delete the existing mapping with UUID {mapping['UUID']}",
                409,
            )
    return None
