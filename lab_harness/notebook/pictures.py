"""Pictures of what is in the account."""

import json
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.errors import UsageError
from lab_harness.execution_path import execution_path
from lab_harness.executions import read_execution, state_machines
from lab_harness.labs import unknown
from lab_harness.render.blocks import Note
from lab_harness.render.state_machine import machine_picture
from lab_harness.render.svg import Picture
from lab_harness.render.timeline import timeline
from lab_harness.trace import trace as read_trace


def state_machine(stepfunctions: Any, name: str) -> Picture:
    """A state machine, drawn from its definition. Raises UsageError where there is none of this name."""
    machines = state_machines(stepfunctions)
    if name not in machines:
        raise UsageError(unknown("state machine", name, sorted(machines), "The account has"))
    return machine_picture(name, _definition(stepfunctions, machines[name]))


def execution(stepfunctions: Any, arn: str) -> Picture:
    """An execution's state machine with the way that it took so far. Raises UsageError where there is no such one."""
    try:
        found = read_execution(stepfunctions, arn)
    except ClientError as error:
        raise UsageError(f"{error.response['Error']['Message']}: {arn}") from error
    # arn:aws:states:<region>:<account>:execution:<state machine>:<execution>
    parts = arn.split(":")
    machine = ":".join([*parts[:5], "stateMachine", parts[6]])
    definition = _definition(stepfunctions, machine)
    return machine_picture(parts[6], definition, execution_path(definition, found.events, found.status))


def trace(clients: Clients) -> Picture | Note:
    """What happened after the last request that had an effect, on a time axis."""
    steps = read_trace(clients)
    if not steps:
        return Note("Nothing has happened yet.", ("Send a request, or run a check that sends one.",))
    no_log = clients.emulator.calls() is None
    note = f"{clients.emulator.name} keeps no call log, so only invocations and mails are shown." if no_log else ""
    return timeline("What happened after the last request", steps, note)


def _definition(stepfunctions: Any, arn: str) -> Any:
    return json.loads(stepfunctions.describe_state_machine(stateMachineArn=arn)["definition"])
