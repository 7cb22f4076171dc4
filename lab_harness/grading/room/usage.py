"""What groups of processes use, read from /proc."""

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Use:
    """What a group of processes uses together. Shared memory is counted once for each process."""

    family: frozenset[int]
    cpu_seconds: float
    memory_bytes: int


MEMORY_FOLDERS = ("/tmp", "/dev/shm")  # noqa: S108
TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
Table = dict[int, list[str]]


def processes() -> Table:
    """The fields of /proc/PID/stat, beginning with the state, for each visible process."""
    return {int(entry): fields for entry in os.listdir("/proc") if entry.isdigit() and (fields := _stat(entry))}  # noqa: PTH208


def use_of(roots: Collection[int], table: Table) -> Use:
    """What these processes and all their descendants use."""
    family = {*roots} & table.keys()
    while more := {pid for pid, fields in table.items() if int(fields[1]) in family} - family:
        family |= more
    cpu = sum(sum(map(int, table[pid][11:15])) for pid in family) / TICKS
    return Use(frozenset(family), cpu, sum(int(table[pid][21]) for pid in family) * PAGE)


def threads_of(family: Collection[int], table: Table) -> int:
    """How many threads these processes have in all."""
    return sum(int(table[pid][17]) for pid in family)


def files_in_memory(keepers: Collection[int]) -> int:
    """The bytes of files in the boxes' own folders, which are in memory but belong to no process."""
    return sum(_used(f"/proc/{keeper}/root{folder}") for keeper in keepers for folder in MEMORY_FOLDERS)


def _used(folder: str) -> int:
    with suppress(OSError):
        found = os.statvfs(folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize
    return 0


def sockets() -> int:
    """How many sockets our network namespace has. What waits in them takes memory of the kernel."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/net/sockstat").read_text().split()[2])
    return 0


def threads_of_user() -> int:
    """How many threads our user has in all: this is what the kernel's limit on processes counts."""
    ours = (fields for pid, fields in processes().items() if _owner(pid) == os.geteuid())
    return sum(int(fields[17]) for fields in ours)


def _owner(pid: int) -> int | None:
    with suppress(OSError):
        return Path(f"/proc/{pid}").stat().st_uid
    return None


def children_of(parent: int) -> set[int]:
    """The children of a process."""
    return {pid for pid, fields in processes().items() if int(fields[1]) == parent}


def really_held(family: Collection[int]) -> int:
    """The memory that processes take, with shared memory counted once. This is slow, so use it only when in doubt."""
    return sum(_proportional(pid) for pid in family)


def _proportional(pid: int) -> int:
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024
    return 0


def _stat(pid: str) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may contain anything; empty if the process has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return file.read().rpartition(b")")[2].decode().split()
    except OSError:
        return []
