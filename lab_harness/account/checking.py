"""Runs a lab's checks on a learner's account: when it is their turn, and leaving nothing of theirs behind."""

import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from lab_harness.account.concern import concern_of
from lab_harness.account.leftovers import take_away
from lab_harness.account.undeployed import reminder
from lab_harness.authors.made import remembered_in
from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.emulators import Emulator
from lab_harness.emulators.embedded import Embedded
from lab_harness.lab.labs import Lab
from lab_harness.results import CheckResult, LabReport
from lab_harness.runner import run_checks
from lab_harness.turns import turn


def check_lab(
    lab: Lab,
    clients: Clients,
    home: Path,
    only: Collection[str] = (),
    starting: Callable[[str], object] = lambda title: None,
    finished: Callable[[CheckResult], object] = lambda result: None,
    cancelled: threading.Event | None = None,
    passed: Mapping[str, CheckResult] = MappingProxyType({}),
) -> LabReport:
    """Run a lab's checks as `run_checks` does, once nobody else runs them on the course with this home.

    What an earlier run has left in the account, because it was killed or because something came after its end, is
    taken away before; what this one leaves, if it is there by then, after it. Where a check failed and the handler in
    this folder, or beside the course's notebooks, is newer than its function, the next step begins with that. Of what
    was refused meanwhile that is told which concerns this lab.
    """
    course = Course(lab.folder.parent.parent)
    remind = reminder(lab, clients, (Path.cwd(), course.notebooks))
    concerns = concern_of(lab, course).about_text
    with turn(lab.id, home, cancelled), remembered_in(home, _account(clients.emulator), lab.id) as memory:
        take_away(memory, clients)
        try:
            report = run_checks(
                lab, clients, only, starting, lambda result: finished(remind(result)), cancelled, passed, concerns
            )
            return report.judged(remind)
        finally:
            take_away(memory, clients)


def _account(emulator: Emulator) -> str:
    """What tells an account from those of other emulators. The course's own has the same one at every port."""
    return emulator.name if isinstance(emulator, Embedded) else emulator.endpoint
