"""A real JupyterLab, and what a learner does in it, in Chromium: open a notebook, type, run, save."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
import pytest
import requests

from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port, is_free
from lab_harness.notebook.server import WORKSPACES
from tests.browser import VIEWPORT, keep_if_failed
from tests.leftovers import ALONE
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("labs", "notebooks")  # of the course that a learner's copy has
PATIENCE = 60_000  # milliseconds until JupyterLab has done what a key asks for
START = 180  # seconds until it answers for the first time, on a machine that does much else
USERS_OWN = ("AWS_", "LAB_", "LOCALSTACK_", "JUPYTER_")  # settings that a test's JupyterLab must not see
# What a learner does with mouse and menus, by JupyterLab's own commands.
OPEN = """async path => {
  const shown = await jupyterapp.commands.execute("docmanager:open", { path });
  await shown.context.ready;
  await shown.sessionContext.ready;
  await shown.sessionContext.session.kernel.info;
  shown.content.activeCellIndex = 0;
  shown.content.mode = "command";
  shown.content.node.focus();
  return shown.sessionContext.session.kernel.id;
}"""
SAVE = """async () => { await jupyterapp.commands.execute("docmanager:save"); }"""
CONNECTED = """async () => {
  const { sessionContext } = jupyterapp.shell.currentWidget;
  await sessionContext.ready;
  await sessionContext.session.kernel.info;
}"""
TYPE = """answers => {
  const cells = jupyterapp.shell.currentWidget.content.model.sharedModel;
  for (const [index, source] of Object.entries(answers)) cells.getCell(Number(index)).setSource(source);
}"""
RUN_ABOVE = """async index => {
  jupyterapp.shell.currentWidget.content.activeCellIndex = index;
  await jupyterapp.commands.execute("notebook:run-all-above");
}"""
RUN_THESE = """async ([first, last]) => {
  const notebook = jupyterapp.shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = first;
  notebook.extendContiguousSelectionTo(last);
  await jupyterapp.commands.execute("notebook:run-cell");
}"""
RUN_ALL = """async () => { await jupyterapp.commands.execute("notebook:run-all-cells"); }"""
CLOSE_ALL = """async () => {
  for (const shown of [...jupyterapp.shell.widgets("main")]) shown.dispose();
  await jupyterapp.serviceManager.sessions.shutdownAll();
}"""
THEME = """async theme => { await jupyterapp.commands.execute("apputils:change-theme", { theme }); }"""


class JupyterLab(NamedTuple):
    """A course folder that is open in JupyterLab, and JupyterLab's address, token included."""

    course: Path
    address: str

    @property
    def home(self):
        """Where the emulator and the progress are kept."""
        return self.course.parent / "lab"

    @property
    def runtime(self):
        """Where Jupyter keeps how to reach each kernel."""
        return self.course.parent / "runtime"

    def begin_anew(self):
        """Be what a new learner finds: the course untouched, an empty account, no progress, no notebook open."""
        for name in PARTS:
            copy_over(ROOT / name, self.course / name)
        shutil.rmtree(self.home / WORKSPACES, ignore_errors=True)
        emulator = Embedded(self.home)
        emulator.start()
        emulator.reset()
        (self.home / "progress.sqlite").unlink(missing_ok=True)

    def end_kernels(self):
        """End whatever a test has left running."""
        for kernel in requests.get(self.url("api/kernels"), timeout=PATIENCE / 1000).json():
            requests.delete(self.url(f"api/kernels/{kernel['id']}"), timeout=PATIENCE / 1000)

    def url(self, path):
        """The address of another of its pages, or of Jupyter's API."""
        return re.sub("/lab/tree/[^?]*", f"/{path}", self.address)

    def write(self, name, *sources):
        """Write a notebook with these cells of code."""
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        path = self.course / "notebooks" / name
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
        return path


