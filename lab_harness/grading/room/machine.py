"""Whether the grader's machine is short of memory or processors, for which a submission is not to blame."""

import ctypes
import resource
from contextlib import suppress
from functools import cache
from pathlib import Path

from lab_harness.lab.file import MIB

LEAST_LEFT, SHARE_LEFT = 128 * MIB, 0.03  # of memory; the machine is short where less than either is left
LARGE_PAGE, COLLAPSE = 2 * MIB, 25  # of x86-64 and, where a page has 4 KiB, ARM64; an advice of madvise's


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


def join_pages() -> None:
    """Join the pages of our memory to large ones, where the kernel can (Linux 6.1).

    A process that is forked from us gets a table of our pages: with large ones it has one entry in place of 512, so to
    start it, and to end it, takes less. What it writes it still gets in small pages of its own.
    """
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = [ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, *_, inode, name = f"{line} ".split(" ", 5)
        if rights == "rw-p" and inode == "0" and name.strip() in ("", "[heap]"):
            low, high = (int(end, 16) for end in span.split("-"))
            for place in range(-(-low // LARGE_PAGE) * LARGE_PAGE, high - LARGE_PAGE + 1, LARGE_PAGE):
                advise(place, LARGE_PAGE, COLLAPSE)  # a wish; what is not granted stays as it is


def _field(path: str, name: str) -> int:
    """A number from a file of names and numbers; 0 where it is not there."""
    with suppress(OSError, StopIteration, ValueError):
        lines = Path(path).read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.split()[0] == name))
    return 0
