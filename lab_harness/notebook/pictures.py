"""Pictures of what is in the account."""

import json
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from lab_harness.account.execution_path import execution_path
from lab_harness.account.trace import trace as read_trace
from lab_harness.authors.executions import describe_machine, read_execution, state_machines
from lab_harness.aws import Clients
from lab_harness.emulators.base import NO_CALL_LOG
from lab_harness.errors import UsageError
from lab_harness.lab.labs import unknown
from lab_harness.render.blocks import Note
from lab_harness.render.state_machine import machine_picture
from lab_harness.render.svg import Picture
from lab_harness.render.trace import trace_picture

NAMED = "It is named by its ARN: what start_execution answers as executionArn, and list_executions lists."
UNTOLD = "So only invocations and mails are shown, those of the checks among them."


def state_machine(stepfunctions: Any, name: str) -> Picture:
    """A state machine, drawn from its definition. Raises UsageError where there is none of this name."""
    machines = state_machines(stepfunctions)
    if name not in machines:
        raise UsageError(unknown("state machine", name, sorted(machines), "The account has"))
    return machine_picture(name, json.loads(describe_machine(stepfunctions, name)["definition"]))


def execution(stepfunctions: Any, arn: str) -> Picture:
    """An execution's state machine with the way that it took so far. Raises UsageError where there is no such one."""
    try:
        # As it was when the execution began: it may have been updated, or deleted, since.
        machine = stepfunctions.describe_state_machine_for_execution(executionArn=arn)
        found = read_execution(stepfunctions, arn)
    except (ClientError, ParamValidationError) as error:
        raise UsageError(f"There is no execution {arn!r}. {NAMED}") from error
    definition = json.loads(machine["definition"])
    return machine_picture(machine["name"], definition, execution_path(definition, found.events, found.status))


def trace(clients: Clients, checks: bool = False) -> Picture | Note:
    """What happened after the learner's last request that had an effect, or with `checks` a check's, on a time axis."""
    steps = read_trace(clients, checks)
    limits = f"{NO_CALL_LOG} {UNTOLD}" if clients.emulator.calls() is None else ""
    if not steps:
        hints = ("Send a request; what checks send is left out.", limits)
        return Note("Nothing has happened yet.", tuple(filter(None, hints)))
    whose = "the last request, yours or a check's" if checks else "the last request"
    return trace_picture(f"What happened after {whose}", steps, limits)
