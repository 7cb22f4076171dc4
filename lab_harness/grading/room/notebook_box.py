"""The notebook's box, seen from the room: which cell runs, since when, what went wrong, and which limits were hit.

The student controls what the box says. So it is only shown, and only starts the time limit of a cell, never that of the
notebook.
"""

import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab_harness.emulators.credentials import Credentials
from lab_harness.grading.room.box import WORK, Box, Walls
from lab_harness.grading.room.emulator import student_environment
from lab_harness.grading.room.lines import Lines
from lab_harness.grading.room.notebook_process import DEMONSTRATION, Cell, run_notebook
from lab_harness.lab.file import Limits

INTERRUPT_GRACE = 2.0  # seconds that an interrupted cell has to end
MOST_ERRORS = 200
LONGEST_TEXT = 8000  # characters
PATIENCE_WITH_OUTPUT = 8  # times the limit, after which the notebook ends
LIMIT_SIGNS = {
    "MemoryError": "The submission ran out of memory.",
    "[Errno 28]": "The submission's folder is full.",
    "[Errno 27]": "The submission wrote a file that is too large.",
    "[Errno 11] Resource temporarily unavailable": "The submission started too many processes.",
    "can't start new thread": "The submission started too many threads.",
}


class NotebookBox:
    """The box in which the cells run. The limits that were hit are added to `hit`; `ended` is called at the end."""

    def __init__(
        self,
        cells: Sequence[Cell],
        where: "Where",
        selector: selectors.BaseSelector,
        hit: list[str],
        ended: Callable[[], None],
    ) -> None:
        self.errors: list[dict[str, str]] = []
        self.begun = 0  # of its cells
        self._selector, self._hit, self._ended, self._limits = selector, hit, ended, where.limits
        self._demonstrations = {name for name, source in cells if source.lstrip().startswith(DEMONSTRATION)}
        self._cell, self._cell_began, self._interrupted = "", 0.0, 0.0
        self._pid, self._printed, self._done = 0, 0, False
        events, tell = os.pipe()
        self._output, write = os.pipe()
        environ = student_environment(where.port, where.learner, where.home, where.course)

        def main() -> None:
            os.chdir(where.home)
            run_notebook(cells, environ, tell, write)

        self.box: Box | None = Box(main, Walls(where.closed, where.limits), keep={tell, write})
        os.close(tell)
        os.close(write)
        self._events = Lines(events, selector, self._told)
        os.set_blocking(self._output, False)
        selector.register(self._output, selectors.EVENT_READ, self._count_output)
        assert self.box.leash
        selector.register(self.box.leash, selectors.EVENT_READ, self._keeper_told)
        self._deadline = time.monotonic() + where.limits.notebook_seconds

    @property
    def pid(self) -> int:
        """The process that runs the cells; 0 if there is none."""
        return self._pid

    def end(self) -> None:
        """End all processes in the box, wait for that, and call `ended`."""
        if self.box is None:
            return
        assert self.box.leash
        self._selector.unregister(self.box.leash)
        self.box.end()
        self.box, self._pid = None, 0
        self._events.drain()
        self._ended()

    def watch(self, now: float) -> None:
        """Interrupt a cell that takes too long; end the box if the notebook takes too long."""
        running = now - self._cell_began if self._cell else 0.0
        if now > self._deadline:
            self._hit.append(f"The notebook ran longer than {self._limits.notebook_seconds:g} s and was stopped.")
            self.end()
        elif self._interrupted and now - self._interrupted > INTERRUPT_GRACE:
            self._hit.append("It did not let itself be interrupted, so the notebook ended there.")
            self.end()
        elif running > self._limits.cell_seconds and not self._interrupted:
            self._interrupt(f"ran longer than {self._limits.cell_seconds:g} s")

    def _keeper_told(self) -> None:
        assert self.box
        told = self.box.told() or {"code": -signal.SIGKILL}
        if "pid" in told:
            self._pid = told["pid"]
        elif "broken" in told:
            raise OSError(told["broken"])
        else:
            self._events.drain()
            if not self._done and not self._hit:
                self._note_end(int(told["code"]))
            self.end()

    def _note_end(self, code: int) -> None:
        if code in (-signal.SIGKILL, -signal.SIGXCPU):
            self._hit.append("The notebook's process was ended by the system, for it used too much memory or time.")
            return
        how = f"by signal {_signal_name(-code)}" if code < 0 else f"with exit code {code}"
        self.errors.append({"cell": self._cell, "error": f"The notebook's process ended {how}.", "traceback": ""})

    def _told(self, message: dict[str, Any]) -> None:
        if isinstance(message.get("cell"), str):
            self._cell, self._cell_began, self._interrupted = message["cell"][:100], time.monotonic(), 0.0
            self.begun += 1
        elif isinstance(message.get("error"), dict) and len(self.errors) < MOST_ERRORS:
            self._note_error(message["error"])
        elif "done" in message:
            self._done = True

    def _note_error(self, error: dict[str, Any]) -> None:
        texts = {name: str(error.get(name, ""))[:LONGEST_TEXT] for name in ("cell", "error", "traceback")}
        if not (self._interrupted and texts["error"].startswith("KeyboardInterrupt")):
            self.errors.append(texts)
        self._hit += [limit for sign, limit in LIMIT_SIGNS.items() if sign in texts["error"]]

    def _count_output(self) -> None:
        with suppress(BlockingIOError):
            chunk = os.read(self._output, 1 << 16)
            if not chunk:
                self._selector.unregister(self._output)
                os.close(self._output)
            before, self._printed = self._printed, self._printed + len(chunk)
            if before <= self._limits.output_bytes < self._printed:
                self._interrupt(f"printed more than {self._limits.output_bytes // 1024} KiB")
            elif self._printed > PATIENCE_WITH_OUTPUT * self._limits.output_bytes:
                self.end()

    def _interrupt(self, why: str) -> None:
        if self._cell not in self._demonstrations:  # They are the course's own, and some wait for minutes.
            self._hit.append(f"Cell {self._cell} {why} and was stopped.")
        self._interrupted = time.monotonic()
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGINT)


def _signal_name(number: int) -> str:
    """A signal's name, or its number if it has no name."""
    with suppress(ValueError):
        return signal.Signals(number).name
    return str(number)


class Where:
    """Where a notebook runs: its folder, its emulator's port and credentials, the course, the walls and the limits."""

    def __init__(
        self, closed: bool, folder: Path, port: int, learner: Credentials, course: Path, limits: Limits
    ) -> None:
        self.closed, self.port, self.learner, self.course, self.limits = closed, port, learner, str(course), limits
        self.home = WORK if closed else str(folder / "work")
        if not closed:
            Path(self.home).mkdir()
