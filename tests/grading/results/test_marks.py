"""Tests for marks that were given for an earlier version of the work: none takes away what a later one earns."""

from dataclasses import replace

import pytest

from lab_harness.grading.class_file import SchoolClass
from lab_harness.grading.remarks import Remark
from lab_harness.grading.results.feedback import lab_feedback
from lab_harness.grading.results.gradebook import open_gradebook
from lab_harness.grading.results.row import described
from lab_harness.grading.students import Student
from lab_harness.grading.work import Work
from lab_harness.handing_in.released import releases_of
from tests.grading.handing_in import COURSE, graded

ANA = Student("ana", "ana")


@pytest.fixture
def gradebook(tmp_path):
    with open_gradebook(tmp_path / "gradebook.sqlite") as opened:
        yield opened


@pytest.fixture
def now(gradebook, tmp_path):
    """What the class is after work with these outcomes was graded and the teacher has said something of it."""

    def grade(digest, remark, **outcomes):
        marked = SchoolClass(remarks=(remark,) if remark else ())
        gradebook.keep_marks(described(gradebook.rows(), marked))  # as `lab grade` does when it begins
        gradebook.record(replace(WORK, digest=digest), graded("ana", **outcomes))
        gradebook.keep_marks(described(gradebook.rows(), marked))
        [row] = described(gradebook.rows(), marked)
        return row

    return grade


def mark(points, comment="The name was right."):
    return Remark("ana", "hello_lambda", "role", points, comment)


WORK = Work(ANA, "hello_lambda")
NONE, ONE, BOTH = ({"a": a, "b": b} for a, b in (("failed", "failed"), ("passed", "failed"), ("passed", "passed")))


def test_a_kindness_takes_nothing_away_from_what_a_later_version_earns(now):
    now("first", None, **NONE)
    assert now("first", mark(1), **NONE).points == 1
    later = now("second", mark(1), **BOTH)
    assert (later.points, later.mark, later.tasks_points) == (2, 2, {"role": 2})
    assert later.remark_words == [
        "role: 1 points given for an earlier version; the 2 of the checks count: The name was right."
    ]
    [task, *_] = lab_feedback(later, releases_of(COURSE)).tasks
    assert (task.points, task.remark.points, task.remark.comment) == (2, None, "The name was right.")


def test_a_kindness_stays_where_the_checks_give_no_more_than_it(now):
    now("first", None, **NONE)
    now("first", mark(1.5), **NONE)
    later = now("second", mark(1.5), **ONE)
    assert (later.points, later.remark_words) == (
        1.5,
        ["role: 1.5 points instead of 1 given for an earlier version: The name was right."],
    )


def test_what_the_teacher_has_lowered_stays_lowered_and_is_said_to_be_of_an_earlier_version(now):
    now("first", None, **ONE)
    now("first", mark(0.5, "Copied."), **ONE)
    later = now("second", mark(0.5, "Copied."), **BOTH)
    assert later.points == 0.5
    assert later.remark_words == ["role: 0.5 points instead of 2 given for an earlier version: Copied."]


def test_the_teacher_can_mean_it_of_the_work_that_is_there_now(now):
    now("first", None, **NONE)
    now("first", mark(1), **NONE)
    assert now("second", mark(1), **BOTH).points == 2
    meant = now("second", mark(1, "I have looked again."), **BOTH)
    assert (meant.points, meant.remark_words) == (1, ["role: 1 points instead of 2: I have looked again."])


def test_a_mark_that_was_taken_back_is_forgotten(now):
    now("first", None, **NONE)
    now("first", mark(1), **NONE)
    now("second", None, **BOTH)
    assert now("second", mark(1), **BOTH).points == 1


def test_a_gradebook_of_before_learns_for_what_its_marks_were_given(tmp_path, now, gradebook):
    now("first", None, **NONE)
    [row] = described(gradebook.rows(), SchoolClass(remarks=(mark(1),)))
    assert (row.marks, row.points, row.remark_words) == ({}, 1, ["role: 1 points instead of 0: The name was right."])
    assert now("second", mark(1), **BOTH).points == 2
