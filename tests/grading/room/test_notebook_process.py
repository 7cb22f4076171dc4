"""Tests for the process in which a notebook runs: what it replaces there must be what is used there."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from lab_harness.grading.room.notebook_process import replace

# What a student's notebook meets there, in a process of its own, for what is replaced stays so.
PROGRAM = """
from lab_harness import load_lab
from lab_harness.emulators.attached import Attached
from lab_harness.grading.room import notebook_process
from lab_harness.notebook.check_runs import CheckRuns

shell = notebook_process._shell()
emulator = Attached("http://127.0.0.1:9")
clients = type("Clients", (), {"emulator": emulator})
report = CheckRuns(load_lab("hello_lambda"), clients).run(["role"])
print(*{str(result.outcome) for result in report}, *{str(result.task) for result in report}, report.complete)
print(emulator.calls(), emulator.inbox())
shell.run_cell("1 / 0")
"""


def test_checks_of_a_notebook_that_is_graded_pass_unseen_and_errors_are_not_printed():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "passed role True\n[] []\n"


def test_name_that_is_gone_cannot_be_replaced():
    owner = SimpleNamespace(run_checks=1)
    replace(owner, "run_checks", 2)
    assert owner.run_checks == 2
    with pytest.raises(AttributeError, match="'run_check'"):
        replace(owner, "run_check", 3)
