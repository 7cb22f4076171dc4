"""Keeps the tests' temporary folders in memory, where the system has room for that: there nothing waits for the disk.

An emulator writes what it saves through to the disk, for a learner's machine may crash. Each reset, with which most
tests of one begin, would wait for that.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3  # bytes; a whole run needs a tenth, and a container often has 64 MB
NAMED = "PYTEST_DEBUG_TEMPROOT"  # pytest's own variable for where its folders are


def pytest_configure():
    """Say so to pytest, and to its workers; but where somebody has named another place, that is kept."""
    if has_room(MEMORY):
        os.environ.setdefault(NAMED, str(MEMORY))


def has_room(folder):
    """Whether the tests may keep their folders here: there is room, and programs in it may be run."""
    with suppress(OSError, AttributeError):  # There is none, or this is Windows.
        may_run = not os.statvfs(folder).f_flag & os.ST_NOEXEC
        return may_run and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM
    return False
