"""The processes in which CloudFront Functions run: mostly one for the emulator, started when the first is called.

A call that finds all of them at work has another started, up to MOST, so that a function which has to be ended keeps
nobody else waiting. Each is started as the process of a Python function of Lambda's is, so it is forked where those
are, and stands within the same walls where a class is graded. What runs in them is `worker.py`, and `runtime.js` in the
engine, QuickJS.

A function may use 1 ms of time and 2 MB of memory (AWS, CloudFront Developer Guide, "Quotas", 2026). AWS's own engine
and machines are not here, so 1 ms of AWS's is MILLISECOND here, of processor time.
"""

import importlib.util
import json
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab_harness.emulators.inside.moving_time import clock

MILLISECOND = 0.020  # seconds of processor time here for one millisecond of AWS's
MEMORY = 2 * 1024 * 1024  # bytes, beside what the runtime itself takes
START_DEADLINE = 20.0  # seconds until the process is ready
DEADLINE = 3.0  # seconds of a call on a machine that has other things to do; then the process is ended
ENDED = 0.5  # seconds of processor time after which the system ends the process, where it can
MOST = 3  # processes at once
ATTEMPTS = 2  # to call a function, since the process may have been ended meanwhile
READY = "ready\n"
MODULE = "_quickjs"
MISSING = (
    "There is no JavaScript engine here, for quickjs-ng comes without a wheel for Macs with Intel processors. "
    "Where Xcode's command line tools are installed, this builds it: pip install quickjs-ng"
)


@dataclass(frozen=True)
class Ran:
    """What came of a call: it is `done`, `failed` or `throttled`; `answer` is JSON, what went wrong, or which limit."""

    state: str
    answer: str
    logs: list[str]
    utilization: int  # percent of the time that it may take


class Engine:
    """Calls functions one after the other, in a process of its own."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._over = False
        self.process: Any = None

    def call(self, code: str, runtime: str, event: Mapping[str, Any], stores: Mapping[str, Any]) -> Ran:
        """Call a function's handler with an event."""
        asked = {"code": code, "runtime": runtime, "event": json.dumps(event), "stores": json.dumps(stores)}
        limits = {"now": int(clock.now() * 1000), "seconds": MILLISECOND, "bytes": MEMORY, "ended": ENDED}
        with self._one_at_a_time:
            told = self._answer(json.dumps(asked | limits) + "\n")
        lines = str(told["logs"]).splitlines()
        answer = told["answer"] if told["state"] == "done" else _cleaned(told["answer"])
        return Ran(told["state"], answer, lines, round(100 * told["used"]))

    def _answer(self, line: str) -> dict[str, Any]:
        for _ in range(ATTEMPTS):
            if self._over:
                break
            if importlib.util.find_spec(MODULE) is None:
                return {"state": "failed", "answer": MISSING, "logs": "", "used": 0}
            try:
                process = self.process = self.process or _started()
                told, late = ("", False) if self._over else _exchange(process, line, DEADLINE)
            except (OSError, ValueError):  # its pipes are broken, or closed by now
                told, late = "", False
            if told:
                found: dict[str, Any] = json.loads(told)
                return found
            if self.end() == -getattr(signal, "SIGVTALRM", 0) or late:
                return {"state": "throttled", "answer": "time", "logs": "", "used": 1}
        return {"state": "failed", "answer": "Error: the function ended its process", "logs": "", "used": 0}

    def close(self) -> None:
        """End the process for good, also in the midst of a call: one in an endless loop would outlive the emulator."""
        self._over = True
        self.end()

    def end(self) -> int | None:
        """End the process, if there is one, and tell its exit code; the next call starts another."""
        process, self.process = self.process, None
        code: int | None = None
        if process:
            process.kill()
            with suppress(OSError):
                code = process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    stream.close()
        return code


class Engines:
    """Calls functions side by side. Most calls meet the engine that was used last, for it is ready."""

    def __init__(self) -> None:
        self._waiting = queue.LifoQueue[Engine]()
        self.engines = [Engine() for _ in range(MOST)]
        for each in self.engines:
            self._waiting.put(each)

    def call(self, code: str, runtime: str, event: Mapping[str, Any], stores: Mapping[str, Any]) -> Ran:
        """Call a function's handler with an event."""
        free = self._waiting.get()
        try:
            return free.call(code, runtime, event, stores)
        finally:
            self._waiting.put(free)

    def close(self) -> None:
        """End all processes for good."""
        for each in self.engines:
            each.close()


def _exchange(process: Any, line: str, deadline: float) -> tuple[str, bool]:
    """The process's next line, after it was sent this one, and whether it was ended since it took too long."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(deadline, end)
    timer.daemon = True
    timer.start()
    try:
        if line:
            process.stdin.write(line)
            process.stdin.flush()
        return process.stdout.readline(), late.is_set()
    except BrokenPipeError:
        return "", late.is_set()
    finally:
        timer.cancel()


def _started() -> Any:
    """A process that waits for calls. Its files are gone once it is ready."""
    from ministack.core import lambda_runtime

    folder = Path(tempfile.mkdtemp(prefix="lab-edge-"))
    try:
        _lay_out(folder)
        pipe, null = lambda_runtime.subprocess.PIPE, lambda_runtime.subprocess.DEVNULL
        how = {"stdin": pipe, "stdout": pipe, "stderr": null, "text": True, "encoding": "utf-8", "bufsize": 1}
        command = [sys.executable, str(folder / "_worker.py")]
        process = lambda_runtime.subprocess.Popen(command, env=dict(os.environ), cwd=str(folder / "code"), **how)
        if _exchange(process, "", START_DEADLINE)[0] != READY:
            process.kill()
            raise OSError("The process for CloudFront Functions does not start.")
        return process
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay_out(folder: Path) -> None:
    here, code = Path(__file__).parent, folder / "code"
    code.mkdir()
    shutil.copyfile(here / "worker.py", folder / "_worker.py")
    shutil.copyfile(here / "runtime.js", code / "runtime.js")
    found = importlib.util.find_spec(MODULE)
    if sys.platform == "linux" and found and found.origin:  # Walls may hide it where it is installed.
        shutil.copyfile(found.origin, code / Path(found.origin).name)


def _cleaned(answer: str) -> str:
    """An error without the frames of the runtime itself."""
    lines = answer.replace("<input>", "function.js").rstrip().split("\n")
    own = [each for each in lines[:6] if not each.strip().startswith("at <anonymous> (function.js")]
    return "\n".join(own)


engines = Engines()
