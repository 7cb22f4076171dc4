"""Refuses what is too large for an invocation, as AWS does: 6 MB for a call and its answer, 1 MB for an event.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (2026). An event could be no larger than 256 KB
until October 2025: https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb/
"""

import json
from typing import Any

import wrapt

LARGEST = {"RequestResponse": 6_291_456, "Event": 1_048_576}  # bytes, by the type of invocation
LARGEST_ANSWER = 6_291_556  # bytes


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports Lambda."""
    wrapt.register_post_import_hook(_change_lambda, "ministack.services.lambda_svc")


def _change_lambda(lambda_svc: Any) -> None:
    wrapt.wrap_function_wrapper(lambda_svc, "_invoke", _refuse_large)
    wrapt.wrap_function_wrapper(lambda_svc, "_execute_function_dispatch", _fail_if_large)


async def _refuse_large(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services.lambda_svc import error_response_json

    _name, event, headers, *_ = args
    sent = {name.lower(): value for name, value in headers.items()}
    kind = sent.get("x-amz-invocation-type", "RequestResponse")
    size = int(sent.get("content-length") or len(json.dumps(event)))
    if size <= LARGEST.get(kind, size):
        return await original(*args, **kwargs)
    message = f"{size} byte payload is too large for the {kind} invocation type (limit {LARGEST[kind]} bytes)"
    return error_response_json("RequestEntityTooLargeException", message, 413)


def _fail_if_large(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    result = original(*args, **kwargs)
    if len(json.dumps(result.get("body"), default=str, ensure_ascii=False).encode()) <= LARGEST_ANSWER:
        return result
    message = f"Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes)."
    return {**result, "body": {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}, "error": True}
