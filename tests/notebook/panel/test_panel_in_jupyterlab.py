"""The lab panel and the quiz in a real JupyterLab, in Chromium, as a learner uses them: by mouse and by keyboard."""

import json
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from jupyter_client import BlockingKernelClient
from matplotlib.figure import Figure

from lab_harness.account.services import known_services
from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.emulators.embedded import Embedded
from lab_harness.handing_in.bundle import unpack
from lab_harness.lab.labs import load_lab
from lab_harness.lab.notebooks import task_of
from lab_harness.lab.solutions import answers
from lab_harness.learner.progress import Progress
from lab_harness.notebook.console.tabs import EVERYWHERE
from lab_harness.render.architecture import architecture
from lab_harness.render.figure import plot
from lab_harness.results import LabReport
from tests.browser import ARTIFACTS, VIEWPORT
from tests.conftest import ROOT, SAMPLE_LABS
from tests.jupyterlab import (
    PATIENCE,
    close_all,
    open_notebook,
    run_above,
    run_cell,
    run_these,
    save,
    select,
    set_theme,
    write_into,
)
from tests.waiting import wait_until

expect = pytest.importorskip("playwright.sync_api").expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

SMALLEST = """column => {
  const scale = (svg) => svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
  const size = (each) => parseFloat(getComputedStyle(each).fontSize) * scale(each.ownerSVGElement);
  return Math.min(...[...column.querySelectorAll("p, h3, h4, span, button, summary, text")].map(size));
}"""
RESTART = """async () => { await jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"""
DARK, LIGHT = "JupyterLab Dark", "JupyterLab Light"
OPEN_QUEUE = 'from lab_harness import open_lab\n\nlab = open_lab("queue")'
IMPORTS = "import contextlib, json, boto3\n\niam = boto3.client('iam')\n"  # of a notebook's answers
CREATE_QUEUE = 'import boto3\n\nurl = boto3.client("sqs").create_queue(QueueName="sample-queue")["QueueUrl"]'

# What README's picture of the panel shows; `make picture` keeps it as docs/panel.png.
PICTURE_WIDTH = 1320  # pixels of a window in which the panel is as wide as GitHub shows a picture
TASKS = ("done", "not right yet", "not looked at yet", "not looked at yet")
PARTS = ("hello-world-role: right", "hello-world: not right yet", "/aws/lambda/hello-world: not looked at yet")
TO_THE_PANEL = "async () => { await jupyterapp.shell.currentWidget.content.scrollToItem(2, 'start'); }"


@pytest.fixture(scope="module", autouse=True)
def patience():
    """Playwright's assertions wait longer than they do by themselves."""
    expect.set_options(timeout=PATIENCE)
    yield
    expect.set_options(timeout=5000)


@pytest.fixture
def jupyterlab(jupyterlab):
    """JupyterLab in a copy of the course that has two sample labs, too, and a lab whose panel has every tab."""
    labs = jupyterlab.course / "labs"
    everything = labs / "everything"
    shutil.copytree(ROOT / "labs" / "hello_lambda", everything)
    services = sorted(known_services().keys() | {"cloudwatch"})
    described = re.sub(
        r"(?m)^services = .*", f"services = {json.dumps(services)}", (everything / "lab.toml").read_text()
    )
    (everything / "lab.toml").write_text(described)
    for name in ("queue", "sleepy"):
        for sample in ("queue", name):
            shutil.copytree(SAMPLE_LABS / sample, labs / name, dirs_exist_ok=True)
    return jupyterlab


@pytest.fixture
def account(jupyterlab):
    """The learner's account."""
    return Clients(Embedded(jupyterlab.home), as_learner=True)


@pytest.fixture
def page(empty_window):
    """JupyterLab without an open notebook."""
    return empty_window


@pytest.fixture
def queue(jupyterlab, page):
    """The lab `queue`, open in a notebook, untouched; the cell below it creates the queue."""
    jupyterlab.write("queue.ipynb", OPEN_QUEUE, CREATE_QUEUE, "")
    kernel = open_notebook(page, "queue.ipynb")
    run_cell(page, 0)
    panel(page).wait_for()
    return kernel


def progress_of(jupyterlab):
    return Progress(jupyterlab.home / "progress.sqlite")


def panel(page):
    """The panel in the notebook that is shown."""
    return page.locator(".jp-NotebookPanel:visible .lab-live").first


def task(page, number):
    return panel(page).get_by_role("region", name=f"Task {number}", exact=True)


def see(page, number, state):
    """Wait until a task is shown in this state: done, wrong, todo, unseen or checking."""
    expect(task(page, number)).to_have_class(re.compile(rf"\blab-is-{state}\b"))


def button(shown, name):
    return shown.get_by_role("button", name=name, exact=True)


def complete(lab, answered):
    """The tasks of which every check, with all that it needs, is about tasks that were answered."""
    tasks = {}
    for check in lab.all_checks:  # needs are always declared earlier
        tasks[check.name] = {check.task}.union(*(tasks[name] for name in check.needs))
    checks_of = {each.id: [check.name for check in lab.all_checks if check.task == each.id] for each in lab.tasks}
    return {each for each, names in checks_of.items() if all(tasks[name] <= answered for name in names)}


