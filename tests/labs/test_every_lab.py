"""What is the same for every lab: it keeps the rules, untouched and solved are told apart, others stand beside it."""

from importlib import import_module

import pytest

from lab_harness import run_checks
from lab_harness.account.resources import remove_resources
from lab_harness.authoring import lint
from lab_harness.aws import Clients
from lab_harness.lab.labs import all_labs
from tests.waiting import wait_until

LABS = all_labs()


def assert_untouched(lab, clients):
    """The checks that the lab's own tests name fail, and so each other is blocked."""
    report = run_checks(lab, clients)
    outcomes = {result.name: str(result.outcome) for result in report if result.outcome != "unsupported"}
    first = import_module(f"tests.labs.test_{lab.id}").FIRST
    assert outcomes == {name: "failed" if name in first else "blocked" for name in outcomes}
    assert first & outcomes.keys()
    # Nobody has made anything yet, so nothing is wrong.
    assert {result.word for result in report if result.outcome == "failed"} == {"absent"}


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_untouched_it_fails_solved_it_passes_and_reset_it_fails_again(lab, clients):
    assert_untouched(lab, clients)
    lab.solve(clients)
    if clients.emulator.name == "localstack":  # It delivers logs, and enables mappings, later, and lacks HTTP APIs.
        wait_until(lambda: run_checks(lab, clients).complete)
    else:
        assert [(result.name, result.found) for result in run_checks(lab, clients) if result.outcome != "passed"] == []
    asked_for = {resource.name for resource in lab.file.resources}
    assert {resource.name for resource in remove_resources(lab, clients)} <= asked_for
    assert_untouched(lab, clients)
    assert remove_resources(lab, clients) == []


def test_no_lab_breaks_a_rule(course):
    assert list(lint.problems(course, LABS)) == []


def test_labs_stand_side_by_side_in_one_account(embedded):
    """Solving all labs, then removing one, leaves the others whole."""
    embedded.reset()
    clients = Clients(embedded)
    first, *others = LABS
    for lab in LABS:
        lab.solve(clients)
    remove_resources(first, clients)
    for lab in others:
        looking = [check.name for check in lab.all_checks if check.task != "handler" and not check.apart]
        report = run_checks(lab, clients, looking)
        assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
