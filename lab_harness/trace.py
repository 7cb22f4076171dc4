"""What really happened after the last request or probe, step by step, from call log, functions' logs and inbox."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lab_harness.aws import Clients
from lab_harness.emulators.base import Call

LOG_GROUPS = "/aws/lambda/"
# Calls that set something going, by how AWS names its operations.
TRIGGERS = re.compile(
    "Send|Publish|Invoke|StartExecution|StartSync|Put(Events|Item|Object|Record)|(Run|Start|Stop|Terminate)Instances"
)
REQUESTS = ("execute-api", "lambda-url")  # services whose operations are requests of the learner's own making
REPORT = re.compile(
    r"REPORT RequestId: \S+\s+Duration: (?P<ran>[\d.]+) ms(?:.*?Init Duration: (?P<init>[\d.]+) ms)?", re.DOTALL
)
ROUNDING = 0.002  # seconds: a log's times are whole milliseconds
SILENCE = 10.0  # seconds without an invocation: what was before belongs to another request


@dataclass(frozen=True)
class Step:
    """One thing that happened: `time` is seconds since 1970, `seconds` how long it took."""

    time: float
    who: str
    what: str
    seconds: float = 0.0
    kind: str = "call"  # call, cold, warm or mail
    failed: bool = False


def trace(clients: Clients) -> list[Step]:
    """The steps after the last request that had an effect, that request first, in the order of their times.

    Without a call log (on LocalStack) only the invocations of functions and the mails are known.
    """
    calls = clients.emulator.calls()
    runs = invocations(clients["logs"])
    mails = [Step(mail.time, "inbox", f"mail to {mail.to}: {mail.subject}", kind="mail") for mail in clients["inbox"]()]
    effects = [*runs, *mails]
    if calls is None:
        return _last_burst(effects)
    first = _trigger(calls, effects)
    if first is None:
        return []
    later = [_step(call) for call in calls if call.number >= first.number and _shown(call)]
    return _sorted([*later, *(each for each in effects if each.time >= first.time - ROUNDING)])


def invocations(logs: Any) -> list[Step]:
    """Each invocation that the functions' logs tell of."""
    groups = [group["logGroupName"] for page in logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=LOG_GROUPS) for group in page["logGroups"]]  # fmt: skip
    return [step for group in groups for step in _invocations(logs, group)]


def _invocations(logs: Any, group: str) -> Iterable[Step]:
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
        for event in page["events"]:
            if found := REPORT.match(event["message"]):
                init = float(found["init"] or 0) / 1000
                seconds = float(found["ran"]) / 1000 + init
                what = f"invoked, cold start {init * 1000:.0f} ms" if init else "invoked, warm"
                # The REPORT line is written at the end; some emulators write the START line then, too.
                began = event["timestamp"] / 1000 - seconds
                failed = "Status: " in event["message"]
                yield Step(began, group.removeprefix(LOG_GROUPS), what, seconds, "cold" if init else "warm", failed)


def _shown(call: Call) -> bool:
    """Whether a call is part of what happens: a function's own, or one that sets something going."""
    return call.caller.startswith("function ") or call.service in REQUESTS or bool(TRIGGERS.match(call.operation))


def _trigger(calls: Sequence[Call], effects: Sequence[Step]) -> Call | None:
    """The last call of the learner's, or of a check's, after which something happened; else the last of all."""
    triggers = [call for call in calls if _shown(call) and not call.caller.startswith("function ")]
    latest = max((each.time for each in effects), default=0.0)
    causes = [call for call in triggers if call.time - ROUNDING <= latest]
    return causes[-1] if causes else triggers[-1] if triggers else None


def _step(call: Call) -> Step:
    who = call.caller.removeprefix("function ")
    return Step(call.time, who, f"{call.service} {call.operation}", call.seconds, failed=call.status >= 400)


def _last_burst(effects: Sequence[Step]) -> list[Step]:
    steps = _sorted(effects)
    first = len(steps)
    while first and (first == len(steps) or steps[first].time - steps[first - 1].time < SILENCE):
        first -= 1
    return steps[first:]


def _sorted(steps: Iterable[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: step.time)
