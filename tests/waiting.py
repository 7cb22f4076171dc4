"""What the tests wait with."""

import os
import signal
import threading
import time
from concurrent.futures import Future

from lab_harness.emulators.process import read_process

PATIENCE = 60.0  # seconds until what must happen is given up: a machine that stalls for a while fails no test


def wait_until(look, within=PATIENCE):
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


def in_thread(function, *arguments):
    """The future of a call that is under way in a thread of its own, which a test that fails need not wait for."""
    future = Future()

    def run():
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
