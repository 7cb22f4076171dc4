"""The account's concurrency as on AWS: 1,000 side by side, of which 100 stay for functions that reserve none.

MiniStack makes the limit from the machine's memory, and lets a function reserve any number. How many functions really
run side by side still depends on the memory, too.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html (2026)
"""

import json
from typing import Any

import wrapt

from lab_harness.emulators.inside.constraints import refuse

ACCOUNT, UNRESERVED = 1000, 100


def install() -> None:
    """Make MiniStack keep to it. This takes effect when it imports Lambda."""
    wrapt.register_post_import_hook(_change_lambda, "ministack.services.lambda_svc")


def _change_lambda(lambda_svc: Any) -> None:
    refuse(lambda_svc, "_put_function_concurrency", _reserve)
    wrapt.wrap_function_wrapper(lambda_svc, "_get_account_settings", _tell)


def _reserved(but: str = "") -> int:
    """What all functions have reserved, but this one."""
    from ministack.services import lambda_svc

    return sum(each.get("concurrency") or 0 for name, each in lambda_svc._functions.items() if name != but)


def _reserve(name: str, data: dict[str, Any]) -> Any:
    from ministack.services.lambda_svc import error_response_json

    if _reserved(name) + data.get("ReservedConcurrentExecutions", 0) <= ACCOUNT - UNRESERVED:
        return None
    message = (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
        f"below its minimum value of [{UNRESERVED}]."
    )
    return error_response_json("InvalidParameterValueException", message, 400)


def _tell(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    status, headers, body = original(*args, **kwargs)
    settings = json.loads(body)
    limits = {"ConcurrentExecutions": ACCOUNT, "UnreservedConcurrentExecutions": ACCOUNT - _reserved()}
    settings["AccountLimit"] |= limits
    return status, headers, json.dumps(settings).encode()
