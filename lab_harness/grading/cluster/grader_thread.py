"""A grader that takes submissions as they come, from any thread: what a worker of a cluster keeps warm."""

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


class Desk(Grader):
    """Grades what is handed in, as many at a time as `grade_all` does, in a thread of its own.

    Whose work it is the desk does not know: a number stands in the student's place. The thread lasts as long as the
    process, for the warm process ends with the thread that started it.
    """

    def __init__(self, course: Course, *, workers: int, limits: Limits | None = None, sandbox: bool = True) -> None:
        super().__init__(course, workers=workers, limits=limits, sandbox=sandbox)
        self._waiting: deque[Submission] = deque()
        self._promised: dict[str, Future[Grade]] = {}
        self._numbers = count()
        self._bell, self._button = socket.socketpair()
        self._bell.setblocking(False)
        self.selector.register(self._bell, selectors.EVENT_READ)
        self._thread = Thread(target=self._work, name="lab-desk", daemon=True)
        self._thread.start()

    def hand_in(self, lab: str, notebook: Path) -> "Future[Grade]":
        """The grade to come of a notebook, whose file must stay until then."""
        number, promise = str(next(self._numbers)), Future[Grade]()
        self._promised[number] = promise
        self._waiting.append(Submission(number, lab, notebook))
        self._button.send(b"1")
        return promise

    @property
    def is_open(self) -> bool:
        """Whether what is handed in is graded; a desk that met an error of the grader's own is closed."""
        return self._thread.is_alive()

    @property
    def has_room(self) -> bool:
        """Whether another submission would begin at once."""
        return not self._waiting and self._has_room()

    def _work(self) -> None:
        error: BaseException = RuntimeError("The grader has ended.")
        try:
            while True:
                self._turn()
        except Exception as met:
            error = met
        finally:
            self.__exit__()
            for end in (self._bell, self._button):
                end.close()
            for promise in list(self._promised.values()):
                promise.set_exception(error)

    def _turn(self) -> None:
        while self._waiting and self._has_room():
            self._keep_promise(self._begin(self._waiting.popleft()))
        if not self._waiting:
            self._keep_promise(self._try_again())
        for key, _ in self.selector.select(TICK if self._waiting or self.again or self.flights else None):
            if key.data is None:
                self._bell.recv(1 << 16)
            else:
                self._keep_promise(self._hear(key.data))
        for grade in self._overdue():
            self._keep_promise(grade)
        self._relieve()

    def _keep_promise(self, grade: Grade | None) -> None:
        if grade:
            self._promised.pop(grade.student).set_result(grade)
