"""The grader's temporary folders. If a run is killed, the next run removes its folders."""

import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PREFIX = "lab-grading-"
MARK = "in-use"  # locked by its owner; the system releases it when that has ended, however it ended
UNMARKED = 3600.0  # seconds after which a folder without a mark was not just made


class Scratch(tempfile.TemporaryDirectory[str]):
    """A temporary folder. If its process cannot remove it, the next run does."""

    def __init__(self) -> None:
        super().__init__(prefix=PREFIX, ignore_cleanup_errors=True)
        self._mark = _marked(self.name)

    def cleanup(self) -> None:
        """Remove it."""
        super().cleanup()
        with suppress(OSError):
            os.close(self._mark)
        self._mark = -1


def remove_left_behind(where: Path | None = None) -> None:
    """Remove the folders of processes that have ended; only this user's own folders, and no links."""
    with suppress(OSError), os.scandir(where or tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX):
                with suppress(OSError):
                    _remove_if_left(Path(entry.path))


def _marked(folder: str) -> int:
    """Make the mark of a new folder. It is locked before it gets its name: without a lock it would look left behind."""
    import fcntl

    new = os.path.join(folder, f"{MARK}.new")  # noqa: PTH118
    mark = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.rename(new, os.path.join(folder, MARK))  # noqa: PTH104, PTH118
    return mark


def _remove_if_left(path: Path) -> None:
    """Remove a folder if its process has ended. Raises OSError if it is not ours or is in use."""
    import fcntl

    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        about = os.fstat(folder)
        if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) != 0o700:
            return
        try:
            mark = os.open(MARK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except FileNotFoundError:
            if time.time() - about.st_mtime > UNMARKED:
                path.rmdir()  # which does so only where it is empty
            return
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)  # follows no links
        finally:
            os.close(mark)
    finally:
        os.close(folder)
