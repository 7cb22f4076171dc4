"""A function is ready once somebody asks for its state.

The answers that make or change a function say that it is Pending and that its update is in progress, as on AWS.
MiniStack leaves it so for half a second, whatever it is made of, so that the SDK's waiters, which ask a second time
after a second, always waited for that second. A version with SnapStart stays Pending until it is initialised.
"""

from typing import Any

from lab_harness.emulators.inside.hooks import change

READY = {"State": "Active", "LastUpdateStatus": "Successful"}
BETWEEN = {"State": "Pending", "LastUpdateStatus": "InProgress"}


def install() -> None:
    """Make MiniStack end what is between two states before it tells the state."""
    change({"lambda_svc": {"_get_function": _when_ready, "_get_function_config": _when_ready}})


def _when_ready(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import lambda_svc

    function = lambda_svc._functions.get(args[0]) or {}
    for each in [function, *function.get("versions", {}).values()]:
        _end(each.get("config") or {})
    return original(*args, **kwargs)


def _end(config: dict[str, Any]) -> None:
    if (config.get("SnapStart") or {}).get("OptimizationStatus") == "On":
        return
    for name, between in BETWEEN.items():
        if config.get(name) == between:
            config |= {name: READY[name], f"{name}Reason": "", f"{name}ReasonCode": ""}
