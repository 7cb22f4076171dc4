"""Grades submissions side by side, and hands out each grade as it comes."""

import json
import re
import selectors
import socket
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from msgspec.structs import asdict

from lab_harness.course import Course
from lab_harness.errors import HarnessError
from lab_harness.grading.grade import CellError, Grade, Status, Submission
from lab_harness.grading.judge import whole_report
from lab_harness.grading.notebook_process import Cell
from lab_harness.grading.sandbox import Warm
from lab_harness.lab_file import Limits
from lab_harness.labs import load_lab

IN_FLIGHT = 4  # submissions a worker: most of them wait
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
WAITS_AFTER = 0.4  # seconds in which a submission had nothing to compute
LONGEST_NOTEBOOK = 16 * 1024 * 1024  # bytes
LONGEST_WORD = 64 * 1024 * 1024  # bytes from a room
WRITE_DEADLINE = 10.0  # seconds
ROOM_SECONDS = 400.0  # beyond the notebook's own limit


class Rejected(Exception):
    """There is nothing to run; the message says why."""


def grade_all(
    submissions: Iterable[Submission],
    course: Course,
    *,
    workers: int,
    limits: Limits | None = None,
    sandbox: bool = True,
    warm: Warm | None = None,
) -> Iterator[Grade]:
    """The grade of each submission, in the order in which they are done; the labs that take longest begin first.

    As many work at once as there are workers; while some wait for something, others begin. Whatever a submission
    is or does, its grade says so, and the others go on. `limits` stand in place of those that each lab has; `warm`
    is a warm process for this course and `sandbox` that was begun before.
    """
    with Grader(course, workers=workers, limits=limits, sandbox=sandbox, warm=warm) as grader:
        yield from grader.grade(submissions)


def longest_first(submissions: Iterable[Submission], course: Course) -> list[Submission]:
    """The submissions of the labs that take longest first."""
    return sorted(submissions, key=lambda each: -_minutes(course, each.lab))


def _minutes(course: Course, lab: str) -> int:
    with suppress(HarnessError):
        return load_lab(lab, course).file.minutes
    return 0


@dataclass
class _Flight:
    """A submission that is being graded."""

    submission: Submission
    socket: socket.socket
    limits: Limits
    began: float
    busy: float  # when it had last something to compute
    again: bool  # whether it was lost once before
    received: bytearray = field(default_factory=bytearray)


