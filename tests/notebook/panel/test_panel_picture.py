"""What README's picture of the panel shows, in a real JupyterLab; `make picture` keeps it as docs/panel.png."""

import nbformat
import pytest

from lab_harness.lab.labs import load_lab
from lab_harness.lab.notebooks import task_of
from lab_harness.lab.solutions import answers
from tests.browser import ARTIFACTS, VIEWPORT
from tests.jupyterlab import PATIENCE, open_notebook, run_above, save, write_into

expect = pytest.importorskip("playwright.sync_api").expect

lab = load_lab("hello_lambda")
WIDTH = 1320  # pixels of a window in which the panel is as wide as GitHub shows a picture
TASKS = ("done", "not right yet", "not looked at yet", "not looked at yet")
PARTS = ("hello-world-role: right", "hello-world: not right yet", "/aws/lambda/hello-world: not looked at yet")
TO_THE_PANEL = "async () => { await jupyterapp.shell.currentWidget.content.scrollToItem(2, 'start'); }"


@pytest.fixture
def page(desk):
    """JupyterLab in a window so high that all tasks are seen at once."""
    desk.set_viewport_size({"width": WIDTH, "height": 1800})
    yield desk
    desk.set_viewport_size(VIEWPORT)


def work_to_the_second_task(page, path):
    """Do the first task of the notebook right, and the second with another handler."""
    open_notebook(page, path.name)
    cells, answered = nbformat.read(path, as_version=4).cells, answers(lab)
    found = {task_of(cell): number for number, cell in enumerate(cells) if task_of(cell)}
    wrong = answered["function"].cell.replace('"lambda_function.lambda_handler"', '"main.handler"')
    write_into(page, {found["role"]: answered["role"].cell, found["function"]: wrong})
    run_above(page, found["function"] + 1)
    save(page)


def test_picture_of_the_panel_shows_tasks_and_parts_in_their_states(page, jupyterlab):
    work_to_the_second_task(page, jupyterlab.course / "notebooks" / lab.file.notebook)
    panel = page.locator(".jp-NotebookPanel:visible .lab-live").first
    expect(panel).to_contain_text("7 of 13 points", timeout=PATIENCE)
    tasks = [panel.get_by_role("region", name=f"Task {number}", exact=True) for number in range(1, len(TASKS) + 1)]
    for task, state in zip(tasks, TASKS, strict=True):
        expect(task).to_contain_text(state, timeout=PATIENCE)
        expect(task).not_to_contain_text("does not count", timeout=PATIENCE)  # The notebook is saved.
    for part in PARTS:
        expect(panel.locator("svg desc").first).to_contain_text(part)
    page.evaluate(TO_THE_PANEL)
    first, last = panel.bounding_box(), tasks[-1].bounding_box()
    clip = {key: first[key] for key in ("x", "y", "width")} | {"height": last["y"] + last["height"] + 8 - first["y"]}
    page.screenshot(path=ARTIFACTS / "panel.png", clip=clip)
