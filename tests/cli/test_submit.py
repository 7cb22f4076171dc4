"""Tests for `lab rehearse`, and for what `lab submit` says of the grade; what it writes is tested in handing_in."""

import json
import os

import pytest

from lab_harness.grading import rehearsal
from lab_harness.handing_in.rehearsal import FailedCell, Rehearsal
from lab_harness.learner.progress import Progress
from lab_harness.results import LabReport
from tests.conftest import ROOT
from tests.grading.handing_in import answered, report

START = "00_start.ipynb"


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """The learner's notebook, saved."""
    monkeypatch.setenv("LAB_COURSE", str(ROOT))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / START
    path.write_text(json.dumps(answered(START, queue="x = 1", message="y = 2")), encoding="utf-8")
    return path


@pytest.fixture
def comes_to(monkeypatch):
    """Lets a rehearsal come to something, or raise it."""

    def set_up(found):
        def rehearse(saved, lab, course, step):
            step("Cell 1 of 2…")
            if isinstance(found, BaseException):
                raise found
            return found

        monkeypatch.setattr(rehearsal, "rehearse", rehearse)

    return set_up


def found(failed=(), **outcomes):
    return Rehearsal("first_steps", "d", report=LabReport.from_dict(report("first_steps", **outcomes)), failed=failed)


def test_rehearsal_says_before_how_long_it_takes_and_after_what_it_would_get(lab, notebook, comes_to):
    comes_to(found(a="passed"))
    done = lab("rehearse", "first_steps", "--notebook", notebook)
    assert done.code == 0
    assert done.err.startswith(f"Rehearsing the grade of {START}. It takes as long as the cells and the checks")
    assert done.out == "Run in an empty account, as for the grade: 1 of 1 checks pass, 1 of 1 points.\n"


def test_less_than_all_points_ends_with_1_and_names_the_cell(lab, notebook, comes_to):
    comes_to(found((FailedCell("queue", "sqs.delete_queue()", "NoSuchQueue: none"),), a="passed", b="failed"))
    done = lab("rehearse", "first_steps", "--notebook", notebook)
    assert done.code == 1
    assert "What failed first: the cell of the task 'queue', at `sqs.delete_queue()`: NoSuchQueue: none." in done.out


def test_rehearsal_as_json_is_one_value(lab, notebook, comes_to):
    comes_to(found(a="passed", b="failed"))
    done = lab("rehearse", "first_steps", "--notebook", notebook, "--json")
    assert (done.code, json.loads(done.out)["report"]["points"]) == (1, 1)


def test_rehearsal_that_cannot_be_run_ends_with_3_and_one_that_is_stopped_with_130(lab, notebook, comes_to):
    comes_to(Rehearsal("first_steps", "d", "that needs Linux."))
    done = lab("rehearse", "first_steps", "--notebook", notebook)
    assert done.code == 3
    assert done.err.endswith("error: The grade could not be rehearsed: that needs Linux.\n")
    comes_to(KeyboardInterrupt())
    assert lab("rehearse", "first_steps", "--notebook", notebook).code == 130


def submit(lab, notebook, *words):
    return lab("submit", "first_steps", "--notebook", notebook, "--student", "Ana", "--no-check", *words)


@pytest.mark.parametrize("came", [found(a="failed"), Rehearsal("first_steps", "d", "no."), KeyboardInterrupt()])
def test_whatever_a_rehearsal_comes_to_the_file_is_there_and_the_command_succeeds(lab, notebook, comes_to, came):
    comes_to(came)
    done = submit(lab, notebook)
    assert done.code == 0
    assert "Hand in first_steps-ana.zip" in done.out
    assert (notebook.parent / "first_steps-ana.zip").is_file()
    assert "  tries: 0 (how often you had checks run)\n" in done.out
    said = "Run in an empty account" in done.out, "could not be rehearsed" in done.out, "was stopped" in done.err
    assert said.count(True) == 1


def test_no_rehearsal_where_none_is_wanted(lab, notebook, comes_to):
    comes_to(AssertionError("rehearsed"))
    assert submit(lab, notebook, "--no-rehearse").code == 0


def test_notebook_that_seems_not_to_be_saved_is_rehearsed_and_said_to_be_old(lab, notebook, comes_to, in_use):
    Progress(in_use.home / "progress.sqlite").record(found(a="passed").report)
    moment = notebook.stat().st_mtime - 600
    os.utime(notebook, (moment, moment))
    comes_to(found(a="passed"))
    done = lab("rehearse", "first_steps", "--notebook", notebook)
    assert done.code == 0
    assert f"Is {START} saved? It was saved 10 minutes before you passed the last check." in done.err
