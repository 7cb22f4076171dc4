"""The functions' logs, and what each invocation cost."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

from lab_harness.account.trace import LOG_GROUPS, probed
from lab_harness.answers import pages
from lab_harness.aws import Clients
from lab_harness.emulators.base import AT_EDGE
from lab_harness.errors import UsageError
from lab_harness.lab.labs import Lab, unknown
from lab_harness.notebook.console.parts import Blocks, nothing, own, part
from lab_harness.notebook.console.words import clock, shortened
from lab_harness.render.blocks import Table

TITLE = "Log lines"
COLUMNS = ("time (UTC)", "function", "request", "message", "billed ms", "memory used MB")
MOST_LINES, MOST_STREAMS, MOST_CHARACTERS = 200, 50, 2000  # 50 streams are what one request tells (2026)
START = re.compile(r"START RequestId: (\S+)")
END = re.compile(r"END RequestId: \S+\s*$")
REPORT = re.compile(r"REPORT RequestId: (\S+)")
BILLED = re.compile(r"\tBilled Duration: ([\d.]+) ms")
USED = re.compile(r"\tMax Memory Used: ([\d.]+) MB")
ERROR = re.compile(
    r"\[(ERROR|CRITICAL)\]|Traceback \(most recent call last\)|RequestId: \S+ Error: |(\S+ ){0,2}Task timed out after"
    r"|REPORT .*\tStatus: (timeout|error)",
    re.DOTALL,
)
MARK = "✗"
PROBE = " (a check's)"
UNTOLD = "This emulator does not tell whose doing an invocation was: those by the checks are among these."

Row = tuple[str, ...]


@dataclass
class _Invocation:
    """The lines of one invocation, each with its time in seconds since 1970."""

    log: str  # its name: the function's, or at CloudFront's edge another
    request: str = ""
    lines: list[tuple[float, str]] = field(default_factory=list)
    probe: bool = False

    @property
    def function(self) -> str:
        """The function's name."""
        return self.log.removeprefix(AT_EDGE)

    def begun(self) -> float:
        """When it logged its first line."""
        return self.lines[0][0]


def show(lab: Lab, clients: Clients, checks: bool = False) -> Blocks:
    """The last lines that the lab's functions logged, the newest invocation first."""
    return part(TITLE, partial(_lines, lab, clients, checks))


def log_table(clients: Clients, function: str, checks: bool = False) -> Table:
    """The whole log of a function, also at CloudFront's edge, the newest invocation first, each one's lines in order.

    Invocations that checks have set going are in it only if asked for. Raises UsageError where there is neither such a
    function nor a log of one.
    """
    logs = clients["logs"]
    there = _logs_of([function], _names(logs))
    if not there:
        known = sorted(each["FunctionName"] for each in pages(clients["lambda"], "list_functions", "Functions"))
        if function not in known:
            raise UsageError(unknown("function", function, known, "The account has"))
    streams = ((name, events) for name in there for events in _streams(logs, LOG_GROUPS + name).values())
    found = [each for name, events in streams for each in _split(name, events)]
    shown, note = _of_the_learner(clients, found, checks, f"lab.logs({function!r}, checks=True) shows them.")
    invocations = sorted(shown, key=_Invocation.begun, reverse=True)
    rows = [row for invocation in invocations for row in _rows(invocation)]
    time, _function, *others = COLUMNS  # the title names the function
    without_function = [(row[0], *row[2:]) for row in rows]
    empty = note or "It has logged nothing yet."
    return Table(f"Log of {function}", (time, *others), without_function, empty, note, failed=_failed(rows))


def _lines(lab: Lab, clients: Clients, checks: bool) -> Blocks:
    logs = clients["logs"]
    there = _names(logs)
    functions = own(lab, "AWS::Lambda::Function", {name.removeprefix(AT_EDGE) for name in there})
    invocations = [each for name in _logs_of(functions, there) for each in _invocations(logs, name)]
    shown, told = _of_the_learner(clients, invocations, checks, "The box above shows them.")
    shown.sort(key=_Invocation.begun, reverse=True)
    found = list(islice((row for invocation in shown for row in _rows(invocation)), MOST_LINES + 1))
    if not found:
        said = f"What your functions print appears here, with what each invocation cost. {told}"
        return nothing(said.strip())
    more = f"The newest {MOST_LINES} lines; lab.logs(name) shows a whole log." if len(found) > MOST_LINES else ""
    note, rows = " ".join(filter(None, (more, told))), found[:MOST_LINES]
    return [Table(TITLE, COLUMNS, rows, note=note, filterable=True, failed=_failed(rows))]


