"""The notebooks' provided cells on the second day: the kernel is new, and the lab was built in another way."""

import builtins
import contextlib
import json
import re
import symtable

import pytest

from lab_harness.account.resources import remove_resources
from lab_harness.lab.labs import all_labs
from lab_harness.lab.minutes import SITTING
from lab_harness.lab.notebooks import read_notebook, solved_notebook, task_of
from tests.conftest import ROOT

LABS = all_labs()
ASKS_AGAIN = ("lab.check(", "lab.quiz(", "lab.diagram(")  # other tests are about these, and some take long
CLEAN_UP = "CLEAN_UP = False"
COMING_BACK = re.compile(
    r"^\*A good place to stop.* When you come back, run the cells down to the one that defines `(?P<first>\w+)`"
    r"(?:, and (?:the one|those) that defines? (?P<others>`[^(.]+`))?(?: \(.+?\))?\.$",
    re.MULTILINE,
)
SHELLS_OWN = {*dir(builtins), "display"}
NO_PYTHON = re.compile(r"^%%writefile[\s\S]*|^[%!].*$", re.MULTILINE)
DENY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "glacier:*", "Resource": "*"}]})


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
            iam.put_role_policy(RoleName=role, PolicyName="no-glacier", PolicyDocument=DENY)
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
    if 'Name="cron-job", ScheduleExpression' in source:  # A minute would pass until the clock has it run.
        tick = json.dumps({"time": "now", "resources": ["arn:aws:events:us-east-1:000000000000:rule/cron-job"]})
        clients["lambda"].invoke(FunctionName="cron-job", Payload=tick)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
@pytest.mark.embedded_only("the notebook's kernel is in this process, and uses the embedded emulator")
def test_each_provided_cell_runs_in_a_new_kernel_and_the_last_removes_all_that_is_there(lab, shell, clients, in_use):
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


def table(cell):
    """What Python knows of a cell's names; nothing of a cell that only writes a file, or of prose."""
    return symtable.symtable(NO_PYTHON.sub("", cell.source) if cell.cell_type == "code" else "", cell.id, "exec")


def defined(cell):
    """The names that a cell defines for those after it."""
    return {each.get_name() for each in table(cell).get_symbols() if each.is_assigned() or each.is_imported()}


def needed(names):
    """The names of the notebook's that a cell uses, in its functions, too."""
    outside = names.get_type() == "module"
    own = {each.get_name() for each in names.get_symbols() if each.is_global() or (outside and each.is_referenced())}
    return own.union(*map(needed, names.get_children())) - SHELLS_OWN


def cells_to_run_again(cells, sitting):
    """Those which the cell that begins a sitting says to run first."""
    told = COMING_BACK.search(cells[sitting].source)
    assert told, cells[sitting].source[:300]
    named = [told["first"], *re.findall(r"`(\w+)`", told["others"] or "")]
    first, *others = (next(number for number, cell in enumerate(cells) if name in defined(cell)) for name in named)
    return [*cells[: first + 1], *(cells[number] for number in others)]


@pytest.mark.parametrize("lab", [lab for lab in LABS if lab.file.notebook > "02"], ids=lambda lab: lab.id)
def test_what_a_sitting_says_to_run_first_defines_all_that_its_cells_use(lab, course):
    cells = solved_notebook(course, lab).cells
    sittings = [number for number, cell in enumerate(cells) if SITTING in cell.metadata.get("tags", [])]
    for sitting in sittings:
        there = set().union(*map(defined, cells_to_run_again(cells, sitting)))
        for cell in cells[sitting:]:
            missing = needed(table(cell)) - defined(cell) - there
            assert not missing, (cell.id, missing)
            there |= defined(cell)
    assert sittings
