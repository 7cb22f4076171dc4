"""Tests for hint and solution below a check that did not pass."""

import os
from types import SimpleNamespace

import boto3
import pytest

from lab_harness import open_lab
from lab_harness.aws import replace_environment
from lab_harness.notebook.panel.help import Help
from tests.pages import controls, words


@pytest.fixture
def opened(sample_course, in_use):
    sample_course("queue")
    before = dict(os.environ)
    yield open_lab("queue")
    replace_environment(before)


def button(html, do):
    return next(each for each in controls(html) if each.get("data-do") == do)


def html(shown):
    return shown.view.fragments["help"]


def test_hints_come_one_by_one_and_the_solution_on_demand(opened):
    shown = Help(opened, opened.lab.task("queue"))
    assert words(button(html(shown), do="hint")) == "Hint 1 of 3"
    shown.act({"do": "hint", "task": "queue"})
    assert "A queue needs no more than a name." in words(html(shown))
    assert words(button(html(shown), do="hint")) == "Hint 2 of 3"
    shown.act({"do": "solution", "task": "queue"})
    assert "create_queue" in words(html(shown))
    assert opened.progress.of("queue").solutions == {"queue"}
    shown.act({"do": "solution", "task": "queue"})
    assert "A solution." not in words(html(shown))
    shown.act({"do": "reset"})  # no control of its
    assert opened.progress.of("queue").hints == {"queue": 1}


def test_a_course_without_answers_says_why(opened):
    (opened.lab.folder / "solution.py").unlink()
    shown = Help(opened, opened.lab.task("queue"))
    shown.act({"do": "solution", "task": "queue"})
    assert "A class may be given the course without its answers; each task has hints." in words(html(shown))


@pytest.fixture
def cell_ends(monkeypatch):
    """What happens when the cell ends that runs in a kernel's shell."""
    waiting = []
    events = SimpleNamespace(
        register=lambda name, function: waiting.append(function),
        unregister=lambda name, function: waiting.remove(function),
    )
    shell = SimpleNamespace(kernel="a kernel", events=events)
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    return lambda: [function() for function in list(waiting)]


def test_help_stands_below_the_report_of_a_task_that_is_not_right_and_nowhere_else(opened, cell_ends, outputs):
    def shown():  # without what brings a snapshot up to date, which another view's thread may do now
        return [data for data, how in outputs if not how.get("update")]

    opened.check("queue")
    assert shown() == []
    cell_ends()
    _, snapshot = shown()
    assert "Hints for task" not in snapshot["text/html"]
    assert "lab.hint('queue')" in snapshot["text/plain"]
    cell_ends()
    opened.check()
    opened.check("queue_exists")
    boto3.client("sqs").create_queue(QueueName="sample-queue")
    opened.check("queue")
    cell_ends()
    assert len(shown()) == 2
