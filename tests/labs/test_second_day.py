"""The notebooks' provided cells on the second day: the kernel is new, and the lab was built in another way."""

import contextlib
import json

import pytest

from lab_harness.account.resources import remove_resources
from lab_harness.lab.labs import all_labs
from lab_harness.lab.notebooks import read_notebook, task_of
from tests.conftest import ROOT

LABS = all_labs()
ASKS_AGAIN = ("lab.check(", "lab.quiz(", "lab.diagram(")  # other tests are about these, and some take long
CLEAN_UP = "CLEAN_UP = False"
DENY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})


def provided_cells(lab):
    """The code cells that a learner runs as they are, in their order."""
    cells = read_notebook(ROOT / "notebooks" / lab.file.notebook).cells
    return [
        cell.source
        for cell in cells
        if cell.cell_type == "code" and not task_of(cell) and not cell.source.startswith(ASKS_AGAIN)
    ]


def name_policies_otherwise(lab, clients):
    """Give the lab's roles the same permissions under names of the learner's own, and one more of each kind."""
    iam = clients["iam"]
    for role in (each.name for each in lab.file.resources if each.type == "AWS::IAM::Role"):
        with contextlib.suppress(iam.exceptions.NoSuchEntityException):
            for number, name in enumerate(iam.list_role_policies(RoleName=role)["PolicyNames"]):
                document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                own = json.dumps(document) if isinstance(document, dict) else document
                iam.put_role_policy(RoleName=role, PolicyName=f"mine-{number}", PolicyDocument=own)
                iam.delete_role_policy(RoleName=role, PolicyName=name)
            iam.put_role_policy(RoleName=role, PolicyName="no-buckets", PolicyDocument=DENY)
            managed = iam.create_policy(PolicyName=f"own-{role}", PolicyDocument=DENY)["Policy"]["Arn"]
            iam.attach_role_policy(RoleName=role, PolicyArn=managed)


def run(shell, clients, source):
    """Run a cell; it must not raise."""
    if 'run("pet-adoption"' in source:  # As the machine is in the end, it asks a human, who does not answer.
        shell.user_ns["PATIENCE"] = 5
    done = shell.run_cell(source)
    assert done.success, (source, done.error_before_exec or done.error_in_exec)
    if "PATIENCE" in shell.user_ns:
        shell.user_ns["PATIENCE"] = 20
    if "ScheduleExpression" in source:  # A minute would pass until the clock has it run.
        tick = json.dumps({"time": "now", "resources": ["arn:aws:events:us-east-1:000000000000:rule/cron-job"]})
        clients["lambda"].invoke(FunctionName="cron-job", Payload=tick)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_each_provided_cell_runs_in_a_new_kernel_and_the_last_removes_all_that_is_there(lab, shell, clients, in_use):
    if clients.emulator.name != "embedded":
        pytest.skip("the notebook's kernel is in this process, and uses the embedded emulator")
    lab.solve(clients)
    name_policies_otherwise(lab, clients)
    for source in provided_cells(lab):
        run(shell, clients, source.replace(CLEAN_UP, "CLEAN_UP = True"))
        if "open_lab(" in source:  # All is solved; to ask the checks each time takes long.
            shell.user_ns["lab"].passed_lately = lambda task: True
    clean_up = [source.replace(CLEAN_UP, "CLEAN_UP = True") for source in provided_cells(lab) if CLEAN_UP in source]
    if clean_up:
        assert remove_resources(lab, clients) == []
        run(shell, clients, clean_up[0])  # again: nothing is left to remove
