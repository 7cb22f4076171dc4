"""Step Functions' state machines and their executions."""

from typing import Any

from lab_harness.account.service import Part, Row, Rows, Service, ServiceTab, wait_until, without
from lab_harness.answers import pages, there
from lab_harness.aws import Clients

MOST_EXECUTIONS = 50  # of a state machine


def _delete_state_machine(clients: Clients, name: str) -> bool:
    """Its running executions are stopped first: one that waits for an approval would keep it in DELETING."""
    sfn = clients["stepfunctions"]
    machines = [each for each in pages(sfn, "list_state_machines", "stateMachines") if each["name"] == name]
    for machine in machines:
        _delete(sfn, machine)
    return bool(machines)


def _delete(sfn: Any, machine: dict[str, Any]) -> None:
    arn = machine["stateMachineArn"]
    # The executions of express ones cannot be listed, and end within 5 minutes.
    listed = machine["type"] == "STANDARD" and sfn.list_executions(stateMachineArn=arn, statusFilter="RUNNING")
    for execution in listed["executions"] if listed else []:
        there(sfn.stop_execution, executionArn=execution["executionArn"])
    sfn.delete_state_machine(stateMachineArn=arn)
    wait_until(lambda: there(sfn.describe_state_machine, stateMachineArn=arn) is None)


def _rows(clients: Clients) -> Rows:
    stepfunctions = clients["stepfunctions"]
    for machine in pages(stepfunctions, "list_state_machines", "stateMachines"):
        arn = machine["stateMachineArn"]
        described = stepfunctions.describe_state_machine(stateMachineArn=arn)
        yield Row(Part.BUILT, machine["name"], without(described, "ResponseMetadata"))
        if machine["type"] == "STANDARD":  # The executions of express ones cannot be listed.
            listed = stepfunctions.list_executions(stateMachineArn=arn, maxResults=MOST_EXECUTIONS)
            for execution in listed["executions"]:
                yield Row(Part.LEFT, execution["name"], execution["status"])


SERVICE = Service(
    name="stepfunctions",
    deleters={"AWS::StepFunctions::StateMachine": _delete_state_machine},
    rows=_rows,
    tabs=(ServiceTab("machines", "State machines", 10, "lab_harness.notebook.console.machines:show", probes=True),),
)
