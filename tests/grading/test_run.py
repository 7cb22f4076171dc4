"""Tests for a run of `lab grade`: what it grades and what it does not, what it tells meanwhile, and what it writes."""

import os
import re
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from filelock import FileLock

from lab_harness.errors import CourseError, UsageError
from lab_harness.grading import pool
from lab_harness.grading.cluster import cluster
from lab_harness.grading.grade import Status
from lab_harness.grading.room import sandbox
from lab_harness.grading.run import Order, grade_class
from lab_harness.lab.labs import load_lab
from tests.grading.handing_in import COURSE, HELLO, ORDERS, answered, archive, graded, hand_in, solved, untouched
from tests.grading.stand_in import gradebook


class Noted:
    """A display that notes what it is told."""

    def __init__(self):
        self.said, self.seen, self.counts = [], [], []
        self.say = self.said.append

    def reading(self):
        return nullcontext()

    @contextmanager
    def grading(self, count):
        self.counts.append(count)
        yield self.seen.append


@pytest.fixture
def display():
    return Noted()


@pytest.fixture
def grade(school, out, display):
    """Grades a class; `options` are those of an order."""

    def run(submissions=school, out=out, **options):
        return grade_class(Order(submissions, out, **options), COURSE, display)

    return run


def test_everything_that_came_in_is_graded_and_everything_is_written(grade, stand_in, display, out):
    run = grade()
    assert (len(run.graded), run.plan.kept, run.left, run.changes, run.shared_keys) == (3, (), 0, [], [])
    assert (display.counts, display.seen, display.said) == ([3], list(run.graded), [])
    assert {path.name for path in out.iterdir() if not path.name.startswith((".", "gradebook.sqlite-"))} == {
        "canvas.csv", "feedback", "gradebook.csv", "gradebook.json", "gradebook.sqlite", "gradebook_hello_lambda.csv",
        "gradebook_orders_pipeline.csv", "handed_in", "index.html", "junit.xml", "moodle.csv",
    }  # fmt: skip
    assert {path.name for path in (out / "feedback").iterdir()} == {"ana.html", "bo.html"}
    assert gradebook(out)["bo", "hello_lambda"]["points"] == "2"


def test_links_of_the_class_page_lead_somewhere(grade, stand_in, school, out):
    hand_in(school, {f"Dö Ra/{HELLO}": untouched()})
    grade()
    links = set(re.findall(r'href="(feedback/[^"]+)"', (out / "index.html").read_text(encoding="utf-8")))
    assert len(links) == 3
    assert all((out / unquote(link)).is_file() for link in links)


def test_what_was_graded_and_has_not_changed_is_not_graded_again(grade, stand_in, school):
    grade()
    stand_in.asked.clear()
    hand_in(school, {f"bo/{HELLO}": answered(role="print(1)")})
    run = grade()
    assert (len(run.graded), len(run.plan.kept)) == (1, 2)
    assert stand_in.asked == [("bo", "hello_lambda")]


def test_a_broken_grade_is_tried_again(grade, stand_in):
    stand_in.grades["bo"] = graded("bo", status=Status.BROKEN, reason="the emulator ended")
    assert grade().count("broken") == 1
    del stand_in.grades["bo"]
    assert grade().count("broken") == 0
    assert stand_in.asked[3:] == [("bo", "hello_lambda")]


def test_a_lab_that_is_graded_again_tells_whose_score_changed(grade, stand_in, out):
    grade()
    stand_in.grades["bo"] = graded("bo", a="passed", b="failed")
    run = grade(regrade=("hello_lambda",))
    assert [(each.after.student, each.after.lab) for each in run.changes] == [("bo", "hello_lambda")]
    assert (len(run.graded), len(run.plan.kept)) == (2, 1)
    assert (out / "changes.csv").read_text(encoding="utf-8").splitlines() == [
        "student,lab,points before,points,check,was,is,found",
        "bo,hello_lambda,2,1,The b is right,passed,failed,no b",
    ]


def test_labs_students_limit_and_workers_are_heeded(grade, stand_in):
    grade(only=("ana",), labs=("hello_lambda",), workers=3)
    assert stand_in.asked == [("ana", "hello_lambda")]
    assert (stand_in.settings["workers"], stand_in.settings["sandbox"]) == (3, True)
    run = grade(limit=1, walled=False)
    assert (len(run.graded), len(run.plan.kept), run.plan.left) == (1, 1, 1)
    assert stand_in.asked[1:] == [("ana", "orders_pipeline")]
    assert stand_in.settings["sandbox"] is False


