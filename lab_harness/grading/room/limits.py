"""The kernel's limits for each process of a submission. Every function here acts on the calling process."""

import resource
from pathlib import Path

from lab_harness.lab.file import Limits

OPEN_FILES = 256  # of a process in a box; so many may be under way in sockets as well, which counts for its user
# The kernel starts no program for a crash where it may write one byte, but does where it may write none: a handler like
# apport or systemd-coredump, as root, outside of all walls (core(5); fs/coredump.c, since Linux 2.6.33).
ONE_BYTE = 1
WAITING_SIGNALS = 256  # timers are among them; they count for the user whom the box belongs to, too


def limit_resources(limits: Limits, others: int = 0) -> None:
    """Set the kernel's limits for each process. The memory limit is added to what is in use now.

    `others` is the number of processes and threads of the same user that do not belong to the submission.
    """
    memory = limits.memory_bytes + _virtual_memory()
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, max(1, round(limits.cpu_seconds))),
        (resource.RLIMIT_FSIZE, limits.disk_bytes),
        (resource.RLIMIT_NPROC, limits.processes + others),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_SIGPENDING, WAITING_SIGNALS),
        # A grader in a group like `audio` may have others wait for its programs; its submissions may not.
        (resource.RLIMIT_RTPRIO, 0),
        (resource.RLIMIT_NICE, 0),
    ):
        _limit(kind, most)


def limit_crashes() -> None:
    """Let the kernel neither write a file nor start a program when we crash, or a program that we start."""
    _limit(resource.RLIMIT_CORE, ONE_BYTE)


def limit_family(most: int) -> None:
    """Limit the processes and threads in the user namespaces that are made from here, together with our own.

    Since Linux 5.14 the kernel counts a process in every namespace above it, too, whatever the limits inside are.
    """
    _limit(resource.RLIMIT_NPROC, most)


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (value, value))


def _virtual_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
