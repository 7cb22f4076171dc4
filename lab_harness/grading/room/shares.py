"""Fair shares of the processors by the kernel's weights, where no control group does it.

The kernel gives every process that wants to run an equal share. Fifty of one submission's would take fifty times what
another's one gets. So they become the nicer the more of them want to run at a time: together they weigh no more than
a few. To become less nice again they may not.
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
    """How nice each of so many processes must be, for all together to weigh as FULL_SHARES do."""
    return min(NICEST, math.ceil(math.log(max(1.0, running / FULL_SHARES), STEP)))


def share_fairly(family: Collection[int], table: Table) -> None:
    """Make a submission's processes as nice as the number of those that want to run now asks for."""
    nice = niceness(sum(table[pid][0] == RUNNING for pid in family))
    for pid in family:
        if int(table[pid][16]) < nice:
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, pid, nice)
        if nice and int(table[pid][3]) == pid:
            _tell_session(pid, nice)


def _tell_session(leader: int, nice: int) -> None:
    """Where the kernel gives each session a share of its own (autogroup), a process's niceness counts within that only.

    It takes ten such words a second, from whomever, so that some have to be said again.
    """
    group = Path(f"/proc/{leader}/autogroup")
    with suppress(OSError, ValueError, IndexError):
        if int(group.read_text().split()[-1]) < nice:
            group.write_text(str(nice))
