"""Watches what a submission uses: limits on processes together, which the kernel does not enforce."""

import os
from collections.abc import Collection

from lab_harness.grading.room.shares import share_fairly
from lab_harness.grading.room.usage import (
    Table,
    Use,
    files_in_memory,
    processes,
    really_held,
    sockets,
    threads_of,
    use_of,
)
from lab_harness.lab.file import MIB, Limits

WEIGH = 2.0  # seconds between two exact looks at memory, which take long
EMULATOR_BYTES = 512 * MIB  # more of the emulator's memory than this no lab needs
ACCOUNT_FULL = f"The account held more than {EMULATOR_BYTES // MIB} MiB."
RUNNING = "R"
THREADS_OF_A_BOX = 4  # the keeper and what a function's runtime starts
MOST_SOCKETS = 512  # in a room, the emulator's among them; each may hold 400 KiB


class Watch:
    """Looks at all processes in the room, from the room's first process."""

    def __init__(self, limits: Limits, closed: bool) -> None:
        self._limits, self._closed = limits, closed
        self._next_weighing = 0.0
        self._table: Table = {}
        self.holds = self.most_held = (
            0  # bytes of memory of the students' processes together, at the last look and ever
        )
        self._shared_bytes = use_of({os.getpid()}, processes()).memory_bytes

    def exceeded(self, students: Collection[int], emulator: int, now: float) -> str:
        """The limit that the student's processes or their account exceed, as a sentence; empty if there is none."""
        self._table = processes()
        use = use_of(students, self._table)
        if use.cpu_seconds > self._limits.cpu_seconds:
            return f"The submission used more than {self._limits.cpu_seconds:g} s of CPU time."
        if students and self._holds_too_much(use, files_in_memory(students) if self._closed else 0, now):
            return f"The submission's processes held more than {self._limits.memory_bytes // MIB} MiB of memory."
        if threads_of(use.family, self._table) > self._limits.processes + THREADS_OF_A_BOX * len(students):
            return f"The submission started too many processes: more than {self._limits.processes} at once."
        if self._closed and sockets() > MOST_SOCKETS:
            return f"The submission opened more than {MOST_SOCKETS} sockets."
        if students:
            share_fairly(use.family, self._table)
        if use_of({emulator}, self._table).memory_bytes > EMULATOR_BYTES:
            self.most_held = max(self.most_held, self._limits.memory_bytes)
            return ACCOUNT_FULL
        return ""

    def busy(self) -> bool:
        """Whether a process was computing at the last look."""
        others = use_of({os.getpid()}, self._table).family - {os.getpid()}
        return any(self._table[pid][0] == RUNNING for pid in others)

    def _holds_too_much(self, use: Use, files: int, now: float) -> bool:
        """Whether processes and files take too much memory. Memory shared since the fork does not count."""
        own = use.memory_bytes - len(use.family) * self._shared_bytes + files
        self.holds, self.most_held = own, max(self.most_held, own)
        most = self._limits.memory_bytes
        if own < most and (use.memory_bytes < most or now < self._next_weighing):
            return False
        self._next_weighing = now + WEIGH
        return really_held(use.family) + files > most


def cpu_seconds() -> float:
    """The processor time of this process and all its descendants so far."""
    return use_of({os.getpid()}, processes()).cpu_seconds
