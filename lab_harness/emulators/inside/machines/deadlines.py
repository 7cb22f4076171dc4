"""Ends what takes longer than a state machine allows: an execution, an activity's task, a task without a heartbeat.

An activity's time counts from when a worker has got its task. MiniStack waits for all three without end; the other
limits of `TimeoutSeconds` it keeps itself.
https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html and sfn-stuck-execution.html (2026)
"""

import contextvars
import json
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.scopes import within

TIMEOUT, HEARTBEAT = "States.Timeout", "States.HeartbeatTimeout"
LIMITS = ("TimeoutSeconds", "HeartbeatSeconds")
BEAT = "lab_beat"  # the key of when a task last sent a heartbeat, in what MiniStack knows of its token
MOST_REMEMBERED = 1000  # tokens of tasks that took too long

working: ContextVar[Mapping[str, float] | None] = ContextVar("working", default=None)  # the limits of the task
_limits: dict[str, Mapping[str, float]] = {}  # of tasks that have a token, by it
_late: deque[str] = deque(maxlen=MOST_REMEMBERED)


class HeartbeatMissed(str):
    """The error of a task without a heartbeat: States.Timeout, which States.HeartbeatTimeout means as well."""

    __slots__ = ()


def install() -> None:
    """Make MiniStack end them. This takes effect when it imports Step Functions."""
    changes = {
        "_run_execution": _run,
        "_fail_execution": _fail_what_runs,
        "_execute_task": _with_limits,
        "new_uuid": _note,
        "_invoke_with_callback": _call_back,
        "_get_activity_task": _hand_out,
        "_send_task_heartbeat": _beat,
        "_error_matches": _matches,
    }
    hooks.change({"stepfunctions": changes})
    sending = ("_send_task_success", "_send_task_failure", "_send_task_heartbeat")
    refuse({"stepfunctions": dict.fromkeys(sending, _too_late)})


# An execution


def _run(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    from ministack.services import stepfunctions

    execution = stepfunctions._executions.get(args[0]) or {}
    machine = stepfunctions._state_machines.get(execution.get("stateMachineArn", "")) or {}
    seconds = json.loads(machine.get("definition") or "{}").get("TimeoutSeconds")
    over = clock.Event()
    if seconds:
        _start(_end, execution, float(seconds), over)
    try:
        original(*args, **kwargs)
    finally:
        over.set()


def _end(execution: dict[str, Any], seconds: float, over: clock.Event) -> None:
    """End an execution that runs for so long."""
    from ministack.services import stepfunctions

    if over.wait(seconds) or execution["status"] != "RUNNING":
        return
    execution |= {"status": "TIMED_OUT", "stopDate": stepfunctions.now_iso(), "error": TIMEOUT}
    stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {"error": TIMEOUT}})
    stepfunctions._emit_execution_status_event(execution)


def _fail_what_runs(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """An execution that is over does not fail as well, when what it did last fails."""
    return original(*args, **kwargs) if args[0]["status"] == "RUNNING" else None


def _start(target: Any, *args: Any) -> None:
    clock.Thread(target=contextvars.copy_context().run, args=(target, *args), daemon=True).start()


# A task that waits for an answer


def _with_limits(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import stepfunctions

    state, given, *rest = args
    found = {
        name: stepfunctions._resolve_path(state[f"{name}Path"], given) if f"{name}Path" in state else state.get(name)
        for name in LIMITS
    }
    limits = {name: value for name, value in found.items() if isinstance(value, int | float)}
    try:
        with within(working, limits):
            return original({**state, **limits}, given, *rest, **kwargs)
    finally:
        for each in [each for each, its in _limits.items() if its is limits]:
            del _limits[each]


def _note(original: Any, _instance: Any, args: Any, kwargs: Any) -> str:
    """Remember which task has a token; tokens are such ids."""
    made: str = original(*args, **kwargs)
    if limits := working.get():
        _limits[made] = limits
    return made


def _call_back(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    token, over = args[2], clock.Event()
    if limits := _limits.get(token):
        _start(_watch, token, over, {name: limits[name] for name in LIMITS[1:] if name in limits})
    try:
        return original(*args, **kwargs)
    finally:
        over.set()


async def _hand_out(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Give a worker its task, the time of which begins now."""
    from ministack.services import stepfunctions

    answer = await original(*args, **kwargs)
    token = json.loads(answer[2]).get("taskToken")
    info = stepfunctions._task_tokens.get(token) if token else None
    if info and token in _limits:
        _start(_watch, token, info["event"], _limits[token])
    return answer


def _beat(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import stepfunctions

    if info := stepfunctions._task_tokens.get(args[0].get("taskToken")):
        info[BEAT] = clock.now()
    return original(*args, **kwargs)


def _watch(token: str, over: clock.Event, limits: Mapping[str, float]) -> None:
    """Fail a task once it has taken too long, or has sent no heartbeat for too long."""
    from ministack.services import stepfunctions

    timeout, heartbeat = (limits.get(name, float("inf")) for name in LIMITS)
    begun = beat = clock.now()
    while not over.wait(min(begun + timeout, beat + heartbeat) - clock.now()):
        info = stepfunctions._task_tokens.get(token)
        if info is None:
            return
        beat = info.get(BEAT, begun)
        late = clock.now() >= begun + timeout
        if late or clock.now() >= beat + heartbeat:
            _late.append(token)
            info["error"] = {"Error": TIMEOUT if late else HeartbeatMissed(TIMEOUT)}
            info["event"].set()
            return


def _too_late(asked: dict[str, Any]) -> Any:
    from ministack.services import stepfunctions

    if asked.get("taskToken") not in _late:
        return None
    told = "Task Timed Out: 'Provided task does not exist anymore'"
    return stepfunctions.error_response_json("TaskTimedOut", told, 400)


def _matches(original: Any, _instance: Any, args: Any, kwargs: Any) -> bool:
    """Whether a retrier or a catcher means an error."""
    names, error = args
    return (isinstance(error, HeartbeatMissed) and HEARTBEAT in names) or bool(original(*args, **kwargs))
