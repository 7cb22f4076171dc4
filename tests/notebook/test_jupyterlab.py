"""A learner's way through the labs in a real JupyterLab, in Chromium: type, run, check."""

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
from tests.jupyterlab import PATIENCE, active, open_jupyterlab, run_cell, save, wait_for_kernel

SLOWEST_RUN = 180  # seconds


def see_the_check_fail(page, cells, index):
    """Run a task's starter cell as it stands and then its check, which fails; come back to the task."""
    task = task_of(cells[index])
    check = next(number for number in range(index, len(cells)) if f'lab.check("{task}")' in cells[number].source)
    for number in range(index, check + 1):
        run_cell(page, number)
    shown = page.locator(f'.jp-Notebook:visible .jp-Cell[data-windowed-list-index="{check}"] .jp-OutputArea-output')
    shown.get_by_text(re.compile("failed|absent")).first.wait_for(timeout=PATIENCE)
    for number in range(check, index - 1, -1):
        page.keyboard.press("ArrowUp")
        active(page, number)


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


@pytest.mark.parametrize("lab_id", [lab.id for lab in all_labs()])
def test_a_learner_finishes_the_notebook(lab_id, jupyterlab, page):
    course, address = jupyterlab
    lab = load_lab(lab_id)
    path = course / "notebooks" / lab.file.notebook
    solutions = answers(lab)
    page.goto(re.sub(r"[^/]+\.ipynb", lab.file.notebook, address))
    page.locator(".jp-Notebook:visible .jp-MarkdownCell.jp-mod-rendered").first.wait_for(timeout=PATIENCE)
    wait_for_kernel(page)
    active(page, 0).focus()
    page.keyboard.press("Escape")
    cells = nbformat.read(path, as_version=4).cells
    first = next(index for index, cell in enumerate(cells) if task_of(cell))
    for index, cell in enumerate(cells):
        if index == first:
            see_the_check_fail(page, cells, index)
        task = task_of(cell)
        run_cell(page, index, solutions[task].cell if task else None)
    wait_until_run(page, path)
    assert page.get_by_text("official Jupyter news").count() == 0
    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.output_type == "error"] == []
    environ = {**os.environ, "LAB_COURSE": str(course), "LAB_HOME": str(course.parent / "lab")}
    command = [sys.executable, "-m", "lab_harness", "list"]
    listed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    shown = [str(output.get("data", {}).get("text/plain", "")) for output in outputs]
    assert re.search(rf"{lab_id}\s+done", listed), "\n".join([listed, *(text for text in shown if "failed" in text)])


def test_jupyterlab_that_does_not_answer_in_time_fails_the_test_and_holds_up_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(lab_open, "START", 0)
    with pytest.raises(AssertionError, match="not within 0 seconds"), open_jupyterlab(tmp_path):
        pytest.fail("it cannot answer so soon")
    family = [each for each in psutil.process_iter(["environ"]) if str(tmp_path) in str(each.info["environ"])]
    assert not [each for each in family if each.status() != psutil.STATUS_ZOMBIE]
