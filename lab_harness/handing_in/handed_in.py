"""The files that a class handed in, in a folder or a zip archive: their names, and a descriptor to read each.

Their content is not read here. A name may be anything; it is only used to find out whose a file is.
"""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from lab_harness.errors import UsageError
from lab_harness.handing_in.archives import MAX_FILE, Entry, is_ignored_name, too_large
from lab_harness.handing_in.rejected import Rejected
from lab_harness.lab.file import MIB
from lab_harness.render import one_line

MAX_FILES = 20_000  # of an archive
MAX_FILES_IN_FOLDER = 1000  # of one student's
MAX_DEPTH = 30  # folders in folders
MAX_UNPACKED = 2048 * MIB  # of all that is read from one archive
EVERYWHERE = (".ipynb_checkpoints", ".git", "__MACOSX")  # hidden folders that are no student's
LOOKED_AT = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe's other end is not waited for


@dataclass(frozen=True)
class HandedIn:
    """One file: its path in the folder or archive, and when it was last changed (seconds since 1970).

    `open` returns a descriptor of the file or, for an `entry` of an archive, of the archive. It may raise Rejected.
    """

    path: PurePosixPath
    modified: float
    open: Callable[[], int]
    entry: Entry | None = None

    @property
    def shown(self) -> str:
        """The path as it can be printed."""
        return one_line(str(self.path), 200) or "(no name)"


@dataclass
class HandedInFiles:
    """The files of a class, and notices for the teacher, for example about files that were left out."""

    files: list[HandedIn] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def files_in_folder(source: Path) -> HandedInFiles:
    """All files of a folder, except very deep ones; at most a thousand for each folder directly in it."""
    found = HandedInFiles()
    with os.scandir(source) as entries:
        hidden = sorted(each.name for each in entries if is_ignored_name(each.name) and each.is_dir())
    found.notices += [f"{one_line(name)} is hidden; it was left out." for name in hidden if name not in EVERYWHERE]
    for top in _listed(source, found, source):
        if top.is_dir(follow_symlinks=False):
            found.files += _in_folder(Path(top.path), source, found)
        else:
            found.files.append(_file(top, source))
    return found


def files_in_archive(archive: int, entries: list[Entry], source: Path) -> HandedInFiles:
    """The files of an archive. Raises UsageError if there are too many."""
    if len(entries) > MAX_FILES:
        raise UsageError(f"{source} has {len(entries)} entries; at most {MAX_FILES} are read.")
    found, unpacked = HandedInFiles(), 0
    for entry in entries:
        unpacked += min(entry.size, MAX_FILE)  # as it promises; more than that never comes of it
        opened = partial(_entry_of, archive, entry, unpacked > MAX_UNPACKED)
        found.files.append(HandedIn(entry.path, entry.modified, opened, entry))
    return found


def one_file(source: Path) -> HandedIn:
    """A file as one piece, even if it is an archive."""
    return HandedIn(PurePosixPath(source.name), source.lstat().st_mtime, partial(_opened, source))


def open_archive(source: Path) -> int:
    """A descriptor of an archive. Raises UsageError if there is no such file."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UsageError(
            f"{source} does not exist. Name the folder, or the zip archive, of the submissions."
        ) from error
    except OSError as error:
        raise no_archive(source, error.strerror) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise no_archive(source, "it is no regular file")
    return descriptor


def no_archive(source: Path, reason: object) -> UsageError:
    """The error for a file that was given as the submissions and is not an archive."""
    return UsageError(f"{source} is neither a folder nor a zip archive that can be read: {reason}")


def _in_folder(folder: Path, source: Path, found: HandedInFiles) -> list[HandedIn]:
    """The files below a folder; a folder's own files come before those in its subfolders. Links are not followed."""
    files: list[HandedIn] = []
    waiting, met = [(folder, 1)], 0
    while waiting:
        here, depth = waiting.pop()
        inner = []
        for each in _listed(here, found, source):
            met += 1
            if met > MAX_FILES_IN_FOLDER:
                found.notices.append(f"{_shown(folder, source)} holds too many files; the rest was left out.")
                return files
            if not each.is_dir(follow_symlinks=False):
                files.append(_file(each, source))
            elif depth < MAX_DEPTH:
                inner.append((Path(each.path), depth + 1))
            else:
                found.notices.append(f"{_shown(here, source)} lies too deep; what is in its folders was left out.")
        waiting += reversed(inner)
    return files


def _listed(folder: Path, found: HandedInFiles, source: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder, sorted by name, without those that operating systems add."""
    try:
        with os.scandir(folder) as entries:
            return sorted((each for each in entries if not is_ignored_name(each.name)), key=lambda each: each.name)
    except OSError as error:
        found.notices.append(f"{_shown(folder, source)} cannot be read ({error.strerror}); it was left out.")
        return []


def _shown(folder: Path, source: Path) -> str:
    return one_line(str(folder.relative_to(source)), 200)


def _file(entry: os.DirEntry[str], source: Path) -> HandedIn:
    path = Path(entry.path)
    try:
        modified = entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        modified = 0.0
    return HandedIn(PurePosixPath(path.relative_to(source)), modified, partial(_opened, path))


def _opened(path: Path) -> int:
    try:
        descriptor = os.open(path, LOOKED_AT)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Rejected("it is a link, not a file") from error
        raise Rejected(f"it cannot be read: {error.strerror}") from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_FILE:
        return descriptor
    os.close(descriptor)
    raise too_large() if stat.S_ISREG(status.st_mode) else Rejected("it is no regular file")


def _entry_of(archive: int, entry: Entry, exhausted: bool) -> int:
    if entry.rejected:
        raise Rejected(entry.rejected)
    if entry.size > MAX_FILE:
        raise too_large()
    if exhausted:
        raise Rejected(f"the archive holds more than {MAX_UNPACKED // MIB} MB")
    return os.dup(archive)
