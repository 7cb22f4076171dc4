"""Tests for what the grader's warm process sees of this machine."""

import sys

import pytest

from lab_harness.grading import sandbox
from lab_harness.grading.pool import Grader
from tests.grading.class_work import LIMITS, RIGHT_CELLS, hand_in

pytestmark = pytest.mark.skipif(
    bool(sandbox.missing_protections()), reason="bubblewrap cannot close submissions off here"
)


def test_a_course_that_lies_among_temporary_files_is_shown_at_another_place():
    assert sandbox._inside("/tmp/course/.venv") == "/host/tmp/course/.venv"
    assert sandbox._inside("/home/ana/tmp/.venv") == "/home/ana/tmp/.venv"


def test_a_submission_is_graded_where_python_is_shown_at_another_place(monkeypatch, tmp_path, course):
    monkeypatch.setattr(sandbox, "HIDDEN", (*sandbox.HIDDEN, sys.prefix, str(sandbox.PACKAGE.parent)))
    cells = (*RIGHT_CELLS, "import lab_harness; print(1 / (not lab_harness.__file__.startswith('/host/')))")
    with Grader(course, workers=1, limits=LIMITS) as grader:
        (grade,) = grader.grade([hand_in(tmp_path, *cells)])
    assert grade.points == 4
    assert [error.error for error in grade.cell_errors] == ["ZeroDivisionError: division by zero"]
