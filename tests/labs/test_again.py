"""The reference answers, run again: a task's cell may run any number of times, on what is there by half, too."""

import pytest

from lab_harness import run_checks
from lab_harness.account.resources import deleters, remove_resources
from lab_harness.lab.labs import all_labs
from tests.waiting import wait_until

LABS = all_labs()


@pytest.fixture
def left_clean(clients, request):
    """Removes what a lab has in the account when the test is over: an answer that failed may have left it there."""
    yield
    remove_resources(request.getfixturevalue("lab"), clients)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
@pytest.mark.embedded_only("LocalStack deletes some resources later than it says")
def test_each_answer_runs_again_on_what_it_has_built_and_on_what_is_there_by_half(lab, clients, left_clean):
    lab.solve(clients)
    lab.solve(clients)
    for half in (0, 1):
        for resource in lab.file.resources[half::2]:
            deleters()[resource.type](clients, resource.name)
        lab.solve(clients)
    wait_until(lambda: run_checks(lab, clients).complete)
