"""Runs a lab's checks in the order written and decides each one's outcome."""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from lab_harness.authors.checks import Cancelled, Failure, cancellable
from lab_harness.authors.witness import Witness, watching
from lab_harness.aws import Clients, answering
from lab_harness.emulators.base import Denial, Emulator
from lab_harness.errors import EmulatorError, EmulatorLacks
from lab_harness.lab.labs import Check, Lab
from lab_harness.results import CheckResult, LabReport, Outcome
from lab_harness.verdicts import failure_of, first_cause

MOST_DENIALS = 2  # that a failure tells of


class Earlier:
    """The checks before: their results, by name, and what of AWS's actions is refused because of those that failed."""

    def __init__(self) -> None:
        self.results: dict[str, CheckResult] = {}
        self._withheld: dict[str, Collection[str]] = {}

    def note(self, check: Check, error: BaseException) -> None:
        """A check has ended in this error."""
        if isinstance(error, Failure):
            self._withheld[check.title] = error.withheld

    def why(self, actions: Collection[str]) -> str:
        """The title of the first check whose failure explains that AWS refuses one of these; empty if none does."""
        found = (
            title
            for title, withheld in self._withheld.items()
            if any(fnmatchcase(action.lower(), each.lower()) for action in actions for each in withheld)
        )
        return next(found, "")


def run_checks(
    lab: Lab,
    clients: Clients,
    only: Collection[str] = (),
    starting: Callable[[str], object] = lambda title: None,
    finished: Callable[[CheckResult], object] = lambda result: None,
    cancelled: threading.Event | None = None,
    passed: Mapping[str, CheckResult] = MappingProxyType({}),
    concerns: Callable[[str], bool] = lambda text: True,
) -> LabReport:
    """Run the lab's checks and report one outcome each.

    `only` limits the run to checks of these names or tasks; what they need runs too, unless it is known to have
    `passed`, and is reported where it did not pass. Without it all run but those that stand apart. A check whose
    prerequisite did not pass is BLOCKED and not run; one that it only comes `after` counts as passed where the
    emulator cannot check it. An error other than Failure is FAILED, too, where it is AWS's answer to an account that
    is not as the lab asks; any other makes the check BROKEN: the course's fault, never scored against the learner. An
    emulator that no longer answers ends the run with EmulatorNotReady. `starting` is told the title of each check
    before it runs, `finished` its result, also of those that are only needed. Once `cancelled` is set, no further
    check begins and none waits: Cancelled is raised. `concerns` says of AWS's sentence about a refusal whether it is
    about this lab: meanwhile other labs' checks may run in the same account.
    """
    chosen = [check for check in lab.all_checks if _is_chosen(check, only)]
    earlier = Earlier()
    results = earlier.results
    elsewhere = lab.file.embedded_alone if clients.emulator.name != "embedded" else ""
    with cancellable(cancelled), watching(Witness(clients.emulator)):
        for check in _with_needs(lab, chosen):
            if cancelled and cancelled.is_set():
                raise Cancelled
            if check not in chosen and check.name in passed:
                results[check.name] = passed[check.name]
                continue
            starting(check.title)
            result = _unsupported(check, elsewhere) if elsewhere else _run(check, clients, earlier, concerns)
            results[check.name] = result
            finished(result)
    names = {check.name for check in chosen}
    shown = (result for result in results.values() if result.name in names or result.outcome is not Outcome.PASSED)
    return LabReport(lab.id, lab.title, clients.emulator.name, tuple(shown))


def run_alone(check: Check, clients: Clients) -> CheckResult:
    """What one check says when those that it needs are not asked first; then what it relies on may not be there."""
    return _run(replace(check, needs=(), after=()), clients, Earlier(), lambda text: True)


def _is_chosen(check: Check, only: Collection[str]) -> bool:
    if only:
        return check.name in only or check.task in only
    return not check.apart


def _with_needs(lab: Lab, chosen: Iterable[Check]) -> list[Check]:
    wanted = {check.name for check in chosen}
    for check in reversed(lab.all_checks):  # needs are always declared earlier
        if check.name in wanted:
            wanted.update(check.needs)
    return [check for check in lab.all_checks if check.name in wanted]


