"""Tests that are killed leave nothing running."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import read_process
from tests.conftest import ROOT
from tests.waiting import wait_until

KILLED = """
import os, subprocess, sys
from pathlib import Path
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port
from tests.leftovers import none_left_in
with none_left_in(Path(sys.argv[1])):
    Embedded(Path(sys.argv[1]) / "lab", free_port()).start()
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], cwd="/")
    print(program.pid, flush=True)
    os.kill(os.getpid(), int(sys.argv[2]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_emulator_and_programs_of_tests_that_are_killed_end(tmp_path, number):
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(int(number))]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE) as killed:
        program = psutil.Process(int(killed.stdout.readline()))
        assert killed.wait() == -number
    process = read_process(tmp_path / "lab" / "emulator.json")
    try:
        wait_until(lambda: not process.alive())
        wait_until(lambda: not program.is_running() or program.status() == psutil.STATUS_ZOMBIE)
    finally:
        Embedded(tmp_path / "lab").stop()
