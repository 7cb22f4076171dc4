"""What a panel does beside the learner's cells: watch the account, and run the checks that a change can affect."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from IPython.core.getipython import get_ipython

from lab_harness.account.changes import Change, Changes
from lab_harness.errors import EmulatorError

CALM = 0.15  # seconds without a change after which checks run while no cell runs
CALM_IN_A_CELL = 0.8  # and while one does: it may be in the middle of building something
LONGEST_DELAY = 5.0  # seconds for which changes that go on and on may put checks off, while no cell runs
LONGEST_WAIT = 10.0  # seconds: how long at most the emulator is asked to wait for the next call
IDLE = 60.0  # seconds after which a thread that has nothing to do ends: each run of a cell may bring another panel
RETRY = 1.0  # seconds between two attempts to reach an emulator that does not answer
FORGOTTEN_AFTER = 150.0  # seconds without a sign of life from a browser, which sends one every 20 (60 in a hidden tab)

Job = Callable[[], object]


class Cells:
    """How many of the learner's cells run: one magic runs a cell inside another. `ended` is called after each.

    `ran` is the code with which each cell of the notebook ran last, by its id, and when (seconds since 1970).
    """

    def __init__(self, ended: Callable[[], object]) -> None:
        self.running = 0
        self.ran: dict[str, tuple[str, float]] = {}
        self._ended = ended
        shell = get_ipython()
        if shell is not None:
            shell.events.register("pre_run_cell", self._begins)
            shell.events.register("post_run_cell", self._ends)

    def _begins(self, info: Any = None) -> None:
        self.running += 1
        if cell := getattr(info, "cell_id", None):  # what a magic runs has none
            self.ran[cell] = (str(info.raw_cell), time.time())

    def _ends(self, *_: Any) -> None:
        self.running = max(0, self.running - 1)  # the cell in which this began ends without having begun
        self._ended()


class Views:
    """Where browsers show a panel. It is true while somebody looks: a browser may have gone without a word."""

    def __init__(self) -> None:
        self._alive: dict[str, float] = {}  # by view, when it gave a sign of life, by the monotonic clock

    def __bool__(self) -> bool:
        return time.monotonic() - max(self._alive.values(), default=float("-inf")) < FORGOTTEN_AFTER

    def alive(self, view: str) -> None:
        """A view has given a sign of life."""
        self._alive[view] = time.monotonic()

    def closed(self, view: str) -> None:
        """A view is shown no more."""
        self._alive.pop(view, None)


class Worker:
    """Does one job after another, in a thread of its own that ends with the kernel, or when there is nothing to do.

    Jobs that the learner asked for (`submit`) go first. `run_due` gets the names of checks that are to be run again
    once the account is calm; it returns False where it was interrupted, and the names stay due, unless they were
    forgotten. `failed` is told what a job raised.
    """

    def __init__(
        self,
        run_due: Callable[[Collection[str]], bool],
        in_a_cell: Callable[[], bool],
        failed: Callable[[Exception], object],
    ) -> None:
        self._run_due = run_due
        self._in_a_cell = in_a_cell
        self._failed = failed
        self._jobs: deque[Job] = deque()
        self._due: set[str] = set()
        self._running: set[str] = set()  # those that were due, in the run that is under way
        self._changed = 0.0  # when the account changed last, by the monotonic clock
        self._put_off = 0.0  # by the same clock, since when some check has been due without a run that reached its end
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> None:
        """Do this job next."""
        with self._news:
            self._jobs.append(job)
            self._wake()

    def run_again(self, names: Collection[str]) -> None:
        """These checks are due; what was just changed may be changed again in a moment."""
        with self._news:
            self._changed = time.monotonic()
            if not (self._due or self._running):
                self._put_off = self._changed
            self._due.update(names)
            self._wake()

    @property
    def overdue(self) -> bool:
        """Whether what is due, or runs, was put off for so long that no further change is a reason to."""
        waits = bool(self._due or self._running) and not self._in_a_cell()
        return waits and time.monotonic() - self._put_off > LONGEST_DELAY

    def look_up(self) -> None:
        """See anew how long what is due must wait: a cell may have ended."""
        with self._news:
            self._news.notify_all()

    def forget(self) -> None:
        """Nothing is due any more, nor again if it is interrupted."""
        with self._news:
            self._due.clear()
            self._running.clear()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="lab-panel-worker", daemon=True)
            self._thread.start()
        self._news.notify_all()

    def _work(self) -> None:
        try:
            while job := self._next_job():
                self._do(job)
        except BaseException:  # what is no Exception, or cannot be told, ends this thread, but not the panel
            with self._news:
                self._thread = None
                self._wake()
            raise

    def _do(self, job: Job) -> None:
        try:
            job()
        except Exception as error:  # whatever it is, the panel goes on
            self._failed(error)

    def _next_job(self) -> Job | None:
        """What is to be done now, once there is something; None when there was nothing for long."""
        with self._news:
            while True:
                if self._jobs:
                    return self._jobs.popleft()
                if not self._due:
                    if self._news.wait(IDLE):
                        continue
                    self._thread = None
                    return None
                rest = self._until_calm()
                if rest <= 0:
                    self._running, self._due = self._due, set()
                    return partial(self._run, frozenset(self._running))
                self._news.wait(rest)

    def _run(self, names: Collection[str]) -> None:
        interrupted = False
        try:
            interrupted = not self._run_due(names)
        finally:
            with self._news:
                if interrupted:
                    self._due |= self._running  # without what was forgotten since
                    self._changed = time.monotonic()
                else:
                    self._put_off = time.monotonic()
                self._running = set()

    def _until_calm(self) -> float:
        """Seconds until what is due may run."""
        if self._in_a_cell():
            begins = self._changed + CALM_IN_A_CELL
        else:
            begins = min(self._changed + CALM, self._put_off + LONGEST_DELAY)
        return begins - time.monotonic()


class Watch:
    """Tells of the changes in the account, from a thread of its own, until it is stopped.

    `seen` is told None where there was none for a while. `lost` is called when the emulator does not answer; `find`
    then until it is true: there is one again. `failed` is told what else went wrong; the watch goes on.
    """

    def __init__(
        self,
        changes: Callable[[], Changes],
        seen: Callable[[Change | None], object],
        lost: Callable[[EmulatorError], object],
        find: Callable[[], bool],
        failed: Callable[[Exception], object],
    ) -> None:
        self._changes, self._seen, self._lost, self._find, self._failed = changes, seen, lost, find, failed
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, name="lab-panel-watch", daemon=True).start()

    def stop(self) -> None:
        """Tell of nothing any more; the thread ends when its last question is answered."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow(self._changes())
            except EmulatorError as error:
                if not self._stopped.is_set():
                    self._lost(error)
                    self._search()
            except Exception as error:  # whatever it is, the panel goes on
                self._failed(error)
                self._stopped.wait(RETRY)

    def _follow(self, changes: Changes) -> None:
        while not self._stopped.is_set():
            change = changes.wait(LONGEST_WAIT)
            if not self._stopped.is_set():
                self._seen(change)

    def _search(self) -> None:
        """Wait until the emulator is found again."""
        while not self._stopped.wait(RETRY):
            try:
                if self._find():
                    return
            except Exception as error:
                self._failed(error)
