"""Shares the processors fairly between submissions, by niceness, if there are no control groups.

The kernel gives each process that wants to run the same share. A submission with fifty processes would get fifty times
as much as one with a single process. So the more of a submission's processes want to run, the nicer they all become:
together they get no more than a few processes would. They cannot become less nice again.
"""

import math
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from lab_harness.grading.room.usage import Table

RUNNING = "R"
FULL_SHARES = 4  # processes that a submission may have run at once with a full share each
STEP = 1.25  # a step of niceness divides a process's weight by so much
NICEST = 19


def niceness(running: int) -> int:
    """The niceness with which so many processes together get the share of FULL_SHARES processes."""
    return min(NICEST, math.ceil(math.log(max(1.0, running / FULL_SHARES), STEP)))


def share_fairly(family: Collection[int], table: Table) -> None:
    """Set the niceness of a submission's processes, by how many of them want to run now."""
    nice = niceness(sum(table[pid][0] == RUNNING for pid in family))
    for pid in family:
        if int(table[pid][16]) < nice:
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, pid, nice)
    sessions = {table[pid][3]: pid for pid in family} if nice else {}
    for member in sessions.values():
        _tell_session(member, nice)


def _tell_session(member: int, nice: int) -> None:
    """Make a whole session nice: if the kernel groups processes by session (autogroup), only that counts outside it.

    Any of its processes will do, for who began it may have ended. The kernel accepts ten such changes a second, so
    some fail and are made again later.
    """
    group = Path(f"/proc/{member}/autogroup")
    with suppress(OSError, ValueError, IndexError):
        if int(group.read_text().split()[-1]) < nice:
            group.write_text(str(nice))