def _failed(rows: Sequence[Row]) -> frozenset[int]:
    """The numbers of the rows with an error."""
    return frozenset(number for number, row in enumerate(rows) if row[3].startswith(MARK))


def _names(logs: Any) -> list[str]:
    """The names of the functions' logs."""
    groups = pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=LOG_GROUPS)
    return [group["logGroupName"].removeprefix(LOG_GROUPS) for group in groups]


def _logs_of(functions: Iterable[str], there: Collection[str]) -> list[str]:
    """Of the logs that are there those of these functions, also at CloudFront's edge."""
    return [log for function in functions for log in (function, AT_EDGE + function) if log in there]


def _of_the_learner(
    clients: Clients, invocations: list[_Invocation], checks: bool, how: str
) -> tuple[list[_Invocation], str]:
    """The invocations without those that checks have set going, or all, marked; and what is to be said of that.

    `how` says how all are shown.
    """
    known = {log: probed(clients.emulator, log) for log in {each.log for each in invocations}}
    if None in known.values():
        return invocations, UNTOLD
    marked = [replace(each, probe=each.request in (known[each.log] or ())) for each in invocations]
    own = [each for each in marked if not each.probe]
    left_out = len(marked) - len(own)
    if checks or not left_out:
        return marked, ""
    return own, f"Left out: {left_out} invocation{'s' if left_out != 1 else ''} by the checks. {how}"


def _invocations(logs: Any, log: str) -> Iterator[_Invocation]:
    """The last invocations that a function's log tells of."""
    group = LOG_GROUPS + log
    newest = {"orderBy": "LastEventTime", "descending": True, "limit": MOST_STREAMS}
    try:
        found = logs.describe_log_streams(logGroupName=group, **newest)["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return  # It was deleted while we looked.
    # In one request: the embedded emulator has a stream for each invocation, where AWS has one for an environment.
    names = [stream["logStreamName"] for stream in found]
    streams = _streams(logs, group, logStreamNames=names) if names else {}
    for name in names:
        yield from _split(log, streams.get(name, ()))


def _streams(logs: Any, group: str, **only: Any) -> dict[str, list[dict[str, Any]]]:
    """The events of a log by their streams; none where there is no such log."""
    streams: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    try:
        for event in pages(logs, "filter_log_events", "events", logGroupName=group, **only):
            streams[event.get("logStreamName", "")].append(event)
    except logs.exceptions.ResourceNotFoundException:
        return {}
    return streams


def _split(log: str, events: Iterable[dict[str, Any]]) -> Iterator[_Invocation]:
    """The invocations in a log stream, of which no two overlap.

    Lines before the first START were printed while the environment began.
    """
    running = _Invocation(log)
    for event in events:
        message = event["message"].rstrip()
        started, ended = START.match(message), REPORT.match(message)
        if started:
            if running.request:  # It has no REPORT: its environment ended.
                yield running
                running = _Invocation(log)
            running.request = started[1]
        running.lines.append((event["timestamp"] / 1000, message))
        if ended:
            running.request = ended[1]
            yield running
            running = _Invocation(log)
    if running.lines:
        yield running


def _rows(invocation: _Invocation) -> list[Row]:
    shown = [(time, line) for time, line in invocation.lines if not START.match(line) and not END.match(line)]
    above = ["", *(line for _, line in shown)]
    rows = [_row(invocation, time, line, above[number]) for number, (time, line) in enumerate(shown)]
    return rows[-MOST_LINES:]


def _row(invocation: _Invocation, time: float, line: str, above: str) -> Row:
    billed = memory = ""
    message = line
    if REPORT.match(line):
        billed, memory = _found(BILLED, line), _found(USED, line)
        message = REPORT.sub("REPORT", USED.sub("", BILLED.sub("", line))).replace("\t", ", ").replace(", ", " ", 1)
    # A traceback belongs to the error that stands above it.
    if ERROR.match(line) and not (line.startswith("Traceback") and ERROR.match(above)):
        message = f"{MARK} error: {message}"
    request = f"{invocation.request[:8]}{PROBE if invocation.probe else ''}"
    return clock(time), invocation.function, request, shortened(message, MOST_CHARACTERS), billed, memory


def _found(figure: re.Pattern[str], line: str) -> str:
    match = figure.search(line)
    return match[1] if match else ""
