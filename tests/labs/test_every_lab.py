"""What is the same for every lab: it can be told untouched from solved, and a reset makes it untouched again."""

from importlib import import_module

import pytest

from lab_harness import run_checks
from lab_harness.account.resources import remove_resources
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
