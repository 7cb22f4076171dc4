"""Folders and files that nobody else of the same computer may open: what a course keeps in `.lab`."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from lab_harness.errors import OWN_FOLDER, CourseError

OTHERS = 0o077  # what may be done by others than the owner


def private_folder(folder: Path) -> Path:
    """The folder, made if it is not there yet, and closed to others.

    Raises CourseError where it is a stranger's, who could read all that is put there and replace it.
    """
    folder.mkdir(0o700, parents=True, exist_ok=True)
    if sys.platform != "win32" and folder.lstat().st_uid not in {os.geteuid(), folder.parent.stat().st_uid}:
        raise CourseError(f"{folder} belongs to another user of this computer. {OWN_FOLDER}")
    _close(folder)
    return folder


def private_file(file: Path) -> Path:
    """The file in its private folder, made empty if it is not there yet, and closed to others.

    One that is there is not opened: whoever closes a file gives up all locks on it that its process holds (POSIX), also
    those of another thread's that is writing to a database.
    """
    private_folder(file.parent)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    _close(file)
    return file


def mend(folder: Path) -> None:
    """Close a folder to others with all that is in it, as an earlier version or another program left it."""
    private_folder(folder)
    for place, folders, files in os.walk(folder):  # It follows no links.
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # It may be one that comes and goes.
                _close(Path(place, name))


def _close(path: Path) -> None:
    mode = path.lstat().st_mode
    if sys.platform != "win32" and not stat.S_ISLNK(mode) and mode & OTHERS:
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
