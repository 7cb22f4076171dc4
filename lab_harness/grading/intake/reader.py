"""The process that reads what students handed in. It forks a child for each file, and reads no file itself.

Run as `python -m lab_harness.grading.intake.reader FD CLOSED`. The first message on the socket FD brings a file that
describes the labs. Each later message is a `Job`, with a pipe for the answer and the file to read. The answer is one
line of JSON from the child, then a line from this process that tells how the child ended.
"""

import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from lab_harness.grading.room import limits, walls
from lab_harness.handing_in.archives import MAX_FILE, Entry, directory, too_large, unpacked
from lab_harness.handing_in.bundle import Origin, unpack
from lab_harness.handing_in.notebooks import KnownLab, Notebook, read_submitted
from lab_harness.handing_in.rejected import Rejected
from lab_harness.handing_in.shown import Shown, shown
from lab_harness.handing_in.similarity import Hashes, hashes_of
from lab_harness.lab.file import MIB, Limits
from lab_harness.render.code import parts

LONGEST_JOB = 16 * 1024  # bytes

T = TypeVar("T")
Labs = dict[str, KnownLab]


class Job(msgspec.Struct, frozen=True):
    """What to read, and within which limits. `kind` is directory, handed_in or codes.

    `name` is the file's name, and `entry` its place in an archive, if it is in one.
    """

    kind: str
    cpu_seconds: float
    seconds: float
    memory_bytes: int
    name: str = ""
    entry: Entry | None = None


class Told(msgspec.Struct, Generic[T], frozen=True):
    """The result of a job, or the reason why there is none."""

    value: T | None = None
    rejected: str = ""


class Ended(msgspec.Struct, frozen=True):
    """How the child ended."""

    code: int
    cpu_seconds: float


class Submitted(msgspec.Struct, frozen=True):
    """A notebook, and its origin if it came in a bundle; or the reason why there is no notebook."""

    notebook: Notebook | None = None
    origin: Origin | None = None
    rejected: str = ""
    shown: Shown | None = None  # what there is to read in it


class Codes(msgspec.Struct, frozen=True):
    """The code of some students, for each a list by task, and the names that the lab prescribes."""

    pieces: list[list[str]]
    kept: list[str]


def main() -> None:
    """Read until the socket closes."""
    jobs = socket.socket(fileno=int(sys.argv[1]))
    _, [labs], _, _ = socket.recv_fds(jobs, LONGEST_JOB, 1)
    known = msgspec.json.decode(_content(labs, sys.maxsize), type=Labs)
    os.close(labs)
    if os.geteuid() == 0 and sys.argv[2] == "closed":
        walls.become(walls.NOBODY)
    walls.forget_keys()
    walls.drop_privileges()
    parts("")  # Pygments compiles its rules here, and not in each child, which would take six times as long.
    gc.freeze()  # A collection in a child would copy the pages that it shares with us.
    _Server(jobs, known).serve()


class _Server:
    def __init__(self, jobs: socket.socket, labs: Labs) -> None:
        self._jobs, self._labs = jobs, labs
        self._selector = selectors.DefaultSelector()
        self._selector.register(jobs, selectors.EVENT_READ)

    def serve(self) -> None:
        """Fork a child for each job, and tell how each child ended."""
        while True:
            for key, _ in self._selector.select():
                if key.data:
                    self._selector.unregister(key.fd)
                    key.data()
                elif not self._begin():
                    return

    def _begin(self) -> bool:
        said, descriptors, _, _ = socket.recv_fds(self._jobs, LONGEST_JOB, 2)
        if not said:
            return False
        answer, file = descriptors
        try:
            pid = os.fork()
        except OSError:  # The machine is short of something. Without an answer `Reader` asks again.
            os.close(answer)
            os.close(file)
            return True
        if pid == 0:
            _answer(msgspec.json.decode(said, type=Job), self._labs, answer, file)
        os.close(file)
        process = os.pidfd_open(pid)
        self._selector.register(process, selectors.EVENT_READ, partial(_say_end, pid, process, answer))
        return True


def _say_end(pid: int, process: int, answer: int) -> None:
    _, status, used = os.wait4(pid, 0)
    ended = Ended(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime)
    with suppress(OSError):  # Who asked has gone.
        os.write(answer, b"\n" + msgspec.json.encode(ended))
    os.close(process)
    os.close(answer)


def _answer(job: Job, labs: Labs, answer: int, file: int) -> None:
    """In the child: do the job, write the answer, and end."""
    code = 1
    try:
        walls.close_all_but({answer, file})
        walls.die_with_parent()
        walls.sacrifice_first()
        signal.setitimer(signal.ITIMER_REAL, job.seconds)  # The kernel ends us, whatever we are busy with.
        limits.limit_resources(
            Limits(cpu_seconds=job.cpu_seconds, memory_bytes=job.memory_bytes, processes=1, disk_bytes=1)
        )
        told = msgspec.json.encode(_told(partial(_READ[job.kind], job, labs, file), job))
        while told:
            told = told[os.write(answer, told) :]
        code = 0
    finally:
        os._exit(code)


def _told(read: Callable[[], Any], job: Job) -> Told[Any]:
    try:
        return Told(read())
    except Rejected as reason:
        return Told(rejected=str(reason)[:2000].encode("utf-8", "replace").decode())
    except MemoryError:
        return Told(rejected=f"it is too large to be read: it takes more than {job.memory_bytes // MIB} MB of memory")
    except RecursionError:
        return Told(rejected="it is too deep to be read: too much in it is in something else")


def _read_directory(_job: Job, _labs: Labs, file: int) -> list[Entry]:
    return directory(file)


def _read_handed_in(job: Job, labs: Labs, file: int) -> Submitted:
    """A notebook, or the one in a bundle. A bundle's origin is told even if its notebook, or all of it, is rejected."""
    content = unpacked(partial(_at, file), job.entry) if job.entry else _content(file, MAX_FILE)
    if not job.name.lower().endswith(".zip"):
        return _read_notebook(content, job.name, labs)
    origin = None
    try:
        bundle = unpack(content)
        origin = bundle.origin
        return _read_notebook(bundle.notebook, bundle.manifest.notebook, labs, origin)
    except Rejected as reason:
        return Submitted(None, origin or reason.origin, str(reason)[:2000].encode("utf-8", "replace").decode())


def _read_notebook(content: bytes, name: str, labs: Labs, origin: Origin | None = None) -> Submitted:
    notebook = read_submitted(content, name, labs)
    lab = labs[notebook.lab]
    return Submitted(notebook, origin, shown=shown(content, lab.given, lab.task_cells))


def _read_codes(_job: Job, _labs: Labs, file: int) -> list[Hashes]:
    codes = msgspec.json.decode(_content(file, sys.maxsize), type=Codes)
    kept = frozenset(codes.kept)
    return [hashes_of(piece, kept) for piece in codes.pieces]


_READ: dict[str, Callable[[Job, Labs, int], Any]] = {
    "directory": _read_directory,
    "handed_in": _read_handed_in,
    "codes": _read_codes,
}


def _content(file: int, most: int) -> bytes:
    with os.fdopen(file, "rb", closefd=False) as opened:
        content = opened.read(most + 1) if most < sys.maxsize else opened.read()
    if len(content) > most:
        raise too_large()
    return content


def _at(file: int, offset: int, size: int) -> bytes:
    found = bytearray()
    while len(found) < size and (chunk := os.pread(file, size - len(found), offset + len(found))):
        found += chunk
    return bytes(found)


if __name__ == "__main__":
    main()
