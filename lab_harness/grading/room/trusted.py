"""Starts the processes of a room that run no student's code, such as the emulator."""

import os
import resource
import select
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lab_harness.emulators.credentials import Credentials
from lab_harness.emulators.exchange import call_json
from lab_harness.emulators.process import START_DEADLINE
from lab_harness.errors import EmulatorError
from lab_harness.grading.room import walls
from lab_harness.grading.room.emulator import configure, serve
from lab_harness.lab.file import MIB

ADDRESS_SPACE = 2048 * MIB  # of one: what students have built, emulator and checks must hold
LONGEST_TOKEN = 100  # bytes


class EmulatorProcess:
    """The room's emulator. It listens as soon as this object exists. Its token can be read once, by the judge."""

    def __init__(self, port: int, learner: Credentials, folder: Path, closed: bool) -> None:
        listening = _listen(port)
        # By sockets, here and to the judge: a pipe's other end could be opened, and emptied, by its path in /proc.
        self.token, token = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.requests, requests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # for functions' processes
        self.settling, settle = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        (folder / "emulator").mkdir(parents=True)

        def main() -> None:
            if not closed:
                configure(port, folder / "emulator")
            tempfile.tempdir = str(folder)
            serve(listening, requests, settle, token, learner, folder / "emulator")

        used = (*listening, requests, settle, token)
        self.pid = fork_trusted(main, {each.fileno() for each in used}, hidden=closed)
        self.health = f"http://127.0.0.1:{port}/_lab/health"
        self.watched = os.pidfd_open(self.pid)  # ready when it has ended
        for each in used:
            each.close()

    def wait_until_it_answers(self) -> None:
        """Wait for its first answer, for as long as an emulator may take to start, or until it has ended.

        In a room that is not closed it loads MiniStack anew, for a port of its own. That takes seconds, which are not
        the submission's.
        """
        deadline = time.monotonic() + START_DEADLINE
        while time.monotonic() < deadline and not select.select([self.watched], [], [], 0)[0]:
            with suppress(EmulatorError):
                call_json(self.health, timeout=deadline - time.monotonic())
                return

    def read_token(self) -> str:
        """The token for the emulator's administration."""
        return self.token.recv(LONGEST_TOKEN).decode()


def fork_trusted(main: Callable[[], None], keep: set[int], hidden: bool) -> int:
    """Fork a process that runs `main` with these descriptors only, and ends when we end; returns its number.

    If it is `hidden`, no other process can open its descriptors and its memory.
    """
    child = os.fork()
    if child:
        return child
    try:
        walls.die_with_parent()
        walls.close_all_but(keep)
        if hidden:
            walls.hide()
        _limit_memory()
        main()
    except BaseException as error:
        with suppress(OSError):
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(1)


def _limit_memory() -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = ADDRESS_SPACE if hard == resource.RLIM_INFINITY else min(hard, ADDRESS_SPACE)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _listen(port: int) -> list[socket.socket]:
    """Sockets that listen on the loopback interface. They are made before any student's code runs."""
    listening = [socket.create_server(("127.0.0.1", port), backlog=256)]
    with suppress(OSError):  # There may be no IPv6.
        listening.append(socket.create_server(("::1", port), family=socket.AF_INET6, backlog=256))
    return listening
