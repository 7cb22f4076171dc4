"""A room: everything that grades one submission, in namespaces of its own. Its first process enforces the limits.

    zygote, warm
    └── room                user, process, mount and network namespace; ends with all that is in it
        ├── emulator        holds the one listening socket; its token is made in it
        ├── notebook box    the student's cells
        ├── function boxes  the student's Lambda functions, a box a process
        └── judge           the lab's checks, once the notebook box is gone

The student's code is in the boxes: user, process and mount namespaces below the room's, without any capability.
"""

import json
import os
import selectors
import shutil
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from lab_harness.emulators.credentials import ACCESS_KEY_ID, Credentials, new_secret
from lab_harness.emulators.inside.functions.zygote import read_request
from lab_harness.emulators.process import free_port
from lab_harness.grading.room import cgroups, walls
from lab_harness.grading.room.box import end_processes
from lab_harness.grading.room.conditions import GROUP_FULL, UNANSWERED, Conditions, doubts
from lab_harness.grading.room.emulator import PORT, TOO_LONG
from lab_harness.grading.room.function_boxes import FunctionBoxes
from lab_harness.grading.room.judge import Judge
from lab_harness.grading.room.lines import Lines
from lab_harness.grading.room.notebook_box import NotebookBox, Where
from lab_harness.grading.room.trusted import EmulatorProcess, fork_trusted
from lab_harness.grading.room.usage import children_of
from lab_harness.grading.room.watch import ACCOUNT_FULL, Watch, cpu_seconds
from lab_harness.lab.file import MIB, Limits

TICK = 0.1  # seconds between two looks at what is used
JUDGE_SECONDS = 240.0  # the check that waits longest may take a minute and a half
SETTLE_DEADLINE = 15.0
TOOK_THE_REST = (
    "The grader's machine ran short of memory, of which this submission, graded alone, took more than it may."
)
ROOM_BYTES = 256 * MIB  # the folder in memory where functions' packages are unpacked