def copy_over(source, folder):
    """Make a folder hold what another does, and nothing else; it stays itself, for programs may work in it."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    shutil.copytree(source, folder, dirs_exist_ok=True)


def write_settings(folder):
    """Let JupyterLab be driven by its commands, from a script in its page."""
    folder.mkdir()
    settings = {"LabApp": {"expose_app_in_browser": True}}
    (folder / "jupyter_lab_config.json").write_text(json.dumps(settings), encoding="utf-8")


def press_ctrl_c(running):
    """End `lab open` by one Ctrl-C in its terminal, which goes to all that run in it."""
    if sys.platform == "win32":  # There it cannot be sent like this.
        for child in psutil.Process(running.pid).children():
            child.terminate()
    else:
        os.killpg(running.pid, signal.SIGINT)


def end(running):
    """End `lab open` as a learner does, and return what of it goes on all the same, killed."""
    family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
    press_ctrl_c(running)
    _, alive = psutil.wait_procs(family, timeout=30)
    # In a container there may be nobody to ask after orphans that have ended.
    alive = [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    for process in alive:
        process.kill()
    return alive


@contextmanager
def open_jupyterlab(folder, kernels):
    """`lab open` in a copy of the course in this folder, by a user who is new to Jupyter; `kernels`: a JUPYTER_PATH."""
    for name in PARTS:
        shutil.copytree(ROOT / name, folder / "course" / name, dirs_exist_ok=True)
    port = free_port()
    write_settings(folder / "jupyter")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(USERS_OWN)}
    environ |= {"LAB_COURSE": str(folder / "course"), "LAB_HOME": str(folder / "lab")}
    environ |= {"JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "JUPYTER_CONFIG_DIR": str(folder / "jupyter")}
    environ["JUPYTER_PATH"] = str(kernels)
    environ |= {"HOME": str(folder), "USERPROFILE": str(folder)}  # a new user: no notebook was open before
    command = [sys.executable, "-m", "lab_harness", "open", "--no-browser", "--port", str(port)]
    told = folder / "told.txt"  # not a pipe, which would fill up
    with told.open("w") as written, subprocess.Popen(command, env=environ, stdout=written, **ALONE) as running:
        try:
            said = wait_until(lambda: re.search(r"http://127\S+token=\w+", told.read_text()), START)
            wait_until(lambda: not is_free(port))  # JupyterLab says its address a moment before it listens.
            yield JupyterLab(folder / "course", said[0])
        finally:  # Also where it does not answer in time: else whoever waits here for its end would wait for ever.
            alive = end(running)
    assert not alive, "lab open left processes behind"
    assert len(told.read_text().splitlines()) == 4, "lab open says more than what starts, where, how to stop, the end"
    assert not (folder / "lab" / "emulator.json").exists(), "lab open left the emulator that it had started"


@pytest.fixture(scope="session")
def running_jupyterlab(tmp_path_factory, warm_kernels):
    """The JupyterLab of all tests that one process runs, as the last of them left it."""
    with open_jupyterlab(tmp_path_factory.mktemp("learner"), warm_kernels) as running:
        yield running


@pytest.fixture
def jupyterlab(running_jupyterlab):
    """JupyterLab as a new learner finds it, by `lab open` in a copy of the course."""
    running_jupyterlab.begin_anew()
    yield running_jupyterlab
    running_jupyterlab.end_kernels()


@pytest.fixture(scope="module")
def window(running_jupyterlab, browser):
    """A browser window that shows JupyterLab: to load it takes as long as many a test."""
    shown = browser.new_page(viewport=VIEWPORT)
    shown.set_default_timeout(PATIENCE)
    show_jupyterlab(shown, running_jupyterlab)
    return shown


@pytest.fixture
def empty_window(request, jupyterlab, window):
    """JupyterLab in that window, without an open notebook."""
    yield window
    keep_if_failed(request, window)
    window.evaluate("sessionStorage.removeItem('lab-beside')")
    close_all(window)


def show_jupyterlab(page, jupyterlab):
    """Load JupyterLab, without a notebook, into this page."""
    page.goto(jupyterlab.url("lab"))
    page.wait_for_function("window.jupyterapp", timeout=PATIENCE)
    page.evaluate("async () => { await jupyterapp.restored; }")


def open_notebook(page, name):
    """Open a notebook, wait for its kernel, make its first cell the active one, and return the kernel's id."""
    kernel = page.evaluate(OPEN, name)
    active(page, 0)
    return kernel


def save(page):
    """Save the notebook that is shown, and return when that is done."""
    page.evaluate(SAVE)


def close_all(page):
    """Close everything, unsaved, and end all kernels."""
    page.keyboard.press("Escape")  # a dialog that a test which failed left open
    page.evaluate(CLOSE_ALL)


def set_theme(page, theme):
    """Choose one of JupyterLab's themes, such as JupyterLab Dark."""
    page.evaluate(THEME, theme)


def wait_for_kernel(page):
    """Wait until the notebook's kernel is ready and JupyterLab connected to it: cells run before that are lost."""
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext", timeout=PATIENCE)
    page.evaluate(CONNECTED)


def write_into(page, answers):
    """Put sources, by the number of their cell, into the cells of the notebook that is shown."""
    page.evaluate(TYPE, {str(index): source for index, source in answers.items()})


def run_above(page, index):
    """Run all cells above this one, by the menu's command, and return when they have run."""
    page.evaluate(RUN_ABOVE, index)


def run_these(page, first, last):
    """Run the cells from this one to that one, by the menu's command, and return when they have run."""
    page.evaluate(RUN_THESE, [first, last])


def run_all(page):
    """Run all cells, by the menu's command, and return when they have run."""
    page.evaluate(RUN_ALL)


def active(page, index):
    """Wait until this cell is the active one, and return it."""
    cell = page.locator(f'.jp-Notebook:visible .jp-Cell.jp-mod-active[data-windowed-list-index="{index}"]')
    cell.wait_for(state="attached", timeout=PATIENCE)
    return cell


def select(page, index):
    """Make this cell the active one by a click, and return it."""
    page.locator(f'.jp-Notebook:visible .jp-Cell[data-windowed-list-index="{index}"] .jp-InputPrompt').click()
    return active(page, index)


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
