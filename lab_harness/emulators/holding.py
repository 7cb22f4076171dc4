"""Who has a course's state: one emulator at a time holds the folder until its process ends, however it ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lab_harness.emulators.process import END_DEADLINE, START_DEADLINE, Process
from lab_harness.errors import EmulatorError

if TYPE_CHECKING:
    import psutil

LOCK = "state.lock"  # in the course's home; the system releases it when its process has ended
MODULE = "lab_harness.emulators.inside.server"


class Holding:
    """An emulator's hold on its folder. Without it nothing may be written there."""

    def __init__(self, home: Path) -> None:
        from filelock import FileLock

        self._file = home / LOCK
        self._lock = FileLock(self._file, mode=0o600)
        self._inode = 0, 0

    def take(self, patience: float) -> bool:
        """Take the folder, as soon as nobody has it; False where somebody still does after so many seconds."""
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=patience)
        except Timeout:
            return False
        self._inode = self._seen()
        return True

    def lasts(self) -> bool:
        """Whether the folder is still the one that was taken: somebody may have deleted or moved it."""
        return self._seen() == self._inode

    def _seen(self) -> tuple[int, int]:
        try:
            found = self._file.stat()
        except OSError:
            return -1, -1
        return found.st_dev, found.st_ino


@contextmanager
def alone_in(home: Path) -> Iterator[None]:
    """While no other command starts or stops this folder's emulator."""
    from filelock import FileLock, Timeout

    lock = FileLock(home / "emulator.lock", timeout=START_DEADLINE, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise EmulatorError("Another command has been starting the emulator for too long; try again.") from error
    try:
        yield
    finally:
        lock.release()


def is_held(home: Path) -> bool:
    """Whether an emulator has this folder."""
    from filelock import FileLock, Timeout

    lock = FileLock(home / LOCK, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def end_emulators_in(home: Path, known: int | None = None) -> list[int]:
    """End this folder's emulators, but for the one that is known, in good order; the numbers of their processes."""
    import psutil

    found = [process for process in emulators_in(home) if process.pid != known]
    for process in found:
        with suppress(psutil.Error):
            ending = Process(process.pid, process.create_time(), 0, "")
            process.terminate()  # It saves what was built.
            ending.end(patience=END_DEADLINE)
    return [process.pid for process in found]


def emulators_in(home: Path) -> "Iterator[psutil.Process]":
    """This user's processes that are, or are about to be, the emulator of this folder; no other course's."""
    import psutil

    folder = os.path.realpath(home)
    mine = psutil.Process().username()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.username() == mine and _is_emulator(process, folder):
                yield process


def _is_emulator(process: "psutil.Process", folder: str) -> bool:
    import psutil

    if process.cmdline()[1:] != ["-m", MODULE] or process.status() == psutil.STATUS_ZOMBIE:
        return False
    where: str = process.cwd()
    return os.path.normcase(where) == os.path.normcase(folder)
