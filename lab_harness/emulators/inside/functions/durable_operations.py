"""What the operations of a durable execution wait for, by the account's time, and what has come of it.

MiniStack waits by the computer's time. What a step's, a wait's or a callback's record holds is AWS's:
https://docs.aws.amazon.com/lambda/latest/api/API_Operation.html (2026)
"""

import math
from typing import Any

from lab_harness.emulators.inside.moving_time import clock

Execution = dict[str, Any]  # MiniStack's record of one


def wait(execution: Execution, changed: clock.Event) -> None:
    """Wait by the account's time until what the execution waits for has come: a moment, an answer, another's end."""
    while execution["Status"] == "RUNNING" and any(map(_waits, execution["Operations"])) and not _settle(execution):
        changed.wait(max(0.0, _due(execution) - clock.now()))
        changed.clear()


def _waits(operation: dict[str, Any]) -> bool:
    """Whether an operation waits for something that is not the function's doing."""
    waiting = operation["Type"] in ("WAIT", "CALLBACK", "CHAINED_INVOKE") and operation["Status"] == "STARTED"
    return waiting or _is_pending(operation)


def _due(execution: Execution) -> float:
    """The next moment for which it waits, in seconds since 1970; infinite where there is none."""
    from ministack.services import lambda_durable

    tries = [each["StepDetails"]["NextAttemptTimestamp"] for each in execution["Operations"] if _is_pending(each)]
    moments = [lambda_durable._next_expiry(execution), execution.get("_TimeoutDeadline"), *tries]
    return min((each for each in moments if each is not None), default=math.inf)


def _is_pending(operation: dict[str, Any]) -> bool:
    return bool(operation["Type"] == "STEP" and operation["Status"] == "PENDING")


def _settle(execution: Execution) -> bool:
    """Note what has come by now; whether the function has to be invoked for it, or the execution is over."""
    from ministack.services import lambda_durable

    operations, now = execution["Operations"], clock.now()
    ready = [each for each in operations if _is_pending(each) and each["StepDetails"]["NextAttemptTimestamp"] <= now]
    for each in ready:
        each["Status"] = "READY"
    ended = [each for each in operations if each["Type"] == "CHAINED_INVOKE" and each["Status"] != "STARTED"]
    new = [each for each in ended if not each.get("_told")]
    for each in new:
        each["_told"] = True
    before = execution["CheckpointToken"]
    lambda_durable._resume_execution(execution["DurableExecutionArn"])  # which changes the token where it would go on
    return bool(ready or new) or execution["CheckpointToken"] != before or execution["Status"] != "RUNNING"


def note(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    """Take up what the code says of an operation: MiniStack counts no tries, and takes no limit for one of 0 s."""
    execution, update = args
    original(*args, **kwargs)
    operation = next(each for each in execution["Operations"] if each["Id"] == update["Id"])
    if (update["Type"], update["Action"]) == ("CALLBACK", "START"):
        for option, deadline in (
            ("TimeoutSeconds", "TimeoutDeadline"),
            ("HeartbeatTimeoutSeconds", "HeartbeatDeadline"),
        ):
            if not (update.get("CallbackOptions") or {}).get(option):
                operation["CallbackDetails"].pop(deadline, None)
    elif (update["Type"], update["Action"]) == ("STEP", "START"):
        operation["StepDetails"].pop("NextAttemptTimestamp", None)
    elif (update["Type"], update["Action"]) == ("STEP", "RETRY"):
        _try_again(execution, operation, update)


def _try_again(execution: Execution, step: dict[str, Any], update: dict[str, Any]) -> None:
    """Note of a step that is tried again which try it was, and when the next is due."""
    from ministack.services import lambda_durable

    step["Status"], details = "PENDING", step["StepDetails"]
    details["Attempt"] += 1
    delay = round(details["NextAttemptTimestamp"] - clock.now())
    failed = {
        "Error": {"Payload": update.get("Error") or {}, "Truncated": False},
        "RetryDetails": {"CurrentAttempt": details["Attempt"], "NextAttemptDelaySeconds": delay},
    }
    names = {"event_id": step["Id"], "name": update.get("Name")}
    lambda_durable._emit_history_event(execution, "StepFailed", "StepFailedDetails", failed, **names)
