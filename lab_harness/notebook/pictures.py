"""Pictures of what is in the account."""

import json
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.errors import UsageError
from lab_harness.execution_path import execution_path
from lab_harness.executions import read_execution, state_machines
from lab_harness.labs import unknown
from lab_harness.render.state_machine import machine_picture
from lab_harness.render.svg import Picture


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


def _definition(stepfunctions: Any, arn: str) -> Any:
    return json.loads(stepfunctions.describe_state_machine(stateMachineArn=arn)["definition"])
