"""Asynchronous invocation as on AWS, one way for all who invoke so: Invoke, S3, SNS, EventBridge and Scheduler.

The function gets an event under one request id, which is also the answer's, however often it is tried. A failed try is
repeated as often as the function's configuration for events says; an event that is throttled waits and counts no try.
What is over, for good or bad, goes to the function's destinations (`destinations`).

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html (2026)
"""

import contextvars
import json
import logging
import re
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import wrapt

from lab_harness.emulators.inside.functions import destinations, invocations, recursive_loops
from lab_harness.emulators.inside.functions.destinations import Outcome
from lab_harness.emulators.inside.functions.invocations import request_id
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.moving_time.clock import SCALE
from lab_harness.emulators.inside.records.probes import probing, under_way
from lab_harness.emulators.inside.scopes import within

RETRY_WAITS = (60.0, 120.0)  # AWS's seconds before the second try and the third
THROTTLED_WAITS = (1.0, 300.0)  # AWS's seconds before a throttled event is tried again: the first wait, and the longest
RETRIES, OLDEST = 2, 21_600  # unless it is configured: retries, and seconds until an event is dropped
DELIVERERS = (("s3", "_deliver_event_to_lambda"), ("sns", "_deliver_to_lambda"), ("eventbridge", "_dispatch_to_lambda"))
SETTINGS_OF = ("", "_get", "_put", "_delete")  # what of MiniStack's is about a function's settings by qualifier
SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
OLD_PATH = re.compile(r"/2014-11-13/functions/([^/]+)/invoke-async/?")
REQUEST_ID = b"x-amzn-requestid"  # the header; MiniStack's has an id of the answer's own

delivering_to: ContextVar[str] = ContextVar("delivering_to", default="")  # the function to which a service delivers
accepting: ContextVar[bool] = ContextVar("accepting", default=False)  # Invoke takes an event, and runs nothing itself

log = logging.getLogger("lab_harness.asynchronous")


def install() -> None:
    """Make MiniStack invoke like this. It takes effect when it imports Lambda and those who invoke."""
    wrapt.register_post_import_hook(_change_lambda, "ministack.services.lambda_svc")
    for service, name in DELIVERERS:
        change = partial(wrapt.wrap_function_wrapper, name=name, wrapper=_deliver)
        wrapt.register_post_import_hook(change, f"ministack.services.{service}")


def answered(start: dict[str, Any]) -> dict[str, Any]:
    """The start of an HTTP answer, with the id of the invocation that it answers, if it does."""
    if not request_id.get():
        return start
    others = [field for field in start["headers"] if field[0].lower() != REQUEST_ID]
    return {**start, "headers": [*others, (REQUEST_ID, request_id.get().encode())]}


def _change_lambda(lambda_svc: Any) -> None:
    queue = Queue()
    for name, change in (
        ("handle_request", _update_settings),
        ("handle_request", _invoke_as_once),
        ("_invoke", _give_a_request_id),
        ("_execute_function_dispatch", _run_under_the_request_id),
        ("_execute_function_with_config_scope", queue.put_what_is_delivered),
        ("invoke_async_with_retry", queue.put),
        ("_emit_lambda_metrics", _count_runs_only),
        ("reset", queue.empty),
    ):
        wrapt.wrap_function_wrapper(lambda_svc, name, change)
    for which in SETTINGS_OF:
        wrapt.wrap_function_wrapper(lambda_svc, f"{which}_event_invoke_config", _without_latest)


