"""Reads zip archives from strangers: which files are in them, and what a file holds. Nothing is written to disk.

An archive may claim anything about its files, so the limits here hold whatever its headers say. `lab grade` reads it in
a separate process (see `reading`), because even the list of its files can need more memory than there is.
"""

import mmap
import re
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import PurePosixPath
from typing import Annotated, Any

import msgspec

from lab_harness.handing_in.rejected import Rejected
from lab_harness.lab.file import MIB

MAX_FILE = 10 * MIB
MAX_FILES_OF_ONE = 50  # of an archive in the archive
MAX_OF_ONE = 3 * MAX_FILE  # bytes that these unpack to
LONGEST_PATH = 400  # characters
BOMB = 20 * MAX_FILE  # what promises to unpack to so much, and is
MAX_RATIO = 200  # times smaller packed: notebooks full of pictures and logs compress 3 to 30 times
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
IGNORED = re.compile(r"__MACOSX|\..*|Thumbs\.db|desktop\.ini", re.IGNORECASE)
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
ENCRYPTED, SAYS_UTF_8 = 0x1, 0x800  # flags of an entry
HEADER = struct.Struct("<4s22xHH")  # before an entry's content: a mark, and the lengths of its name and of more
ENTRY_MARK = b"PK\x01\x02"  # of an entry in the directory; its flags come 8 bytes on

Natural = Annotated[int, msgspec.Meta(ge=0)]
ReadAt = Callable[[int, int], bytes]  # so many bytes at an offset


class Entry(msgspec.Struct, frozen=True):
    """A file, as the archive's directory describes it. `rejected` is the reason why it is not read, or empty."""

    name: Annotated[str, msgspec.Meta(max_length=LONGEST_PATH)]
    modified: float  # seconds since 1970
    offset: Natural
    packed: Natural
    size: Natural
    crc: Natural
    method: Natural
    rejected: Annotated[str, msgspec.Meta(max_length=200)] = ""

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name.replace("\\", "/"))


@dataclass(frozen=True)
class Inside:
    """A file in a small archive, such as a bundle."""

    path: PurePosixPath
    read: Callable[[], bytes]  # raises Rejected


class _Mapped(mmap.mmap):
    """A file's bytes in memory. Changes, and the position, belong to this process alone; others may share the file."""

    def seekable(self) -> bool:
        return True


def directory(archive: int) -> list[Entry]:
    """The files in the archive behind this descriptor, without those that operating systems add."""
    try:
        mapped = _Mapped(archive, 0, access=mmap.ACCESS_COPY)
    except (ValueError, OSError) as error:
        raise Rejected(str(error)) from error
    try:
        return _entries(_opened(mapped))
    except UnicodeDecodeError:  # a name that says it is UTF-8, and is not
        for found in re.finditer(re.escape(ENTRY_MARK), mapped):
            if found.start() + 10 <= len(mapped):
                mapped[found.start() + 9] &= ~(SAYS_UTF_8 >> 8)
        return _entries(_opened(mapped))


def files_of_one(content: bytes) -> Iterator[Inside]:
    """The files in a small archive, such as a bundle. Raises Rejected if it cannot be opened or holds too much."""
    entries = _entries(_opened(BytesIO(content)))
    if len(entries) > MAX_FILES_OF_ONE:
        raise Rejected(f"it holds {len(entries)} files")
    if sum(entry.size for entry in entries if not entry.rejected) > MAX_OF_ONE:
        raise Rejected(f"it holds more than {MAX_OF_ONE // MIB} MB")
    for entry in entries:
        yield Inside(entry.path, partial(unpacked, lambda at, size: content[at : at + size], entry))


