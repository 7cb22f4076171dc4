"""What is known of a lab's checks without running them again."""

import threading

from lab_harness.account.changes import Change, Changes, affected
from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.results import CheckResult, Outcome

LATELY = 60.0  # seconds of the account's time: a clock that was moved leaves nothing known


class Known:
    """The checks that passed lately, unless the learner has done something since that can change their outcome.

    That is seen in the call log; where there is none, as on LocalStack, nothing is known.
    """

    def __init__(self, lab: Lab, clients: Clients) -> None:
        self._lab, self._clients = lab, clients
        self._changes: Changes | None = None
        self._passed: dict[str, tuple[float, CheckResult]] = {}  # when, by the account's clock
        self._turn = threading.Lock()

    def begin(self) -> dict[str, CheckResult]:
        """What is known now, by the checks' names, as a run begins: what it finds counts from this moment on."""
        with self._turn:
            if self._changes is None and self._clients.emulator.calls() is not None:
                self._changes = Changes(self._clients, self._lab.file.services)
            self._forget()
            return {name: result for name, (_, result) in self._passed.items()}

    def note(self, result: CheckResult) -> None:
        """A check has run."""
        if self._changes is None:
            return
        with self._turn:
            self._passed.pop(result.name, None)
            if result.outcome is Outcome.PASSED:
                self._passed[result.name] = (self._clients.emulator.now(), result)

    def _forget(self) -> None:
        """Forget what was found too long ago, and what the learner may have changed since."""
        change = self._changes.wait(0) if self._changes else None
        doubtful = self._doubtful(change) if change and change.learner else set()
        since = self._clients.emulator.now() - LATELY if self._passed else 0.0
        for name, (moment, _) in list(self._passed.items()):
            if name in doubtful or moment < since:
                del self._passed[name]

    def _doubtful(self, change: Change) -> set[str]:
        """The checks that may not pass after a change; of those that stand apart it is not known what they look at."""
        return {*affected(self._lab, change), *(check.name for check in self._lab.all_checks if check.apart)}
