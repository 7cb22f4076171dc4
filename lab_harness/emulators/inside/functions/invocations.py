"""Runs a function for a service: as it is now, under the ARN by which it is invoked, counted in its metrics."""

import time
from contextvars import ContextVar
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")  # of the invocation that is made


def called(reference: str) -> dict[str, Any] | None:
    """MiniStack's record of a function, for a run by this ARN or name; None where there is none."""
    from ministack.services import lambda_svc

    record, config, name = lambda_svc._get_func_record_for_ref(reference)
    if not record or not config:
        return None
    found: dict[str, Any] = lambda_svc._execution_record_for_config(record, {**config, "FunctionArn": reference})
    found["concurrency"] = lambda_svc._functions[name].get("concurrency")
    return found


def run(record: dict[str, Any], payload: Any) -> tuple[dict[str, Any], float]:
    """What a run of a function returned, in MiniStack's form, and the seconds that it took.

    It is counted as Lambda's metrics do; MiniStack itself counts what it throttles.
    """
    from ministack.services import lambda_svc

    started = time.monotonic()
    result: dict[str, Any] = lambda_svc._execute_function(record, payload)
    seconds = time.monotonic() - started
    if not result.get("throttle"):
        name, failed = record["config"]["FunctionName"], bool(result.get("error"))
        lambda_svc._emit_lambda_metrics(name, seconds * 1000, failed, throttle=False)
    return result, seconds