def _without_latest(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """The settings of $LATEST are those without a qualifier, as CloudFormation must and others need not name them."""
    function, *rest = args
    qualifier, *more = rest or [kwargs.get("qualifier")]
    return original(function, None if qualifier == "$LATEST" else qualifier, *more)


async def _update_settings(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Answer UpdateFunctionEventInvokeConfig, which MiniStack lacks: what is there, with what is given over it."""
    method, path, headers, body, query = args
    if method != "POST" or not path.endswith("/event-invoke-config"):
        return await original(*args, **kwargs)
    there = status, _, kept = await original("GET", path, headers, b"", query)
    if status != HTTPStatus.OK:
        return there
    settings = {name: value for name, value in json.loads(kept).items() if name in SETTINGS}
    return await original("PUT", path, headers, json.dumps(settings | json.loads(body or "{}")).encode(), query)


async def _invoke_as_once(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Answer InvokeAsync, which came before Invoke with `Event`, and which MiniStack lacks."""
    method, path, headers, body, _query = args
    called = OLD_PATH.fullmatch(path)
    if method != "POST" or not called:
        return await original(*args, **kwargs)
    event = {**headers, "x-amz-invocation-type": "Event"}
    answer = status, fields, _ = await original(
        method, f"/2015-03-31/functions/{called[1]}/invocations", event, body, {}
    )
    return (status, fields, b'{"Status": 202}') if status == HTTPStatus.ACCEPTED else answer


async def _give_a_request_id(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import lambda_svc

    headers = {name.lower(): value for name, value in args[2].items()}
    request_id.set(lambda_svc.new_uuid())
    accepting.set(headers.get("x-amz-invocation-type") == "Event")
    return await original(*args, **kwargs)


def _run_under_the_request_id(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    function, config, event, made, *rest = args
    return original(function, config, event, request_id.get() or made, *rest, **kwargs)


def _deliver(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    with within(delivering_to, args[0]):
        return original(*args, **kwargs)


def _count_runs_only(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    return None if accepting.get() else original(*args, **kwargs)


class Queue:
    """The events that functions have yet to get, each in a thread of its own; they do not outlive the emulator."""

    def __init__(self) -> None:
        self._emptied = clock.Event()

    def put(self, _original: Any, _instance: Any, args: Any, _kwargs: Any) -> dict[str, Any]:
        """Take an event for a function."""
        from ministack.services import lambda_svc

        function, payload = args
        arn = delivering_to.get() or (function.get("config") or function)["FunctionArn"]
        taken = request_id.get() if accepting.get() else lambda_svc.new_uuid()
        event = Event(arn, payload, taken, self._emptied)
        context = contextvars.copy_context()
        if delivering_to.get():
            context.run(recursive_loops.go_on)
        until_over = ExitStack()
        until_over.enter_context(under_way())  # from now on, not only when its thread has begun
        clock.Thread(target=context.run, args=(_handle, event, until_over), daemon=True).start()
        return {}

    def put_what_is_delivered(self, original: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """Take an event that a service delivers; run the function at once for anybody else."""
        return self.put(original, instance, args, kwargs) if delivering_to.get() else original(*args, **kwargs)

    def empty(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Forget all events, as the account is emptied."""
        self._emptied.set()
        self._emptied = clock.Event()
        return original(*args, **kwargs)


@dataclass
class Event:
    """An event in a function's queue."""

    function: str  # the ARN by which it was invoked
    payload: Any
    id: str
    gone: clock.Event  # set when the queue is emptied
    age: float = 0.0  # in AWS's seconds: how long the function ran, and how long AWS would have waited

    def handle(self) -> None:
        """Try until it succeeds or may not be tried again, and hand on what came of it."""
        from ministack.core.responses import request_scope

        request_id.set(self.id)
        delivering_to.set("")
        accepting.set(False)
        account, region = self.function.split(":")[4], self.function.split(":")[3]
        try:
            with request_scope(account, region):
                outcome = self._try_until_over()
                if outcome and not self.gone.is_set():
                    destinations.hand_on(outcome)
        except Exception:
            log.exception("The event %s for %s was lost.", self.id, self.function)

    def _try_until_over(self) -> Outcome | None:
        """What came of it; None where the function or the whole account is gone."""
        runs, waits = 0, 0
        while not self.gone.is_set() and (found := self._found()):
            record, settings, reserved = found
            if reserved == 0:
                return self._outcome("ZeroReservedConcurrency", 0, None, record, settings)
            if not runs and (result := recursive_loops.stopped(record["config"]["FunctionName"])):
                return self._outcome(recursive_loops.CONDITION, 0, result, record, settings)
            result = self._run(record)
            if not result.get("error"):
                return self._outcome("Success", runs + 1, result, record, settings)
            if result.get("throttle"):
                wait = min(THROTTLED_WAITS[0] * 2**waits, THROTTLED_WAITS[1])
                waits += 1
            else:
                runs += 1
                if runs > settings.get("MaximumRetryAttempts", RETRIES):
                    return self._outcome("RetriesExhausted", runs, result, record, settings)
                wait = RETRY_WAITS[min(runs, len(RETRY_WAITS)) - 1]
            self.age += wait
            if self.age > settings.get("MaximumEventAgeInSeconds", OLDEST):
                return self._outcome("EventAgeExceeded", runs, result, record, settings)
            self.gone.wait(wait * SCALE, hasty=probing.get())
        return None

    def _found(self) -> tuple[dict[str, Any], dict[str, Any], int | None] | None:
        """The function as it is now, its configuration for events and its reserved concurrency."""
        from ministack.services import lambda_svc

        called = invocations.called(self.function)
        if called is None:
            return None
        name, qualifier = lambda_svc._resolve_name_and_qualifier(self.function)
        whole = lambda_svc._functions[name]
        settings = lambda_svc._event_invoke_config(whole, qualifier) or {}
        return called, settings, called["concurrency"]

    def _outcome(
        self, condition: str, runs: int, result: dict[str, Any] | None, record: dict[str, Any], settings: dict[str, Any]
    ) -> Outcome:
        return Outcome(self.id, condition, runs, self.payload, result, record["config"], settings)

    def _run(self, record: dict[str, Any]) -> dict[str, Any]:
        result, seconds = invocations.run(record, self.payload)
        self.age += seconds
        return result


def _handle(event: Event, until_over: ExitStack) -> None:
    with until_over:
        event.handle()
