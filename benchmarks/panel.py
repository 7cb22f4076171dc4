"""What the panel costs and how fast it is, in a real JupyterLab in Chromium, as its user sees it.

* a change in the account → the task's tick on the screen, made by a cell and from outside;
* a click → its answer on the screen, while checks run that take far longer than 10 seconds;
* the kernel's memory and CPU with an open, idle panel, beside a kernel with the same lab's boto3 clients alone;
* a new row on top of a table of 500, beside putting the whole table's HTML in the old one's place.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from rich.table import Table

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.notebook.console.calls import COLUMNS
from lab_harness.render import blocks
from tests.browser import VIEWPORT, open_chromium
from tests.conftest import SAMPLE_LABS
from tests.jupyterlab import JupyterLab, close_all, open_jupyterlab, open_notebook, run_cell, select, show_jupyterlab
from tests.live_views import show_view
from tests.waiting import wait_until

ROUNDS = 7
IDLE_SECONDS = 30.0
PATIENCE = 30.0  # seconds
CALM = 3.0  # percent of a core
OPEN = 'from lab_harness import open_lab\n\nlab = open_lab("{}")'
CREATE = 'import boto3, time\n\nboto3.client("sqs").create_queue(QueueName="sample-queue")\nprint(f"at {time.time()}")'
CLIENTS_ALONE = (
    'import boto3\n\nclients = [boto3.client(name) for name in ("iam", "lambda", "logs", "cloudwatch")]\nclients'
)
# The times at which a selector began to match, by the clock that Python's time.time() reads, in seconds.
WATCH = """selector => {
  window.matched = null;
  const look = () => {
    if (window.matched === null && document.querySelector(selector)) {
      requestAnimationFrame(() => { window.matched ??= (performance.timeOrigin + performance.now()) / 1000; });
    }
  };
  window.watching?.disconnect();
  window.watching = new MutationObserver(look);
  window.watching.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
}"""
CLICK = """selector => {
  const at = (performance.timeOrigin + performance.now()) / 1000;
  document.querySelector(selector).click();
  return at;
}"""
# The milliseconds until a page has other fragments, laid out: by the view's script, or by replacing all of them.
UPDATE = """fragments => {
  const began = performance.now();
  window.change(fragments);
  document.body.offsetHeight;
  return performance.now() - began;
}"""
REPLACE = """fragments => {
  const began = performance.now();
  document.body.innerHTML = Object.values(fragments).join("");
  document.body.offsetHeight;
  return performance.now() - began;
}"""
ROWS = 500
DONE = ".jp-NotebookPanel .lab-live .lab-task.lab-is-done"


@contextmanager
def learner() -> Iterator[tuple[JupyterLab, Any, Clients]]:
    """A JupyterLab with two sample labs, the page that shows it, and the clients of its learner."""
    with tempfile.TemporaryDirectory() as folder:
        for lab in ("queue", "sleepy"):
            for sample in ("queue", lab):
                shutil.copytree(SAMPLE_LABS / sample, Path(folder) / "course" / "labs" / lab, dirs_exist_ok=True)
        with open_jupyterlab(Path(folder)) as jupyterlab, open_chromium() as browser:
            page = browser.new_page(viewport=VIEWPORT)
            show_jupyterlab(page, jupyterlab)
            emulator = Embedded(jupyterlab.home)
            emulator.start()
            yield jupyterlab, page, Clients(emulator, as_learner=True)
            close_all(page)


def after(page: Any, selector: str, act: Callable[[], float]) -> float:
    """The milliseconds from the moment that `act` returns to a frame in which the selector matches."""
    page.evaluate(WATCH, selector)
    began = act()
    page.wait_for_function("window.matched", timeout=PATIENCE * 1000)
    return float(page.evaluate("window.matched") - began) * 1000


def ticks_from_outside(page: Any, clients: Clients) -> Iterator[float]:
    """Milliseconds from a call of another program's, answered, to the tick."""

    def create() -> float:
        clients["sqs"].create_queue(QueueName="sample-queue")
        return time.time()

    for _ in range(ROUNDS):
        yield after(page, DONE, create)
        clients["sqs"].delete_queue(QueueUrl=clients["sqs"].get_queue_url(QueueName="sample-queue")["QueueUrl"])
        page.locator(DONE).wait_for(state="detached")


def ticks_of_a_cell(jupyterlab: JupyterLab, page: Any, clients: Clients) -> Iterator[float]:
    """Milliseconds from a call in a cell of the notebook, answered, to the tick."""
    jupyterlab.write("cells.ipynb", OPEN.format("queue"), *[CREATE] * ROUNDS, "")
    open_notebook(page, "cells.ipynb")
    run_cell(page, 0)
    page.locator(".jp-NotebookPanel .lab-live").wait_for()
    for number in range(1, ROUNDS + 1):
        page.evaluate(WATCH, DONE)
        run_cell(page, number)
        page.wait_for_function("window.matched", timeout=PATIENCE * 1000)
        printed = page.locator("[data-mime-type='application/vnd.jupyter.stdout']").nth(number - 1).inner_text()
        yield float(page.evaluate("window.matched") - float(printed.split()[-1])) * 1000
        clients["sqs"].delete_queue(QueueUrl=clients["sqs"].get_queue_url(QueueName="sample-queue")["QueueUrl"])
        page.locator(DONE).wait_for(state="detached")


