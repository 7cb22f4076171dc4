"""Whether the grader's machine is short of memory or processors, for which a submission is not to blame."""

import resource
from contextlib import suppress
from functools import cache
from pathlib import Path

from lab_harness.lab.file import MIB

LEAST_LEFT, SHARE_LEFT = 128 * MIB, 0.03  # of memory; the machine is short where less than either is left


def memory_left() -> int:
    """The bytes of memory that programs could still get, as the kernel estimates."""
    return _field("/proc/meminfo", "MemAvailable:") * 1024


def is_short_of_memory() -> bool:
    """Whether so little memory is left that the machine will soon swap or end programs."""
    return memory_left() < _must_be_left()


@cache
def _must_be_left() -> float:
    return max(LEAST_LEFT, SHARE_LEFT * 1024 * _field("/proc/meminfo", "MemTotal:"))


def ended_for_memory() -> int:
    """How many processes the kernel has ended because of a lack of memory, since it started."""
    return _field("/proc/vmstat", "oom_kill")


def may_address(size: int) -> bool:
    """Whether our own limit (`ulimit -v`) lets a process have so many bytes."""
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    return most == resource.RLIM_INFINITY or most >= size


def time_granted(process: int) -> tuple[float, float] | None:
    """The seconds that a process's first thread has run, and has waited for a processor; None if it has ended."""
    with suppress(OSError, ValueError):
        ran, waited, _ = Path(f"/proc/{process}/schedstat").read_text().split()
        return int(ran) / 1e9, int(waited) / 1e9
    return None


def raise_open_files() -> None:
    """Raise our limit on open files to the highest allowed value."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _field(path: str, name: str) -> int:
    """A number from a file of names and numbers; 0 where it is not there."""
    with suppress(OSError, StopIteration, ValueError):
        lines = Path(path).read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.split()[0] == name))
    return 0
