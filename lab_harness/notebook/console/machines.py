"""State machines: the way that the latest execution took, and the executions."""

from functools import partial
from typing import Any

from lab_harness.answers import pages
from lab_harness.authors.made import is_made
from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.notebook import pictures
from lab_harness.notebook.console.parts import Blocks, nothing, own, own_first, part, rest
from lab_harness.notebook.console.words import clock
from lab_harness.render.blocks import Note, Table

KIND = "AWS::StepFunctions::StateMachine"
MOST_MACHINES, MOST_EXECUTIONS = 5, 20
SYMBOLS = {"SUCCEEDED": "✓", "RUNNING": "…", "ABORTED": "–"}  # any other has failed
FAILED = "✗"


def show(lab: Lab, clients: Clients, checks: bool = False) -> Blocks:
    """Of each of the lab's state machines the latest execution's picture, and a table of all but the checks'."""
    return part("State machines", partial(_machines, lab, clients["stepfunctions"], checks))


def _machines(lab: Lab, stepfunctions: Any, checks: bool) -> Blocks:
    there = {each["name"]: each for each in pages(stepfunctions, "list_state_machines", "stateMachines")}
    # Until the lab's are there, those with which its notebook demonstrates.
    names = own(lab, KIND, there) or own_first(lab, KIND, there)
    if not names:
        return nothing("State machines appear here as pictures, with the way that their latest execution took.")
    shown = names[:MOST_MACHINES]
    blocks = [block for name in shown for block in part(name, partial(_machine, stepfunctions, there[name], checks))]
    more = rest(len(names), len(shown))
    return [*blocks, *([Note(more)] if more else [])]


def _machine(stepfunctions: Any, machine: dict[str, Any], checks: bool) -> Blocks:
    name = machine["name"]
    try:
        found = list(pages(stepfunctions, "list_executions", "executions", stateMachineArn=machine["stateMachineArn"]))
    except stepfunctions.exceptions.StateMachineTypeNotSupported:
        found = []  # AWS lists none of an express machine's
    # LocalStack lists those of a deleted machine of this name, too.
    own = (each for each in found if each["startDate"] >= machine["creationDate"])
    executions = [each for each in own if checks or not is_made(each["name"])]
    return [*part(name, partial(_picture, stepfunctions, name, executions)), _table(name, executions)]


def _picture(stepfunctions: Any, name: str, executions: list[dict[str, Any]]) -> Blocks:
    """The learner's latest execution, or else one of those there are; the machine where there are none."""
    if not executions:
        return [pictures.state_machine(stepfunctions, name)]
    latest = max(executions, key=lambda each: (not is_made(each["name"]), each["startDate"]))
    return [pictures.execution(stepfunctions, latest["executionArn"])]


def _table(name: str, executions: list[dict[str, Any]]) -> Table:
    newest = sorted(executions, key=lambda each: each["startDate"], reverse=True)[:MOST_EXECUTIONS]
    failed = frozenset(number for number, each in enumerate(newest) if _symbol(each["status"]) == FAILED)
    columns = ("name", "status", "started (UTC)", "seconds")
    empty = "Nothing yet. start_execution starts the first."
    note = rest(len(executions), len(newest))
    return Table(f"Executions of {name}", columns, [_row(each) for each in newest], empty, note, failed=failed)


def _row(execution: dict[str, Any]) -> tuple[str, ...]:
    name, status, started = execution["name"], execution["status"], execution["startDate"]
    ended = execution.get("stopDate")
    seconds = f"{(ended - started).total_seconds():.1f}" if ended else ""
    who = f"{name} (a check's)" if is_made(name) else name
    return who, f"{_symbol(status)} {status}", clock(started.timestamp()), seconds


def _symbol(status: str) -> str:
    return SYMBOLS.get(status, FAILED)
