"""A learner's way through the labs in a real JupyterLab, in Chromium: type, run, check; dollars stay dollars there."""

import os
import re
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.lab.notebooks import task_of
from lab_harness.lab.solutions import answers
from tests import jupyterlab as lab_open
from tests.jupyterlab import (
    PATIENCE,
    active,
    open_jupyterlab,
    open_notebook,
    run_above,
    run_all,
    run_cell,
    save,
    wait_for_kernel,
    write_into,
)

BY_HAND = "hello_lambda"  # the others are run by the menu's command: JupyterLab's keys are the same for every lab
SLOWEST_RUN = 600  # seconds, on a machine however slow
MATHEMATICS = "Here $a$ and $b$ are mathematics."  # so that it is seen that JupyterLab has done its work
PROSE = "A million requests cost `$0.20`, a GB-second `$0.0000166667`."
SHOWN = """\
from IPython.display import Math, display
from lab_harness.render.blocks import Note, Table
from lab_harness.results import CheckResult, LabReport, Outcome

found = CheckResult("handler", "The handler", "handler", Outcome.FAILED, found="$LATEST, not $LATEST")
display(LabReport("lab", "A lab", "embedded", (found,)))
display(Note("From $0.20 to $0.30"), Table("Costs", ("from", "to"), [("$0.20", "$0.30")]), Math("a"))"""


def first_check(cells, solutions):
    """The numbers of the first task's cell that has still to be written, and of its check's."""
    index = next(number for number, answer in solutions.items() if cells[number].source.strip() != answer.strip())
    asked = f'lab.check("{task_of(cells[index])}")'
    return index, next(number for number in range(index, len(cells)) if asked in cells[number].source)


def see_failed(page, check):
    """Wait until a check's cell shows that what the starter cell builds is not right."""
    shown = page.locator(f'.jp-Notebook:visible .jp-Cell[data-windowed-list-index="{check}"] .jp-OutputArea-output')
    shown.get_by_text(re.compile("failed|absent")).first.wait_for(timeout=PATIENCE)


def wait_until_run(page, path):
    """Save the notebook until the saved file has every code cell run."""
    deadline = time.monotonic() + SLOWEST_RUN
    while True:
        save(page)
        code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code" and cell.source]
        waiting = [cell.id for cell in code if not cell.execution_count]
        if not waiting:
            return
        assert time.monotonic() < deadline, f"after {SLOWEST_RUN} s these cells have not run: {', '.join(waiting)}"
        page.wait_for_timeout(1000)


def work_by_hand(page, address, cells, solutions):
    """Open it where `lab open` says, and run cell after cell: the first check fails, then the answers are typed in."""
    page.goto(address)
    page.locator(".jp-Notebook:visible .jp-MarkdownCell.jp-mod-rendered").first.wait_for(timeout=PATIENCE)
    wait_for_kernel(page)
    active(page, 0).focus()
    page.keyboard.press("Escape")
    first, check = first_check(cells, solutions)
    for number in range(check + 1):
        run_cell(page, number)
    see_failed(page, check)
    for number in range(check, first - 1, -1):
        page.keyboard.press("ArrowUp")
        active(page, number)
    for number in range(first, len(cells)):
        run_cell(page, number, solutions.get(number))


def work_by_the_menu(page, notebook, cells, solutions):
    """Open it in the window, and run all down to the first check, which fails, then all cells with the answers."""
    open_notebook(page, notebook)
    _, check = first_check(cells, solutions)
    run_above(page, check + 1)
    see_failed(page, check)
    write_into(page, solutions)
    run_all(page)


@pytest.mark.parametrize("lab_id", [lab.id for lab in all_labs()])
def test_a_learner_finishes_the_notebook(lab_id, jupyterlab, empty_window):
    lab, course = load_lab(lab_id), jupyterlab.course
    path, answered = course / "notebooks" / lab.file.notebook, answers(lab)
    cells = nbformat.read(path, as_version=4).cells
    solutions = {number: answered[task].cell for number, cell in enumerate(cells) if (task := task_of(cell))}
    if lab_id == BY_HAND:
        work_by_hand(empty_window, re.sub(r"[^/]+\.ipynb", lab.file.notebook, jupyterlab.address), cells, solutions)
    else:
        work_by_the_menu(empty_window, lab.file.notebook, cells, solutions)
    wait_until_run(empty_window, path)
    assert empty_window.get_by_text("official Jupyter news").count() == 0
    ran = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code" and cell.source]
    numbers = [cell.execution_count for cell in ran]
    assert numbers == sorted(numbers), "what ran before the answers were there has not run again"
    outputs = [output for cell in ran for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error"] == []
    environ = {**os.environ, "LAB_COURSE": str(course), "LAB_HOME": str(jupyterlab.home)}
    command = [sys.executable, "-m", "lab_harness", "list"]
    listed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    shown = [str(output.get("data", {}).get("text/plain", "")) for output in outputs]
    assert re.search(rf"{lab_id}\s+done", listed), "\n".join([listed, *(text for text in shown if "failed" in text)])


def write_mathematics(path):
    cells = [nbformat.v4.new_markdown_cell(text) for text in (MATHEMATICS, PROSE)]
    cells += [nbformat.v4.new_code_cell(SHOWN), nbformat.v4.new_code_cell("# the last cell")]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)


def test_dollars_stay_dollars_in_prose_and_in_what_the_course_shows(jupyterlab, empty_window):
    write_mathematics(jupyterlab.course / "notebooks" / "dollars.ipynb")
    open_notebook(empty_window, "dollars.ipynb")
    for number in range(3):
        run_cell(empty_window, number)
    # The last that there is to typeset.
    empty_window.locator(".jp-RenderedLatex mjx-container").wait_for(timeout=PATIENCE)
    assert empty_window.locator(".jp-RenderedMarkdown mjx-container").count() == 2
    assert empty_window.locator(".jp-RenderedHTML mjx-container").count() == 0
    assert empty_window.get_by_role("cell", name="$LATEST, not $LATEST", exact=True).is_visible()
    assert empty_window.locator(".jp-RenderedMarkdown code", has_text="$0.0000166667").is_visible()


def test_jupyterlab_that_does_not_answer_in_time_fails_the_test_and_holds_up_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(lab_open, "START", 0)
    with pytest.raises(AssertionError, match="not within 0 seconds"), open_jupyterlab(tmp_path, tmp_path):
        pytest.fail("it cannot answer so soon")
    family = [each for each in psutil.process_iter(["environ"]) if str(tmp_path) in str(each.info["environ"])]
    assert not [each for each in family if each.status() != psutil.STATUS_ZOMBIE]
