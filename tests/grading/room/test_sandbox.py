"""Tests for what the grader's warm process sees of this machine."""

import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab_harness.errors import EmulatorError
from lab_harness.grading.pool import Grader
from lab_harness.grading.room import sandbox
from lab_harness.grading.room.room import Room
from lab_harness.grading.room.usage import threads_of_user
from lab_harness.grading.room.watch import ACCOUNT_FULL
from tests.grading.class_work import LIMITS, RIGHT_CELLS, hand_in

pytestmark = pytest.mark.skipif(
    bool(sandbox.missing_protections()), reason="bubblewrap cannot close submissions off here"
)


def test_a_course_that_lies_among_temporary_files_is_shown_at_another_place():
    assert sandbox._inside("/tmp/course/.venv") == "/host/tmp/course/.venv"
    assert sandbox._inside("/home/ana/tmp/.venv") == "/home/ana/tmp/.venv"


def test_what_a_lab_gives_is_shown_and_what_answers_it_is_not(course, tmp_path):
    shown = {place for place in sandbox._shown(course, tmp_path) if place.startswith(sandbox.COURSE)}
    assert {f"/course/labs/state_machine/{name}" for name in ("given", "checks.py")} <= shown
    assert not [place for place in shown if place.endswith(("solution.py", "functions", "quiz.toml"))]


def test_a_submission_is_graded_where_python_is_shown_at_another_place(monkeypatch, tmp_path, course):
    monkeypatch.setattr(sandbox, "HIDDEN", (*sandbox.HIDDEN, sys.prefix, str(sandbox.PACKAGE.parent)))
    cells = (*RIGHT_CELLS, "import lab_harness; print(1 / (not lab_harness.__file__.startswith('/host/')))")
    with Grader(course, workers=1, limits=LIMITS) as grader:
        (grade,) = grader.grade([hand_in(tmp_path, *cells)])
    assert grade.points == 4
    assert [error.error for error in grade.cell_errors] == ["ZeroDivisionError: division by zero"]


def test_what_lies_in_a_folder_of_pythons_is_named(tmp_path, monkeypatch):
    assert sandbox.exposed([tmp_path]) == []
    assert sandbox.exposed([Path(sys.prefix, "labs")]) == [f"{sys.prefix}/labs lies in {sys.prefix}"]
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert sandbox.exposed([tmp_path / "labs"]) == [f"{tmp_path}/labs lies in {tmp_path}"]


def test_all_threads_of_the_user_are_counted():
    over = threading.Event()
    threads = [threading.Thread(target=over.wait) for _ in range(20)]
    for thread in threads:
        thread.start()
    counted = threads_of_user()
    over.set()
    assert counted > 20


@pytest.mark.parametrize(
    ("hit", "why", "over"),
    [
        ([], "too much memory", True),
        (["too much memory"], "too much memory", True),
        ([ACCOUNT_FULL], ACCOUNT_FULL, False),
    ],
)
def test_limit_that_the_notebook_hit_holds_for_the_checks_too(hit, why, over):
    room = Room.__new__(Room)
    room.hit, room.over, room.judge_pid, room.notebook = hit, False, 1, SimpleNamespace(box=None)
    room._stop(why)
    assert (room.hit, room.over) == ([why], over)


def test_a_warm_process_that_nobody_waited_for_is_ended_at_once(course):
    with sandbox.begin_warm(course, sandbox=True) as warm:
        assert warm.alive()
    assert not warm.alive()


def test_a_warm_process_that_does_not_start_says_why(course, monkeypatch):
    monkeypatch.setattr(sandbox, "_environment", lambda sandbox: {"PYTHONHOME": "/nowhere"})
    with sandbox.begin_warm(course, sandbox=False) as warm, pytest.raises(EmulatorError) as caught:
        warm.await_ready()
    assert str(caught.value).startswith("The grader's warm process did not start:\n")
    assert "No module named" in str(caught.value)


def test_none_is_begun_where_walls_are_missing(course, monkeypatch):
    monkeypatch.setattr(sandbox, "why_not_closed", lambda: "bubblewrap is not installed")
    with sandbox.begin_warm(course, sandbox=True) as warm:
        assert warm is None