def unpacked(read_at: ReadAt, entry: Entry) -> bytes:
    """The content of a file. Raises Rejected if it is too large, or differs from what the directory says."""
    if entry.rejected:
        raise Rejected(entry.rejected)
    if entry.packed > 2 * MAX_FILE:
        raise too_large()
    header = read_at(entry.offset, HEADER.size)
    if len(header) < HEADER.size or not header.startswith(b"PK\x03\x04"):
        raise Rejected("it is damaged in the archive: it does not begin where it should")
    _, name, more = HEADER.unpack(header)
    packed = read_at(entry.offset + HEADER.size + name + more, entry.packed)
    try:
        content = packed if entry.method == STORED else zlib.decompressobj(-15).decompress(packed, MAX_FILE + 1)
    except zlib.error as error:
        raise Rejected(f"it is damaged in the archive: {error}") from error
    if len(content) > MAX_FILE:
        raise too_large()
    if zlib.crc32(content) != entry.crc:
        raise Rejected("it is damaged in the archive: its checksum is another")
    return content


def too_large() -> Rejected:
    """The error for a file that is too large."""
    return Rejected(f"it is larger than {MAX_FILE // MIB} MB; clear its outputs and hand it in again")


def is_ignored(path: PurePosixPath) -> bool:
    """Whether operating systems or editors have added this file."""
    return any(is_ignored_name(part) for part in path.parts)


def is_ignored_name(name: str) -> bool:
    """Whether a folder or file has such a name. Names that Moodle gives always belong to a student."""
    return bool(IGNORED.fullmatch(name)) and name != ".." and "_assignsubmission_" not in name


def _opened(file: Any) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (UnicodeDecodeError, MemoryError):
        if isinstance(file, _Mapped):
            raise
        raise Rejected("it is no zip archive that can be read: a name in it is not UTF-8") from None
    except Exception as error:  # damaged, in one of a thousand ways
        raise Rejected(f"it is no zip archive that can be read: {error}") from error


def _entries(archive: zipfile.ZipFile) -> list[Entry]:
    found, free_from = [], 0
    overlapping = set()
    for entry in sorted(archive.infolist(), key=lambda each: each.header_offset):
        if entry.header_offset < free_from:
            overlapping.add(id(entry))
        free_from = max(free_from, entry.header_offset + HEADER.size + entry.compress_size)
    for entry in archive.infolist():
        if not (entry.is_dir() or is_ignored(_path(entry))):
            found.append(_entry(entry, id(entry) in overlapping))
    return found


def _path(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(entry.filename.replace("\\", "/"))


def _entry(entry: zipfile.ZipInfo, overlaps: bool) -> Entry:
    name = entry.filename
    if not entry.flag_bits & SAYS_UTF_8:
        name = _guessed(name)
    rejected = _harm(entry) or ("it lies in the archive where another file does" if overlaps else "")
    return Entry(
        name[:LONGEST_PATH], _modified(entry), max(entry.header_offset, 0), entry.compress_size, entry.file_size,
        entry.CRC, entry.compress_type, rejected,
    )  # fmt: skip


def _guessed(name: str) -> str:
    """A name without a stated encoding: read as UTF-8 if that is possible, else in zip's own code page."""
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _modified(entry: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*entry.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _harm(entry: zipfile.ZipInfo) -> str:
    """Why a file must not be read; empty if it may be."""
    name, path = entry.filename, _path(entry)
    bomb = entry.file_size > BOMB and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
    harms = {
        "its name in the archive leads out of the archive": (
            path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name)
        ),
        "its name in the archive is too long, or none": len(name) > LONGEST_PATH or not path.parts,
        "its name is that of a device": any(DEVICES.fullmatch(part) for part in path.parts),
        "it is a link, not a file": stat.S_ISLNK(entry.external_attr >> 16),
        "it is encrypted": entry.flag_bits & ENCRYPTED,
        f"it is a zip bomb: {entry.compress_size} bytes that unpack to {entry.file_size}": bomb,
        "it is packed in a way that is not read here": entry.compress_type not in (STORED, DEFLATED),
    }
    return next((harm for harm, is_there in harms.items() if is_there), "")
