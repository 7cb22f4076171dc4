"""The system calls that a box may not make.

The filter is a small program that the kernel runs for each call (seccomp, in classic BPF); it sees the call's number
and arguments. It allows calls that are not listed here: namespaces, limits and missing capabilities cover those.
"""

import errno
import mmap
import platform
import resource
import socket
import struct
from collections.abc import Collection, Mapping
from typing import NamedTuple

LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06  # instructions
# Where each stands in the kernel's description of a call:
NUMBER, ARCHITECTURE = 0, 4
FIRST_ARGUMENT, SECOND_ARGUMENT, THIRD_ARGUMENT, FOURTH_ARGUMENT, SIXTH_ARGUMENT = 16, 24, 32, 40, 56
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # an error's number completes REFUSE
PRETEND = REFUSE  # Without an error's number the caller is told that it is done, and nothing was done.
WHOLE = 0xFFFFFFFF  # of an argument: its lower half, which is all that these calls read
OTHER_WORD_SIZE = 0x40000000  # the numbers of the x32 interface's calls are above
# Of `mmap`: memory that is shared without a file. What was once written stays, though no process has it in its tables.
SHARED_WITHOUT_FILE = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
NETLINK = 16  # to resolve a name is to ask it which interfaces there are
# Sockets of other families lead out of a network namespace: to a virtual machine's host (vsock), to Bluetooth.
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, NETLINK)
PROTOCOLS = (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP)  # of netlink only 0 is told anything without a capability
# What `fcntl` may not do, by the numbers that Linux gives it everywhere. All submissions read the same files and
# devices; whoever may lock one, or note something on it, tells it to others who look. So a lock is granted and does
# nothing: SQLite and its like go on, and all files that a box can write are its own.
LOCK, LOCK_WAITING, LOCK_OPENED, LOCK_OPENED_WAITING = 6, 7, 37, 38
SET_LEASE, NOTIFY, SET_LIFE_HINT, SET_OPENED_LIFE_HINT = 1024, 1026, 1036, 1038
OF_FILES = dict.fromkeys((LOCK, LOCK_WAITING, LOCK_OPENED, LOCK_OPENED_WAITING), PRETEND) | dict.fromkeys(
    (SET_LEASE, NOTIFY, SET_LIFE_HINT, SET_OPENED_LIFE_HINT), REFUSE | errno.EINVAL
)
# Whether a file's pages are in memory is the same for all. So nobody throws them out, by `fadvise` or by an advice that
# `madvise` takes, and nobody asks for them without waiting, which tells whether they were there.
COLD, PAGE_OUT = 20, 21
WITHOUT_WAITING = 8
OF_FILESYSTEMS = ord("f") << 8  # `ioctl` has keys and notes of whole filesystems among these


class SystemCall(NamedTuple):
    """A system call that boxes may not make: its number by machine, and why."""

    x86_64: int
    aarch64: int
    why: str


KEYS = "keyrings are shared by all that one user runs, and outlast it"
UNCOUNTED = "memory that belongs to no process's own, so that no limit counts it"
OTHERS = "a way into other processes"
ALL_TOGETHER = "of these the whole machine has only so many"
KERNEL = "a large part of the kernel that no notebook needs"
FILES = "a way to files that no path leads to, or to what others do with them"
TOLD_TO_ALL = "what it tells is of other programs, too, or is told to them"
# Where a call is refused it seems to be missing, and programs find another way: Python's shared memory is in /dev/shm.
REFUSED = {
    "add_key": SystemCall(248, 217, KEYS),
    "request_key": SystemCall(249, 218, KEYS),
    "keyctl": SystemCall(250, 219, KEYS),
    "memfd_create": SystemCall(319, 279, UNCOUNTED),
    "memfd_secret": SystemCall(447, 447, UNCOUNTED),
    "shmget": SystemCall(29, 194, UNCOUNTED),
    "semget": SystemCall(64, 190, UNCOUNTED),
    "msgget": SystemCall(68, 186, UNCOUNTED),
    "vmsplice": SystemCall(278, 75, UNCOUNTED),  # A huge page stays as a whole while a pipe holds a part of it.
    "io_setup": SystemCall(206, 0, ALL_TOGETHER),
    "ptrace": SystemCall(101, 117, OTHERS),
    "process_vm_readv": SystemCall(310, 270, OTHERS),
    "process_vm_writev": SystemCall(311, 271, OTHERS),
    "process_madvise": SystemCall(440, 440, OTHERS),
    "pidfd_getfd": SystemCall(438, 438, OTHERS),
    "kcmp": SystemCall(312, 272, OTHERS),
    "bpf": SystemCall(321, 280, KERNEL),
    "perf_event_open": SystemCall(298, 241, KERNEL),
    "userfaultfd": SystemCall(323, 282, KERNEL),
    "io_uring_setup": SystemCall(425, 425, "what is asked through a ring no filter sees"),
    "name_to_handle_at": SystemCall(303, 264, FILES),
    "open_by_handle_at": SystemCall(304, 265, FILES),
    "fanotify_init": SystemCall(300, 262, FILES),
    "inotify_init": SystemCall(253, 26, FILES),
    "inotify_init1": SystemCall(294, 26, FILES),
    "mincore": SystemCall(27, 232, FILES),
    "cachestat": SystemCall(451, 451, FILES),
    "syslog": SystemCall(103, 116, TOLD_TO_ALL),  # the kernel names there whatever crashes
}
# These do nothing, and say that it is done.
PRETENDED = {
    "flock": SystemCall(73, 32, TOLD_TO_ALL),
    "fadvise64": SystemCall(221, 223, TOLD_TO_ALL),
    "sync": SystemCall(162, 81, "who waits for all that the machine has to write keeps its disks busy"),
    "syncfs": SystemCall(306, 267, "the same, of one filesystem"),
}


