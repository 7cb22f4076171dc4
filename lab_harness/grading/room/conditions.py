"""Whether a submission lost points only because the grader's machine was short of memory or processors."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lab_harness.grading.room import machine
from lab_harness.grading.room.trusted import ADDRESS_SPACE
from lab_harness.grading.room.watch import EMULATOR_BYTES
from lab_harness.lab.file import Limits
from lab_harness.results import Outcome

SLOW = 2.0  # seconds after which a check that did not pass may have waited in vain
MUCH = 1.0  # seconds without a processor that may matter
SHORT = "The grader's machine was short of memory while this was graded"
OVERLOADED = "The grader's machine was overloaded while this was graded"
UNANSWERED = "The emulator stopped answering: what the submission built was too much for it."
GROUP_FULL = "All that ran for the submission took more memory than it may."
JUDGE_LOST = "What runs the checks ended in the middle"


class Conditions:
    """What the machine gives one submission. `look` is called from time to time."""

    def __init__(self, limits: Limits, alone: bool) -> None:
        self._limits, self._alone = limits, alone
        self._ended_before = machine.ended_for_memory()
        self._left_before = self._least_left = machine.memory_left()
        self._short = not machine.may_address(ADDRESS_SPACE)
        self._granted: dict[int, tuple[float, float]] = {}

    def look(self, processes: Collection[int]) -> None:
        """Note how much memory is left, and how long these processes had to wait for a processor."""
        self._least_left = min(self._least_left, machine.memory_left())
        self._short = self._short or machine.is_short_of_memory()
        self._granted |= {pid: granted for pid in processes if (granted := machine.time_granted(pid))}

    def short_of_memory(self, held: int) -> bool:
        """Whether the machine had too little memory for a submission whose greatest use was `held`."""
        if not self._short and machine.ended_for_memory() == self._ended_before:
            return False
        return held < self._limits.memory_bytes / 2 and not self.took_the_rest()

    def took_the_rest(self) -> bool:
        """Whether this submission, alone on the machine, took more memory than it and its emulator may take."""
        taken = self._left_before - self._least_left
        return self._alone and self._short and taken > self._limits.memory_bytes + EMULATOR_BYTES

    def overloaded(self) -> bool:
        """Whether the processes waited longer for a processor than they had one."""
        ran = sum(ran for ran, _ in self._granted.values())
        waited = sum(waited for _, waited in self._granted.values())
        return waited > max(ran, MUCH)


def doubts(
    conditions: Conditions, held: int, hit: Sequence[str], results: Sequence[Mapping[str, Any]], judged: bool
) -> str:
    """Why the machine may be to blame for lost points, and not the submission; empty if there is no sign of that."""
    lost = [result for result in results if result["outcome"] != Outcome.PASSED]
    # What a full group's processes are ended for the kernel counts as want of memory, too.
    if (hit or lost or not judged) and GROUP_FULL not in hit and conditions.short_of_memory(held):
        return SHORT
    if not judged and not hit:
        return JUDGE_LOST
    if (hit or any(result["seconds"] > SLOW for result in lost)) and conditions.overloaded():
        return OVERLOADED
    return ""


# What stays in doubt when it was tried again, alone, gets no score; from the others the submission has itself to blame.
BLAMELESS = (SHORT, JUDGE_LOST)
