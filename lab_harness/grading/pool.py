"""Grades several submissions at a time, and returns each grade as soon as it is known."""

import json
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Self

from msgspec.structs import asdict

from lab_harness.course import Course
from lab_harness.errors import HarnessError
from lab_harness.grading.grade import Grade, Status, Submission
from lab_harness.grading.room import machine
from lab_harness.grading.room.conditions import BLAMELESS, SHORT
from lab_harness.grading.room.sandbox import Warm
from lab_harness.grading.told import cleaned, grade_of
from lab_harness.handing_in.cells import read_cells
from lab_harness.handing_in.rejected import Rejected
from lab_harness.lab.file import Limits
from lab_harness.lab.labs import load_lab

IN_FLIGHT = 4  # submissions a worker: most of them wait
WAITS_AFTER = 0.4  # seconds in which a submission had nothing to compute
LONGEST_WORD = 64 * 1024 * 1024  # bytes from a room
WRITE_DEADLINE = 10.0  # seconds
ROOM_SECONDS = 400.0  # beyond the notebook's own limit

Follow = Callable[[int, int], object]


def grade_all(
    submissions: Iterable[Submission],
    course: Course,
    *,
    workers: int,
    limits: Limits | None = None,
    sandbox: bool = True,
    warm: Warm | None = None,
    follow: Follow = lambda cells, checks: None,
) -> Iterator[Grade]:
    """The grade of each submission, as soon as it is known. The labs that take longest begin first.

    As many submissions compute at a time as there are `workers`; while some only wait, others begin. Whatever goes
    wrong with one submission is in its grade, and does not stop the others. `limits` replace the labs' own; `warm` is
    a warm process that was already started for this course and `sandbox`. `follow` is told several times a second, of
    any submission, how many of its cells have begun and how many of the checks are done.
    """
    with Grader(course, workers=workers, limits=limits, sandbox=sandbox, warm=warm, follow=follow) as grader:
        yield from grader.grade(submissions)


def longest_first(submissions: Iterable[Submission], course: Course) -> list[Submission]:
    """The submissions, sorted: those of the labs that take longest come first."""
    minutes = cache(partial(_minutes, course))
    return sorted(submissions, key=lambda each: -minutes(each.lab))


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
    busy: float  # when it last had something to compute
    again: bool  # whether this is its second try, which it has alone
    holds: int = 0  # bytes of memory
    received: bytearray = field(default_factory=bytearray)


class Grader:
    """Grades submissions with one warm process, which is kept for the next call."""

    def __init__(
        self,
        course: Course,
        *,
        workers: int,
        limits: Limits | None = None,
        sandbox: bool = True,
        warm: Warm | None = None,
        follow: Follow = lambda cells, checks: None,
    ) -> None:
        self.course, self.workers, self.limits, self.sandbox = course, workers, limits, sandbox
        self._lab = cache(partial(load_lab, course=course))  # reading a lab takes as long as starting its room
        self.follow = follow
        self.selector = selectors.DefaultSelector()
        self.warm = warm
        self.flights: list[_Flight] = []
        self.again: deque[Submission] = deque()  # to be tried once more, alone

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
        while waiting or self.again or self.flights:
            while waiting and self._has_room():
                grade = self._begin(waiting.pop(0))
                if grade:
                    yield grade
            if not waiting and (grade := self._try_again()):
                yield grade
            for key, _ in self.selector.select(0.1):
                grade = self._hear(key.data)
                if grade:
                    yield grade
            yield from self._overdue()
            self._relieve()

    def _has_room(self) -> bool:
        if any(flight.again for flight in self.flights):
            return False
        lately = time.monotonic() - WAITS_AFTER
        busy = sum(flight.busy > lately for flight in self.flights)
        return busy < self.workers and len(self.flights) < self.workers * IN_FLIGHT

    def _try_again(self) -> Grade | None:
        """Begin a submission that is tried again, once no other is running that could disturb it."""
        return self._begin(self.again.popleft(), again=True) if self.again and not self.flights else None

    def _begin(self, submission: Submission, again: bool = False) -> Grade | None:
        """Start to grade a submission. Returns a grade only if there is nothing to run."""
        try:
            lab = self._lab(submission.lab)
            lab.all_checks  # noqa: B018  a mistake in them shows here
            cells = read_cells(submission.path, {task.id for task in lab.tasks if task.apart})
            limits = self.limits or lab.file.limits
            ours = self._room(lab.id)
            ours.sendall(
                json.dumps({"lab": lab.id, "cells": cells, "limits": asdict(limits), "alone": again}).encode() + b"\n"
            )
        except Rejected as error:
            return Grade(submission.student, submission.lab, Status.REJECTED, str(error))
        except (HarnessError, OSError) as error:
            return Grade(submission.student, submission.lab, Status.BROKEN, str(error))
        flight = _Flight(submission, ours, limits, began=time.monotonic(), busy=time.monotonic(), again=again)
        self.flights.append(flight)
        self.selector.register(ours, selectors.EVENT_READ, flight)
        return None

    def _room(self, lab: str) -> socket.socket:
        """A socket to a new room. If the warm process has ended, a new one is started."""
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
            message = cleaned(json.loads(line))
            if "busy" in message:
                flight.busy = time.monotonic() if message["busy"] else flight.busy
                flight.holds = message["holds"]
                self.follow(message["cells"], message["checks"])
            else:
                return self._land(flight, message)
        return None

    def _lost(self, flight: _Flight) -> Grade | None:
        """Handle a room that ended without giving a grade."""
        return self._land(flight, {"broken": "The grading of this submission ended without a word, twice."})

    def _relieve(self) -> None:
        """If memory runs short, stop the submission that holds most; it is tried again alone."""
        if len(self.flights) > 1 and machine.is_short_of_memory():
            self._land(max(self.flights, key=lambda flight: flight.holds), {"broken": SHORT})

    def _overdue(self) -> Iterator[Grade]:
        latest = time.monotonic() - ROOM_SECONDS
        for flight in [each for each in self.flights if each.began + each.limits.notebook_seconds < latest]:
            flight.again = True  # It has had all the time there is.
            grade = self._land(flight, {"broken": "The grading of this submission did not end in time."})
            if grade:
                yield grade

    def _land(self, flight: _Flight, message: dict[str, Any]) -> Grade | None:
        """The grade in a room's last message; None if the grader may be to blame and the submission is tried again."""
        self.selector.unregister(flight.socket)
        flight.socket.close()
        self.flights.remove(flight)
        doubt = message["graded"]["doubt"] if "graded" in message else str(message["broken"])
        if doubt and not flight.again:
            self.again.append(flight.submission)
            return None
        if doubt in BLAMELESS:
            message = {"broken": f"{doubt}, twice."}
        seconds = round(time.monotonic() - flight.began, 3)
        submission = flight.submission
        if "graded" not in message:
            return Grade(submission.student, submission.lab, Status.BROKEN, str(message["broken"]), seconds=seconds)
        return grade_of(submission, self._lab(submission.lab), message["graded"], seconds)
