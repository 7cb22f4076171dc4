"""Separates processes from each other by namespaces, mounts, capabilities and limits of the kernel. Linux only.

Every function here acts on the calling process. If a step fails, it raises OSError, so that nothing runs without a
wall.
"""

import ctypes
import errno
import fcntl
import os
import resource
import signal
import socket
import struct
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from lab_harness.grading.room.limits import limit_crashes
from lab_harness.grading.room.syscalls import call_filter, number_of

NEW_MOUNTS, NEW_UTS, NEW_IPC, NEW_USER, NEW_PIDS, NEW_NET = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
READ_ONLY, NO_SETUID, NO_DEVICES, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
DEATH_SIGNAL, DUMPABLE, DROP_BOUNDING, SUBREAPER, NO_NEW_PRIVILEGES, AMBIENT, CLEAR_AMBIENT = 1, 4, 24, 36, 38, 47, 4
SET_SECCOMP, BY_FILTER = 22, 2
CAPABILITIES_V3 = 0x20080522
LAST_CAPABILITY = 63
SET_FLAGS, UP, RUNNING = 0x8914, 0x1, 0x40  # of a network interface
NEW_CGROUPS = 0x02000000
GROUPS = "/groups"  # where a room finds the folder of control groups, if there is one
LEFT_OPEN = (0, 1, 2)
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")  # that bubblewrap shows of the machine's own
JOIN_SESSION = 1  # of keyctl
NOBODY = 65534
ROOM_USERS = range(0x70000000, 0x70100000)  # that no system gives to anybody

_libc = ctypes.CDLL(None, use_errno=True)
_libc.unshare.argtypes = [ctypes.c_int]
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
_libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
_libc.capset.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
_libc.syscall.argtypes, _libc.syscall.restype = [ctypes.c_long, ctypes.c_int, ctypes.c_char_p], ctypes.c_long


