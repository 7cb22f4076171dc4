"""The AWS calls that were made in the account."""

from lab_harness.aws import Clients
from lab_harness.emulators import Emulator
from lab_harness.emulators.base import NO_CALL_LOG, Call
from lab_harness.errors import UsageError
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.parts import Blocks, part
from lab_harness.notebook.console.words import fine_clock
from lab_harness.render.blocks import Table

TITLE = "AWS calls"
COLUMNS = ("time (UTC)", "caller", "service", "operation", "status", "seconds")
MOST_CALLS = 50


def show(_lab: Lab, clients: Clients, checks: bool = False) -> Blocks:
    """The last calls of the learner's and of what the learner has set going, newest first; or all."""
    return part(TITLE, lambda: [call_table(clients.emulator, MOST_CALLS, checks)])


def call_table(emulator: Emulator, count: int, checks: bool = False) -> Table:
    """The last calls by the learner or by a function, and what checks have set going if asked for; newest first.

    Raises UsageError where less than one is asked for.
    """
    if count < 1:
        raise UsageError(f"There are no last {count} calls: lab.calls(20) shows the last 20.")
    made = emulator.calls()
    if made is None:
        return Table(TITLE, (), [], NO_CALL_LOG)
    calls = [call for call in made if checks or not call.probe][-count:][::-1]
    failed = frozenset(number for number, call in enumerate(calls) if call.status >= 400)
    empty = "Nothing yet. Each call of a notebook's, a program's or a function's appears here."
    return Table(TITLE, COLUMNS, [_row(call) for call in calls], empty, filterable=True, failed=failed)


def _row(call: Call) -> tuple[str, ...]:
    caller = f"{call.caller}, for a check" if call.probe and call.caller != "checks" else call.caller
    status = f"{call.status} no permission" if call.denied else str(call.status)
    return fine_clock(call.time), caller, call.service, call.operation, status, f"{call.seconds:.3f}"
