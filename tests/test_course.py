"""The course as a whole: its own rules, and all labs in one account."""

from lab_harness.authoring import lint
from lab_harness.aws import Clients
from lab_harness.lab.labs import all_labs


def test_no_lab_breaks_a_rule(course):
    assert list(lint.problems(course, all_labs(course))) == []


def test_labs_stand_side_by_side_in_one_account(embedded, course):
    """Solving all labs, then removing one, leaves the others whole."""
    embedded.reset()
    clients = Clients(embedded)
    first, *others = all_labs(course)
    from lab_harness.account.resources import remove_resources

    for lab in (first, *others):
        lab.solve(clients)
    remove_resources(first, clients)
    from lab_harness import run_checks

    for lab in others:
        looking = [check.name for check in lab.all_checks if check.task != "handler" and not check.apart]
        report = run_checks(lab, clients, looking)
        assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