def test_a_cluster_is_asked_in_place_of_this_machine(grade, stand_in, monkeypatch):
    monkeypatch.setattr(cluster, "grade_all", pool.grade_all)
    monkeypatch.setattr(sandbox, "missing_protections", lambda: ["bubblewrap is not installed here"])
    grade(scheduler="tcp://far:8786")
    assert (stand_in.settings["scheduler"], stand_in.settings["sandbox"]) == ("tcp://far:8786", True)
    with pytest.raises(UsageError, match="`dask worker --nthreads N` says how many"):
        grade(scheduler="tcp://far:8786", workers=2)


def test_a_moodle_download_gets_the_worksheet_of_its_assignment(grade, stand_in, tmp_path, out):
    grade(archive(tmp_path / "class.zip", {f"Jane Doe_345_assignsubmission_file/{HELLO}": untouched()}))
    assert "Participant 345,Jane Doe,2," in (out / "moodle_hello_lambda.csv").read_text(encoding="utf-8")


def test_who_keeps_the_limits_is_told_before_anything_is_graded(grade, stand_in, display, monkeypatch):
    warm = SimpleNamespace(keeps_limits="Memory and processors are limited by control groups.")
    monkeypatch.setattr(sandbox, "begin_warm", lambda *_: nullcontext(warm))
    grade()
    assert display.said == [warm.keeps_limits]
    grade()  # Nothing is left to grade.
    assert display.said == [warm.keeps_limits]


def test_without_walls_nothing_is_graded_that_is_not_trusted(grade, stand_in, monkeypatch):
    monkeypatch.setattr(sandbox, "missing_protections", lambda: ["bubblewrap is not installed"])
    with pytest.raises(CourseError, match="add --no-sandbox if you trust them all:\n  bubblewrap is not installed"):
        grade()
    assert stand_in.asked == []
    assert len(grade(walled=False).graded) == 3


def test_submissions_that_others_could_read_are_not_graded(grade, stand_in, school, monkeypatch):
    folders = [*sandbox._python_folders(), str(school.parent)]
    monkeypatch.setattr(sandbox, "_python_folders", lambda: folders)
    with pytest.raises(CourseError, match=f"{school} lies in {school.parent}. Move it out of there."):
        grade()
    assert stand_in.asked == []


def test_two_runs_do_not_write_to_the_same_results(grade, stand_in, out):
    out.mkdir()
    with FileLock(out / ".lock"), pytest.raises(CourseError, match="Another `lab grade` is writing to "):
        grade()


def test_a_page_that_cannot_be_written_is_named(grade, stand_in, out):
    (out / "index.html").mkdir(parents=True)
    with pytest.raises(CourseError, match="cannot be written: Is a directory"):
        grade()


def test_ctrl_c_ends_the_grading_and_what_is_graded_is_kept_and_written(grade, stand_in, out, monkeypatch):
    def stopped(submissions, **_):
        yield graded(submissions[0].student, submissions[0].lab, a="passed")
        raise KeyboardInterrupt

    monkeypatch.setattr(pool, "grade_all", stopped)
    run = grade()
    assert (len(run.graded), run.left) == (1, 2)
    assert len(gradebook(out)) == len(list((out / "feedback").iterdir())) == 1


# All of it, with the grader itself


def test_a_class_gets_what_it_deserves(grade, tmp_path, out):
    files = {
        f"right/{HELLO}": solved(load_lab("hello_lambda")),
        f"broken/{HELLO}": answered(role="iam.create_role(RoleName='hello-world-role')"),
        f"empty/{HELLO}": untouched(),
        "nothing/essay.docx": "x",
        f"wrong/{HELLO}": untouched(ORDERS),
        f"twice/{HELLO}": solved(load_lab("hello_lambda")),
        f"twice/again/{HELLO}": untouched(),
    }
    school = hand_in(tmp_path / "school", files)
    os.utime(school / "twice" / HELLO, (2_000_000_000, 2_000_000_000))
    options = {"labs": ("hello_lambda",), "walled": not sandbox.missing_protections()}
    grade(school, **options)
    found = {student: (line["points"], line["total"], line["status"]) for (student, _), line in gradebook(out).items()}
    assert found == {
        "right": ("13", "13", "graded"),
        "broken": ("0", "13", "graded"),
        "empty": ("0", "13", "graded"),
        "nothing": ("0", "13", "rejected"),
        "wrong": ("0", "13", "rejected"),
        "twice": ("13", "13", "graded"),
    }
    assert "Missing required parameter" in (out / "feedback" / "broken.html").read_text(encoding="utf-8")
    assert [len(grade(school, **options).plan.kept)] == [4]
