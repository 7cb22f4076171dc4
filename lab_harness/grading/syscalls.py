"""What a box may not ask of the kernel: sockets that a network namespace does not close in, and ways around that.

Sockets to the host of a virtual machine (vsock), to Bluetooth and the like lead out of a network namespace. A filter
is a small program for the kernel (seccomp, in classic BPF), which sees the number and the arguments of each call.
"""

import errno
import platform
import socket
import struct
from typing import NamedTuple

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # instructions
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where each stands in the kernel's description of a call
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # an error's number completes REFUSE
OTHER_WORD_SIZE = 0x40000000  # the numbers of the x32 interface's calls are above
NETLINK = 16  # whoever resolves a name asks it which interfaces there are
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, NETLINK)
IO_URING_SETUP = 425  # on all machines; what is asked through a ring no filter sees


class Machine(NamedTuple):
    """A machine's interface to the kernel, and which number the call `socket` has in it."""

    architecture: int
    socket: int


MACHINES = {"x86_64": Machine(0xC000003E, 41), "aarch64": Machine(0xC00000B7, 198)}


def call_filter(machine: str = platform.machine()) -> bytes:
    """The filter as the kernel takes it; empty for machines that it is not written for."""
    return _program(MACHINES[machine]) if machine in MACHINES else b""


def _program(machine: Machine) -> bytes:
    # A comparison's numbers say how many instructions to skip if it holds, and how many if it does not.
    families = [(EQUAL, len(FAMILIES) - place, 0, family) for place, family in enumerate(FAMILIES)]
    instructions = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, machine.architecture),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, OTHER_WORD_SIZE),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (EQUAL, 0, 1, IO_URING_SETUP),
        (RETURN, 0, 0, REFUSE | errno.ENOSYS),
        (EQUAL, 0, len(FAMILIES) + 2, machine.socket),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        *families,
        (RETURN, 0, 0, REFUSE | errno.EAFNOSUPPORT),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *each) for each in instructions)
