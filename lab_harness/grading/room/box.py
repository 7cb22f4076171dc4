"""A box: the processes in which a student's code runs, within walls."""

import json
import os
import select
import signal
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from lab_harness.grading.room import limits, walls
from lab_harness.grading.room.usage import children_of, threads_of_user
from lab_harness.lab.file import Limits

STUDENT = 1000  # the student's user in a box
WORK = "/tmp/work"  # noqa: S108  in the box's own memory
MOUNTED_FUNCTION = "/var/lambda"
TERMINALS = 8
OF_A_ROOM = 256  # processes and threads of the emulator, the judge, and of functions' boxes before they do anything


@dataclass(frozen=True)
class Walls:
    """How a box is closed off: by namespaces and limits if `closed`, else by limits alone."""

    closed: bool
    limits: Limits
    function: str = ""  # a folder that is shown, unchangeable, as MOUNTED_FUNCTION


class Box:
    """A running box. `main` runs in its first process; when that ends, all processes in the box end.

    The box's keeper is a process that students cannot see. It ends the box when the other end of its socket, the
    `leash`, is closed. The box gets our descriptors 0, 1, 2 and those in `keep`.
    """

    def __init__(
        self,
        main: Callable[[], None],
        walls: Walls,
        keep: Collection[int] = (),
        leash: tuple[socket.socket | None, socket.socket] | None = None,
    ) -> None:
        ours, theirs = leash or socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.leash = ours
        self.keeper = os.fork()
        if self.keeper == 0:
            _keep(main, walls, {*keep}, theirs)
        theirs.close()

    def told(self) -> dict[str, Any] | None:
        """The keeper's next message: first `pid`, then `code`; None if the keeper has ended without one."""
        assert self.leash
        with suppress(OSError):
            text = self.leash.recv(4096)
            return dict(json.loads(text)) if text else None
        return None

    def end(self) -> None:
        """End everything in the box and wait until it is gone."""
        if self.leash:
            self.leash.close()
        with suppress(ChildProcessError):
            os.waitpid(self.keeper, 0)


def _keep(main: Callable[[], None], walls_of: Walls, keep: set[int], leash: socket.socket) -> NoReturn:
    """The keeper's process: make the box, and end it when its first process ends or the leash is closed."""
    try:
        walls.close_all_but({*keep, leash.fileno()})
        child = _first_process(main, walls_of, leash)
        for descriptor in keep - {0, 1, 2}:
            os.close(descriptor)
        leash.send(json.dumps({"pid": child}).encode())
        watched = os.pidfd_open(child)
        ready, _, _ = select.select([watched, leash.fileno()], [], [])
        if watched not in ready:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not walls_of.closed:
            _end_orphans()
        with suppress(OSError):
            leash.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
    except BaseException as error:
        with suppress(OSError):
            leash.send(json.dumps({"broken": f"{type(error).__name__}: {error}"}).encode())
    finally:
        os._exit(0)


def _first_process(main: Callable[[], None], walls_of: Walls, leash: socket.socket) -> int:
    if walls_of.closed:
        flags = walls.NEW_MOUNTS | walls.NEW_PIDS | walls.NEW_IPC | walls.NEW_UTS
        limits.limit_family(walls_of.limits.processes + OF_A_ROOM)
        walls.unshare(flags, as_user=STUDENT)
        _furnish(walls_of)
    else:
        walls.adopt_orphans()
    begun, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        problem = os.read(begun, 4096)
        os.close(begun)
        if problem:
            os.waitpid(child, 0)
            raise OSError(problem.decode())
        return child
    code = 1
    try:
        os.close(begun)
        leash.close()
        _close_in(walls_of, tell)
        os.close(tell)
        main()
        code = 0
    finally:
        os._exit(code)


def _furnish(walls_of: Walls) -> None:
    """Give the box folders of its own in place of all folders that it could write to."""
    walls.keep_mounts_private()
    if walls_of.function:
        walls.mount_read_only(walls_of.function, MOUNTED_FUNCTION)
    # There may be many functions, and what is in these folders is in memory.
    most = walls_of.limits.disk_bytes
    walls.mount_empty("/tmp", most // 4 if walls_of.function else most)  # noqa: S108
    walls.mount_empty("/dev/shm", most // 4)  # noqa: S108
    walls.mount_terminals(TERMINALS)
    walls.mount_zeros()
    walls.freeze_devices()


def _close_in(walls_of: Walls, tell: int) -> None:
    """In the box: give up all remaining rights. A failure is written to `tell`, and ends the box."""
    try:
        walls.sacrifice_first()
        if walls_of.closed:
            walls.mount_processes()
            walls.forbid_namespaces()
            walls.freeze_processes()
            Path(WORK).mkdir(0o700)
            os.chdir(WORK)
        else:
            walls.die_with_parent()
            limits.limit_crashes()
        os.setsid()  # A signal to its own process group would reach the keeper.
        limits.limit_resources(walls_of.limits, others=0 if walls_of.closed else threads_of_user())
        if walls_of.closed:
            walls.drop_privileges()
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    except BaseException as error:
        os.write(tell, f"{type(error).__name__}: {error}".encode()[:4000])
        os._exit(1)


def _end_orphans() -> None:
    """End what is left of a box without namespaces: processes whose parents have ended."""
    while found := children_of(os.getpid()):
        end_processes(found)


def end_processes(found: Collection[int]) -> None:
    """Kill these children of ours and wait for them."""
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
