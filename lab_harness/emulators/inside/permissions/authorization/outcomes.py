"""Lets Lambda send what came of an asynchronous event only where the function's role may send it.

AWS asks as a destination or a dead-letter queue is configured, and again as it sends (`destinations`); MiniStack never.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html (2026)
"""

from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.functions import destinations
from lab_harness.iam.contexts import service_of

OPERATIONS = {"lambda:InvokeFunction": "Invoke"}  # where the operation is not called as the permission is
DEAD_LETTERS = "The provided execution role does not have permissions to call {operation} on {service}"
DESTINATION = "The function's execution role does not have permissions to call {operation} on {target}"


def install() -> None:
    """Change MiniStack. This takes effect when it imports Lambda."""
    changed = {"_create_function": _new_function, "_update_config": _new_function}
    hooks.change({"lambda_svc": {**changed, "_put_event_invoke_config": _new_settings}})


def _new_function(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A function that is made, or whose configuration is changed, with a dead-letter queue."""
    data = args[-1]
    name = args[0] if len(args) > 1 else data.get("FunctionName", "")
    target = (data.get("DeadLetterConfig") or {}).get("TargetArn")
    return _refused(name, target, DEAD_LETTERS, data.get("Role")) or original(*args, **kwargs)


def _new_settings(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """How a function is invoked asynchronously, with its destinations."""
    name, _qualifier, data = args
    for side in (data.get("DestinationConfig") or {}).values():
        if refused := _refused(name, (side or {}).get("Destination"), DESTINATION):
            return refused
    return original(*args, **kwargs)


def _refused(name: str, target: str | None, words: str, role: str | None = None) -> Any:
    from ministack.core.responses import error_response_json
    from ministack.services import lambda_svc

    there = (lambda_svc._functions.get(name) or {"config": {}})["config"]
    config = {"FunctionName": name, "Role": role or there.get("Role", "")}
    if not (target and config["Role"] and destinations.refusal(config, target)):
        return None
    service = service_of(target)
    action = destinations.ACTIONS[service]
    operation = OPERATIONS.get(action, action.partition(":")[2])
    message = words.format(operation=operation, service=service.upper(), target=target)
    return error_response_json("InvalidParameterValueException", message, 400)
