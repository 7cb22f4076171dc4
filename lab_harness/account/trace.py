"""What really happened after the learner's last request, step by step, from call log, functions' logs and inbox."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab_harness.account.services import known
from lab_harness.answers import pages
from lab_harness.aws import Clients
from lab_harness.emulators.base import AT_EDGE, CLOCK, DISTRIBUTION, LOGIN_PAGE, Call, Denial, Emulator, Mail

LOG_GROUPS = "/aws/lambda/"
# Calls that set something going in any service, by how AWS names its operations; a service may have others, too.
TRIGGERS = re.compile(r"Send\w+|Publish(Batch)?|Invoke\w*|Test(Invoke\w+|State)|Start(Sync)?Execution|PutRecords?")
# services whose operations are requests of the learner's own making
REQUESTS = ("execute-api", "lambda-url", DISTRIBUTION, LOGIN_PAGE, CLOCK)
START = re.compile(r"START RequestId: (\S+)")
REPORT = re.compile(
    r"REPORT RequestId: (?P<request>\S+)\s+Duration: (?P<ran>[\d.]+) ms(?:.*?Init Duration: (?P<init>[\d.]+) ms)?",
    re.DOTALL,
)
EXCEPTION = re.compile(r"\[ERROR\] [\w.]+(: |\s*$)")  # not a line of the logger's, which has a tab there
ROUNDING = 0.002  # seconds: a log's times are whole milliseconds
LATE = 1.0  # seconds: a REPORT line of a busy emulator
SILENCE = 10.0  # seconds without an invocation: what was before belongs to another request


@dataclass(frozen=True)
class Step:
    """One thing that happened: `time` is seconds since 1970, `seconds` how long it took.

    `probe`: a check has set it going.
    """

    time: float
    who: str
    what: str
    seconds: float = 0.0
    kind: str = "call"  # call, cold, warm, mail or clock
    failed: bool = False
    probe: bool = False


Probed = Callable[[str], Collection[str] | None]


def trace(clients: Clients, checks: bool = False) -> list[Step]:
    """The steps after the last request that had an effect, that request first, in the order of their times.

    It is the learner's own last request; with `checks` it may be one of a check's, too. Without a call log (on
    LocalStack) only the invocations of functions and the mails are known, and not whose doing they are.
    """
    emulator = clients.emulator
    calls = emulator.calls()
    runs = _before_their_calls(invocations(clients["logs"], lambda name: probed(emulator, name)), calls or ())
    denied = _denied(emulator.denials() or (), calls or ())
    effects = [step for step in (*runs, *map(_mail, clients["inbox"]()), *denied) if checks or not step.probe]
    if calls is None:
        return _last_burst(effects)
    calls = [call for call in calls if checks or not call.probe]
    first = _trigger(calls, effects)
    if first is None:
        return []
    # By time: calls are numbered as they end, and those that a function makes end before its own invocation.
    later = [_step(call) for call in calls if call.time >= first.time and _shown(call) and call is not first]
    effects = [_not_before(first.time, each) for each in effects if each.time >= first.time - ROUNDING]
    return _sorted([_step(first), *effects, *later])


def sets_going(call: Call) -> bool:
    """Whether a call is of a kind that may have effects in other services."""
    named = call.operation in known(call.service).sets_going or TRIGGERS.fullmatch(call.operation)
    return bool(named) or call.service in REQUESTS


def probed(emulator: Emulator, function: str) -> frozenset[str] | None:
    """The requests that checks have set going, of those of which a function's log tells, by their ids.

    None where the emulator does not tell whose doing a run is.
    """
    runs = emulator.runs(function)
    if runs is None:
        return None
    starts = (START.match(line) for run in runs if run.probe for line in run.lines[:1])
    return frozenset(start[1] for start in starts if start)


def invocations(logs: Any, probed: Probed = lambda function: None) -> list[Step]:
    """Each invocation that the functions' logs tell of; `probed` gives the requests of a function's that are probes."""
    groups = pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=LOG_GROUPS)
    names = [group["logGroupName"].removeprefix(LOG_GROUPS) for group in groups]
    return [step for name in names for step in _invocations(logs, name, probed(name) or ())]


def _invocations(logs: Any, function: str, probes: Collection[str]) -> Iterable[Step]:
    raised: set[str] = set()  # the log streams, one for each environment, whose running invocation has raised
    for event in pages(logs, "filter_log_events", "events", logGroupName=LOG_GROUPS + function):
        stream = event.get("logStreamName", "")
        if EXCEPTION.match(event["message"]):
            raised.add(stream)
        if found := REPORT.match(event["message"]):
            failed = stream in raised or "Status: " in event["message"]
            raised.discard(stream)
            yield replace(
                _invocation(function, found, event["timestamp"] / 1000), failed=failed, probe=found["request"] in probes
            )


def _invocation(function: str, report: re.Match[str], ended: float) -> Step:
    init = float(report["init"] or 0) / 1000
    seconds = float(report["ran"]) / 1000 + init
    cold = report["init"] is not None
    what = f"invoked, cold start {init * 1000:.0f} ms" if cold else "invoked, warm"
    # The REPORT line is written at the end; some emulators write the START line then, too.
    return Step(ended - seconds, function.removeprefix(AT_EDGE), what, seconds, "cold" if cold else "warm")


def _before_their_calls(runs: Iterable[Step], calls: Iterable[Call]) -> list[Step]:
    """The invocations, each begun by the time of its function's first call.

    Where the emulator writes the REPORT line late, the start that is reckoned from it is late, too.
    """
    found = _sorted(runs)
    for call in sorted(calls, key=lambda call: call.time, reverse=True):
        own = [run for run in found if call.caller == f"function {run.who}"]
        if not any(run.time <= call.time <= run.time + run.seconds for run in own):
            run = next((run for run in own if call.time < run.time <= call.time + LATE), None)
            found = [replace(each, time=call.time) if each is run else each for each in found]
    return found


def _shown(call: Call) -> bool:
    """Whether a call is part of what happens: a function's own, or one that sets something going."""
    return call.caller.startswith("function ") or sets_going(call)


