"""The functions' logs, and what each invocation cost."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from lab_harness.account.trace import LOG_GROUPS
from lab_harness.answers import pages
from lab_harness.authors.functions import log_group
from lab_harness.aws import Clients
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

Row = tuple[str, ...]


@dataclass
class _Invocation:
    """The lines of one invocation, each with its time in seconds since 1970."""

    function: str
    request: str = ""
    lines: list[tuple[float, str]] = field(default_factory=list)


def show(lab: Lab, clients: Clients) -> Blocks:
    """The last lines that the lab's functions logged, the newest invocation first."""
    return part(TITLE, partial(_lines, lab, clients["logs"]))


def log_table(clients: Clients, function: str) -> Table:
    """The whole log of a function, the newest invocation first, the lines of each in their order.

    Raises UsageError where there is neither such a function nor a log of one.
    """
    logs = clients["logs"]
    groups = pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=log_group(function))
    if log_group(function) not in [group["logGroupName"] for group in groups]:
        there = sorted(each["FunctionName"] for each in pages(clients["lambda"], "list_functions", "Functions"))
        if function not in there:
            raise UsageError(unknown("function", function, there or ["none"], "The account has"))
    invocations = sorted(_all_invocations(logs, function), key=lambda each: each.lines[0][0], reverse=True)
    rows = [row for invocation in invocations for row in _rows(invocation)]
    failed = frozenset(number for number, row in enumerate(rows) if row[3].startswith(MARK))
    without_function = [(row[0], *row[2:]) for row in rows]
    columns = (COLUMNS[0], *COLUMNS[2:])
    return Table(f"Log of {function}", columns, without_function, "It has logged nothing yet.", failed=failed)


def _lines(lab: Lab, logs: Any) -> Blocks:
    groups = list(pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=LOG_GROUPS))
    there = (group["logGroupName"].removeprefix(LOG_GROUPS) for group in groups)
    functions = own(lab, "AWS::Lambda::Function", there)
    invocations = [each for function in functions for each in _invocations(logs, function)]
    invocations.sort(key=lambda invocation: invocation.lines[0][0], reverse=True)
    rows = list(islice((row for invocation in invocations for row in _rows(invocation)), MOST_LINES + 1))
    if not rows:
        return nothing("What your functions print appears here, with what each invocation cost.")
    note = f"The newest {MOST_LINES} lines; lab.logs(name) shows a whole log." if len(rows) > MOST_LINES else ""
    failed = frozenset(number for number, row in enumerate(rows[:MOST_LINES]) if row[3].startswith(MARK))
    return [Table(TITLE, COLUMNS, rows[:MOST_LINES], note=note, filterable=True, failed=failed)]


def _all_invocations(logs: Any, function: str) -> Iterator[_Invocation]:
    """All invocations that a function's log tells of."""
    streams: dict[str, list[dict[str, Any]]] = {}
    try:
        for event in pages(logs, "filter_log_events", "events", logGroupName=log_group(function)):
            streams.setdefault(event["logStreamName"], []).append(event)
    except logs.exceptions.ResourceNotFoundException:
        return
    for events in streams.values():
        yield from _split(function, events)


def _invocations(logs: Any, function: str) -> Iterator[_Invocation]:
    """The last invocations that a function's log tells of."""
    group = LOG_GROUPS + function
    newest = {"orderBy": "LastEventTime", "descending": True, "limit": MOST_STREAMS}
    try:
        found = logs.describe_log_streams(logGroupName=group, **newest)["logStreams"]
        # In one request: the embedded emulator has a stream for each invocation, where AWS has one for an environment.
        streams: dict[str, list[dict[str, Any]]] = {stream["logStreamName"]: [] for stream in found}
        only = {"logStreamNames": list(streams)}
        for event in pages(logs, "filter_log_events", "events", logGroupName=group, **only) if streams else ():
            streams[event["logStreamName"]].append(event)
    except logs.exceptions.ResourceNotFoundException:
        return  # It was deleted while we looked.
    for events in streams.values():
        yield from _split(function, events)


def _split(function: str, events: Iterable[dict[str, Any]]) -> Iterator[_Invocation]:
    """The invocations in a log stream, of which no two overlap.

    Lines before the first START were printed while the environment began.
    """
    running = _Invocation(function)
    for event in events:
        message = event["message"].rstrip()
        started, ended = START.match(message), REPORT.match(message)
        if started:
            if running.request:  # It has no REPORT: its environment ended.
                yield running
                running = _Invocation(function)
            running.request = started[1]
        running.lines.append((event["timestamp"] / 1000, message))
        if ended:
            running.request = ended[1]
            yield running
            running = _Invocation(function)
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
    return clock(time), invocation.function, invocation.request[:8], shortened(message, MOST_CHARACTERS), billed, memory


def _found(figure: re.Pattern[str], line: str) -> str:
    match = figure.search(line)
    return match[1] if match else ""
