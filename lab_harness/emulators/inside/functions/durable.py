"""Durable functions as on AWS: executions that outlast their invocations, by what the function's code has noted.

MiniStack keeps executions and answers the calls about them, but begins one only where `DurableConfig` says `Enabled`,
which AWS does not know; it runs `$LATEST` again whatever version was called, and waits by the computer's time. Here an
execution begins wherever a function with a `DurableConfig` is run, whoever invokes it; its thread invokes the function
again and again, and waits in between (`durable_operations`). Who may do so is asked in `durable_calls`.
https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html, durable-invoking.html (2026)
"""

import json
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.functions import durable_operations, invocations
from lab_harness.emulators.inside.functions.durable_operations import Execution
from lab_harness.emulators.inside.functions.invocations import request_id
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.moving_time.clock import SCALE
from lab_harness.emulators.inside.scopes import within

LONGEST_CALL = 900  # seconds that an execution may take whose caller waits for it
TRIES, RETRY_WAIT = 3, 60.0  # of an invocation that fails itself; AWS's seconds between two. It names neither.
UNQUALIFIED = "You cannot invoke a durable function using an unqualified ARN."
TOO_LONG = "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes."
NO_STATUS = "Invalid Status in invocation output."
Result = dict[str, Any]  # what a run of a function returned, in MiniStack's form

begun: ContextVar[str] = ContextVar("begun", default="")  # the execution that Invoke has begun for this call
invoking: ContextVar[bool] = ContextVar("invoking", default=False)  # whether an execution runs the function


@dataclass
class Runner:
    """The thread that runs an execution: what wakes it, and what tells that it has ended."""

    changed: clock.Event = field(default_factory=clock.Event)
    ended: clock.Event = field(default_factory=clock.Event)


_runners: dict[str, Runner] = {}  # by their executions' ARNs


def install() -> None:
    """Make MiniStack do so. This takes effect when it imports Lambda."""
    resumed: dict[str, hooks.Wrapper] = {"invoke_durable_resume": lambda *_: None}  # the execution's own thread does it
    told: dict[str, hooks.Wrapper] = dict.fromkeys(("_append_chained_result", "handle_stop", "reset"), _tell)
    noted: dict[str, hooks.Wrapper] = {"schedule_resume": _wake, "_apply_update": durable_operations.note}
    hooks.change(
        {
            "lambda_svc": {"_invoke": _begin, "_execute_function": _run, **resumed},
            "lambda_durable": told | noted,
        }
    )


