"""Tests for what is known of a task's cell: that it is empty, or has changed since it ran, or was rehearsed."""

import json
import os

import pytest

from lab_harness.errors import HarnessError
from lab_harness.handing_in.rehearsal import Rehearsal
from lab_harness.lab.labs import load_lab
from lab_harness.notebook.panel import own_notebook
from lab_harness.notebook.panel.own_notebook import CHANGED, EMPTY, OwnNotebook
from lab_harness.results import LabReport
from tests.grading.handing_in import COURSE, answered, report
from tests.waiting import PATIENCE, in_thread

START = "00_start.ipynb"
LAB = load_lab("first_steps", COURSE)
SAVED = 1_000_000.0


class Kernel:
    """A notebook that is open: what is saved, and what runs."""

    def __init__(self, path):
        self.path, self.ran = path, {}
        self.notebook = OwnNotebook(LAB, COURSE, self.ran)

    def save(self, moment=SAVED, content=None, **answers):
        self.path.write_text(content or json.dumps(answered(START, **answers)), encoding="utf-8")
        os.utime(self.path, (moment, moment))
        return self

    def run(self, task, source, moment):
        [cell] = [each.id for each in self.notebook.read().notebook.cells if each.task == task]
        self.ran[cell] = source, moment
        return self


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    path = tmp_path / "mine.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return Kernel(path)


def rehearsed(kernel, digest=None, **outcomes):
    found = report("first_steps", **outcomes)
    for each in found["checks"]:
        each["task"] = each["name"]
    digest = digest or kernel.notebook.read().notebook.digest
    return Rehearsal("first_steps", digest, report=LabReport.from_dict(found))


def test_cell_that_is_as_it_ran_leaves_no_doubt(kernel):
    kernel.save(queue="x = 1", message="y = 1").run("queue", "x = 1\n", SAVED - 5)
    assert (kernel.notebook.notes(None), kernel.notebook.unsaved()) == ({}, "")


def test_cell_that_is_empty_and_one_that_has_changed_since_it_ran_are_noted(kernel):
    kernel.save(queue="x = 2", message="# Your code here").run("queue", "x = 1", SAVED - 5)
    assert kernel.notebook.notes(None) == {"queue": CHANGED, "message": EMPTY}
    assert kernel.notebook.unsaved() == ""


def test_cell_that_ran_after_the_notebook_was_saved_is_judged_once_it_is_saved(kernel):
    kernel.save(queue="# Your code here", message="y = 1").run("queue", "x = 1", SAVED + 5)
    assert (kernel.notebook.notes(None), kernel.notebook.unsaved()) == ({}, "queue")
    assert not kernel.notebook.changed()
    kernel.save(SAVED + 9, queue="x = 1", message="y = 1")
    assert kernel.notebook.changed()
    assert (kernel.notebook.notes(None), kernel.notebook.unsaved()) == ({}, "")


def test_rehearsal_of_this_very_notebook_knows_better(kernel):
    kernel.save(queue="x = 2", message="# none").run("queue", "x = 1", SAVED - 5)
    notes = kernel.notebook.notes(rehearsed(kernel, queue="passed", message="failed"))
    assert notes == {"message": "Not built by the notebook alone, in the rehearsal of the grade: The message is right."}
    of_another = rehearsed(kernel, "another", queue="passed", message="passed")
    assert set(kernel.notebook.notes(of_another)) == {"queue", "message"}
    assert set(kernel.notebook.notes(Rehearsal("first_steps", "d", "no"))) == {"queue", "message"}


def test_notebook_that_is_not_the_labs_leaves_the_courses_own(kernel, monkeypatch):
    kernel.save(content=json.dumps(answered("01_hello_lambda.ipynb")))
    assert kernel.notebook.read().path == COURSE.notebooks / START
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert kernel.notebook.read().path == COURSE.notebooks / START


def test_notebook_that_cannot_be_read_says_nothing_of_its_tasks(kernel, monkeypatch, sample_course):
    monkeypatch.delenv("JPY_SESSION_NAME")
    nowhere = OwnNotebook(load_lab("queue", made := sample_course("queue")), made, {})
    assert nowhere.notes(None) == {}
    with pytest.raises(HarnessError, match="cannot be read"):
        nowhere.read()


def test_saving_is_awaited_and_not_for_ever(kernel, monkeypatch):
    kernel.save()
    monkeypatch.setattr(own_notebook, "SAVING", 0.1)
    kernel.notebook.await_saving(SAVED - 1)
    kernel.notebook.await_saving(SAVED + 1)  # nobody saves it
    monkeypatch.setattr(own_notebook, "SAVING", PATIENCE)
    waits = in_thread(kernel.notebook.await_saving, SAVED + 1)
    assert not waits.done()
    kernel.save(SAVED + 2)
    waits.result(PATIENCE)


def test_notebook_that_is_just_being_written_is_awaited_and_no_other_is_taken_for_it(kernel, monkeypatch):
    whole = json.dumps(answered(START, queue="x = 1"))
    kernel.save(content=whole[: len(whole) // 2])
    with pytest.raises(HarnessError, match=r"mine\.ipynb"):
        kernel.notebook.read()
    assert kernel.notebook.notes(None) == {}
    monkeypatch.setattr(own_notebook, "SAVING", PATIENCE)
    waits = in_thread(kernel.notebook.await_saving, SAVED)
    assert not waits.done()
    kernel.save(content=whole)
    waits.result(PATIENCE)
    assert kernel.notebook.read().path == kernel.path
