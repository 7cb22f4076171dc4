"""Each check's advice is tried on the mistakes that learners most likely make: the tables in `slips`."""

from importlib import import_module
from pathlib import Path

import pytest

from lab_harness import run_checks
from lab_harness.lab.labs import all_labs, load_lab

from .slips.slip import SolvedAccount


@pytest.fixture
def account(lab, tmp_path):
    solved = SolvedAccount(lab, tmp_path)
    yield solved
    solved.close()


LABS = [lab for lab in all_labs() if Path(__file__).with_name("slips").joinpath(f"{lab.id}.py").exists()]


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
@pytest.mark.embedded_only("an account of LocalStack's cannot be put back")
def test_checks_say_what_helps_for_each_likely_slip(lab, account):
    slips = import_module(f"tests.labs.slips.{lab.id}").SLIPS
    problems = [slip.problem(lab, check, account.again()) for check, made in slips.items() for slip in made]
    assert not any(problems), "\n".join(filter(None, problems))


@pytest.mark.parametrize("lab", [load_lab("login")], ids=["login"])
@pytest.mark.embedded_only("an account of LocalStack's cannot be put back")
def test_users_of_an_account_that_was_put_back_are_known(lab, account):
    """A user pool's keys are new then, so that a slip would else fail for another reason than its own."""
    for _ in range(2):
        report = run_checks(lab, account.again(), ["owners_are_known"])
        assert [(each.name, each.found) for each in report if each.outcome != "passed"] == []
