"""Fuzzes the checks with accounts that learners might have: whatever is in one, no check is broken and no run ends.

More accounts of one lab, several hundred changes in all:

    FUZZ_EXAMPLES=100 FUZZ_FIRST=0 pytest -o faulthandler_timeout=0 tests/labs/test_fuzz.py -k hello_lambda
"""

import os
import random
import time
from types import SimpleNamespace

import pytest

from lab_harness import run_checks
from lab_harness.authors import checks as authors_checks
from lab_harness.lab.labs import all_labs

from . import odd_accounts

FIRST, EXAMPLES = int(os.environ.get("FUZZ_FIRST", "0")), int(os.environ.get("FUZZ_EXAMPLES", "2"))
HASTE = 10  # checks wait so many times shorter; what then comes too late fails, which is as good here


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() * HASTE, sleep=time.sleep)
    monkeypatch.setattr(authors_checks, "time", clock)


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.id)
@pytest.mark.embedded_only("LocalStack cannot be emptied")
def test_no_account_breaks_a_check(lab, clients, capsys):
    names = [check.name for check in lab.all_checks]
    for number in range(FIRST, FIRST + EXAMPLES):
        clients.emulator.reset()  # of whatever was changed in it
        lab.solve(clients)
        chance, changes = random.Random(f"{lab.id} {number}"), []
        for _ in range(chance.randint(1, 6)):
            changes.append(odd_accounts.change(clients, chance, lab))
            report = run_checks(lab, clients, chance.sample(names, 3))
            broken = {each.name: each.found for each in report if each.outcome == "broken"}
            assert broken == {}, f"account {number}: {', '.join(changes)}"
        if "FUZZ_EXAMPLES" in os.environ:
            with capsys.disabled():
                print("@", number, *changes, flush=True)  # a sitting that is cut short says how far it came
