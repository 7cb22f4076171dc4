"""Runs of a lab's checks take turns, also those of several programs: two at once would meet each other's probes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab_harness.authors.checks import Cancelled

PATIENCE = 300.0  # seconds, longer than all checks of a lab take; a run that holds on for longer is stuck


@contextmanager
def turn(lab: str, home: Path, cancelled: threading.Event | None = None) -> Iterator[None]:
    """While nobody else who keeps to this runs this lab's checks on the course with this home.

    Raises Cancelled when it is cancelled before that.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(home / f"{lab}.checks.lock", mode=0o600)
    deadline = time.monotonic() + PATIENCE
    while home.is_dir() and not lock.is_locked and time.monotonic() < deadline:
        try:
            lock.acquire(timeout=0.1, poll_interval=0.05)
        except Timeout:
            if cancelled and cancelled.is_set():
                raise Cancelled from None
        except OSError:
            break  # Where nothing can be written, nobody else can wait for this.
    try:
        yield
    finally:
        lock.release()
