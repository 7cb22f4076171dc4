"""Grades submissions in a thread, as they come, from any other thread: what a worker of a cluster uses."""

import selectors
import socket
from collections import deque
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from threading import Thread

from lab_harness.course import Course
from lab_harness.grading.grade import Grade, Submission
from lab_harness.grading.pool import Grader
from lab_harness.lab.file import Limits

TICK = 0.1  # seconds between two looks at what waits


class GraderThread(Grader):
    """Grades in a thread of its own, as many submissions at a time as `grade_all` does.

    It does not know whose work it grades: a number stands in place of the student's name. The thread runs until the
    process ends, because the warm process ends with the thread that started it.
    """

    def __init__(self, course: Course, *, workers: int, limits: Limits | None = None, sandbox: bool = True) -> None:
        super().__init__(course, workers=workers, limits=limits, sandbox=sandbox)
        self._waiting: deque[Submission] = deque()
        self._futures: dict[str, Future[Grade]] = {}
        self._numbers = count()
        # One byte on this pair of sockets wakes the thread, which waits for sockets.
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self.selector.register(self._woken, selectors.EVENT_READ)
        self._thread = Thread(target=self._run, name="lab-grader", daemon=True)
        self._thread.start()

    def submit(self, lab: str, notebook: Path) -> "Future[Grade]":
        """A future with the grade of a notebook. The file must stay until the future is done."""
        number, future = str(next(self._numbers)), Future[Grade]()
        self._futures[number] = future
        self._waiting.append(Submission(number, lab, notebook))
        self._wake.send(b"1")
        return future

    @property
    def is_alive(self) -> bool:
        """Whether it still grades; an error of the grader itself ends the thread."""
        return self._thread.is_alive()

    @property
    def can_begin(self) -> bool:
        """Whether another submission would begin at once."""
        return not self._waiting and self._has_room()

    def _run(self) -> None:
        error: BaseException = RuntimeError("The grader has ended.")
        try:
            while True:
                self._step()
        except Exception as met:
            error = met
        finally:
            self.__exit__()
            for end in (self._woken, self._wake):
                end.close()
            for future in list(self._futures.values()):
                future.set_exception(error)

    def _step(self) -> None:
        """Begin what can begin, then wait for the next news and hand out the grades that it brings."""
        while self._waiting and self._has_room():
            self._hand_out(self._begin(self._waiting.popleft()))
        if not self._waiting:
            self._hand_out(self._try_again())
        for key, _ in self.selector.select(TICK if self._waiting or self.again or self.flights else None):
            if key.data is None:
                self._woken.recv(1 << 16)
            else:
                self._hand_out(self._hear(key.data))
        for grade in self._overdue():
            self._hand_out(grade)
        self._relieve()

    def _hand_out(self, grade: Grade | None) -> None:
        """Give a grade to the task that waits for it."""
        if grade:
            self._futures.pop(grade.student).set_result(grade)
