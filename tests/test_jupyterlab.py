"""A learner's way through the labs in a real JupyterLab, in Chromium: type, run, check."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from lab_harness.labs import all_labs, load_lab
from lab_harness.notebook.build import task_of
from lab_harness.solutions import answers
from tests.conftest import ROOT

SLOWEST_RUN = 180  # seconds
PATIENCE = 60_000  # milliseconds until JupyterLab has done what a key asks for


@pytest.fixture
def jupyterlab(tmp_path):
    """`lab open` in a copy of the course; gives the copy's folder and JupyterLab's address, token included."""
    for name in ("labs", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / "course" / name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "LAB_COURSE": str(tmp_path / "course"), "LAB_HOME": str(tmp_path / "lab")}
    command = [sys.executable, "-m", "lab_harness", "open", "--no-browser", "--port", str(port)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as running:
        address = next(filter(None, (re.search(r"http://127\S+token=\w+", line) for line in running.stderr)))[0]
        try:
            yield tmp_path / "course", address
        finally:
            family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
            jupyter = next(process for process in family[1:] if "jupyterlab" in process.cmdline())
            jupyter.terminate()  # as when it is shut down from its menu
            _, alive = psutil.wait_procs(family, timeout=30)
            for process in alive:
                process.kill()
    assert not alive, "lab open left processes behind"
    assert not (tmp_path / "lab" / "emulator.json").exists(), "lab open left the emulator that it had started"


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
    # Once its kernel is ready the notebook is not drawn anew any more.
    page.locator('.jp-NotebookPanel:visible .jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(
        timeout=PATIENCE
    )
    active(page, 0).focus()
    page.keyboard.press("Escape")
    for index, cell in enumerate(nbformat.read(path, as_version=4).cells):
        task = task_of(cell)
        run_cell(page, index, solutions[task].cell if task else None)
    wait_until_run(page, path)
    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.output_type == "error"] == []
    environ = {**os.environ, "LAB_COURSE": str(course), "LAB_HOME": str(course.parent / "lab")}
    command = [sys.executable, "-m", "lab_harness", "list"]
    listed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"{lab_id}\s+done", listed), listed