def see_ticks(page, lab, answered):
    """Wait until every task that can be done now is ticked."""
    for number, each in enumerate(lab.tasks, 1):
        if each.id in complete(lab, answered):
            see(page, number, "done")


def without_checks(path):
    """Take out of a notebook the cells that ask for a check, and return the cells that are left."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith("lab.check(")]
    nbformat.write(notebook, path)
    return notebook.cells


@pytest.mark.parametrize("lab_id", ["hello_lambda", "orders_pipeline", "termination_alert"])
def test_each_task_of_a_lab_ticks_itself_when_it_is_built(lab_id, page, jupyterlab):
    """By the menu's command, all cells up to the next task at once; that they are typed and run by keys others test."""
    lab = load_lab(lab_id)
    notebook, solutions, answered = lab.file.notebook, answers(lab), set()
    cells = without_checks(jupyterlab.course / "notebooks" / notebook)
    tasks = {index: task for index, cell in enumerate(cells) if (task := task_of(cell))}
    open_notebook(page, notebook)
    write_into(page, {index: solutions[task].cell for index, task in tasks.items()})
    begun = 0
    for index, task in tasks.items():
        run_these(page, begun, index - 1)
        see_ticks(page, lab, answered)
        run_these(page, index, index)
        answered.add(task)
        begun = index + 1
    see_ticks(page, lab, answered)
    expect(panel(page).get_by_text("all done")).to_be_attached()
    assert page.locator(".jp-Notebook:visible [data-mime-type*=error]").count() == 0
    progress = progress_of(jupyterlab).of(lab_id)
    assert set(progress.passed) == set(lab.check_names)
    assert not any(progress.tries.values()), "nobody asked for a check"


def test_a_half_built_task_is_not_right_yet_and_says_what_to_do_next(page, jupyterlab):
    solution = answers(load_lab("hello_lambda"))["role"].source
    first, call, rest = solution.partition("iam.attach_role_policy(")
    opening = OPEN_QUEUE.replace("queue", "hello_lambda")
    jupyterlab.write("half.ipynb", opening, f"{IMPORTS}{first}", call + rest, "")
    open_notebook(page, "half.ipynb")
    run_cell(page, 0)
    run_cell(page, 1)
    see(page, 1, "wrong")
    shown = task(page, 1)
    expect(shown).to_contain_text("✗ not right yet")
    expect(shown.get_by_text("The role may write logs").first).to_be_visible()
    for what in ("expected", "found", "next"):
        expect(shown.locator("dt").get_by_text(what).first).to_be_visible()
    told, card = shown.locator(".lab-found").first.bounding_box(), shown.bounding_box()
    assert told["x"] + told["width"] <= card["x"] + card["width"], "what was found runs out of its card"
    expect(task(page, 2)).to_contain_text("○ to do")
    run_cell(page, 2)
    see(page, 1, "done")
    expect(shown.locator("dt")).to_have_count(0)


@pytest.mark.usefixtures("queue")
def test_hints_come_one_at_a_time_and_are_counted(page, jupyterlab):
    for number in (1, 2, 3):
        button(task(page, 1), f"Hint {number} of 3 for task 1").click()
        expect(task(page, 1).get_by_text(f"Hint {number} of 3.")).to_be_visible()
        expect(task(page, 1).get_by_role("list", name="Hints for task 1").get_by_role("listitem")).to_have_count(number)
        assert progress_of(jupyterlab).of("queue").hints == {"queue": number}
    expect(task(page, 1).locator("[data-do=hint]")).to_have_count(0)


@pytest.mark.usefixtures("queue")
def test_a_solution_is_shown_only_to_whoever_says_yes(page, jupyterlab):
    solution = button(task(page, 1), "Solution of task 1")
    solution.click()
    button(task(page, 1).get_by_role("group", name="Show the answer?"), "No").click()
    expect(solution).to_be_focused()
    expect(task(page, 1).locator("pre")).to_have_count(0)
    assert not progress_of(jupyterlab).of("queue").solutions
    solution.click()
    button(task(page, 1), "Yes, show it").click()
    expect(task(page, 1).locator("pre")).to_contain_text('create_queue(QueueName="sample-queue")')
    assert progress_of(jupyterlab).of("queue").solutions == {"queue"}
    button(task(page, 1), "Hide the solution of task 1").click()
    expect(task(page, 1).locator("pre")).to_have_count(0)


@pytest.mark.usefixtures("queue")
def test_a_double_click_and_a_key_held_down_ask_for_one_thing(page, jupyterlab):
    button(panel(page), "Hint 1 of 3 for task 1").dblclick()
    expect(button(panel(page), "Hint 2 of 3 for task 1")).to_be_visible()
    focus_by_tab(page, button(panel(page), "Reset the lab"))
    for _ in range(3):  # without a keyup between them, as of a key that is held down
        page.keyboard.down("Enter")
    expect(button(panel(page), "Yes, remove it")).to_be_focused()
    page.keyboard.up("Enter")
    page.keyboard.press("Escape")
    expect(panel(page).get_by_role("status")).to_be_empty()
    assert progress_of(jupyterlab).of("queue").hints == {"queue": 1}


