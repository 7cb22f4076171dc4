"""What is left when `lab grade` is ended in the middle of its work: nothing that runs, and no folder."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager

import psutil
import pytest

from lab_harness.grading.room.sandbox import missing_protections
from lab_harness.grading.room.scratch import remove_left_behind
from tests.conftest import ROOT
from tests.grading.handing_in import HELLO, answered, hand_in
from tests.grading.hostile import ROLE
from tests.waiting import PATIENCE, wait_until

STUDENTS = ("ana", "bo", "cy", "di")
# Beside the notebook's own process: a function in its box, and a child that has left for a session of its own.
BUSY = (
    textwrap.dedent(ROLE)
    + """
import boto3, io, subprocess, time, zipfile
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("lambda_function.py", "import time\\ndef lambda_handler(event, context): time.sleep(60)")
lambda_ = boto3.client("lambda")
lambda_.create_function(FunctionName="f", Runtime="python3.13", Handler="lambda_function.lambda_handler",
    Role="arn:aws:iam::000000000000:role/x", Code={"ZipFile": code.getvalue()}, Timeout=100)
lambda_.get_waiter("function_active_v2").wait(FunctionName="f")
lambda_.invoke(FunctionName="f", InvocationType="Event")
subprocess.Popen(["sleep", "59.75"], start_new_session=True)
time.sleep(18)
"""
)


@pytest.fixture(params=["closed", "open"])
def mode(request):
    if request.param == "closed" and missing_protections():
        pytest.skip("bubblewrap cannot close submissions off here")
    return request.param


@pytest.fixture
def submissions(tmp_path):
    return hand_in(tmp_path / "class", {f"{student}/{HELLO}": answered(HELLO, role=BUSY) for student in STUDENTS})


@contextmanager
def grading(submissions, out, temporary, mode):
    """`lab grade`, once every notebook has come to its last cell, and all the processes that belong to it."""
    words = [sys.executable, "-m", "lab_harness", "grade", str(submissions), "--out", str(out), "--workers", "2"]
    environ = os.environ | {"TMPDIR": str(temporary), "LAB_COURSE": str(ROOT)}
    with subprocess.Popen(
        [*words, *(["--no-sandbox"] if mode == "open" else [])],
        env=environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(lambda: process.poll() is not None or sleepers(process) == len(STUDENTS), within=60)
        assert process.poll() is None, process.communicate()
        family = psutil.Process(process.pid).children(recursive=True)
        try:
            yield process, family
        finally:
            process.kill()


def sleepers(process):
    family = psutil.Process(process.pid).children(recursive=True)
    return sum("59.75" in command_of(each) for each in family)


def command_of(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name
)
def test_nothing_is_left_of_a_grader_that_was_ended(submissions, tmp_path, mode, number):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with grading(submissions, tmp_path / "out", temporary, mode) as (process, family):
        assert len(family) > len(STUDENTS) * 6
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == (-number if number == signal.SIGKILL else 128 + number), said
        wait_until(lambda: not any(each.is_running() for each in family))
    if number == signal.SIGKILL:
        remove_left_behind(temporary)  # as the next run does
    assert list(temporary.iterdir()) == []
