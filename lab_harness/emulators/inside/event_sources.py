"""Refuses event source mappings that AWS refuses: filters that are none, batches and timeouts that do not fit.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (2026)
"""

from typing import Any

import wrapt

from lab_harness.emulators.inside.constraints import refuse, told

MOST_WITHOUT_WINDOW = 10  # messages of a batch


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports Lambda."""
    wrapt.register_post_import_hook(_change_lambda, "ministack.services.lambda_svc")


def _change_lambda(lambda_svc: Any) -> None:
    refuse(lambda_svc, "_create_esm", _created)
    refuse(lambda_svc, "_update_esm", _updated)


def _error(code: str, message: str, status: int = 400) -> Any:
    from ministack.services.lambda_svc import error_response_json

    return error_response_json(code, message, status)


def _invalid(message: str) -> Any:
    return _error("InvalidParameterValueException", message)


def _created(data: dict[str, Any]) -> Any:
    return _members("CreateEventSourceMapping", data) or _of_queue(data) or _there_already(data)


def _updated(mapping: str, data: dict[str, Any]) -> Any:
    from ministack.services import lambda_svc

    known = lambda_svc._esms.get(mapping)
    if known is None:
        return None
    return _members("UpdateEventSourceMapping", data) or _of_queue({**known, **data})


def _members(operation: str, data: dict[str, Any]) -> Any:
    if message := told("lambda", operation, data):
        return _error("ValidationException", message)
    filters = (data.get("FilterCriteria") or {}).get("Filters") or []
    return _invalid("Invalid filter pattern definition.") if any(map(_is_bad, filters)) else None


def _is_bad(each: dict[str, Any]) -> bool:
    from ministack.services import eventbridge

    return not each.get("Pattern") or bool(eventbridge._event_pattern_error(each["Pattern"]))


def _of_queue(data: dict[str, Any]) -> Any:
    """The refusal of a mapping from a queue whose numbers do not fit each other."""
    from ministack.services import lambda_svc, sqs

    arn = data.get("EventSourceArn", "")
    if ":sqs:" not in arn:
        return None
    if data.get("BatchSize", 0) > MOST_WITHOUT_WINDOW and not data.get("MaximumBatchingWindowInSeconds"):
        return _invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
            f"{MOST_WITHOUT_WINDOW}"
        )
    _, config, _ = lambda_svc._get_func_record_for_ref(data.get("FunctionArn") or data.get("FunctionName", ""))
    queue = sqs._queue_by_arn(arn)
    if not config or not queue:
        return None
    hidden, runs = int(queue["attributes"].get("VisibilityTimeout", 30)), config.get("Timeout", 3)
    if hidden >= runs:
        return None
    return _invalid(f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {runs} seconds")


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