@pytest.mark.usefixtures("queue")
def test_a_question_stays_while_its_task_changes(page, account):
    button(panel(page), "Solution of task 1").click()
    account["sqs"].create_queue(QueueName="sample-queue")
    see(page, 1, "done")
    expect(button(panel(page), "Yes, show it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button(panel(page), "Solution of task 1")).to_be_focused()


@pytest.mark.usefixtures("queue")
def test_a_reset_removes_what_was_built_once_the_learner_is_sure(page, account):
    see(page, 1, "todo")
    run_cell(page, 1)
    see(page, 1, "done")
    said = panel(page).get_by_role("status").element_handle()
    reset, question = button(panel(page), "Reset the lab"), panel(page).get_by_role("group", name="Remove what")
    reset.click()
    button(question, "No").click()
    expect(reset).to_be_focused()
    see(page, 1, "done")
    reset.click()
    button(question, "Yes, remove it").click()
    see(page, 1, "todo")
    expect(task(page, 1)).to_contain_text("You have done this before")
    expect(panel(page).get_by_role("status")).to_contain_text("AWS::SQS::Queue sample-queue")
    assert not account["sqs"].list_queues().get("QueueUrls")
    expect(question).to_have_count(0)
    for _ in range(2):  # again, with nothing left to remove
        reset.click()
        button(question, "Yes, remove it").click()
        expect(question).to_have_count(0)
        expect(panel(page).get_by_role("status")).to_contain_text("There was nothing to remove.")
    assert "nothing to remove" in said.text_content()  # a screen reader hears what changes in a place that stays


def test_nothing_ticks_itself_while_that_is_switched_off(page, jupyterlab):
    # The cell goes on for longer than a panel that checks by itself would wait.
    jupyterlab.write(
        "off.ipynb", OPEN_QUEUE, f"{CREATE_QUEUE}\nimport time\n\ntime.sleep(2)\nprint('I am', 'done')", ""
    )
    open_notebook(page, "off.ipynb")
    run_cell(page, 0)
    see(page, 1, "todo")  # once, when it is opened, it looks
    automatic = panel(page).get_by_role("checkbox", name="Check by itself")
    automatic.uncheck()
    button(panel(page), "Hint 1 of 3 for task 1").click()  # its answer comes after that to the box
    expect(panel(page).get_by_text("Hint 1 of 3.")).to_be_visible()
    select(page, 1)
    run_cell(page, 1)
    expect(page.get_by_text("I am done")).to_be_visible()
    see(page, 1, "todo")
    button(panel(page), "Check task 1").click()
    see(page, 1, "done")
    see(page, 2, "unseen")
    automatic.check()
    expect(panel(page).get_by_role("status")).not_to_be_empty()


@pytest.mark.usefixtures("queue")
def test_what_was_built_is_there_again_after_the_emulator_was_stopped_and_started(page, account):
    run_cell(page, 1)
    see(page, 1, "done")
    button(panel(page), "Stop the emulator").click()
    button(panel(page), "Yes, stop it").click()
    expect(panel(page)).to_contain_text("The embedded emulator does not run.")
    assert not account.emulator.healthy()
    button(panel(page), "Check task 2").click()
    expect(panel(page).get_by_role("alert")).to_contain_text("lab start")
    button(panel(page), "Start the emulator").click()
    expect(button(panel(page), "Stop the emulator")).to_be_visible()
    expect(panel(page).get_by_role("alert")).to_have_count(0)
    see(page, 1, "done")
    button(panel(page), "Check task 2").click()
    see(page, 2, "wrong")
    account["sqs"].send_message(
        QueueUrl=account["sqs"].get_queue_url(QueueName="sample-queue")["QueueUrl"], MessageBody="hello"
    )
    see(page, 2, "done")


@pytest.mark.usefixtures("queue")
def test_a_restarted_kernel_finds_what_was_built_before(page):
    run_cell(page, 1)
    see(page, 1, "done")
    page.keyboard.press("0")
    page.keyboard.press("0")
    page.get_by_role("dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    expect(panel(page)).to_have_class(re.compile("lab-dead"))
    select(page, 0)
    run_cell(page, 0)
    expect(panel(page)).not_to_have_class(re.compile("lab-dead"))
    see(page, 1, "done")
    see(page, 2, "wrong")  # the queue is there, and has 0 messages


def test_two_notebooks_that_are_open_at_once_tick_side_by_side(page, jupyterlab):
    hello = OPEN_QUEUE.replace("queue", "hello_lambda")
    role = IMPORTS + answers(load_lab("hello_lambda"))["role"].source
    for name, sources in {"one": (OPEN_QUEUE, CREATE_QUEUE, ""), "two": (hello, role, "")}.items():
        jupyterlab.write(f"{name}.ipynb", *sources)
        open_notebook(page, f"{name}.ipynb")
        run_cell(page, 0)
        panel(page).wait_for()
    expect(panel(page).get_by_role("heading", name="The simple Lambda function")).to_be_visible()
    run_cell(page, 1)
    see(page, 1, "done")
    page.get_by_role("tab", name="one.ipynb").click()
    expect(panel(page).get_by_role("heading", name="A queue")).to_be_visible()
    see(page, 1, "todo")
    select(page, 1)
    run_cell(page, 1)
    see(page, 1, "done")
    page.get_by_role("tab", name="two.ipynb").click()
    see(page, 1, "done")
    see(page, 2, "todo")


def threads(jupyterlab, kernel):
    """The names of a kernel's threads, asked for beside the notebook."""
    client = BlockingKernelClient(connection_file=str(jupyterlab.runtime / f"kernel-{kernel}.json"))
    client.load_connection_file()
    client.start_channels()
    try:
        names = {"names": "' '.join(each.name for each in __import__('threading').enumerate())"}
        reply = client.execute("", silent=True, user_expressions=names, reply=True, timeout=PATIENCE / 1000)
        return reply["content"]["user_expressions"]["names"]["data"]["text/plain"]
    finally:
        client.stop_channels()


def test_the_account_is_watched_until_the_notebook_is_closed(page, jupyterlab, account):
    # JupyterLab closes the connection first, so the panel only misses the notebook's signs of life.
    impatient = "from lab_harness.notebook.panel import background\n\nbackground.FORGOTTEN_AFTER = 0.5"
    jupyterlab.write("closed.ipynb", OPEN_QUEUE, impatient, "")
    kernel = open_notebook(page, "closed.ipynb")
    run_cell(page, 0)
    panel(page).wait_for()
    wait_until(lambda: "lab-panel-watch" in threads(jupyterlab, kernel), PATIENCE / 1000)
    run_cell(page, 1)
    page.get_by_role("tab", name="closed.ipynb").locator(".lm-TabBar-tabCloseIcon").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.locator(".lab-live")).to_have_count(0)

    def watched():
        account["sqs"].create_queue(QueueName="other")  # at a change the panel sees whether anybody looks
        return "lab-panel-watch" in threads(jupyterlab, kernel)

    wait_until(lambda: not watched(), PATIENCE / 1000)


def test_a_cell_that_is_run_again_has_one_panel_that_watches(queue, page, jupyterlab, account):
    select(page, 0)
    run_cell(page, 0)
    panel(page).wait_for()

    def watches():
        account["sqs"].create_queue(
            QueueName="other"
        )  # a watch that was stopped ends when its last question is answered
        return threads(jupyterlab, queue).count("lab-panel-watch")

    wait_until(lambda: watches() == 1, PATIENCE / 1000)
    run_cell(page, 1)
    see(page, 1, "done")


def test_a_click_is_answered_while_checks_and_a_cell_run(page, jupyterlab):
    jupyterlab.write("sleepy.ipynb", OPEN_QUEUE.replace("queue", "sleepy"), 'lab.check("queue")', "")
    open_notebook(page, "sleepy.ipynb")
    run_cell(page, 0)
    button(panel(page), "Check task 1").click()
    see(page, 1, "checking")
    select(page, 1)
    run_cell(page, 1)
    expect(page.locator(".jp-InputPrompt:visible", has_text="[*]")).to_have_count(1)
    button(panel(page), "Hint 1 of 3 for task 1").click()
    expect(panel(page).get_by_text("Hint 1 of 3.")).to_be_visible()
    see(page, 1, "checking")
    assert contrast(button(panel(page), "Checking…").first) >= 4.5  # axe leaves out what cannot be pressed
    expect(page.locator(".jp-InputPrompt:visible", has_text="[*]")).to_have_count(1)


@pytest.mark.parametrize("work", ["time.sleep(600)", "while True: pass"])
def test_two_panels_of_one_cell_answer_at_once_while_the_cell_below_runs(work, page, jupyterlab):
    """They are shown only when that cell has begun, which then speaks last to the kernel's browsers."""
    jupyterlab.write("two.ipynb", f"{OPEN_QUEUE}\nlab.panel()", f"import time\n\nprint('begun')\n{work}", "")
    open_notebook(page, "two.ipynb")
    run_cell(page, 0)
    run_cell(page, 1)
    views = page.locator(".jp-NotebookPanel:visible .lab-live")
    expect(views).to_have_count(2)
    expect(page.get_by_text("begun", exact=True)).to_be_visible()
    for number, view in enumerate(views.all(), 1):
        button(view, f"Hint {number} of 3 for task 1").click()
        for each in views.all():
            expect(each.get_by_text(f"Hint {number} of 3.")).to_be_visible()
    button(views.first, "Check all").click()
    expect(task(page, 1)).to_contain_text("Section 1 shows create_queue.")
    expect(page.locator(".jp-InputPrompt:visible", has_text="[*]")).to_have_count(1)


def test_a_saved_notebook_shows_the_last_state_without_its_kernel(page, jupyterlab, window):
    hello = OPEN_QUEUE.replace("queue", "hello_lambda")
    role = IMPORTS + answers(load_lab("hello_lambda"))["role"].source
    path = jupyterlab.write("saved.ipynb", hello, role, "")
    open_notebook(page, "saved.ipynb")
    run_cell(page, 0)
    panel(page).wait_for()
    run_cell(page, 1)
    see(page, 1, "done")
    wait_until(lambda: save(page) or "4 of 13 points" in path.read_text(encoding="utf-8"), PATIENCE / 1000)
    close_all(page)
    page.goto(jupyterlab.url("lab/tree/saved.ipynb"))
    see_last_state(page.locator(".jp-Notebook"))
    converted = convert_to_html(path)
    with window.context.browser.new_context(offline=True, viewport=VIEWPORT) as offline:
        shown = offline.new_page()
        shown.goto(converted.as_uri())
        see_last_state(shown.locator("body"))
        shown.screenshot(path=ARTIFACTS / "saved.png")


def see_last_state(shown):
    """See the static panel, with one task done, and nothing that a missing kernel leaves behind."""
    snapshot = shown.locator(".lab-snapshot")
    expect(snapshot.get_by_text("4 of 13 points")).to_be_visible()
    expect(snapshot.get_by_role("region", name="Task 1")).to_contain_text("✓ done")
    expect(snapshot.get_by_role("img", name="the architecture")).to_be_visible()
    expect(snapshot.get_by_role("button")).to_have_count(0)
    for message in shown.get_by_text("Error displaying widget").all():
        expect(message).to_be_hidden()


def convert_to_html(path):
    """Convert a notebook by nbconvert, as a learner does, and return the page's path."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level", "ERROR", str(path)]
    subprocess.run(command, check=True)
    return path.with_suffix(".html")


@pytest.mark.usefixtures("queue")
def test_the_panel_stands_beside_the_notebook_in_front_and_revives_with_its_kernel(jupyterlab, page):
    beside = page.locator(".lab-beside:visible")
    button(panel(page), "Show beside the notebook").click()
    expect(beside).to_have_count(1)
    assert beside.bounding_box()["width"] == 360
    cells = page.locator(".jp-NotebookPanel:visible .jp-Cell").first.bounding_box()
    assert cells["x"] + cells["width"] <= beside.bounding_box()["x"]
    assert beside.evaluate(SMALLEST) >= 11
    page.screenshot(path=ARTIFACTS / "beside.png")
    both = page.locator(".lab-live:visible")
    button(beside, "Hint 1 of 3 for task 1").click()
    for shown in both.all():
        expect(shown.get_by_text("Hint 1 of 3.")).to_be_visible()
    select(page, 1)
    run_cell(page, 1)
    for shown in both.all():
        expect(shown.locator(".lab-task").first).to_have_class(re.compile("lab-is-done"))
    page.evaluate(RESTART)
    expect(beside.locator(".lab-dead")).to_be_visible()
    select(page, 0)
    run_cell(page, 0)
    expect(beside.locator(".lab-live:not(.lab-dead)")).to_be_visible()
    expect(beside.locator(".lab-task").first).to_have_class(re.compile("lab-is-done"))
    jupyterlab.write("sleepy.ipynb", OPEN_QUEUE.replace("queue", "sleepy"), "")
    open_notebook(page, "sleepy.ipynb")
    expect(beside).to_have_count(0)
    run_cell(page, 0)
    expect(beside).to_have_count(1)  # that of the notebook in front, which was opened since
    button(beside, "Close the panel beside the notebook").click()
    expect(page.locator(".lab-beside")).to_have_count(0)  # nor beside the other notebook


def focus_by_tab(page, control):
    """Move the focus to a control by the Tab key alone."""
    for _ in range(60):
        if control.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail("the Tab key does not reach it")


ANEW = """import boto3

sqs = boto3.client("sqs")
sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="first-steps")["QueueUrl"])
sqs.create_queue(QueueName="first-steps")"""


def test_a_cell_that_works_only_here_is_found_by_a_rehearsal_and_handed_in_all_the_same(page, jupyterlab, account):
    """The click saves the notebook, as the learner's own Ctrl-S does."""
    path = jupyterlab.write("mine.ipynb", OPEN_QUEUE.replace("queue", "first_steps"), "# Your code here", "")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata["tags"] = ["task:queue"]
    nbformat.write(notebook, path)
    account["sqs"].create_queue(QueueName="first-steps")
    open_notebook(page, "mine.ipynb")
    run_cell(page, 0)
    run_cell(page, 1, ANEW)
    see(page, 1, "done")
    button(panel(page), "Rehearse the grade").click()
    expect(button(panel(page), "Stop the rehearsal")).to_be_visible()
    expect(task(page, 1)).to_contain_text("Not built by the notebook alone", timeout=3 * PATIENCE)
    expect(panel(page)).to_contain_text("What failed first: the cell of the task 'queue', at `sqs.delete_queue(")
    see(page, 1, "done")
    button(panel(page), "Hand in").click()
    panel(page).get_by_label("Your name").fill("Ana Example")
    button(panel(page), "Make the file").click()
    expect(panel(page)).to_contain_text(f"Hand in {path.parent / 'first_steps-ana-example.zip'}")
    assert ANEW.encode().splitlines()[0] in unpack((path.parent / "first_steps-ana-example.zip").read_bytes()).notebook


