"""Tests for how runs of checks take turns."""

import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from lab_harness.authors.checks import Cancelled
from lab_harness.notebook.check_runs import CheckRuns
from lab_harness.turns import turn
from tests.waiting import PATIENCE, in_thread

HOLDS = """
import sys
from pathlib import Path
from lab_harness.turns import turn
with turn("lab", Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def another_program(tmp_path):
    """Another program, whose turn it is until something is written to it."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "mine\n"
        yield process
        process.kill()


def test_a_run_waits_until_that_of_another_program_has_ended(tmp_path, another_program):
    ran = threading.Event()

    def run():
        with turn("lab", tmp_path):
            ran.set()

    running = in_thread(run)
    assert not ran.wait(0.5)
    another_program.stdin.write("\n")
    another_program.stdin.flush()
    running.result(PATIENCE)
    assert ran.is_set()


def test_a_run_of_another_lab_does_not_wait(tmp_path, another_program):
    with turn("another", tmp_path):
        assert another_program.poll() is None


def test_a_run_that_is_cancelled_waits_no_longer(tmp_path, another_program):
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Cancelled), turn("lab", tmp_path, cancelled):
        pass


def test_where_there_is_no_course_yet_nobody_waits_and_nothing_is_made(tmp_path):
    with turn("lab", tmp_path / "none"):
        assert list(tmp_path.iterdir()) == []


def test_a_notebooks_quiet_run_makes_way_while_it_waits_for_another_program(sample_course, tmp_path, monkeypatch):
    from lab_harness.lab.labs import load_lab

    sample_course("queue")
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    without_a_call_log = SimpleNamespace(calls=lambda: None)
    runs = CheckRuns(load_lab("queue"), SimpleNamespace(emulator=without_a_call_log))
    with turn("queue", tmp_path):
        cancelled = runs.announce()
        quiet = in_thread(lambda: runs.run_quietly((), cancelled))
        runs.interrupt()
        assert quiet.result(PATIENCE) is None
