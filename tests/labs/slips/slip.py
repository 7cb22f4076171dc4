"""A slip, and the account on which slips are tried: a lab solved once, which is as it was again after each of them.

A lab's module has a table SLIPS: for each check the mistakes that are most likely there, of which no other test of the
lab's tells.
"""

import shutil
from pathlib import Path

import pytest

from lab_harness import run_checks
from lab_harness.aws import Clients
from lab_harness.emulators import process
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.exchange import call_json
from lab_harness.emulators.process import free_port
from tests.waiting import PATIENCE


class Slip:
    """What a learner does wrong: `make` does it, given clients of a solved account.

    `says` are words that the check has for it, in what it found or as the next step; `never` are words that mislead.
    """

    def __init__(self, name, make, *says, never=()):
        self.name, self.make, self.says, self.never = name, make, says, never

    def problem(self, lab, check, clients):
        """What is not right about what the check says of it; "" where all is."""
        self.make(clients)
        report = [result for result in run_checks(lab, clients, [check]) if result.outcome != "passed"]
        told = "".join(f"\n  {each.name} {each.outcome}: {each.found} → {each.next_step}" for each in report)
        if [(each.name, each.outcome) for each in report] != [(check, "failed")]:
            return f"{check}, {self.name}: this check alone should fail:{told or ' all passed'}"
        words = f"{report[0].found} {report[0].next_step}"
        odd = [each for each in self.says if each not in words] + [each for each in self.never if each in words]
        return f"{check}, {self.name}: {odd}:{told}" if odd else ""


class SolvedAccount:
    """A lab's solved account in an emulator of its own, to be had as often as is wanted."""

    def __init__(self, lab, folder):
        self._emulator = Embedded(folder / "home", free_port())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(process, "SERVER", (str(Path(__file__).with_name("server.py")),))
            self._emulator.start()
        self._clients = Clients(self._emulator)
        lab.solve(self._clients)
        self._ask("save")
        shutil.copytree(folder / "home", folder / "kept")

    def again(self):
        """Clients of the account as it was when the lab was solved."""
        self._ask("again")
        return self._clients

    def _ask(self, action):
        call_json(f"{self._emulator.endpoint}/_lab/{action}", "POST", self._emulator.marks, PATIENCE)

    def close(self):
        self._emulator.stop()