@pytest.mark.usefixtures("queue")
def test_the_panel_is_used_by_keyboard_alone(page):
    select(page, 0)
    focus_by_tab(page, button(panel(page), "Hint 1 of 3 for task 1"))
    for number, key in enumerate(("Enter", "Space", "Enter"), 1):
        page.keyboard.press(key)
        expect(panel(page).get_by_text(f"Hint {number} of 3.")).to_be_visible()
        rest = button(panel(page), f"Hint {number + 1} of 3 for task 1" if number < 3 else "Check task 1")
        expect(rest).to_be_focused()
    for key in ("a", "b", "d", "d", "x", "m", "0", "0"):  # of JupyterLab: new cells, no cell, Markdown, a new kernel
        page.keyboard.press(key)
    expect(button(panel(page), "Check task 1")).to_be_focused()
    expect(page.locator(".jp-Notebook:visible .jp-CodeCell")).to_have_count(3)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(task(page, 1)).to_contain_text("Section 1 shows create_queue.")
    expect(button(panel(page), "Check task 1")).to_be_focused()
    focus_by_tab(page, button(panel(page), "Solution of task 1"))
    page.keyboard.press("Enter")
    expect(button(panel(page), "Yes, show it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button(panel(page), "Solution of task 1")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(button(panel(page), "Hide the solution of task 1")).to_be_focused()


@pytest.mark.usefixtures("queue")
def test_arrow_keys_go_from_tab_to_tab(page):
    focus_by_tab(page, panel(page).get_by_role("tab", name="Queues"))
    for key, name in {"ArrowRight": "Timeline", "End": "AWS calls", "Home": "Queues", "ArrowLeft": "AWS calls"}.items():
        page.keyboard.press(key)
        expect(panel(page).get_by_role("tab", name=name, selected=True)).to_be_focused()
        expect(panel(page).get_by_role("tabpanel", name=name)).to_be_visible()


def test_a_stopped_emulator_leaves_the_focus_on_the_button_that_starts_it(queue, page):
    focus_by_tab(page, button(panel(page), "Stop the emulator"))
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(button(panel(page), "Start the emulator")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button(panel(page), "Stop the emulator")).to_be_focused()


@pytest.fixture
def quiz(jupyterlab, page):
    """The quiz of the lab `queue`, open in a notebook: a question of each kind."""
    jupyterlab.write("quiz.ipynb", f"{OPEN_QUEUE};", "lab.quiz()", "")
    open_notebook(page, "quiz.ipynb")
    run_cell(page, 0)
    run_cell(page, 1)
    shown = page.locator(".jp-NotebookPanel:visible .lab-live").last
    shown.get_by_role("progressbar", name="Questions answered right").wait_for()
    return shown


def test_each_kind_of_question_is_answered_by_keyboard_alone(quiz, page, jupyterlab):
    questions = load_lab("queue", Course(jupyterlab.course)).quiz.questions
    single, multiple, ordering, numeric = (quiz.get_by_role("group", name=each.text) for each in questions[:4])

    focus_by_tab(page, single.get_by_role("radio").first)
    chosen = single.get_by_role("radio", name=questions[0].right[0])
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        if chosen.is_checked():
            break
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(single).to_contain_text("Right.")
    expect(button(single, "Answer question 1 again")).to_be_focused()

    for right in questions[1].right:
        focus_by_tab(page, multiple.get_by_role("checkbox", name=right))
        page.keyboard.press("Space")
    focus_by_tab(page, button(multiple, "Answer question 2"))
    page.keyboard.press("Space")
    expect(multiple).to_contain_text("Right.")

    focus_by_tab(page, button(ordering, "Answer question 3"))
    page.keyboard.press("Enter")
    expect(ordering).to_contain_text("Not right.")
    for place, entry in enumerate(questions[2].order):
        up = button(ordering, f"Move up: {entry}")
        focus_by_tab(page, up)
        while entries(ordering).index(entry) > place:
            page.keyboard.press("Enter")
            expect(up).to_be_focused()
    expect(ordering.get_by_role("status")).to_contain_text("is now number")
    focus_by_tab(page, button(ordering, "Answer question 3"))
    page.keyboard.press("Enter")
    expect(ordering).to_contain_text("Right.")

    focus_by_tab(page, numeric.get_by_role("textbox"))
    page.keyboard.type("20")
    page.keyboard.press("Enter")
    expect(numeric).to_contain_text("Right.")
    expect(quiz).to_contain_text("4 of 5 right")
    assert len(progress_of(jupyterlab).of("queue").right) == 4
    expect(page.locator(".jp-Notebook:visible .jp-CodeCell")).to_have_count(3)


def test_a_quiz_can_be_read_when_its_kernel_has_ended(quiz):
    quiz.evaluate("node => node.classList.add('lab-dead')")
    expect(quiz.get_by_role("group").first).to_be_visible()
    expect(button(quiz, "Answer question 1")).to_be_hidden()


def contrast(element):
    """The contrast of an element's text with its own background, by WCAG's formula."""
    return element.evaluate("""node => {
        const light = colour => {
            const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(value => value / 255)
                .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const { color, backgroundColor } = getComputedStyle(node);
        const [darker, lighter] = [light(color), light(backgroundColor)].sort((one, other) => one - other);
        return (lighter + 0.05) / (darker + 0.05);
    }""")


def entries(question):
    return question.locator(".lab-order li > span").all_inner_texts()


def serious_issues(page, selector):
    """What axe-core calls serious or critical in these parts of the page, with the place of each."""
    page.evaluate("document.body.style.minHeight = '100vh'")  # it has no height, so axe takes all for clipped away
    page.locator(selector).first.scroll_into_view_if_needed()  # nor does it see what is below the window's end
    found = axe.run(page, selector, {"resultTypes": ["violations"]}).response
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}, "axe has seen no text"
    return [
        f"{issue['id']} at {place['target']}: {place['failureSummary']}"
        for issue in found["violations"]
        if issue["impact"] in ("serious", "critical")
        for place in issue["nodes"]
    ]


@pytest.fixture(params=[LIGHT, DARK])
def theme(request, page):
    """JupyterLab in its light theme, and in its dark one."""
    set_theme(page, request.param)
    yield request.param
    set_theme(page, LIGHT)


@pytest.fixture
def full_account(account):
    """An account in which every tab has something to show."""
    for lab_id in ("hello_lambda", "orders_pipeline", "state_machine", "termination_alert", "web_app"):
        load_lab(lab_id).solve(account)
    account["lambda"].invoke(FunctionName="process-pet-order", Payload=json.dumps({"Records": "no list"}))
    (policy,) = account["iam"].list_attached_role_policies(RoleName="hello-world-role")["AttachedPolicies"]
    account["iam"].detach_role_policy(RoleName="hello-world-role", PolicyArn=policy["PolicyArn"])


@pytest.fixture
def tall_page(page):
    """JupyterLab in a window so high that a whole panel is seen at once."""
    page.set_viewport_size(VIEWPORT | {"height": 3600})
    yield page
    page.set_viewport_size(VIEWPORT)


@pytest.mark.usefixtures("full_account")
def test_axe_finds_nothing_serious_in_the_panel(tall_page, jupyterlab):
    page = tall_page
    jupyterlab.write("all.ipynb", OPEN_QUEUE.replace("queue", "everything"), "")
    open_notebook(page, "all.ipynb")
    run_cell(page, 0)
    see(page, 1, "wrong")
    see(page, 2, "done")
    button(panel(page), "Hint 1 of 3 for task 1").click()
    button(panel(page), "Solution of task 1").click()
    button(panel(page), "Yes, show it").click()
    task(page, 1).locator("pre").wait_for()
    for summary in panel(page).locator("summary").all():
        summary.click()
    tabs = panel(page).get_by_role("tab").all()
    assert len(tabs) == len({*EVERYWHERE, *(tab for each in known_services().values() for tab in each.tabs)})
    issues = []
    for theme in (LIGHT, DARK):
        set_theme(page, theme)
        for tab in tabs:
            tab.click()
            expect(panel(page).get_by_role("tabpanel", name=tab.inner_text())).to_be_visible()
            expect(panel(page)).not_to_contain_text("Looking…")
            issues += serious_issues(page, ".lab-live [data-fragment=console]")
        issues += serious_issues(page, ".lab-live")
        page.screenshot(path=ARTIFACTS / f"panel-{'light' if theme == LIGHT else 'dark'}.png")
    set_theme(page, LIGHT)
    assert issues == []


def pictures(page):
    """The pictures that cells show, below the panel."""
    return page.locator(".jp-NotebookPanel:visible .jp-RenderedHTML > div > .lab-picture svg")


def test_pictures_in_cells_are_named_and_read_beside_the_panel_in_a_small_window(theme, page, jupyterlab):
    hello = OPEN_QUEUE.replace("queue", "hello_lambda")
    jupyterlab.write("pictures.ipynb", hello, "lab.diagram()", "lab.diagram()", "")
    page.set_viewport_size({"width": 1366, "height": 768})
    open_notebook(page, "pictures.ipynb")
    run_cell(page, 0)
    button(panel(page), "Show beside the notebook").click()
    for number in (1, 2):
        select(page, number)
        run_cell(page, number)
        expect(pictures(page)).to_have_count(number)
    for shown in pictures(page).all():
        shown.scroll_into_view_if_needed()
        assert shown.evaluate(SMALLEST.replace("column =>", "svg => (column =>", 1) + ")(svg.parentElement)") >= 9.9
        frame = shown.evaluate("svg => [svg.parentElement.scrollWidth, svg.parentElement.clientWidth]")
        assert frame[0] <= frame[1], "it is cut off"
    expect(page.get_by_role("img", name="The simple Lambda function: the architecture")).not_to_have_count(0)
    page.screenshot(path=ARTIFACTS / f"picture-{'light' if theme == LIGHT else 'dark'}.png")
    ids = page.locator("svg [id]").evaluate_all("all => all.map(each => each.id)")
    assert len(ids) == len(set(ids))
    # Of axe's rules for texts a picture concerns none; the column has some to see.
    assert serious_issues(page, ".jp-OutputArea-output, .lab-beside .lab-live") == []
    page.set_viewport_size(VIEWPORT)


def test_picture_in_a_notebook_that_is_not_trusted_is_there_in_words(page, jupyterlab):
    """JupyterLab takes SVG away there, but not the texts that stood in it."""
    lab = load_lab("hello_lambda")
    found = architecture(lab.title, lab.file.diagram, LabReport(lab.id, lab.title, "embedded", ()))
    path = jupyterlab.write("strange.ipynb", "'run by somebody else'")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", data=found._repr_mimebundle_())]
    nbformat.write(notebook, path)
    open_notebook(page, "strange.ipynb")
    output = page.locator(".jp-NotebookPanel:visible .jp-RenderedHTML")
    expect(output.locator("pre")).to_be_visible()
    assert output.locator("pre").inner_text() == found.text
    expect(output.locator("svg")).to_have_count(0)
    assert (
        output.evaluate("each => each.scrollHeight") < output.locator("pre").evaluate("each => each.offsetHeight") + 40
    )


PLOTTED = """
import matplotlib.pyplot as plt

for name in ("Rex", "Mia"):
    figure, axis = plt.subplots(figsize=(9, 2.4), layout="constrained")
    axis.bar([1, 2, 3], [2, 3, 1], color="none", edgecolor="black", hatch="//", label=name)
    axis.step([1, 2, 3], [1, 3, 2], "--", where="mid", label="limit")
    axis.set(title="A day", xlabel="seconds")
    axis.legend()
plt.show()"""
INKS = "svg => [...svg.querySelectorAll('text')].map(each => getComputedStyle(each).fill)"


def test_plots_have_the_themes_colours_a_name_and_ids_of_their_own(theme, page, jupyterlab):
    jupyterlab.write("plots.ipynb", OPEN_QUEUE, PLOTTED, "")
    page.set_viewport_size({"width": 1366, "height": 768})
    open_notebook(page, "plots.ipynb")
    run_cell(page, 0)
    button(panel(page), "Show beside the notebook").click()
    select(page, 1)
    run_cell(page, 1)
    expect(pictures(page)).to_have_count(2)
    expect(page.get_by_role("img", name="Plot. A day; 1 line, 3 bars; x: seconds; legend: limit, Mia")).to_have_count(1)
    for shown in pictures(page).all():
        (ink,) = set(shown.evaluate(INKS))
        assert ink == shown.evaluate("svg => getComputedStyle(svg).color")
        light = [float(part) for part in re.findall(r"[\d.]+", ink.removeprefix("color(srgb"))][:3]
        assert (min(light) > 0.5) == (theme == DARK)
        assert shown.evaluate("svg => getComputedStyle(svg).backgroundColor") == "rgba(0, 0, 0, 0)"
        frame = shown.evaluate("svg => [svg.parentElement.scrollWidth, svg.parentElement.clientWidth]")
        assert frame[0] <= frame[1], "it is cut off"
    ids = pictures(page).locator("[id]").evaluate_all("all => all.map(each => each.id)")
    assert len(ids) == len(set(ids)) > 0
    assert serious_issues(page, ".jp-OutputArea-output") == []
    pictures(page).last.scroll_into_view_if_needed()
    page.screenshot(path=ARTIFACTS / f"plots-{'light' if theme == LIGHT else 'dark'}.png")
    page.set_viewport_size(VIEWPORT)


def test_plot_in_a_notebook_that_is_not_trusted_is_an_image(page, jupyterlab):
    figure = Figure(figsize=(4, 2))
    figure.subplots().set_title("A day")
    path = jupyterlab.write("strange.ipynb", "'run by somebody else'")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", data=plot(figure)._repr_mimebundle_())]
    nbformat.write(notebook, path)
    open_notebook(page, "strange.ipynb")
    output = page.locator(".jp-NotebookPanel:visible .jp-RenderedHTML")
    image = output.get_by_role("img", name="Plot. A day")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    expect(output.locator("svg")).to_have_count(0)
    page.screenshot(path=ARTIFACTS / "plot-strange.png")


def test_axe_finds_nothing_serious_in_the_quiz(theme, quiz, page):
    for question in quiz.locator(".lab-question").all():
        for option in question.locator("input[type=radio], input[type=checkbox]").all():
            option.check()
        question.get_by_role("button", name="Answer").click()
    quiz.get_by_role("button", name="Explain question 2").click()
    expect(quiz.locator(".lab-help").first).to_be_visible()
    if theme == DARK:
        quiz.screenshot(path=ARTIFACTS / "quiz-dark.png")
    assert serious_issues(page, ".lab-live") == []


def test_axe_finds_nothing_serious_on_the_start_page(theme, page):
    open_notebook(page, "00_start.ipynb")
    for index in range(5):
        run_cell(page, index)
    expect(page.locator(".jp-OutputArea-output").get_by_text("looks found all well").first).to_be_visible()
    assert serious_issues(page, ".jp-OutputArea-output") == []


@pytest.fixture
def high_page(page):
    """JupyterLab in a window so high that all tasks are seen at once."""
    page.set_viewport_size({"width": PICTURE_WIDTH, "height": 1800})
    yield page
    page.set_viewport_size(VIEWPORT)


def work_to_the_second_task(page, path, lab):
    """Do the first task of the notebook right, and the second with another handler."""
    open_notebook(page, path.name)
    cells, answered = nbformat.read(path, as_version=4).cells, answers(lab)
    found = {task_of(cell): number for number, cell in enumerate(cells) if task_of(cell)}
    wrong = answered["function"].cell.replace('"lambda_function.lambda_handler"', '"main.handler"')
    write_into(page, {found["role"]: answered["role"].cell, found["function"]: wrong})
    run_above(page, found["function"] + 1)
    save(page)


def test_picture_of_the_panel_shows_tasks_and_parts_in_their_states(high_page, jupyterlab):
    page, lab = high_page, load_lab("hello_lambda")
    work_to_the_second_task(page, jupyterlab.course / "notebooks" / lab.file.notebook, lab)
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