class Grader:
    """Grades submissions with one warm process, which it keeps from one call to the next."""

    def __init__(
        self,
        course: Course,
        *,
        workers: int,
        limits: Limits | None = None,
        sandbox: bool = True,
        warm: Warm | None = None,
    ) -> None:
        self.course, self.workers, self.limits, self.sandbox = course, workers, limits, sandbox
        self.selector = selectors.DefaultSelector()
        self.warm = warm
        self.flights: list[_Flight] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for flight in self.flights:
            flight.socket.close()
        self.selector.close()
        if self.warm:
            self.warm.close()

    def grade(self, submissions: Iterable[Submission]) -> Iterator[Grade]:
        """The grade of each submission, as `grade_all` gives them."""
        waiting = longest_first(submissions, self.course)
        while waiting or self.flights:
            while waiting and self._has_room():
                grade = self._begin(waiting.pop(0))
                if grade:
                    yield grade
            for key, _ in self.selector.select(0.1):
                grade = self._hear(key.data)
                if grade:
                    yield grade
            yield from self._overdue()

    def _has_room(self) -> bool:
        lately = time.monotonic() - WAITS_AFTER
        busy = sum(flight.busy > lately for flight in self.flights)
        return busy < self.workers and len(self.flights) < self.workers * IN_FLIGHT

    def _begin(self, submission: Submission, again: bool = False) -> Grade | None:
        """Start grading; the grade itself where there is nothing to run."""
        try:
            lab = load_lab(submission.lab, self.course)
            lab.all_checks  # noqa: B018  a mistake in them shows here
            cells = read_cells(submission, {task.id for task in lab.tasks if task.apart})
            limits = self.limits or lab.file.limits
            ours = self._room(lab.id)
            ours.sendall(json.dumps({"lab": lab.id, "cells": cells, "limits": asdict(limits)}).encode() + b"\n")
        except Rejected as error:
            return Grade(submission.student, submission.lab, Status.REJECTED, str(error))
        except (HarnessError, OSError) as error:
            return Grade(submission.student, submission.lab, Status.BROKEN, str(error))
        flight = _Flight(submission, ours, limits, began=time.monotonic(), busy=time.monotonic(), again=again)
        self.flights.append(flight)
        self.selector.register(ours, selectors.EVENT_READ, flight)
        return None

    def _room(self, lab: str) -> socket.socket:
        """A socket to a new room, of a new warm process where the last one has ended."""
        if self.warm and not self.warm.alive():
            self.warm.close()
            self.warm = None
        self.warm = self.warm or Warm(self.course, self.sandbox)
        self.warm.await_ready()
        ours, theirs = socket.socketpair()
        with theirs:
            self.warm.submit(theirs, lab)
        ours.settimeout(WRITE_DEADLINE)
        return ours

    def _hear(self, flight: _Flight) -> Grade | None:
        try:
            chunk = flight.socket.recv(1 << 16)
        except OSError:
            chunk = b""
        if not chunk or len(flight.received) > LONGEST_WORD:
            return self._lost(flight)
        flight.received += chunk
        while b"\n" in flight.received:
            line, _, rest = bytes(flight.received).partition(b"\n")
            flight.received[:] = rest
            message = plain(json.loads(line))
            if "busy" in message:
                flight.busy = time.monotonic() if message["busy"] else flight.busy
            else:
                return self._land(flight, message)
        return None

    def _lost(self, flight: _Flight) -> Grade | None:
        """A room that ended without a word: its submission is tried once more."""
        grade = self._land(flight, {"broken": "The grading of this submission ended without a word, twice."})
        return grade if flight.again else self._begin(flight.submission, again=True)

    def _overdue(self) -> Iterator[Grade]:
        latest = time.monotonic() - ROOM_SECONDS
        for flight in [each for each in self.flights if each.began + each.limits.notebook_seconds < latest]:
            yield self._land(flight, {"broken": "The grading of this submission did not end in time."})

    def _land(self, flight: _Flight, message: dict[str, Any]) -> Grade:
        self.selector.unregister(flight.socket)
        flight.socket.close()
        self.flights.remove(flight)
        seconds = round(time.monotonic() - flight.began, 3)
        submission = flight.submission
        if "graded" not in message:
            return Grade(submission.student, submission.lab, Status.BROKEN, str(message["broken"]), seconds=seconds)
        return self._grade(submission, message["graded"], seconds)

    def _grade(self, submission: Submission, told: dict[str, Any], seconds: float) -> Grade:
        lab = load_lab(submission.lab, self.course)
        hit, judged = list(told["hit"]), told["judged"]
        status = Status.LIMITED if hit else Status.GRADED if judged else Status.BROKEN
        reason = " ".join(hit) if hit else "" if judged else "The checks ended in the middle; see the grader's log."
        report = whole_report(lab, told["results"], "This could not be judged any more: a limit was hit.")
        return Grade(
            submission.student,
            submission.lab,
            status,
            reason,
            report=None if status is Status.BROKEN else report.to_dict(),
            cell_errors=tuple(CellError(**error) for error in told["errors"]),
            seconds=seconds,
            cpu_seconds=round(told["cpu"], 3),
            fingerprint=told["fingerprint"],
        )


def plain(value: Any) -> Any:
    """JSON values whose texts anybody can store and show: no half characters, no control characters."""
    if isinstance(value, str):
        return CONTROL.sub("�", value.encode("utf-8", "replace").decode())
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def read_cells(submission: Submission, apart: Collection[str] = ()) -> list[Cell]:
    """The code cells of a submission's notebook, each with its id, or its number from 1 where it has none.

    Those of tasks that stand `apart` are left out: they undo the lab.
    """
    try:
        if submission.path.stat().st_size > LONGEST_NOTEBOOK:
            raise Rejected(f"The file is larger than {LONGEST_NOTEBOOK // 1024 // 1024} MiB.")
        cells = json.loads(submission.path.read_bytes())["cells"]
        code = [(number, cell) for number, cell in enumerate(cells, 1) if cell.get("cell_type") == "code"]
        tags = {f"task:{task}" for task in apart}
        kept = [(number, cell) for number, cell in code if not tags & set(cell.get("metadata", {}).get("tags", ()))]
        return [(str(cell.get("id") or number), _source(cell["source"])) for number, cell in kept]
    except OSError as error:
        raise Rejected(f"The file cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Rejected("The file is no notebook.") from error


def _source(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)
