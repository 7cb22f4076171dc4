"""Completes an execution's history as on AWS: with the states inside a Map or a Parallel, and the previous event's id.

MiniStack records only the states of the outermost level, without `previousEventId`. So nobody could see which way a
branch or an iteration took.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

import copy
import json
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import wrapt

RUNNING = "RUNNING"

# Each branch and iteration runs in a copy of the context in which it was started, so what it finds here is the event
# before its own, by execution: one that waits for another, by startExecution.sync, runs it in its own context.
_last: ContextVar[Mapping[str, int]] = ContextVar("last_event", default=MappingProxyType({}))
_writing = threading.Lock()  # ids are counted, and branches write at once


def install() -> None:
    """Change MiniStack's Step Functions. This takes effect when its module is imported."""
    wrapt.register_post_import_hook(_change, "ministack.services.stepfunctions")


def _change(stepfunctions: Any) -> None:
    @wrapt.patch_function_wrapper(stepfunctions, "_add_event")
    def add_event(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        execution, kind = args[:2]
        if execution.get("status", RUNNING) != RUNNING and not kind.startswith("Execution"):
            return {}  # What was under way when the execution was stopped goes on in MiniStack, not in a history.
        arn, last = execution["executionArn"], _last.get()
        with _writing:
            event = original(*args, **kwargs)
        event["previousEventId"] = last.get(arn, 0)
        _last.set({**last, arn: event["id"]})
        return event

    def run_branch(states: Any, start_at: Any, data: Any, execution: Any, ctx: Any) -> Any:
        """Run the states of one branch or iteration, and record each."""
        # Each with its own task token: MiniStack's branches share their context.
        name, data, ctx = start_at, copy.deepcopy(data), {**ctx}
        while name and execution.get("status", RUNNING) == RUNNING:
            if name not in states:
                raise stepfunctions._ExecutionError("States.Runtime", f"State '{name}' not found")
            state = states[name]
            ctx["State"] = {"Name": name, "EnteredTime": stepfunctions.now_iso(), "RetryCount": 0}
            details = {"name": name, "input": json.dumps(data)}
            stepfunctions._add_event(execution, f"{state['Type']}StateEntered", {"stateEnteredEventDetails": details})
            data, following = _run_state(stepfunctions, state, data, execution, ctx)
            details = {"name": name, "output": json.dumps(data)}
            stepfunctions._add_event(execution, f"{state['Type']}StateExited", {"stateExitedEventDetails": details})
            name = following
        return data

    stepfunctions._run_sub_machine = run_branch


def _run_state(stepfunctions: Any, state: Any, data: Any, execution: Any, ctx: Any) -> tuple[Any, str | None]:
    """A state's output, and the name of the next state."""
    kind = state["Type"]
    if kind == "Fail":
        raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, data, ctx))
    if kind == "Succeed":
        data = stepfunctions._apply_input_path(state, data, ctx)
        return stepfunctions._apply_output_path(state, data, ctx), None
    handler = getattr(stepfunctions, f"_execute_{kind.lower()}")
    ran = handler(state, data, execution, ctx) if kind in ("Task", "Parallel", "Map") else handler(state, data, ctx)
    output, following = ran
    return output, following
