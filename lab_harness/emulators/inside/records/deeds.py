"""Records what happens inside the emulator: who ran a function, who wrote an item, which event became a mail.

The call log has only the calls that come in. Much happens without a call: an event source mapping runs a function, an
execution calls it, a rule publishes. Such a deed is recorded with the one who caused it: a caller as in the call log,
`sqs <queue>`, `kinesis <stream>`, `dynamodb <table>`, `states <machine>`, `events <rule>`, `execute-api <API's id>`,
`logs <log group>`, `cloudfront <distribution's id>`, or, where a function's event is over and Lambda sends on what came
of it, `lambda <function>`.

In a function's log, the lines that Lambda itself wrote have a mark that says which run wrote them. Anybody can add
lines to a log, but not this mark. The mark is saved with the state; the record of deeds is not.
"""

import json
import threading
from collections import deque
from contextvars import ContextVar
from typing import Any

import wrapt

from lab_harness.emulators.base import AT_EDGE
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.records.probes import probing, under_way
from lab_harness.emulators.inside.scopes import within

MAX_DEEDS = 2000
MAX_EVENT = 400_000  # characters of an event that are kept: a batch of messages as large as SQS takes
MAX_KEPT = 8_000_000  # characters of all events
MAX_EVENT_SAVED = 2048  # the same, with a log
RUN = "labRun"  # the key of Lambda's mark on a log's event; MiniStack answers with keys of its own only

acting: ContextVar[str] = ContextVar("acting", default="emulator")  # who caused what the current code does
delivering: ContextVar[dict[str, Any] | None] = ContextVar("delivering", default=None)  # the event a rule delivers
running: ContextVar[dict[str, Any] | None] = ContextVar("running", default=None)  # the mark for log lines


class Deeds:
    """The latest deeds, oldest first. Each deed has the next number, beginning above `last`."""

    def __init__(self, last: int = 0) -> None:
        self._deeds: deque[dict[str, Any]] = deque()
        self._last = last
        self._size = 0
        self._adding = threading.Lock()

    def add(self, kind: str, name: str, detail: str) -> None:
        """Record that something happens to `name`; `acting` says who caused it."""
        kept = detail[:MAX_EVENT]
        deed = {"time": clock.now(), "kind": kind, "name": name, "by": acting.get(), "detail": kept}
        with self._adding:
            self._last += 1
            self._deeds.append({"number": self._last, **deed})
            self._size += len(kept)
            while len(self._deeds) > MAX_DEEDS or self._size > MAX_KEPT:
                self._size -= len(self._deeds.popleft()["detail"])

    def since(self, number: int, kind: str = "") -> dict[str, Any]:
        """The deeds after the one with this number, only of a kind if one is named; and the number of the last."""
        with self._adding:
            found = [deed for deed in self._deeds if deed["number"] > number and kind in ("", deed["kind"])]
            return {"last": self._last, "deeds": found}

    def clear(self) -> None:
        """Forget all deeds."""
        with self._adding:
            self._deeds.clear()
            self._size = 0

    def install(self) -> None:
        """Watch MiniStack. This takes effect when its modules are imported."""
        for name, watch in (
            ("lambda_svc", self._watch_functions),
            ("dynamodb", self._watch_tables),
            ("eventbridge", _watch_rules),
            ("stepfunctions", _watch_executions),
            ("cloudwatch_logs", _watch_logs),
        ):
            wrapt.register_post_import_hook(watch, f"ministack.services.{name}")

    def _watch_functions(self, lambda_svc: Any) -> None:
        @wrapt.patch_function_wrapper(lambda_svc, "_execute_function_dispatch")
        def run(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
            _function, config, event, *_ = args
            name, text = config.get("FunctionName", ""), json.dumps(event, default=str)
            self.add("run", name, text)
            mark = {"function": name, "by": acting.get(), "probe": probing.get(), "event": text[:MAX_EVENT_SAVED]}
            with under_way(), within(running, mark):
                return original(*args, **kwargs)

    def _watch_tables(self, dynamodb: Any) -> None:
        def write(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
            table, *key = args[:3]
            self.add("write", table["TableName"], json.dumps(key, ensure_ascii=False))
            return original(*args, **kwargs)

        for name in ("_set_item", "_remove_item"):  # by which everything is written: PutItem, batches, PartiQL
            wrapt.wrap_function_wrapper(dynamodb, name, write)


def _watch_rules(eventbridge: Any) -> None:
    @wrapt.patch_function_wrapper(eventbridge, "_invoke_target")
    def deliver(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        _, event, rule, *_ = args
        whole = eventbridge._pattern_event_view(event).event_with_detail()
        about = {name: whole.get(name) for name in ("source", "detail-type", "detail")}
        with within(acting, f"events {rule.get('Name')}"), within(delivering, about):
            return original(*args, **kwargs)


def _watch_executions(stepfunctions: Any) -> None:
    @wrapt.patch_function_wrapper(stepfunctions, "_run_execution")
    def execute(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        with within(acting, f"states {args[0].split(':')[-2]}"):
            return original(*args, **kwargs)


def _watch_logs(cloudwatch_logs: Any) -> None:
    @wrapt.patch_function_wrapper(cloudwatch_logs, "_append_log_events")
    def append(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        mark = running.get()
        if mark is not None:
            for event in args[1]:
                event[RUN] = mark if event is args[1][0] else {}
        return original(*args, **kwargs)


def acting_as(who: str) -> Any:
    """A context in which everything is the doing of somebody: "sqs orders"."""
    return within(acting, who)


def runs(function: str) -> list[dict[str, Any]]:
    """The runs of a function, from its log: each with `by`, `probe`, `event` and the `lines` that Lambda wrote.

    At CloudFront's edge it has another log, which `us-east-1.<function>` stands for.
    """
    from ministack.services import cloudwatch_logs

    group = cloudwatch_logs._log_groups.get(f"/aws/lambda/{function}") or {"streams": {}}
    found = []
    for stream in list(group["streams"].values()):
        written = [event for event in list(stream["events"]) if RUN in event]  # a stream for each run
        mark = written[0][RUN] if written else {}
        if mark.get("function") == function.removeprefix(AT_EDGE):  # Another function may log into this group, too.
            lines = [event["message"].rstrip("\n") for event in written]
            found.append({**mark, "lines": lines, "time": written[0]["timestamp"]})
    return sorted(found, key=lambda run: run["time"])