def _trigger(calls: Sequence[Call], effects: Sequence[Step]) -> Call | None:
    """The last call after which something happened, of those that no function made; else the last of all."""
    triggers = [call for call in calls if _shown(call) and not call.caller.startswith("function ")]
    latest = max((each.time for each in effects), default=0.0)
    causes = [call for call in triggers if call.time - ROUNDING <= latest]
    return max(causes or triggers, key=lambda call: call.time, default=None)


def _step(call: Call) -> Step:
    who = call.caller.removeprefix("function ")
    unmet = " without permission" if call.denied else ""
    what, failed = f"{call.service} {call.operation}{unmet}", call.status >= 400
    kind = "clock" if call.service == CLOCK else "call"
    return Step(call.time, who, what, call.seconds, kind, failed, call.probe)


def _denied(denials: Iterable[Denial], calls: Iterable[Call]) -> list[Step]:
    """What was refused to services that acted for somebody; a call that was refused is there itself."""
    told = {call.denied for call in calls}
    return [
        Step(each.time, _named(each.principal), f"{each.action} without permission", failed=True, probe=each.probe)
        for each in denials
        if each.message not in told
    ]


def _named(principal: str) -> str:
    """A principal's short name: of a service, or of its session of a role."""
    return principal.rpartition("/")[2].removesuffix(".amazonaws.com")


def _mail(mail: Mail) -> Step:
    return Step(mail.time, "inbox", f"mail to {mail.to}: {mail.subject}", kind="mail", probe=mail.probe)


def _not_before(time: float, step: Step) -> Step:
    return replace(step, time=max(time, step.time))


def _last_burst(effects: Sequence[Step]) -> list[Step]:
    steps = _sorted(effects)
    first, ended = 0, 0.0
    for number, step in enumerate(steps):
        if step.time - ended >= SILENCE:
            first = number
        ended = max(ended, step.time + step.seconds)
    return steps[first:]


def _sorted(steps: Iterable[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: step.time)
