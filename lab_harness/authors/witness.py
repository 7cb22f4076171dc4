"""What a check may know of who did what: evidence that nobody can write by hand."""

from typing import Any

from lab_harness.authors import functions
from lab_harness.emulators.base import Emulator, Run


class Witness:
    """What the emulator saw happen: what a check gets that has a parameter `witness`.

    Each answer is None where the emulator does not see it (on LocalStack): there a check goes by what it finds.

        moment = witness.moment()
        ...  # send an order
        if witness.writers("PetOrders", "o-17", moment) not in (None, {"function process-pet-order"}): ...
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def moment(self) -> int:
        """Now: ask later for what happened since."""
        seen = self._emulator.deeds(2**63)
        return seen[0] if seen else 0

    def callers(self, function: str, about: str, since: int) -> set[str] | None:
        """Who had a function run with an event that names `about`, such as an order's id."""
        return self._doers("run", function, about, since)

    def writers(self, table: str, key: str, since: int) -> set[str] | None:
        """Who wrote or deleted the items of a table whose key is this text, such as "function process-pet-order"."""
        return self._doers("write", table, key, since)

    def runs(self, function: str) -> list[Run] | None:
        """A function's runs of which its log tells, with the lines that Lambda itself wrote."""
        return self._emulator.runs(function)

    def _doers(self, kind: str, name: str, text: str, since: int) -> set[str] | None:
        seen = self._emulator.deeds(since)
        if seen is None:
            return None
        return {
            deed.by
            for deed in seen[1]
            if (deed.kind, deed.name) == (kind, name) and functions.mentions(deed.detail, text)
        }


def logged(witness: Witness | None, logs: Any, function: str) -> list[str]:
    """The lines that Lambda wrote into a function's log; all lines, where the emulator tells no difference."""
    runs = witness.runs(function) if witness else None
    return functions.log(logs, function) if runs is None else [line for run in runs for line in run.lines]
