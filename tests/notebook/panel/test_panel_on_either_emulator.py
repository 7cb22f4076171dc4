"""The lab panel with real labs, on either emulator: LocalStack tells of no calls, so there the account is looked at."""

import time

import pytest

from lab_harness.account.resources import remove_resources
from lab_harness.aws import Clients, using_emulator
from lab_harness.lab.labs import load_lab
from lab_harness.lab.solutions import CELL
from lab_harness.learner.progress import Progress
from lab_harness.notebook import OpenLab
from lab_harness.notebook.panel import background
from tests.waiting import wait_until

LABS = ["hello_lambda", "orders_pipeline"]
# Seconds in which a run that follows from nothing but the last one has begun
A_WHILE = {"embedded": 1.0, "localstack": 5.0}


@pytest.fixture
def open_panel(emulator, course, tmp_path, monkeypatch, outputs):
    """Opens a lab of the course whose resources are not there, and shows its panel; notes each quiet run in `runs`."""
    monkeypatch.setattr(background, "LONGEST_WAIT", 0.2)
    opened = []

    def make(lab_id):
        lab = OpenLab(load_lab(lab_id, course), emulator, Progress(tmp_path / "progress.sqlite"))
        if emulator.name == "embedded":
            emulator.reset()
        remove_resources(lab.lab, Clients(emulator))
        opened.append(lab)
        lab.runs.ended = []
        monkeypatch.setattr(lab.runs, "run_quietly", noted(lab.runs.run_quietly, lab.runs.ended))
        act(lab, "alive")
        wait_until(lambda: lab.runs.ended)
        return lab

    with using_emulator(emulator):
        yield make
        for lab in opened:
            act(lab, "closed")
            remove_resources(lab.lab, Clients(emulator))


def noted(run, ended):
    """The same run, whose end is noted."""

    def run_and_note(*arguments):
        try:
            return run(*arguments)
        finally:
            ended.append(time.monotonic())

    return run_and_note


def act(lab, do):
    view = lab.panel().display.view
    view._received(view, {"do": do, "view": "a"}, [])


def done(lab):
    """The tasks that the panel shows as done."""
    return {
        name.removeprefix("task ") for name, html in lab.panel().display.view.fragments.items() if "lab-is-done" in html
    }


def solve_first_task(lab):
    """Run the answer of a lab's first task as the learner's cell would."""
    text = (lab.lab.folder / "solution.py").read_text(encoding="utf-8")
    second = list(CELL.finditer(text))[1]
    exec(text[: second.start()], {})


@pytest.mark.parametrize("lab_id", LABS)
def test_change_ticks_its_task(open_panel, lab_id):
    lab = open_panel(lab_id)
    assert done(lab) == set()
    solve_first_task(lab)
    wait_until(lambda: done(lab) == {lab.lab.tasks[0].id})


@pytest.mark.parametrize("lab_id", LABS)
def test_what_the_checks_do_does_not_make_them_run_for_ever(open_panel, emulator, lab_id):
    if emulator.name == "embedded" and lab_id == "orders_pipeline":
        pytest.skip("takes half a minute, and the call log tells whose calls they are, as in hello_lambda")
    lab = open_panel(lab_id)
    lab.lab.solve(lab.clients)
    wait_until(lambda: done(lab) == {task.id for task in lab.lab.tasks}, within=90)
    rest = A_WHILE[emulator.name]
    wait_until(lambda: time.monotonic() - lab.runs.ended[-1] > rest, within=60)
    assert len(lab.runs.ended) < 12
