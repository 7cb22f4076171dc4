"""The notebooks' cells that deploy a function's code anew: a handler that cannot even be loaded can be mended."""

import re
import shutil
from pathlib import Path

import pytest

from lab_harness.answers import pages
from lab_harness.authors import functions
from lab_harness.lab.labs import all_labs
from lab_harness.lab.notebooks import read_notebook
from tests.conftest import ROOT
from tests.labs.helpers import deploy

BROKEN = "def lambda_handler(event, context)\n    return\n"  # the colon is missing
DEPLOYING = re.compile(r"%%after [\s\S]*(update_function_code\(|^deploy\()|[\s\S]*^_ = put_function\(", re.MULTILINE)


def code_cells(lab):
    cells = read_notebook(ROOT / "notebooks" / lab.file.notebook).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def helpers(lab):
    """The cells that import what later ones use, or make a zip archive."""
    plain = [source for source in code_cells(lab) if "%%" not in source and "open_lab" not in source]
    return [source for source in plain if re.search(r"^(import|from) |^def zip_folder", source, re.MULTILINE)]


LABS = [lab for lab in all_labs() if any(map(DEPLOYING.match, code_cells(lab)))]


def deployed_by(source):
    """The functions that a deploying cell names."""
    return sorted(set(re.findall(r'"([a-z]+(?:-[a-z]+)+)(?<!-role)"', source)))


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
@pytest.mark.embedded_only("the notebook's kernel is in this process, and uses the embedded emulator")
def test_handler_with_a_syntax_error_is_mended_by_running_the_deploying_cell(lab, shell, clients):
    lab.solve(clients)
    there = {each["FunctionName"] for each in pages(clients["lambda"], "list_functions", "Functions")}
    deploying = [each for each in code_cells(lab) if DEPLOYING.match(each) and there.issuperset(deployed_by(each))]
    names = [name for source in deploying for name in deployed_by(source)]
    assert names
    for name in names:
        deploy(clients, name, BROKEN)
        assert functions.invoke(clients["lambda"], name, {}).error
    for folder in filter(Path.exists, (lab.folder / "functions", lab.folder / "given")):
        shutil.copytree(folder, "functions", dirs_exist_ok=True)
    assert shell.run_cell(f"from lab_harness import open_lab\nlab = open_lab({lab.id!r})").success
    for helper in helpers(lab):
        assert shell.run_cell(helper).success
    for source in deploying:
        assert shell.run_cell(source).success
    for name in names:
        shown = functions.invoke(clients["lambda"], name, {}).described()
        assert "SyntaxError" not in shown
        assert "expected ':'" not in shown