def _run(check: Check, clients: Clients, earlier: Earlier, concerns: Callable[[str], bool]) -> CheckResult:
    if kept_from := _kept_from_running(check, clients.emulator, earlier.results):
        return kept_from
    started, handled = time.perf_counter(), sys.exception()
    try:
        with answering():
            check.function(**{parameter: clients[service] for parameter, service in check.parameters.items()})
        result = _result(check, Outcome.PASSED)
    except EmulatorLacks as error:
        return _unsupported(check, str(error))
    except EmulatorError:
        raise
    except Exception as error:
        cause = first_cause(error, handled)
        denials = [each for each in _denials(check, clients.emulator, started) if concerns(each.message)]
        result = _verdict(check, cause)
        if result.outcome is Outcome.FAILED:
            refused = getattr(cause, "refused", ())
            result = _with_denials(check, result, denials, earlier.why([*refused, *(each.action for each in denials)]))
        earlier.note(check, cause)
    return replace(result, seconds=round(time.perf_counter() - started, 3))


def _kept_from_running(check: Check, emulator: Emulator, before: Mapping[str, CheckResult]) -> CheckResult | None:
    """The result of a check that cannot run: the emulator lacks a service, or a check that it needs did not pass."""
    if lacking := [name for name in check.services if not emulator.supports(name)]:
        return _unsupported(check, f"{emulator.name} {emulator.version()} has no {', '.join(lacking)}")
    unmet = [before[name] for name in check.needs if before[name].outcome is not Outcome.PASSED]
    for each in unmet:
        if each.outcome is not Outcome.UNSUPPORTED:
            return _blocked(check, each.title)
    for each in unmet:
        if each.name not in check.after:
            return _result(check, Outcome.UNSUPPORTED, found=each.found, next_step=each.next_step)
    return None


def _unsupported(check: Check, reason: str) -> CheckResult:
    return _result(check, Outcome.UNSUPPORTED, found=reason, next_step="Use the embedded emulator for this part.")


def _blocked(check: Check, title: str) -> CheckResult:
    return _result(check, Outcome.BLOCKED, next_step=f'This comes first: "{title}".')


def _denials(check: Check, emulator: Emulator, started: float) -> list[Denial]:
    """What was refused since then for want of a permission, as far as the emulator tells.

    A check that asks IAM alone reads what is written there: what is refused meanwhile is somebody else's doing, such as
    a mapping's that goes on polling with a role that is gone.
    """
    if set(check.parameters.values()) == {"iam"}:
        return []
    return emulator.denials(emulator.now() - (time.perf_counter() - started)) or []


def _with_denials(check: Check, result: CheckResult, denials: list[Denial], earlier: str) -> CheckResult:
    """A failure with what was refused meanwhile: nothing else is as likely its cause.

    Where an earlier check, of this title, has found that permission missing, the two have one cause, and this one waits
    for that.
    """
    if earlier:
        return _blocked(check, earlier)
    found = result.found or ""
    told = dict.fromkeys(denial.message for denial in denials if denial.message not in found)
    return replace(result, found="; refused meanwhile: ".join([found, *list(told)[:MOST_DENIALS]])) if told else result


def _verdict(check: Check, error: BaseException) -> CheckResult:
    """What an error says of a check; one that is about the run, not about the check, ends the run."""
    if isinstance(error, EmulatorError) or not isinstance(error, Exception):
        raise error
    if failure := failure_of(error):
        texts = {"expected": failure.expected, "found": failure.found, "next_step": failure.next_step}
        # What stands apart undoes the lab: that something is there is no mistake before that.
        return _result(check, Outcome.FAILED, **texts, there=None if check.apart else failure.there)
    return _result(
        check,
        Outcome.BROKEN,
        found=traceback.format_exc(limit=-4).rstrip(),
        next_step="This is a mistake in the course, not in your work; please report it.",
    )


def _result(check: Check, outcome: Outcome, **texts: Any) -> CheckResult:
    return CheckResult(check.name, check.title, check.task, outcome, check.points, **texts)
