"""Tests for rehearsing a grade: it is the grade, it touches nothing of the learner's, and it ends with its parent."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import psutil
import pytest

from lab_harness.errors import EmulatorError
from lab_harness.grading import pool
from lab_harness.grading.grade import CellError, Grade, Status
from lab_harness.grading.rehearsal import ONLY_LINUX, rehearse
from lab_harness.grading.room import sandbox
from lab_harness.handing_in.cells import read_cells
from lab_harness.handing_in.rehearsal import Rehearsal
from lab_harness.handing_in.submit import saved_notebook
from lab_harness.lab.labs import load_lab
from tests.conftest import ROOT
from tests.grading.handing_in import COURSE, answered, report
from tests.waiting import PATIENCE, wait_until

START = "00_start.ipynb"
LAB = load_lab("first_steps", COURSE)
QUEUE = 'import boto3\nsqs = boto3.client("sqs")\nurl = sqs.create_queue(QueueName="first-steps")["QueueUrl"]'
MESSAGE = 'sqs.send_message(QueueUrl=url, MessageBody="hello, serverless")'
# What a learner ends with who follows "delete it, create it anew" in place: right in the account, not from nothing.
ANEW = """import boto3
sqs = boto3.client("sqs")
sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="first-steps")["QueueUrl"])
"""


@pytest.fixture
def notebook(tmp_path):
    """Saves a notebook of first_steps with these answers; gives its path."""

    def save(**answers):
        path = tmp_path / START
        path.write_text(json.dumps(answered(START, **answers)), encoding="utf-8")
        return path

    return save


@pytest.fixture
def saved(notebook):
    return saved_notebook(LAB, COURSE, notebook(queue=QUEUE, message=MESSAGE))


@pytest.fixture
def graded(monkeypatch):
    """Lets the grader give one grade, after it has told how it goes on; notes what it was asked for."""
    asked = {}

    def set_up(grade=None, **settings):
        def grade_all(submissions, course, *, follow, **others):
            asked.update(others, cells=read_cells(submissions[0].path))
            for cells, checks in ((0, 0), (2, 0), (2, 0), (4, 0), (4, 1)):
                follow(cells, checks)
            yield grade

        monkeypatch.setattr(pool, "grade_all", grade_all)
        monkeypatch.setattr(sandbox, "why_not_closed", lambda: settings.get("open", ""))
        return asked

    return set_up


def test_what_the_grader_gives_is_what_is_told(saved, graded):
    failed = CellError(saved.notebook.cells[1].id, "NoSuchQueue: none", "")
    grade = Grade("you", LAB.id, Status.LIMITED, "It ran too long.", report(LAB.id, a="passed", b="failed"), (failed,))
    asked, steps = graded(grade), []
    found = rehearse(saved, LAB, COURSE, steps.append)
    assert (found.digest, found.reason, found.walled) == (saved.notebook.digest, "It ran too long.", True)
    assert (found.report.passed, found.report.total, found.complete) == (1, 2, False)
    assert [each.error for each in found.failed] == ["NoSuchQueue: none"]
    assert [source for _, source in asked["cells"]] == [cell.source for cell in saved.notebook.cells]
    assert asked["workers"] == 1
    count = len(saved.notebook.cells)
    checks = len(LAB.all_checks)
    assert steps == ["It gets ready…", *(f"Cell {each} of {count}…" for each in (1, 2, 4)), f"Check 2 of {checks}…"]


def test_without_bubblewrap_it_runs_without_walls_and_says_so(saved, graded):
    asked = graded(Grade("you", LAB.id, Status.GRADED, report=report(LAB.id, a="passed")), open="no bubblewrap")
    found = rehearse(saved, LAB, COURSE)
    assert (asked["sandbox"], found.walled, found.complete) == (False, False, True)


def test_what_cannot_be_run_is_said_and_raises_nothing(saved, graded, monkeypatch):
    graded(Grade("you", LAB.id, Status.BROKEN, "The checks ended in the middle."))
    assert rehearse(saved, LAB, COURSE).why_not == "The checks ended in the middle. You can hand in all the same."

    def fail(*_, **__):
        raise EmulatorError("It did not start.")

    monkeypatch.setattr(pool, "grade_all", fail)
    assert rehearse(saved, LAB, COURSE).why_not == "It did not start. You can hand in all the same."
    monkeypatch.setattr(sys, "platform", "win32")
    assert rehearse(saved, LAB, COURSE).why_not == ONLY_LINUX


@contextmanager
def child(path):
    """A rehearsal in a process of its own, as the panel starts it."""
    command = [sys.executable, "-m", "lab_harness.grading.rehearsal", str(ROOT), LAB.id, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=os.environ, **pipes) as process:
        yield process
        process.stdin.close()
        process.wait(PATIENCE)


def test_cell_that_only_works_once_loses_what_the_account_has(notebook, home):
    """The whole of it, in its own process: what passes here does not pass from nothing, and nothing here is touched."""
    with child(notebook(queue=ANEW + QUEUE, message=MESSAGE)) as process:
        *steps, last = [json.loads(line) for line in process.stdout]
    found = Rehearsal.from_dict(last["rehearsal"])
    assert steps[0] == {"step": "It gets ready…"}
    assert (found.report.passed, found.why_not) == (0, "")
    assert found.failed[0].task == "queue"
    assert found.failed[0].line.startswith("sqs.delete_queue(")
    assert "NonExistentQueue" in found.failed[0].error
    assert not home.exists()


def test_what_is_no_notebook_is_said(notebook):
    path = notebook()
    path.write_text("no json")
    with child(path) as process:
        [last] = [json.loads(line) for line in process.stdout]
    assert "it is not JSON" in last["rehearsal"]["why_not"]


def test_it_ends_with_all_that_it_began_when_its_parent_ends(notebook):
    with child(notebook(queue="import time; time.sleep(600)")) as process:
        assert json.loads(process.stdout.readline()) == {"step": "It gets ready…"}
        assert json.loads(process.stdout.readline())["step"].startswith("Cell")
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        process.stdin.close()
        process.wait(PATIENCE)
        wait_until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family))
