"""Who has a course's state: one emulator at a time holds the folder until its process ends, however it ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    import psutil

LOCK = "state.lock"  # in the course's home; the system releases it when its process has ended
MODULE = "lab_harness.emulators.server"


class Holding:
    """An emulator's hold on its folder. Without it nothing may be written there."""

    def __init__(self, home: Path) -> None:
        self._file = home / LOCK
        self._lock = FileLock(self._file)
        self._inode = 0, 0

    def take(self, patience: float) -> bool:
        """Take the folder, as soon as nobody has it; False where somebody still does after so many seconds."""
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


def is_held(home: Path) -> bool:
    """Whether an emulator has this folder."""
    lock = FileLock(home / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def emulators_in(home: Path) -> "Iterator[psutil.Process]":
    """This user's processes that are, or are about to be, the emulator of this folder; no other course's."""
    import psutil

    folder = os.path.realpath(home)
    mine = psutil.Process().username()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.username() != mine or process.status() == psutil.STATUS_ZOMBIE:
                continue
            words = process.cmdline()
            if words[1:] == ["-m", MODULE] and _same(process.cwd(), folder):
                yield process


def _same(folder: str, other: str) -> bool:
    return os.path.normcase(folder) == os.path.normcase(other) if sys.platform == "win32" else folder == other
