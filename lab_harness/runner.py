"""Runs a lab's checks in the order written and decides each one's outcome."""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from lab_harness.authors.checks import Cancelled, cancellable
from lab_harness.authors.witness import Witness, watching
from lab_harness.aws import Clients, answering
from lab_harness.errors import EmulatorError
from lab_harness.lab.labs import Check, Lab
from lab_harness.results import CheckResult, LabReport, Outcome
from lab_harness.verdicts import failure_of, first_cause

MOST_DENIALS = 2  # that a failure tells of


def run_checks(
    lab: Lab,
    clients: Clients,
    only: Collection[str] = (),
    starting: Callable[[str], object] = lambda title: None,
    finished: Callable[[CheckResult], object] = lambda result: None,
    cancelled: threading.Event | None = None,
) -> LabReport:
    """Run the lab's checks and report one outcome each.

    `only` limits the run to checks of these names or tasks; what they need runs too, and is reported where it
    did not pass. Without it all run but those that stand apart. A check whose prerequisite did not pass is BLOCKED
    and not run; one that it only comes `after` counts as passed where the emulator cannot check it. An error other than
    Failure is FAILED, too, where it is AWS's answer to an account that is not as the lab asks; any other makes the
    check BROKEN: the course's fault, never scored against the learner. An emulator that no longer answers ends the run
    with EmulatorNotReady. `starting` is told the title of each check before it runs,
    `finished` its result, also of those that are only needed. Once `cancelled` is set, no further check begins and
    none waits: Cancelled is raised.
    """
    chosen = [check for check in lab.all_checks if _is_chosen(check, only)]
    results: dict[str, CheckResult] = {}
    with cancellable(cancelled), watching(Witness(clients.emulator)):
        for check in _with_needs(lab, chosen):
            if cancelled and cancelled.is_set():
                raise Cancelled
            starting(check.title)
            results[check.name] = _run(check, clients, results)
            finished(results[check.name])
    names = {check.name for check in chosen}
    shown = (result for result in results.values() if result.name in names or result.outcome is not Outcome.PASSED)
    return LabReport(lab.id, lab.title, clients.emulator.name, tuple(shown))


def run_alone(check: Check, clients: Clients) -> CheckResult:
    """What one check says when those that it needs are not asked first; then what it relies on may not be there."""
    return _run(replace(check, needs=(), after=()), clients, {})


def _is_chosen(check: Check, only: Collection[str]) -> bool:
    return check.name in only or check.task in only if only else not check.apart


def _with_needs(lab: Lab, chosen: Iterable[Check]) -> list[Check]:
    wanted = {check.name for check in chosen}
    for check in reversed(lab.all_checks):  # needs are always declared earlier
        if check.name in wanted:
            wanted.update(check.needs)
    return [check for check in lab.all_checks if check.name in wanted]


def _run(check: Check, clients: Clients, earlier: dict[str, CheckResult]) -> CheckResult:
    missing = [name for name in check.services if not clients.emulator.supports(name)]
    if missing:
        reason = f"{clients.emulator.name} {clients.emulator.version()} has no {', '.join(missing)}"
        return _result(check, Outcome.UNSUPPORTED, found=reason, next_step="Use the embedded emulator for this part.")
    unmet = [earlier[name] for name in check.needs if earlier[name].outcome is not Outcome.PASSED]
    unmet = [each for each in unmet if each.outcome is not Outcome.UNSUPPORTED or each.name not in check.after]
    possible = [result for result in unmet if result.outcome is not Outcome.UNSUPPORTED]
    if possible:
        return _result(check, Outcome.BLOCKED, next_step=f'This comes first: "{possible[0].title}".')
    if unmet:
        return _result(check, Outcome.UNSUPPORTED, found=unmet[0].found, next_step=unmet[0].next_step)
    began, started, handled = time.time(), time.perf_counter(), sys.exception()
    try:
        with answering():
            check.function(**{parameter: clients[service] for parameter, service in check.parameters.items()})
        result = _result(check, Outcome.PASSED)
    except EmulatorError:
        raise
    except Exception as error:
        result = _with_denials(_verdict(check, first_cause(error, handled)), clients, began)
    return replace(result, seconds=round(time.perf_counter() - started, 3))


def _with_denials(result: CheckResult, clients: Clients, began: float) -> CheckResult:
    """A failure with what was refused meanwhile for want of a permission: nothing else is as likely its cause."""
    denials = clients.emulator.denials(began) if result.outcome is Outcome.FAILED else None
    found = result.found or ""
    told = dict.fromkeys(denial.message for denial in denials or () if denial.message not in found)
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