def occupy(control: socket.socket, judge: Judge, closed: bool, user: int) -> NoReturn:
    """In a separate process: build the room, grade the submission that comes through `control`, and end.

    If the grader is root, a closed room runs as its own `user`, for whom the kernel then counts the room alone.
    """
    try:
        walls.die_with_parent()
        walls.close_all_but({control.fileno()})
        walls.forget_keys()
        group = cgroups.join(Path(walls.GROUPS), str(user)) if closed else None
        if closed and os.geteuid() == 0:
            walls.become(user)
            walls.die_with_parent()  # which changing the user has undone
        if closed:
            walls.enter_room(ROOM_BYTES)
            walls.hide()
        else:
            walls.adopt_orphans()
        Room(control, judge, closed, group).grade()
    except BaseException as error:
        with suppress(OSError):
            _send(control, {"broken": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(0)


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


class Room:
    """Grades one submission: runs its cells, then the checks."""

    def __init__(self, control: socket.socket, judge: Judge, closed: bool, group: cgroups.Group | None) -> None:
        self.control, self.judge, self.closed, self.group = control, judge, closed, group
        self.job = json.loads(control.makefile("rb").readline())
        self.limits = Limits(**self.job["limits"])
        if group:
            group.limit(self.limits)
        self.port = PORT if closed else free_port()
        # The checks' credentials are the emulator's and the judge's alone.
        self.learner = Credentials(ACCESS_KEY_ID, new_secret())
        self.folder = Path("/tmp/room") if closed else Path(tempfile.mkdtemp(prefix="lab-room-"))  # noqa: S108
        self.selector = selectors.DefaultSelector()
        self.functions = FunctionBoxes(closed, self.limits)
        self.hit: list[str] = []  # the limits that were hit, in words
        self.results: list[dict[str, Any]] = []
        self.fingerprint = ""
        self.judged = self.over = False
        self.judge_pid = 0
        self.deadline = self.next_look = 0.0
        self.watch, self.conditions = Watch(self.limits, closed), Conditions(self.limits, self.job["alone"])

    def grade(self) -> None:
        """Grade the submission, and send the result."""
        try:
            self._start_emulator()
            if not self.closed:
                self.emulator.wait_until_it_answers()
            where = Where(self.closed, self.folder, self.port, self.learner, self.judge.course.root, self.limits)
            cells = [(str(name), str(source)) for name, source in self.job["cells"]]
            self.notebook = NotebookBox(cells, where, self.selector, self.hit, self._settle)
            while not self.over:
                for key, _ in self.selector.select(TICK):
                    if self.selector.get_map().get(key.fd) is key:  # One before it may have ended what it is of.
                        key.data()
                self._look_around(time.monotonic())
            answer = self._answer()
        finally:
            if not self.closed:  # Before the answer: with the last one the grader ends all that is left.
                self._clear_away()
        with suppress(OSError):
            _send(self.control, answer)

    def _start_emulator(self) -> None:
        self.emulator = EmulatorProcess(self.port, self.learner, self.folder, self.closed)
        for source, react in (
            (self.emulator.watched, self._emulator_ended),
            (self.emulator.requests, self._start_function),
            (self.emulator.settling, self._settled),
            (self.control, self._abandon),
        ):
            self.selector.register(source, selectors.EVENT_READ, react)

    def _emulator_ended(self) -> None:
        self.hit.append(UNANSWERED)
        self.over = True

    def _abandon(self) -> None:
        """Stop: the grader has ended, or has given up on this submission."""
        self.selector.unregister(self.control)
        self.over = True

    def _start_function(self) -> None:
        request = read_request(self.emulator.requests)
        if request is None:
            self.selector.unregister(self.emulator.requests)
        elif not self.functions.start(request):
            self.hit.append("More functions' processes were to run at once than may.")

    def _settle(self) -> None:
        """After the notebook's box has ended: let the emulator end the functions' processes, which may be spoilt."""
        self._end_strangers()
        self.spoilt = self.functions.keepers
        self.deadline = time.monotonic() + SETTLE_DEADLINE
        self.emulator.settling.send(b"settle")

    def _end_strangers(self) -> None:
        """End child processes that we do not know. There should be none, and the checks must not meet one."""
        known = {self.emulator.pid} | self.functions.keepers
        while strangers := children_of(os.getpid()) - known:
            end_processes(strangers)

    def _settled(self) -> None:
        answer = self.emulator.settling.recv(16)
        if not answer or self.judge_pid:
            return
        if answer == TOO_LONG:
            self.hit.append("A function was still running when the notebook had ended, and was stopped.")
        self.functions.end(self.spoilt)
        results, tell = socket.socketpair()

        def main() -> None:
            self.judge.judge(self.job["lab"], self.port, self.emulator.read_token(), tell.fileno())

        self.judge_pid = fork_trusted(main, {tell.fileno(), self.emulator.token.fileno()}, hidden=self.closed)
        tell.close()
        Lines(results.detach(), self.selector, self._judge_told, self._judge_ended)
        self.deadline = time.monotonic() + JUDGE_SECONDS

    def _judge_told(self, message: dict[str, Any]) -> None:
        self.fingerprint = message.get("fingerprint", self.fingerprint)
        self.judged = self.judged or "judged" in message
        self.results += [message["result"]] if "result" in message else []
        self.hit += [UNANSWERED] if "stopped" in message else []

    def _judge_ended(self) -> None:
        self.over = True

    def _look_around(self, now: float) -> None:
        """Ten times a second: look whether a limit was hit, and tell the grader how it goes on."""
        if now < self.next_look or self.over:
            return
        self.next_look = now + TICK
        self.conditions.look({self.emulator.pid, self.judge_pid, self.notebook.pid} - {0})
        if self.notebook.box:
            self.notebook.watch(now)
        elif now > self.deadline:
            self.hit.append("The checks did not end in time.")
            self.over = True
        students = self.functions.keepers | ({self.notebook.box.keeper} if self.notebook.box else set())
        if why := self.watch.exceeded(students, self.emulator.pid, now):
            self._stop(why)
        elif self.group and self.group.was_full():
            self._stop(GROUP_FULL)
        elif self.conditions.took_the_rest():
            self._stop(TOOK_THE_REST)
        done = {"cells": self.notebook.begun, "checks": len(self.results)}
        with suppress(OSError):
            _send(self.control, {"busy": self.watch.busy(), "holds": self.watch.holds} | done)

    def _stop(self, why: str) -> None:
        """End the notebook; if it has ended, its functions; if the checks already run, the checks."""
        if not (known := why in self.hit):
            self.hit.append(why)
        if self.notebook.box:
            self.notebook.end()
        elif not self.judge_pid:
            self.functions.end(self.functions.keepers)
        elif not (known and why == ACCOUNT_FULL):  # The account stays as full as the notebook has left it.
            self.over = True

    def _answer(self) -> dict[str, Any]:
        if self.group and self.group.was_full():  # since the last look
            self.hit.append(GROUP_FULL)
        return {
            "graded": {
                "judged": self.judged,
                "results": self.results,
                "errors": self.notebook.errors,
                "hit": list(dict.fromkeys(self.hit)),
                "doubt": doubts(self.conditions, self.watch.most_held, self.hit, self.results, self.judged),
                "fingerprint": self.fingerprint,
                "cpu": cpu_seconds(),
            }
        }

    def _clear_away(self) -> None:
        """Without namespaces: end all processes that we started, and remove the folder."""
        while left := children_of(os.getpid()):  # What they have started becomes ours when they end.
            end_processes(left)
        shutil.rmtree(self.folder, ignore_errors=True)
