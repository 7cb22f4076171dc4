"""Tests for the process of a rehearsal, by a stand-in for what grades: it tells, is stopped, ends without a word."""

import json
import threading

import pytest

from lab_harness.course import Course
from lab_harness.handing_in.rehearsal import Rehearsal
from lab_harness.notebook.panel import rehearsing
from lab_harness.notebook.panel.rehearsing import Rehearsing
from tests.waiting import PATIENCE

FOUND = Rehearsal("first_steps", "digest", "It was only tried.")
TELLS = f"""
import json, sys
print(json.dumps({{"step": " ".join(sys.argv[1:])}}), flush=True)
print("no JSON", flush=True)
print({json.dumps(json.dumps({"rehearsal": FOUND.to_dict()}))}, flush=True)
"""
WAITS = 'import sys; print(\'{"step": "waits"}\', flush=True); sys.stdin.read()'


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Begins a rehearsal by a program that stands for the grader."""

    def run(program):
        (tmp_path / "stand_in.py").write_text(program, encoding="utf-8")
        monkeypatch.setattr(rehearsing, "PROGRAM", "stand_in")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        steps, ended, told = [], threading.Event(), threading.Event()
        found = []

        def end(result):
            found.append(result)
            ended.set()

        def step(said):
            steps.append(said)
            told.set()

        running = Rehearsing(Course(tmp_path), "first_steps", tmp_path / "mine.ipynb", step, end)
        return running, steps, found, told, ended

    return run


def test_steps_and_result_are_told_and_what_is_neither_is_passed_over(begin, tmp_path):
    _, steps, found, _, ended = begin(TELLS)
    assert ended.wait(PATIENCE)
    assert steps == [f"{tmp_path} first_steps {tmp_path / 'mine.ipynb'}"]
    assert found == [FOUND]


def test_rehearsal_that_is_stopped_ends_and_has_no_result(begin):
    running, steps, found, told, ended = begin(WAITS)
    assert told.wait(PATIENCE)
    running.stop()
    running.stop()
    assert ended.wait(PATIENCE)
    assert (steps, found) == (["waits"], [None])


def test_process_that_ends_without_a_result_says_its_last_words(begin):
    _, _, found, _, ended = begin("raise SystemExit('There is no room')")
    assert ended.wait(PATIENCE)
    assert found[0].why_not == "There is no room. You can hand in all the same."
