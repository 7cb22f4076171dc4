"""Reads what students handed in: each file in a separate process, with limits on time, memory and the answer's size.

One small notebook can keep a parser busy for minutes, take gigabytes, or make it crash. So this process parses nothing
that a student wrote. A warm process forks a child for each file (see `reader`); the answers are decoded into a few
types.
"""

import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Self

import msgspec

from lab_harness.course import Course
from lab_harness.errors import CourseError
from lab_harness.grading.intake.reader import Codes, Ended, Job, Submitted, Told
from lab_harness.grading.room import sandbox
from lab_harness.grading.room.scratch import Scratch
from lab_harness.handing_in.archives import Entry
from lab_harness.handing_in.notebooks import KnownLab
from lab_harness.handing_in.rejected import Rejected
from lab_harness.handing_in.similarity import Hashes
from lab_harness.lab.file import MIB
from lab_harness.render import one_line

LONGEST_ANSWER = 16 * MIB
LONGEST_DIRECTORY = 64 * MIB
TOGETHER = 25  # students whose code is compared in one process
END_DEADLINE = 10.0  # seconds
GRACE = 5.0  # seconds for what reads on a busy machine to be ended by its own limit
CHUNK = 1 << 16
# What the answers to each kind of job are decoded with, made here by one thread: msgspec takes a type apart when it
# first meets it, and the process crashes where a second thread comes upon one that is half done.
ANSWERS: Mapping[str, msgspec.json.Decoder[Told[Any]]] = {
    "directory": msgspec.json.Decoder(Told[list[Entry]]),
    "handed_in": msgspec.json.Decoder(Told[Submitted]),
    "codes": msgspec.json.Decoder(Told[list[Hashes]]),
}
ENDED = msgspec.json.Decoder(Ended)


@dataclass(frozen=True)
class Bounds:
    """The limits for reading one file."""

    cpu_seconds: int = 10
    seconds: float = 60.0  # on a machine that does other things as well
    memory_bytes: int = 512 * MIB


