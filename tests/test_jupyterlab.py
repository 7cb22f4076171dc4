"""A learner's way through the labs in a real JupyterLab, in Chromium: type, run, check."""

import os
import re
import shutil
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from lab_harness.emulators.process import free_port, is_free
from lab_harness.labs import all_labs, load_lab
from lab_harness.notebook.build import task_of
from lab_harness.solutions import answers
from tests.conftest import ROOT
from tests.waiting import wait_until

SLOWEST_RUN = 180  # seconds
PATIENCE = 60_000  # milliseconds until JupyterLab has done what a key asks for


@pytest.fixture
def jupyterlab(tmp_path):
    """`lab open` in a copy of the course; gives the copy's folder and JupyterLab's address, token included."""
    for name in ("labs", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / "course" / name)
    port = free_port()
    environ = {**os.environ, "LAB_COURSE": str(tmp_path / "course"), "LAB_HOME": str(tmp_path / "lab")}
    environ |= {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}  # a new user: no notebook was open before
    command = [sys.executable, "-m", "lab_harness", "open", "--no-browser", "--port", str(port)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as running:
        address = next(filter(None, (re.search(r"http://127\S+token=\w+", line) for line in running.stderr)))[0]
        wait_until(lambda: not is_free(port))  # JupyterLab says its address a moment before it listens.
        try:
            yield tmp_path / "course", address
        finally:
            family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
            jupyter = next(process for process in family[1:] if "jupyterlab" in process.cmdline())
            jupyter.terminate()  # as when it is shut down from its menu
            _, alive = psutil.wait_procs(family, timeout=30)
            # In a container there may be nobody to ask after orphans that have ended.
            alive = [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
            for process in alive:
                process.kill()
    assert not alive, "lab open left processes behind"
    assert not (tmp_path / "lab" / "emulator.json").exists(), "lab open left the emulator that it had started"


def wait_for_kernel(page, address):
    """Wait until the notebook's kernel is ready and JupyterLab connected to it: cells run before that are lost."""
    kernels = re.sub("/lab/tree/.*[?]", "/api/kernels?", address)

    def connected():
        found = page.request.get(kernels).json()
        return [kernel for kernel in found if kernel["connections"] and kernel["execution_state"] == "idle"]

    wait_until(connected, within=PATIENCE / 1000)


def active(page, index):
    """Wait until this cell is the active one, and return it."""
    cell = page.locator(f'.jp-Notebook:visible .jp-Cell.jp-mod-active[data-windowed-list-index="{index}"]')
    cell.wait_for(state="attached", timeout=PATIENCE)
    return cell


def run_cell(page, index, source=None):
    """Run the active cell, with other source if given, and wait until the next one is active."""
    cell = active(page, index)
    if source is not None:
        page.keyboard.press("Enter")
        editor = cell.locator(".cm-content:focus")
        editor.wait_for(timeout=PATIENCE)
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(source)
        # By its beginning: of a long text the editor shows only what there is room for.
        cell.locator(".cm-line").filter(has_text=source.splitlines()[0]).first.wait_for(timeout=PATIENCE)
    page.keyboard.press("Shift+Enter")
    active(page, index + 1)


def see_the_check_fail(page, cells, index):
    """Run a task's starter cell as it stands and then its check, which fails; come back to the task."""
    task = task_of(cells[index])
    check = next(number for number in range(index, len(cells)) if f'lab.check("{task}")' in cells[number].source)
    for number in range(index, check + 1):
        run_cell(page, number)
    shown = page.locator(f'.jp-Notebook:visible .jp-Cell[data-windowed-list-index="{check}"] .jp-OutputArea-output')
    shown.get_by_text("failed").first.wait_for(timeout=PATIENCE)
    for number in range(check, index - 1, -1):
        page.keyboard.press("ArrowUp")
        active(page, number)


def wait_until_run(page, path):
    """Save the notebook until the saved file has every code cell run."""
    deadline = time.monotonic() + SLOWEST_RUN
    while time.monotonic() < deadline:
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1000)
        code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code" and cell.source]
        if all(cell.execution_count for cell in code):
            return
    pytest.fail(f"after {SLOWEST_RUN} s not every cell has run")


@pytest.mark.parametrize("lab_id", [lab.id for lab in all_labs()])
def test_a_learner_finishes_the_notebook(lab_id, page, jupyterlab):
    course, address = jupyterlab
    lab = load_lab(lab_id)
    path = course / "notebooks" / lab.file.notebook
    solutions = answers(lab)
    page.goto(re.sub(r"[^/]+\.ipynb", lab.file.notebook, address))
    page.locator(".jp-Notebook:visible .jp-MarkdownCell.jp-mod-rendered").first.wait_for(timeout=PATIENCE)
    wait_for_kernel(page, address)
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
    assert re.search(rf"{lab_id}\s+done", listed), listed
