"""Lambda functions in boxes: instead of a subprocess of MiniStack, the room starts a process within walls.

MiniStack's workers talk through pipes to a process from `subprocess.Popen`. They get a `ForkedProcess` in its place: it
sends the ends of the pipes to the room, and the room starts the process.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lab_harness.emulators.inside.functions.forking import ForkedProcess
from lab_harness.emulators.inside.functions.modules import SDK
from lab_harness.emulators.inside.functions.zygote import Request, serve_function
from lab_harness.grading.room.box import MOUNTED_FUNCTION

KNOWN = sys.stdlib_module_names | SDK  # to a function, before it brings anything
NOT_PYTHON = "only Python functions run while submissions are graded"


def install(requests: socket.socket) -> None:
    """Let MiniStack's workers ask the room, through this socket, to start their processes."""
    from ministack.core import lambda_runtime

    def start(command: list[str], *, env: dict[str, str], **_: Any) -> ForkedProcess:
        if command[0] != sys.executable:
            raise RuntimeError(NOT_PYTHON)
        return ForkedProcess(requests, Path(command[1]).parent, env)

    pipes = {name: getattr(subprocess, name) for name in ("PIPE", "STDOUT", "DEVNULL", "TimeoutExpired", "run")}
    lambda_runtime.subprocess = SimpleNamespace(**pipes, Popen=start)


def end_all(patience: float) -> bool:
    """End the processes of all functions, and say whether no invocation was interrupted.

    It waits for running invocations, up to `patience` seconds. The next invocation starts a new process, so nothing
    that an earlier one left in memory remains.
    """
    from ministack.core import lambda_runtime

    deadline = time.monotonic() + patience
    while True:
        with lambda_runtime._lock:
            busy = any(worker.in_use for pool in lambda_runtime._workers.values() for worker in pool)
            if not busy or time.monotonic() > deadline:
                doomed = [worker for pool in lambda_runtime._workers.values() for worker in pool]
                lambda_runtime._workers.clear()
                break
        time.sleep(0.01)
    lambda_runtime.kill_workers(doomed)
    return not busy


def serve(request: Request, shown_as: str) -> None:
    """In the box: run the function's invocations until standard input closes; it finds nothing of the grader's."""
    serve_function(request, shown_as, SDK, KNOWN)


def mounted(closed: bool, folder: str) -> str:
    """The path of a worker's folder inside its box."""
    return MOUNTED_FUNCTION if closed else folder