def clicks_while_checks_run(jupyterlab: JupyterLab, page: Any) -> Iterator[float]:
    """Milliseconds from a click to the hint it asks for, while a check sleeps for a minute and a cell waits for it."""
    jupyterlab.write("sleepy.ipynb", OPEN.format("sleepy"), 'lab.check("queue")', "")
    open_notebook(page, "sleepy.ipynb")
    run_cell(page, 0)
    page.locator(".lab-live [data-do=check][data-task=queue]").click()
    page.locator(".lab-live .lab-is-checking").first.wait_for()
    select(page, 1)
    run_cell(page, 1)
    for number in (1, 2, 3):
        hint = f".lab-live .lab-task:first-child .lab-help > li:nth-child({number})"
        yield after(page, hint, lambda: float(page.evaluate(CLICK, ".lab-live [data-do=hint][data-task=queue]")))


def idle_cost(jupyterlab: JupyterLab, page: Any, name: str, source: str) -> tuple[float, float]:
    """The memory (MB) of a kernel that has run one cell, and the CPU (percent of a core) with which it idles."""
    jupyterlab.write(name, source, "")
    kernel = open_notebook(page, name)
    run_cell(page, 0)
    page.locator(".jp-Notebook:visible .jp-OutputArea-output:visible").first.wait_for()
    process = process_of(kernel)
    wait_until(lambda: process.cpu_percent(2.0) < CALM, PATIENCE)
    before = process.cpu_times()
    time.sleep(IDLE_SECONDS)
    now = process.cpu_times()
    percent = 100 * (now.user + now.system - before.user - before.system) / IDLE_SECONDS
    return process.memory_full_info().uss / 1e6, percent


def process_of(kernel: str) -> psutil.Process:
    """A kernel's process, found by the name of its connection file."""
    file = f"kernel-{kernel}.json"
    return next(each for each in psutil.process_iter(["cmdline"]) if file in " ".join(each.info["cmdline"] or ()))


def calls(first: int) -> dict[str, str]:
    """A fragment with a table of AWS calls, the newest on top."""
    numbers = range(first + ROWS, first, -1)
    rows = [(str(number), "learner", "sqs", f"Operation{number}", "200", "0.001") for number in numbers]
    return {"console": blocks.Table("AWS calls", COLUMNS, rows, filterable=True).html()}


def update_figures(table: Table) -> None:
    """What an update takes in the browser."""
    with open_chromium() as browser:
        updated, replaced = browser.new_page(viewport=VIEWPORT), browser.new_page(viewport=VIEWPORT)
        show_view(updated, calls(0))
        replaced.evaluate(REPLACE, calls(0))
        pairs = [
            (updated.evaluate(UPDATE, calls(n)), replaced.evaluate(REPLACE, calls(n))) for n in range(1, ROUNDS + 1)
        ]
    ours, whole = (list(values) for values in zip(*pairs, strict=True))
    ratio = f"{statistics.median(ours) / statistics.median(whole):.2f}"
    table.add_row(f"panel: a new row on top of a table of {ROWS}", milliseconds(ours), ratio)
    table.add_row("  putting the whole table in the old one's place", milliseconds(whole), "")


def panel_figures(table: Table) -> None:
    """What the panel's user waits for, and what it costs while nothing happens."""
    with learner() as (jupyterlab, page, clients):
        bare_memory, bare_cpu = idle_cost(jupyterlab, page, "bare.ipynb", CLIENTS_ALONE)
        memory, cpu = idle_cost(jupyterlab, page, "idle.ipynb", f"{CLIENTS_ALONE}\n{OPEN.format('hello_lambda')}")
        close_all(page)
        in_a_cell = list(ticks_of_a_cell(jupyterlab, page, clients))
        from_outside = list(ticks_from_outside(page, clients))
        close_all(page)
        clicks = list(clicks_while_checks_run(jupyterlab, page))
    table.add_row("panel: a change by a cell to its tick", milliseconds(in_a_cell), "")
    table.add_row("panel: a change by another program to its tick", milliseconds(from_outside), "")
    table.add_row("panel: a click to its answer while checks and a cell run", milliseconds(clicks), "")
    ratio = f"+{memory - bare_memory:.0f} MB"
    table.add_row("panel: memory of the kernel when idle", f"{memory:.0f} MB", ratio)
    table.add_row("  a kernel with the lab's boto3 clients alone", f"{bare_memory:.0f} MB", "")
    table.add_row("panel: CPU of the kernel when idle", f"{cpu:.2f} %", f"{bare_cpu:.2f} % without")
    update_figures(table)


def milliseconds(values: list[float]) -> str:
    """Median, least and most."""
    return f"{statistics.median(values):.0f} ms ({min(values):.0f}–{max(values):.0f})"
