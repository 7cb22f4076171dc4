"""Starts and ends the boxes of a submission's functions."""

import os
import signal
from contextlib import suppress
from functools import partial

from lab_harness.emulators.inside.functions.zygote import Request
from lab_harness.grading.room import functions
from lab_harness.grading.room.box import Box, Walls
from lab_harness.grading.room.usage import processes, use_of
from lab_harness.lab.file import Limits

MOST = 40  # processes at once: lab 07 has twenty calls at once, and then a dozen of other functions


class FunctionBoxes:
    """The running processes of functions, each in a box. The emulator can end each by its leash."""

    def __init__(self, closed: bool, limits: Limits) -> None:
        self._closed, self._limits = closed, limits
        self._boxes: list[Box] = []

    @property
    def keepers(self) -> set[int]:
        """The keepers of the boxes that still run."""
        self._boxes = [box for box in self._boxes if not _ended(box.keeper)]
        return {box.keeper for box in self._boxes}

    def start(self, request: Request) -> bool:
        """Start the process that the emulator asks for; False if there are too many already."""
        started = len(self.keepers) < MOST and self._start(request)
        if not started:
            request.leash.close()
        for descriptor in request.descriptors:
            os.close(descriptor)
        return started

    def _start(self, request: Request) -> bool:
        main = partial(functions.serve, request, functions.mounted(self._closed, request.folder))
        closed_off = Walls(self._closed, self._limits, request.folder)
        with suppress(BlockingIOError):  # A student's processes have taken what the room may have of them.
            self._boxes.append(Box(main, closed_off, {*request.descriptors}, leash=(None, request.leash)))
            return True
        return False

    def end(self, keepers: set[int]) -> None:
        """End all processes in these boxes."""
        keepers = keepers & self.keepers
        for process in use_of(keepers, processes()).family - keepers:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def _ended(process: int) -> bool:
    with suppress(ChildProcessError):
        return os.waitpid(process, os.WNOHANG)[0] != 0
    return True
