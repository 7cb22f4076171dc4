"""The account's concurrency as on AWS: 1,000 side by side, of which 100 stay for functions that reserve none.

MiniStack makes the limit from the machine's memory, and lets a function reserve any number. What some reserve it lets
the others use, and it forgets a reservation where a version or an alias is called. How many functions really run side
by side still depends on the memory, too.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html (2026)
"""

import json
import threading
from collections.abc import Mapping
from typing import Any

import wrapt

from lab_harness.emulators.inside.constraints import refuse

ACCOUNT, UNRESERVED = 1000, 10  # side by side; the part of them that stays unreserved is one in so many
TAG = "lab:account-concurrency"
BY_RESERVATION = "ReservedFunctionConcurrentInvocationLimitExceeded"
leasing = threading.Lock()  # no two invocations take the last place


def install() -> None:
    """Make MiniStack keep to it. This takes effect when it imports Lambda."""
    refuse({"lambda_svc": {"_put_function_concurrency": _reserve}})
    wrapt.register_post_import_hook(_change_lambda, "ministack.services.lambda_svc")


def _change_lambda(lambda_svc: Any) -> None:
    for name, change in (
        ("_get_account_settings", _tell),
        ("_reserved_concurrency", _reserved_by_all_versions),
        ("_acquire_execution_slot", _lease_of_the_unreserved),
        ("_throttle_response", _throttled),
    ):
        wrapt.wrap_function_wrapper(lambda_svc, name, change)


def _throttled(original: Any, _instance: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """What a throttled call is told; where the limit is none of AWS's, MiniStack's words, which name it."""
    told: dict[str, Any] = original(*args, **kwargs)
    body = told["body"]
    if body["Reason"] == BY_RESERVATION:
        body |= {"message": "Rate Exceeded.", "Type": "User"}
    return told


def _account() -> int:
    """How many may run side by side in this account: as many as on AWS, or the least that a function's tag says."""
    from ministack.services import lambda_svc

    told = [function.get("tags", {}).get(TAG, "") for function in list(lambda_svc._functions.values())]
    return min([ACCOUNT, *(int(each) for each in told if each.isdecimal() and each.isascii())])


def _all_reserved() -> dict[str, int]:
    """What each function has reserved, by the name of those that have."""
    from ministack.services import lambda_svc

    each = [(name, function.get("concurrency")) for name, function in lambda_svc._functions.items()]
    return {name: reserved for name, reserved in each if reserved is not None}


def _reserve(name: str, data: dict[str, Any]) -> Any:
    from ministack.services.lambda_svc import error_response_json

    whole = _all_reserved() | {name: data.get("ReservedConcurrentExecutions", 0)}
    account = _account()
    unreserved = account // UNRESERVED
    if sum(whole.values()) <= account - unreserved:
        return None
    message = (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
        f"below its minimum value of [{unreserved}]."
    )
    return error_response_json("InvalidParameterValueException", message, 400)


def _tell(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    status, headers, body = original(*args, **kwargs)
    settings = json.loads(body)
    account = _account()
    unreserved = account - sum(_all_reserved().values())
    settings["AccountLimit"] |= {"ConcurrentExecutions": account, "UnreservedConcurrentExecutions": max(0, unreserved)}
    return status, headers, json.dumps(settings).encode()


def _reserved_by_all_versions(original: Any, _instance: Any, args: Any, kwargs: Any) -> int | None:
    """What a function has reserved, whichever version of it is called."""
    from ministack.services import lambda_svc

    _, config = args
    function = lambda_svc._functions.get(config.get("FunctionName")) or {}
    reserved: int | None = original(*args, **kwargs)
    return function.get("concurrency") if reserved is None else reserved


def is_full(running: Mapping[str, int], reserved: Mapping[str, int], account: int = ACCOUNT) -> bool:
    """Whether the functions that reserve nothing, together, run as often as what the others reserve leaves to them.

    Both are by the functions' names: how many invocations go on, and what is reserved.
    """
    return sum(count for name, count in running.items() if name not in reserved) >= account - sum(reserved.values())


def _lease_of_the_unreserved(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Throttle a function without a reservation where there is no place left for such."""
    from ministack.services import lambda_svc

    with leasing:
        if lambda_svc._reserved_concurrency(*args) is None and is_full(_running(args[1]), _all_reserved(), _account()):
            return None, "account"
        return original(*args, **kwargs)


def _running(config: dict[str, Any]) -> dict[str, int]:
    """How many invocations of each function go on, in this function's account and Region."""
    from ministack.services import lambda_svc

    scope = lambda_svc._inflight_key(config).rpartition(":")[0]
    _, running = lambda_svc.executions_in_flight()
    parted = [(*key.rpartition(":"), count) for key, count in running.items()]
    return {name: count for where, _, name, count in parted if where == scope}