def _call(name: str, *arguments: int | bytes | None) -> None:
    if getattr(_libc, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _prctl(option: int, value: int = 0, other: int = 0) -> None:
    _call("prctl", option, value, other, 0, 0)


def unshare(flags: int, as_user: int) -> None:
    """Move into new namespaces, a user namespace among them, in which our user and group are `as_user`."""
    _prctl(DUMPABLE, 1)  # else a process that changed its user may not write its own maps
    user, group = os.geteuid(), os.getegid()
    _call("unshare", flags | NEW_USER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{as_user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{as_user} {group} 1")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a filesystem in our own mount namespace."""
    _call("mount", source.encode(), target.encode(), kind.encode() or None, flags, options.encode() or None)


def keep_mounts_private() -> None:
    """Keep our mounts invisible outside."""
    mount("none", "/", flags=RECURSIVE | PRIVATE)


def mount_empty(target: str, size: int) -> None:
    """Mount an empty folder in memory that holds at most `size` bytes."""
    options = f"size={size},nr_inodes={max(1024, size // 4096)},mode=0700"
    mount("tmpfs", target, "tmpfs", NO_SETUID | NO_DEVICES, options)


def mount_read_only(source: str, target: str) -> None:
    """Show a folder at another path, where it cannot be changed."""
    mount(source, target, flags=BIND)
    mount("none", target, flags=BIND | REMOUNT | READ_ONLY | NO_SETUID | NO_DEVICES)


def mount_processes() -> None:
    """Let /proc show only the processes of our own namespace."""
    mount("proc", "/proc", "proc", NO_SETUID | NO_DEVICES)


def freeze_processes() -> None:
    """Make /proc read-only: it has settings such as which process the kernel ends first when memory runs out."""
    mount("none", "/proc", flags=BIND | REMOUNT | READ_ONLY | NO_SETUID | NO_DEVICES)


def mount_terminals(most: int) -> None:
    """Give us at most so many pseudo terminals of our own: the machine has 4,096 in all."""
    mount("devpts", "/dev/pts", "devpts", NO_SETUID, f"newinstance,ptmxmode=0666,mode=620,max={most}")


def freeze_devices() -> None:
    """Let nobody change the times of this machine's devices, which all can see. They take what is written as before."""
    for name in DEVICES:
        mount("none", f"/dev/{name}", flags=BIND | REMOUNT | READ_ONLY | NO_SETUID)


def mount_zeros() -> None:
    """Replace /dev/zero by /dev/full, which gives zeros, too, but cannot be mapped as shared memory without a file."""
    mount("/dev/full", "/dev/zero", flags=BIND)


def start_loopback() -> None:
    """Start the only interface of a new network namespace."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh22x", b"lo", UP | RUNNING))
    for name in ("tcp_rmem", "tcp_wmem"):  # What waits in sockets is memory that counts for nobody.
        Path(f"/proc/sys/net/ipv4/{name}").write_text("4096 65536 262144")


def forbid_namespaces() -> None:
    """Forbid further user namespaces in ours: inside one, a process can reach much more of the kernel."""
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def drop_privileges() -> None:
    """Give up all capabilities for ever, for us and for the programs that we start."""
    for number in range(LAST_CAPABILITY + 1):
        with suppress(OSError):  # EINVAL behind the last one that this kernel knows
            _prctl(DROP_BOUNDING, number)
    with suppress(OSError):
        _prctl(AMBIENT, CLEAR_AMBIENT)
    _prctl(NO_NEW_PRIVILEGES, 1)
    header = struct.pack("Ii", CAPABILITIES_V3, 0)
    _call("capset", header, bytes(24))
    limit_crashes()
    _filter_calls(call_filter())


def _filter_calls(code: bytes) -> None:
    """Let the kernel filter all system calls from now on, ours and those of the programs that we start."""
    if code:
        held = ctypes.create_string_buffer(code, len(code))
        described = ctypes.create_string_buffer(struct.pack("HP", len(code) // 8, ctypes.addressof(held)))
        _prctl(SET_SECCOMP, BY_FILTER, ctypes.addressof(described))


def enter_room(size: int) -> None:
    """Continue in a child process: the first process of new namespaces, with a network and a /tmp of `size` bytes.

    The calling process only waits, and ends when the child ends.
    """
    groups = Path(GROUPS).is_dir()
    unshare(NEW_MOUNTS | NEW_PIDS | NEW_IPC | NEW_UTS | NEW_NET | (NEW_CGROUPS if groups else 0), as_user=0)
    first = os.fork()  # The new process namespace is for children only.
    if first:
        close_all_but(())
        os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
    die_with_parent()
    keep_mounts_private()
    mount_empty("/tmp", size)  # noqa: S108
    if groups:
        mount("none", GROUPS, "tmpfs", READ_ONLY)  # Who could write there would set the limits.
    mount_processes()
    start_loopback()


def become(user: int) -> None:
    """Change from root to another user for ever, because root has no limit on processes; or else to nobody."""
    os.setgroups([])
    for number in (user, NOBODY):
        with suppress(OSError):
            os.setresgid(number, number, number)
            os.setresuid(number, number, number)
            return
    raise OSError(errno.EPERM, "root cannot become another user")


def forget_keys() -> None:
    """Change to an empty keyring, in place of the one of the process that started us."""
    if keyctl := number_of("keyctl"):
        # Where the kernel has none, or our own surroundings forbid it, there is no way to it either.
        with suppress(OSError):
            _call("syscall", keyctl, JOIN_SESSION, None)


def die_with_parent() -> None:
    """Let the kernel kill us when the process that started us ends."""
    _prctl(DEATH_SIGNAL, signal.SIGKILL)


def hide() -> None:
    """Hide our memory and descriptors in /proc from other processes of our user, except our namespace's root."""
    _prctl(DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parents end, so that we can find them."""
    _prctl(SUBREAPER, 1)


def close_all_but(kept: Collection[int]) -> None:
    """Close every descriptor but the first three and these."""
    low = 3
    for descriptor in sorted({*kept} - {*LEFT_OPEN}):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def sacrifice_first() -> None:
    """Let the kernel end us first when memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