class Reader:
    """A warm process that forks a child for each file to read. Several threads may use it."""

    def __init__(self, labs: Mapping[str, KnownLab], walled: bool | None = None, bounds: Bounds = Bounds()) -> None:
        self.bounds = bounds
        self._labs, self._walled = labs, not sandbox.why_not_closed() if walled is None else walled
        self._lock, self._alone = Lock(), Lock()
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and its children."""
        self._jobs.close()
        with suppress(
            subprocess.TimeoutExpired
        ):  # It ends by itself; bubblewrap, killed as it starts, leaves a process.
            self._process.wait(END_DEADLINE)
        self._process.kill()
        self._process.wait()
        self._log.close()
        self._scratch.cleanup()

    def _has_ended(self, seconds: float) -> bool:
        """Whether the process ends within so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is not None

    def directory(self, archive: int) -> list[Entry]:
        """The files in a zip archive. Raises Rejected if it cannot be read."""
        bounds = replace(self.bounds, memory_bytes=self.bounds.memory_bytes + os.fstat(archive).st_size)
        found: list[Entry] = self._told("directory", archive, bounds=bounds, longest=LONGEST_DIRECTORY)
        return found

    def handed_in(self, file: int, name: str, entry: Entry | None = None) -> Submitted:
        """The notebook in a file with this name. Raises Rejected with the reason if there is none."""
        found: Submitted = self._told("handed_in", file, name, entry)
        return found

    def hash_all(self, codes: Sequence[Sequence[str]], kept: frozenset[str]) -> list[Hashes]:
        """The hashes for comparing code, for each student. Code that cannot be read within the limits has none."""
        found: list[Hashes] = []
        for at in range(0, len(codes), TOGETHER):
            found += self._hashes([list(each) for each in codes[at : at + TOGETHER]], sorted(kept))
        return found

    def _hashes(self, pieces: list[list[str]], kept: list[str]) -> list[Hashes]:
        try:
            with tempfile.TemporaryFile() as file:
                file.write(msgspec.json.encode(Codes(pieces, kept)))
                file.seek(0)
                found: list[Hashes] = self._told("codes", file.fileno())
            if len(found) == len(pieces):
                return found
        except Rejected:
            pass
        if len(pieces) == 1:
            return [frozenset()]
        half = len(pieces) // 2
        return self._hashes(pieces[:half], kept) + self._hashes(pieces[half:], kept)

    def _told(
        self,
        kind: str,
        file: int,
        name: str = "",
        entry: Entry | None = None,
        bounds: Bounds | None = None,
        longest: int = LONGEST_ANSWER,
    ) -> Any:
        bounds = bounds or self.bounds
        job = Job(kind, bounds.cpu_seconds, bounds.seconds, bounds.memory_bytes, name, entry)
        told = _decoded(kind, self._ask(job, file, longest), bounds)
        if told.value is None and not told.rejected:  # The machine may have been short of memory: once more, alone.
            with self._alone:
                os.lseek(file, 0, os.SEEK_SET)
                told = _decoded(kind, self._ask(job, file, longest), bounds)
                if told == Told() and self._has_ended(0.5):
                    raise CourseError(f"What reads submissions cannot be started:\n{self._words()}")
        if told.value is None:
            raise Rejected(one_line(told.rejected) or "it is too large or too deep to be read: what read it was ended")
        return told.value

    def _ask(self, job: Job, file: int, longest: int) -> bytes:
        """The answer to a job; empty if it did not come in time, or is too long."""
        ours, theirs = os.pipe()
        with os.fdopen(ours, "rb", buffering=0) as answer:
            try:
                self._send(job, [theirs, file])
            finally:
                os.close(theirs)
            return _all_of(answer.fileno(), time.monotonic() + job.seconds + GRACE, longest)

    def _send(self, job: Job, descriptors: list[int]) -> None:
        """Send a job. If the process has ended, start another one first."""
        with self._lock:
            try:
                socket.send_fds(self._jobs, [msgspec.json.encode(job)], descriptors)
            except OSError:
                self.close()
                self._start()
                socket.send_fds(self._jobs, [msgspec.json.encode(job)], descriptors)

    def _words(self) -> str:
        """The end of the process's log, for an error message."""
        self._log.seek(0)
        return self._log.read()[-2000:].decode(errors="replace")

    def _start(self) -> None:
        self._jobs, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._scratch = Scratch()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs, tempfile.TemporaryFile() as labs:
            words = [
                "-m",
                "lab_harness.grading.intake.reader",
                str(theirs.fileno()),
                "closed" if self._walled else "open",
            ]
            scratch = Path(self._scratch.name)
            no_course = Course(scratch)  # It sees none: what it has to know of the labs it is told.
            self._process = sandbox.start_python(words, no_course, scratch, self._walled, theirs, self._log)
            labs.write(msgspec.json.encode(self._labs))
            labs.seek(0)
            with suppress(OSError):  # It has ended; who asks it is told so.
                socket.send_fds(self._jobs, [b"labs"], [labs.fileno()])


def _all_of(answer: int, deadline: float, longest: int) -> bytes:
    found, poll = bytearray(), select.poll()
    poll.register(answer, select.POLLIN)
    while len(found) <= longest and (left := deadline - time.monotonic()) > 0:
        if poll.poll(left * 1000):
            chunk = os.read(answer, CHUNK)
            if not chunk:
                return bytes(found)
            found += chunk
    return b""


def begin_reader(course: Course) -> Reader:
    """A reader that knows the course's labs as the class was given them."""
    from lab_harness.handing_in.released import releases_of

    return Reader({id: released.known for id, released in releases_of(course).items()})


def _decoded(kind: str, answer: bytes, bounds: Bounds) -> Told[Any]:
    """The answer of a child; an empty `Told` if it crashed for another reason than running out of time."""
    line, _, end = answer.rpartition(b"\n")
    try:
        ended = ENDED.decode(end)
        if ended.code == 0:
            return ANSWERS[kind].decode(line)
    except ValueError:
        return Told()
    if ended.cpu_seconds > bounds.cpu_seconds - 1:
        return Told(
            rejected=f"it is too large to be read: that takes more than {bounds.cpu_seconds} s of processor time"
        )
    return Told()
