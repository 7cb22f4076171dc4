"""A rehearsal of the grade in a process of its own, which can be stopped, and which ends with this one."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lab_harness.course import Course
from lab_harness.handing_in.rehearsal import Rehearsal

PROGRAM = "lab_harness.grading.rehearsal"  # by its name: what grades stands above this
PACKAGES = Path(__file__).resolve().parents[3]
SHOWN = 500  # characters of what it wrote before it ended without a result


class Rehearsing:
    """A rehearsal that runs. `step` is told how it goes on; `ended` what came of it, or None if it was stopped.

    Both are called in a thread of its own.
    """

    def __init__(
        self,
        course: Course,
        lab: str,
        notebook: Path,
        step: Callable[[str], object],
        ended: Callable[[Rehearsal | None], object],
    ) -> None:
        self._lab, self._step, self._ended, self._stopped = lab, step, ended, False
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        # -P: nothing in the notebook's folder stands for a module. A session: an interrupt of the kernel is not for it.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", PROGRAM, str(course.root), lab, str(notebook)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, encoding="utf-8",
            env=os.environ | {"PYTHONPATH": _modules()}, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._follow, name="lab-rehearsal", daemon=True).start()

    def stop(self) -> None:
        """Let it end. Its standard input ends, as it does when this process ends, and that it takes for its end."""
        self._stopped = True
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()

    def _follow(self) -> None:
        found = None
        assert self._process.stdout
        for line in self._process.stdout:
            with suppress(ValueError):
                message = json.loads(line)
                if "step" in message:
                    self._step(message["step"])
                else:
                    found = Rehearsal.from_dict(message["rehearsal"])
        self._close()
        if not found and not self._stopped:
            found = Rehearsal(self._lab, "", self._words())
        self._ended(found)
        self._log.close()

    def _close(self) -> None:
        """Wait for the process's end; all that it had to say has been read."""
        self._process.wait()
        for stream in filter(None, (self._process.stdin, self._process.stdout)):
            with suppress(OSError):
                stream.close()

    def _words(self) -> str:
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").strip().splitlines()[-1:] or ["it ended without a word"]
        return f"{said[0][:SHOWN]}. You can hand in all the same."


def _modules() -> str:
    """Where it finds this package, installed or not, and what the user has added."""
    return os.pathsep.join(filter(None, [str(PACKAGES), os.environ.get("PYTHONPATH")]))
