"""Lambda functions in boxes: instead of a subprocess of MiniStack, the room starts a process within walls.

MiniStack's workers talk through pipes to a process from `subprocess.Popen`. `FunctionProcess` replaces that class: it
sends the ends of the pipes to the room, and the room starts the process.
"""

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lab_harness.grading.room.box import MOUNTED_FUNCTION

LONGEST_REQUEST = 256 * 1024  # bytes; a function's environment has at most 4 KB on AWS (2026)
SCRIPT = "_worker.py"  # in a worker's folder, beside `code`
NOT_PYTHON = "only Python functions run while submissions are graded"


class FunctionProcess:
    """Replaces `subprocess.Popen` for MiniStack's workers: the room starts the process."""

    requests: socket.socket  # to the room
    _one_at_a_time = threading.Lock()

    def __init__(self, command: list[str], *, cwd: str, env: dict[str, str], **_: Any) -> None:
        if command[0] != sys.executable:
            raise RuntimeError(NOT_PYTHON)
        self.returncode: int | None = None
        self._leash, leash = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        read_in, write_in = os.pipe()
        read_out, write_out = os.pipe()
        read_error, write_error = os.pipe()
        given = [read_in, write_out, write_error, leash.fileno()]
        request = json.dumps({"folder": str(Path(command[1]).parent), "env": env, "cwd": cwd}).encode()
        try:
            with self._one_at_a_time:
                socket.send_fds(self.requests, [request], given)
        finally:
            leash.close()
            for descriptor in given[:3]:
                os.close(descriptor)
        self.stdin = open(write_in, "w", encoding="utf-8", buffering=1)  # noqa: PTH123, SIM115
        self.stdout = open(read_out, encoding="utf-8", errors="replace")  # noqa: PTH123, SIM115
        self.stderr = open(read_error, encoding="utf-8", errors="replace")  # noqa: PTH123, SIM115

    def poll(self) -> int | None:
        """The exit code, None while the process runs."""
        with suppress(TimeoutError, subprocess.TimeoutExpired):
            self.wait(timeout=0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once the process has ended."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            self._leash.settimeout(None if deadline is None else max(1e-6, deadline - time.monotonic()))
            try:
                told = self._leash.recv(4096)
            except TimeoutError:
                raise subprocess.TimeoutExpired("function", timeout or 0.0) from None
            except OSError:
                told = b""
            words = json.loads(told) if told else {"code": -signal.SIGKILL}
            self.returncode = words.get("code", 1 if "broken" in words else None)
        return self.returncode

    def kill(self) -> None:
        """End the process and all processes that it started."""
        with suppress(OSError):
            self._leash.shutdown(socket.SHUT_WR)

    terminate = kill


def install(requests: socket.socket) -> None:
    """Let MiniStack's workers ask the room, through this socket, to start their processes."""
    from ministack.core import lambda_runtime

    FunctionProcess.requests = requests
    pipes = {name: getattr(subprocess, name) for name in ("PIPE", "STDOUT", "DEVNULL", "TimeoutExpired", "run")}
    lambda_runtime.subprocess = SimpleNamespace(**pipes, Popen=FunctionProcess)


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


@dataclass(frozen=True)
class Request:
    """The emulator's request to start the process of a function."""

    folder: str
    env: dict[str, str]
    descriptors: tuple[int, int, int]
    leash: socket.socket


def read_request(requests: socket.socket) -> Request | None:
    """The next request; None if the emulator has ended."""
    try:
        text, descriptors, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 4)
    except OSError:
        return None
    if not text or len(descriptors) != 4:
        return None
    fields = json.loads(text)
    first, second, third, leash = descriptors
    return Request(fields["folder"], fields["env"], (first, second, third), socket.socket(fileno=leash))


def serve_function(request: Request, shown_as: str) -> None:
    """In the box: run the function's invocations until standard input closes."""
    for number, descriptor in enumerate(request.descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stdin = Renamed(sys.stdin, request.folder, shown_as)
    os.environ.clear()
    os.environ.update({name: value.replace(request.folder, shown_as) for name, value in request.env.items()})
    code = Path(shown_as, "code")
    os.chdir(code)
    _forget_namesakes(code)
    sys.argv = [f"{shown_as}/{SCRIPT}"]
    sys.path[:] = [shown_as, *(entry for entry in sys.path if entry)]
    runpy.run_path(sys.argv[0], run_name="__main__")


class Renamed:
    """A function's standard input. Its first line names the worker's folder; here it gets its name in the box."""

    def __init__(self, stream: Any, folder: str, shown_as: str) -> None:
        self._stream, self._folder, self._shown_as = stream, folder, shown_as

    def readline(self) -> str:
        return str(self._stream.readline()).replace(self._folder, self._shown_as)

    def __iter__(self) -> Any:
        return iter(self._stream)


def _forget_namesakes(code: Path) -> None:
    """Unload modules that have the same name as one of the function's own modules."""
    own = {path.stem for path in code.iterdir() if path.is_dir() or path.suffix == ".py"}
    for name in [name for name in sys.modules if name.partition(".")[0] in own - {"sys", "builtins", "__main__"}]:
        del sys.modules[name]


def mounted(closed: bool, folder: str) -> str:
    """The path of a worker's folder inside its box."""
    return MOUNTED_FUNCTION if closed else folder
