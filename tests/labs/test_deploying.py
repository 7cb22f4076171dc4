"""The notebooks' cells that deploy a function's code anew: a handler that cannot even be loaded can be mended."""

import re
import shutil

import pytest

from lab_harness.authors import functions
from lab_harness.lab.labs import all_labs
from lab_harness.lab.notebooks import read_notebook
from tests.conftest import ROOT
from tests.labs.helpers import deploy

BROKEN = "def lambda_handler(event, context)\n    return\n"  # the colon is missing
DEPLOYING = "update_function_code("


def code_cells(lab):
    cells = read_notebook(ROOT / "notebooks" / lab.file.notebook).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def helpers(lab):
    """The cells that import what later ones use, or make a zip archive."""
    plain = [source for source in code_cells(lab) if "%%" not in source and "open_lab" not in source]
    return [source for source in plain if re.search(r"^(import|from) |^def zip_folder", source, re.MULTILINE)]


LABS = [lab for lab in all_labs() if any(DEPLOYING in source for source in code_cells(lab))]


def deployed_by(source):
    """The functions that a deploying cell names."""
    return sorted(set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source)))


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_handler_with_a_syntax_error_is_mended_by_running_the_deploying_cell(lab, shell, clients):
    if clients.emulator.name != "embedded":
        pytest.skip("the notebook's kernel is in this process, and uses the embedded emulator")
    lab.solve(clients)
    (source,) = (source for source in code_cells(lab) if DEPLOYING in source)
    names = deployed_by(source)
    assert names
    for name in names:
        deploy(clients, name, BROKEN)
        assert functions.invoke(clients["lambda"], name, {}).error
    given = lab.folder / "given"
    shutil.copytree(given if given.exists() else lab.folder / "functions", "functions", dirs_exist_ok=True)
    shell.run_cell(f"from lab_harness import open_lab\nlab = open_lab({lab.id!r})")
    for helper in helpers(lab):
        assert shell.run_cell(helper).success
    assert shell.run_cell(source).success
    for name in names:
        shown = functions.invoke(clients["lambda"], name, {}).described()
        assert "SyntaxError" not in shown
        assert "expected ':'" not in shown
