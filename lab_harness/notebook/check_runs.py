"""A lab's checks run one run at a time: what the learner asks for goes before what runs by itself."""

import threading
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext

from lab_harness.account.checking import check_lab
from lab_harness.authors.checks import Cancelled
from lab_harness.aws import Clients
from lab_harness.course import find_course
from lab_harness.lab.labs import Lab
from lab_harness.notebook.known import Known
from lab_harness.results import CheckResult, LabReport


class Interrupted(KeyboardInterrupt):
    """The learner has interrupted a check."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return ["The check was interrupted. Run the cell again to check."]


class CheckRuns:
    """Runs the checks of a lab. Two runs at once could meet each other's probes, so each waits for its turn.

    That is so for runs of other programs, too, such as `lab check`.

    Each of `observers` is told every result as it comes, in the thread that runs the checks. Where there are any,
    `keep` is told before them, so that nothing is shown that a crash could take back. `around` makes what a run
    happens within; `judge` has the last word on each result.
    """

    def __init__(self, lab: Lab, clients: Clients) -> None:
        self.lab = lab
        self.reach(clients)
        self.observers: list[Callable[[CheckResult], object]] = []
        self.keep: Callable[[CheckResult], object] = lambda result: None
        self.judge: Callable[[CheckResult], CheckResult] = lambda result: result
        self.around: Callable[[], AbstractContextManager[None]] = nullcontext
        self._turn = threading.Lock()
        self._asking: set[int] = set()  # the threads in which the learner asks for a run, or has one
        self._quiet_run = threading.Event()  # set when the run that nobody asked for is to end

    def reach(self, clients: Clients) -> None:
        """Run the checks by these clients from now on; of what they reach nothing is known yet."""
        self.clients = clients
        self._known = Known(self.lab, clients)

    def run(self, only: Collection[str] = ()) -> LabReport:
        """Run the checks that the learner asks for, as `check_lab` does; a quiet run makes way."""
        self._asking.add(threading.get_ident())
        self.interrupt()
        try:
            with self._turn, self.around():
                return self._check(only)
        finally:
            self._asking.discard(threading.get_ident())

    def look(self, only: Collection[str]) -> LabReport:
        """What these checks say, as `run` does; those that are known to pass are not run again."""
        known = self._known.begin()
        unknown = [name for name in only if name not in known]
        found = {name: self.judge(known[name]) for name in only if name in known}
        found |= {each.name: each for each in (self.run(unknown) if unknown else ())}
        ordered = tuple(found[check.name] for check in self.lab.all_checks if check.name in found)
        return LabReport(self.lab.id, self.lab.title, self.clients.emulator.name, ordered)

    def announce(self) -> threading.Event:
        """Begin a quiet run: from here on it can be interrupted; what it returns is for `run_quietly`."""
        self._quiet_run = threading.Event()
        if self._asking:  # They have interrupted before there was something to interrupt.
            self._quiet_run.set()
        return self._quiet_run

    def run_quietly(self, only: Collection[str], cancelled: threading.Event | None = None) -> LabReport | None:
        """Run checks that nobody asked for; None where the run was interrupted."""
        cancelled = cancelled or self.announce()
        with self._turn, self.around():
            try:
                return self._check(only, cancelled)
            except Cancelled:
                return None

    def _check(self, only: Collection[str], cancelled: threading.Event | None = None) -> LabReport:
        home, known = find_course().home, self._known.begin()
        report = check_lab(self.lab, self.clients, home, only, finished=self._tell, cancelled=cancelled, passed=known)
        return report.judged(self.judge)

    def interrupt(self) -> None:
        """End a quiet run: what it is about to find is out of date, or in somebody's way."""
        self._quiet_run.set()

    def _tell(self, result: CheckResult) -> None:
        self._known.note(result)
        if not self.observers:
            return
        result = self.judge(result)
        self.keep(result)
        for observer in self.observers:
            observer(result)