async def _begin(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Begin an execution where Invoke calls a durable function; the answer names it."""
    from ministack.services import lambda_svc

    name, event, headers, *_ = args
    given = (args[3] if len(args) > 3 else None) or kwargs.get("path_qualifier")
    query = (args[4] if len(args) > 4 else None) or kwargs.get("query_params") or {}
    sent = {key.lower(): value for key, value in headers.items()}
    qualifier = given or lambda_svc._qp_first(query, "Qualifier") or sent.get("x-amz-qualifier")
    kind = sent.get("x-amz-invocation-type", "RequestResponse")
    _, config = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    if not (durable := (config or {}).get("DurableConfig")) or kind == "DryRun":
        return await original(*args, **kwargs)
    if not qualifier:
        return _invalid(UNQUALIFIED)
    if kind == "RequestResponse" and durable.get("ExecutionTimeout", 0) > LONGEST_CALL:
        return _invalid(TOO_LONG)
    wanted = sent.get("x-amz-durable-execution-name")
    execution = _named(config, wanted) or _new(config, event, wanted)
    if json.loads(execution["InputPayload"]) != event:
        return lambda_svc.error_response_json(
            "DurableExecutionAlreadyStartedException", f"The execution {wanted} has another payload.", 409
        )
    begun.set(execution["DurableExecutionArn"])
    status, answered, body = await original(*args, **kwargs)
    return status, {**answered, "X-Amz-Durable-Execution-Arn": execution["DurableExecutionArn"]}, body


def _invalid(message: str) -> Any:
    from ministack.services.lambda_svc import error_response_json

    return error_response_json("InvalidParameterValueException", message, 400)


def _named(config: dict[str, Any], name: str | None) -> Execution | None:
    """The execution of this name that the version of a function has already."""
    from ministack.services import lambda_durable, lambda_svc

    wanted = lambda_svc._func_arn(config["FunctionName"]), config["Version"], name
    executions: list[Execution] = list(lambda_durable._executions.values())
    names = [(each["FunctionArn"], each["Version"], each["DurableExecutionName"]) for each in executions]
    return executions[names.index(wanted)] if wanted in names else None


def _new(config: dict[str, Any], payload: Any, name: str | None = None) -> Execution:
    from ministack.services import lambda_durable, lambda_svc

    function = lambda_svc._func_arn(config["FunctionName"])
    execution: Execution = lambda_durable.create_execution_for_invoke(
        function, config["Version"], json.dumps(payload), name
    )
    if seconds := config["DurableConfig"].get("ExecutionTimeout"):
        execution["_TimeoutDeadline"] = execution["StartTimestamp"] + seconds
    return execution


def _run(original: Any, _instance: Any, args: Any, kwargs: Any) -> Result:
    """Run a durable function until its execution is over, and any other as MiniStack does."""
    record, payload = args
    config = record.get("config") or record
    if invoking.get() or not config.get("DurableConfig"):
        result: Result = original(*args, **kwargs)
        return result
    ours = f":function:{config['FunctionName']}:" in begun.get()  # and stays so: an event that fails runs no second one
    arn = begun.get() if ours else _new(config, payload)["DurableExecutionArn"]
    return _live(arn, partial(original, record))


def _wake(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> bool:
    """Let an execution's thread look again. After a restart there is none: then it gets one."""
    arn = args[0]
    if arn in _runners:
        _runners[arn].changed.set()
    else:
        clock.Thread(target=_go_on, args=(arn,), daemon=True).start()
    return True


def _tell(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Let all look again after something has happened to an execution, or to all of them."""
    answer = original(*args, **kwargs)
    for runner in list(_runners.values()):
        runner.changed.set()
    return answer


def _go_on(arn: str) -> None:
    from ministack.core.responses import request_scope

    _, _, _, region, account, *_ = arn.split(":")
    with request_scope(account, region):
        execution = _unfinished(arn)
        if execution and (record := invocations.called(f"{execution['FunctionArn']}:{execution['Version']}")):
            _live(arn, lambda payload: invocations.run(record, payload)[0])


def _unfinished(arn: str) -> Execution | None:
    from ministack.services import lambda_durable

    execution: Execution | None = lambda_durable._executions.get(arn)
    return execution if execution and execution["Status"] == "RUNNING" else None


def _live(arn: str, invoke: Callable[[Any], Result]) -> Result:
    """Invoke the function until its execution is over, and return what came of that."""
    from ministack.services import lambda_durable

    while arn in _runners:  # Another call of this name has begun it.
        _runners[arn].ended.wait()
    runner = _runners[arn] = Runner()
    try:
        with within(invoking, True):
            last = _invoke_until_over(arn, invoke, runner.changed)
    finally:
        del _runners[arn]
        runner.ended.set()
    return _outcome(lambda_durable._executions.get(arn) or {"Status": "STOPPED"}, last)


def _invoke_until_over(arn: str, invoke: Callable[[Any], Result], changed: clock.Event) -> Result:
    """What came of the last invocation that an execution needed; empty where it needed none."""
    from ministack.services import lambda_durable

    failed, result = 0, Result()
    while execution := _unfinished(arn):
        if _has_begun(execution):
            durable_operations.wait(execution, changed)
            request_id.set(str(uuid.uuid4()))
        if not _unfinished(arn):
            break
        result = _invoke_once(execution, invoke)
        if result.get("error"):
            failed += not result.get("throttle")
            if failed == TRIES:
                lambda_durable.mark_execution_completed(arn, None, _error(result))
            else:
                changed.wait(RETRY_WAIT * SCALE)
    return result


def _has_begun(execution: Execution) -> bool:
    return len(execution["Operations"]) > 1  # the first is the execution itself


def _invoke_once(execution: Execution, invoke: Callable[[Any], Result]) -> Result:
    """Invoke the function with all that its code has noted; what it says of the execution is kept."""
    from ministack.services import lambda_durable

    arn = execution["DurableExecutionArn"]
    execution["CheckpointToken"] = lambda_durable.new_checkpoint_token()
    noted = lambda_durable._serialize_operations(execution["Operations"], for_event=True)
    event = {
        "DurableExecutionArn": arn,
        "CheckpointToken": execution["CheckpointToken"],
        "InitialExecutionState": {"Operations": noted, "NextMarker": ""},
    }
    started = clock.now()
    result = invoke(event)
    error = _error(result) if result.get("error") else None
    lambda_durable.record_invocation_completed(arn, started, request_id.get(), error)
    told = result["body"] if isinstance(result.get("body"), dict) else {}
    status = told.get("Status")
    if error or status == "PENDING":
        return result
    if status not in ("SUCCEEDED", "FAILED"):
        told = {"Error": {"ErrorType": "InvalidParameterValueException", "ErrorMessage": NO_STATUS}}
    failed = None if status == "SUCCEEDED" else told.get("Error") or {}
    lambda_durable.mark_execution_completed(arn, told.get("Result"), failed)
    return result


def _error(result: Result) -> dict[str, Any]:
    body = result["body"] if isinstance(result.get("body"), dict) else {}
    names = {"ErrorType": "errorType", "ErrorMessage": "errorMessage", "StackTrace": "stackTrace"}
    return {name: body[key] for name, key in names.items() if key in body}


def _outcome(execution: Execution, last: Result) -> Result:
    """What a caller gets: the execution's result or error, and the log of the last invocation."""
    log: Result = {name: last[name] for name in ("log", "log_source") if name in last}
    if execution["Status"] == "SUCCEEDED":
        return {**log, "body": json.loads(execution["Result"] or "null")}
    error = execution.get("Error") or {}
    body = {"errorType": error.get("ErrorType", ""), "errorMessage": error.get("ErrorMessage", "")}
    return {**log, "body": body, "error": True}