class Machine(NamedTuple):
    """A processor architecture, and the numbers on it of the calls that are judged by their arguments."""

    architecture: int
    socket: int
    socketpair: int
    mmap: int
    madvise: int
    fcntl: int
    ioctl: int
    preadv2: int
    setrlimit: int
    prlimit: int


MACHINES = {
    "x86_64": Machine(0xC000003E, 41, 53, 9, 28, 72, 16, 327, 160, 302),
    "aarch64": Machine(0xC00000B7, 198, 199, 222, 233, 25, 29, 286, 164, 261),
}
Instruction = tuple[int, int, int, int]


def number_of(name: str, machine: str = platform.machine()) -> int | None:
    """The number of a call that boxes may not make; None on architectures without a filter."""
    return int(getattr(REFUSED[name], machine)) if machine in MACHINES else None


def call_filter(machine: str = platform.machine()) -> bytes:
    """The filter in the form that the kernel takes; empty for architectures without a filter."""
    return _program(machine) if machine in MACHINES else b""


def _program(name: str) -> bytes:
    # A comparison's numbers say how many instructions to skip if it holds, and how many if it does not.
    machine = MACHINES[name]
    refused = sorted({getattr(call, name) for call in REFUSED.values()})
    instructions = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, machine.architecture),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, OTHER_WORD_SIZE),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        *((EQUAL, len(refused) - place, 0, number) for place, number in enumerate(refused)),
        (AT_LEAST, 1, 0, 0),  # always so
        (RETURN, 0, 0, REFUSE | errno.ENOSYS),
        *(
            each
            for call in PRETENDED.values()
            for each in ((EQUAL, 0, 1, getattr(call, name)), (RETURN, 0, 0, PRETEND))
        ),
        *_judged(machine.mmap, FOURTH_ARGUMENT, {SHARED_WITHOUT_FILE: REFUSE | errno.EPERM}, mask=SHARED_WITHOUT_FILE),
        *_only(machine.socket, FIRST_ARGUMENT, FAMILIES, REFUSE | errno.EAFNOSUPPORT),
        *_only(machine.socket, THIRD_ARGUMENT, PROTOCOLS, REFUSE | errno.EPROTONOSUPPORT),
        # With any other family the kernel makes two sockets of it first, and then finds that they are no pair.
        *_only(machine.socketpair, FIRST_ARGUMENT, (socket.AF_UNIX,), REFUSE | errno.EAFNOSUPPORT),
        *_judged(machine.fcntl, SECOND_ARGUMENT, OF_FILES),
        *_judged(machine.ioctl, SECOND_ARGUMENT, {OF_FILESYSTEMS: REFUSE | errno.ENOTTY}, mask=0xFF00),
        *_judged(machine.madvise, THIRD_ARGUMENT, dict.fromkeys((COLD, PAGE_OUT), REFUSE | errno.EINVAL)),
        *_judged(machine.preadv2, SIXTH_ARGUMENT, {WITHOUT_WAITING: REFUSE | errno.EOPNOTSUPP}, mask=WITHOUT_WAITING),
        # The limit is such that the kernel starts no program for a crash; it must stay so (`limits.limit_crashes`).
        *_judged(machine.setrlimit, FIRST_ARGUMENT, {resource.RLIMIT_CORE: REFUSE | errno.EPERM}),
        *_judged(machine.prlimit, SECOND_ARGUMENT, {resource.RLIMIT_CORE: REFUSE | errno.EPERM}),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *each) for each in instructions)


def _judged(number: int, argument: int, answers: Mapping[int, int], mask: int = WHOLE) -> list[Instruction]:
    """Answer a call by the value of one of its arguments, or by what a mask leaves of it."""
    compared = [each for value, answer in answers.items() for each in ((EQUAL, 0, 1, value), (RETURN, 0, 0, answer))]
    judged = [(LOAD, 0, 0, argument), (AND, 0, 0, mask), *compared, (RETURN, 0, 0, ALLOW)]
    return [(EQUAL, 0, len(judged), number), *judged]


def _only(number: int, argument: int, allowed: Collection[int], otherwise: int) -> list[Instruction]:
    """Refuse a call unless one of its arguments has an allowed value; what comes after judges it further."""
    compared = [(EQUAL, len(allowed) - place, 0, value) for place, value in enumerate(allowed)]
    judged = [(LOAD, 0, 0, argument), *compared, (RETURN, 0, 0, otherwise), (LOAD, 0, 0, NUMBER)]
    return [(EQUAL, 0, len(judged), number), *judged]
