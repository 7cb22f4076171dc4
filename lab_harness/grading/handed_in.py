"""The files that a class handed in, from a folder or a zip archive. Nothing of an archive is written to disk.

Names and contents are anybody's: an archive is read entry by entry within limits, whatever its headers promise, and
a name only ever tells whose file it is.
"""

import io
import os
import re
import stat
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from lab_harness.errors import UsageError
from lab_harness.lab_file import MIB

MAX_FILE = 10 * MIB
MAX_FILES = 20_000
MAX_FILES_OF_ONE = 50  # of an archive in the archive
MAX_UNPACKED = 2048 * MIB  # of all that is read from one archive
BOMB = 20 * MAX_FILE  # what promises to unpack to so much, and is
MAX_RATIO = 200  # times smaller packed: notebooks full of pictures and logs compress 3 to 30 times
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
IGNORED = re.compile(r"__MACOSX|\..*|Thumbs\.db|desktop\.ini", re.IGNORECASE)


class Refused(Exception):
    """Why a file cannot be graded, in words for student and teacher."""


@dataclass(frozen=True)
class HandedIn:
    """One file: its path in what was handed in, when it was changed last (seconds since 1970), and its content."""

    path: PurePosixPath
    modified: float
    read: Callable[[], bytes]  # raises Refused


def files_in(source: Path) -> Iterator[HandedIn]:
    """All files of a folder or a zip archive. UsageError where it is neither or cannot be opened."""
    if source.is_dir():
        return _in_folder(source)
    if not source.exists():
        raise UsageError(f"{source} does not exist. Name the folder, or the zip archive, of the submissions.")
    try:
        return _in_archive(zipfile.ZipFile(source))
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise UsageError(f"{source} is neither a folder nor a zip archive that can be read: {error}") from error


def one_file(source: Path) -> HandedIn:
    """A file as it is, an archive too."""
    return HandedIn(PurePosixPath(source.name), source.lstat().st_mtime, partial(_read_file, source))


def files_of_one(content: bytes) -> Iterator[HandedIn]:
    """The files of an archive that was handed in as one file. Raises Refused where it cannot be opened."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Refused(f"it is no zip archive that can be read: {error}") from error
    if len(archive.infolist()) > MAX_FILES_OF_ONE:
        raise Refused(f"it holds {len(archive.infolist())} files")
    return _in_archive(archive)


def _ignored(path: PurePosixPath) -> bool:
    return any(IGNORED.fullmatch(part) and part != ".." for part in path.parts)


# A folder


def _in_folder(source: Path) -> Iterator[HandedIn]:
    for folder, subfolders, names in os.walk(source):  # does not follow links
        here = Path(folder)
        linked = [name for name in subfolders if (here / name).is_symlink()]
        subfolders[:] = sorted(name for name in subfolders if not IGNORED.fullmatch(name))
        for name in sorted([*names, *linked]):
            path = here / name
            found = PurePosixPath(path.relative_to(source))
            if not _ignored(found):
                yield HandedIn(found, path.lstat().st_mtime, partial(_read_file, path))


def _read_file(path: Path) -> bytes:
    try:
        kind = path.lstat()
        if stat.S_ISLNK(kind.st_mode):
            raise Refused("it is a link, not a file")
        if not stat.S_ISREG(kind.st_mode):
            raise Refused("it is no regular file")
        with path.open("rb") as file:
            return _within_limit(file.read(MAX_FILE + 1))
    except OSError as error:
        raise Refused(f"it cannot be read: {error.strerror}") from error


def _within_limit(content: bytes) -> bytes:
    if len(content) > MAX_FILE:
        raise Refused(f"it is larger than {MAX_FILE // MIB} MB; clear its outputs and hand it in again")
    return content


# An archive


class _Allowance:
    """How much may still be read from an archive."""

    def __init__(self) -> None:
        self.left = MAX_UNPACKED

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Refused(f"the archive holds more than {MAX_UNPACKED // MIB} MB")


def _in_archive(archive: zipfile.ZipFile) -> Iterator[HandedIn]:
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise UsageError(f"{archive.filename} has {len(entries)} entries; at most {MAX_FILES} are read.")
    allowance = _Allowance()
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if not entry.is_dir() and not _ignored(path):
            read = partial(_read_entry, archive, entry, path, allowance)
            yield HandedIn(path, _modified(entry), read)


def _modified(entry: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*entry.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: PurePosixPath, allowance: _Allowance) -> bytes:
    _insist_on_harmless(entry, path)
    try:
        with archive.open(entry) as file:
            content = file.read(MAX_FILE + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused(f"it is damaged in the archive: {error}") from error
    allowance.take(len(content))
    return _within_limit(content)


def _insist_on_harmless(entry: zipfile.ZipInfo, path: PurePosixPath) -> None:
    name = entry.filename
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name) or not name.isprintable():
        raise Refused("its name in the archive leads out of the archive")
    if any(DEVICES.fullmatch(part) for part in path.parts):
        raise Refused("its name is that of a device")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused("it is a link, not a file")
    if entry.flag_bits & 1:
        raise Refused("it is encrypted")
    if entry.file_size > BOMB and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise Refused(f"it is a zip bomb: {entry.compress_size} bytes that unpack to {entry.file_size}")
