"""The warm process from which rooms are forked. It loads everything once, but never anything of a student's.

Run as `python -m lab_harness.grading.room.zygote FD CLOSED COURSE`. Each message on the socket FD names a lab and
brings a second socket, on which a room gets its submission. The submission never enters this process, so no later room
can find it in its memory.
"""

import gc
import os
import secrets
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType

from lab_harness.course import Course
from lab_harness.emulators.base import REGION
from lab_harness.emulators.inside.functions import sdk, zygote
from lab_harness.grading.room import machine, walls
from lab_harness.grading.room.emulator import preload
from lab_harness.grading.room.judge import Judge
from lab_harness.grading.room.room import occupy

READY = b"ready"
LONGEST_NAME = 1024  # bytes of a lab's
# What notebooks and functions import, and what they make others import later.
USED = (
    *("boto3", "boto3.s3.inject", "matplotlib.pyplot", "numpy", "requests", "urllib.request", "zipfile", "bdb"),
    *("IPython.core.interactiveshell", "IPython.core.magics", "IPython.core.completer", "IPython.core.completerlib"),
    *("IPython.core.application", "IPython.core.oinspect", "IPython.core.magics.osm", "IPython.core.crashhandler"),
    *("encodings.idna", "encodings.cp437", "encodings.unicode_escape", "rich._unicode_data.unicode17-0-0"),
    *("IPython.core.logger", "matplotlib.backends.backend_agg", "_strptime"),
    *("lab_harness.notebook.magic", "lab_harness.notebook.panel.quiz", "lab_harness.account.state"),
)
_kept: list[ModuleType] = []


def main() -> None:
    """Load everything, send READY, and fork a room for each submission until the socket closes."""
    jobs = socket.socket(fileno=int(sys.argv[1]))
    closed = sys.argv[2] == "closed"
    walls.forget_keys()
    machine.raise_open_files()
    warm(closed)
    users = count(secrets.randbelow(len(walls.ROOM_USERS)))
    judge, prepared = Judge(Course(Path(sys.argv[3]))), set[bytes]()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Rooms that ended are no business of ours.
    jobs.send(READY)
    while True:
        lab, descriptors, _, _ = socket.recv_fds(jobs, LONGEST_NAME, 1)
        if not lab:
            _await_rooms()
            return
        if lab not in prepared:
            judge.prepare(lab.decode(), rehearse=closed)  # Where it is closed, nobody listens at the port.
            prepared.add(lab)
            _settle()
        user = walls.ROOM_USERS[next(users) % len(walls.ROOM_USERS)]
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            jobs.close()
            occupy(socket.socket(fileno=descriptors[0]), judge, closed, user)
        os.close(descriptors[0])


def _settle() -> None:
    """Make what is loaded cheap to share with processes that are forked from now on."""
    zygote.loaded.cache_clear()
    zygote.loaded()
    _kept[:] = sys.modules.values()  # so that a function's process that unloads one need not clear it away
    gc.freeze()  # A collection in a child would copy the pages that it shares with us.
    machine.join_pages()


def _await_rooms() -> None:
    """Wait until all rooms have ended: if we ended first, they would be killed."""
    with suppress(ChildProcessError):
        os.wait()  # Since nobody asks how they ended, it returns when the last one has.


def warm(closed: bool) -> None:
    """Load what rooms need, whatever the lab."""
    sdk.remember()
    if closed:
        preload()
    for name in USED:
        with suppress(ImportError):  # Some come and go with the versions of what they belong to.
            import_module(name)
    _rehearse()


def _rehearse() -> None:
    """Do what is slow the first time: load templates and services, draw a figure, make boto3 resources."""
    from boto3 import Session
    from matplotlib import pyplot

    from lab_harness.account.services import known_services
    from lab_harness.notebook.panel.live import ASSETS
    from lab_harness.render.templates import templates

    for name in templates(ASSETS).list_templates(["html"]):
        templates(ASSETS).get_template(name)
    known_services()
    pyplot.subplots(1, 2)
    pyplot.close("all")
    for service in ("dynamodb", "s3"):
        Session(region_name=REGION).resource(service)


if __name__ == "__main__":
    main()
