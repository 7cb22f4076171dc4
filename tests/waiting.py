"""What the tests wait with."""

import os
import signal
import time

from lab_harness.emulators.process import read_process


def wait_until(look, within=15.0):
    """What `look` returns, as soon as it is true; an AssertionError after so many seconds."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {within:g} seconds"
        time.sleep(0.02)
    return found


def kill(emulator):
    """End an emulator's process as a crash does, and wait until it is gone."""
    process = read_process(emulator.home / "emulator.json")
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not process.alive())
