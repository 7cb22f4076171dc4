"""Processes of Python functions, forked from a warm process: one that uses boto3 is ready in a tenth of the time.

The warm process (zygote.py) is started when the first function is, and ends with the emulator. Some functions
get a process that is started anew: those that set a variable which Python reads when it starts, and those that bring a
module by the name of one of Python's own; and all where there is no Linux, for macOS does not allow a process to go on
after a fork without another program.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import wrapt

from lab_harness.emulators.inside.functions import zygote
from lab_harness.emulators.inside.functions.zygote import READY, brought, folders

# How the names of the variables begin that Python and the C library read once, when they start.
READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "GLIBC_", "OPENSSL_")
MOST_LOOKED_AT = 200  # files of a function's, to find out whether it uses the SDK
START_DEADLINE = 10.0  # seconds until the warm process is ready
END_DEADLINE = 1.0  # seconds until it has ended all functions


class ForkedProcess:
    """What MiniStack's workers take for a `subprocess.Popen`: the process is forked by whoever reads the `requests`.

    Raises OSError if nobody does. The variables, with the function's credentials, go to the process alone.
    """

    def __init__(self, requests: socket.socket, folder: Path, env: dict[str, str]) -> None:
        told = {"folder": str(folder), "uses_sdk": uses_sdk(folders(folder / "code", env))}
        request = json.dumps(told).encode()
        self.returncode: int | None = None
        self._leash, leash = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        read_in, write_in = os.pipe()
        read_out, write_out = os.pipe()
        read_error, write_error = os.pipe()
        given = [read_in, write_out, write_error, leash.fileno()]
        try:
            socket.send_fds(requests, [request], given)
        except OSError:
            for descriptor in (write_in, read_out, read_error):
                os.close(descriptor)
            self._leash.close()
            raise
        finally:
            leash.close()
            for descriptor in given[:3]:
                os.close(descriptor)
        with suppress(BrokenPipeError):  # It has ended, which its output tells.
            os.write(write_in, json.dumps(env).encode() + b"\n")
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
            if self.returncode is not None:
                self._leash.close()
        return self.returncode

    def kill(self) -> None:
        """End the process and all processes that it started."""
        with suppress(OSError):
            self._leash.shutdown(socket.SHUT_WR)

    terminate = kill


def uses_sdk(within: list[Path]) -> bool:
    """Whether the code in these folders names AWS's SDK. Where it is not found it is loaded when it is imported."""
    files = islice(chain.from_iterable(folder.rglob("*.py") for folder in within), MOST_LOOKED_AT)
    return any(b"boto" in file.read_bytes() for file in files if file.is_file())


class WarmProcess:
    """The process from which functions are forked, started when it is needed."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._requests: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._usable = sys.platform == "linux"

    def start(self, command: list[str], *, env: dict[str, str], **how: Any) -> Any:
        """A function's process in place of `subprocess.Popen`'s."""
        if self._usable and command[0] == sys.executable and may_be_forked(Path(command[1]).parent, env):
            with self._one_at_a_time, suppress(OSError):
                return self._fork(Path(command[1]).parent, env)
        return subprocess.Popen(command, env=env, **how)

    def _fork(self, folder: Path, env: dict[str, str]) -> ForkedProcess:
        for _ in range(2):  # The warm process may have been ended, by a function for example.
            self._requests = self._requests or self._begin()
            try:
                return ForkedProcess(self._requests, folder, env)
            except OSError:
                self.end()
        raise OSError("The warm process ends each time.")

    def end(self) -> None:
        """End the warm process and all that was forked from it, if there is one."""
        requests, self._requests = self._requests, None
        if requests:
            self._let_end(requests)

    def _let_end(self, requests: socket.socket) -> None:
        requests.close()
        if self._process:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_DEADLINE)
            self._process.kill()
            self._process.wait()

    def _begin(self) -> socket.socket:
        """Start the warm process; raises OSError where it cannot be."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = [sys.executable, "-P", zygote.__file__, str(theirs.fileno())]
        with theirs:
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(program, stdin=quiet, stdout=quiet, pass_fds=[theirs.fileno()])
        ours.settimeout(START_DEADLINE)
        try:
            self._usable = ours.recv(len(READY)) == READY
        except TimeoutError:
            self._usable = False
        ours.settimeout(None)
        if not self._usable:
            self._let_end(ours)
            raise OSError("No function can be forked here.")
        return ours


def may_be_forked(folder: Path, env: Mapping[str, str]) -> bool:
    """Whether a function in this folder, with these variables, finds in a forked process what it would in a new one."""
    names = {name for name in (*env, *os.environ) if name.startswith(READ_AT_START)}
    if any(env.get(name) != os.environ.get(name) for name in names):
        return False
    return not brought(folders(folder / "code", env)) & sys.stdlib_module_names


_warm = WarmProcess()  # the emulator's


def end() -> None:
    """End the emulator's warm process."""
    _warm.end()


def install() -> None:
    """Let MiniStack's workers fork their processes. This takes effect when it imports its runtime."""
    wrapt.register_post_import_hook(_change_workers, "ministack.core.lambda_runtime")


def _change_workers(lambda_runtime: Any) -> None:
    others = {name: getattr(subprocess, name) for name in ("PIPE", "STDOUT", "DEVNULL", "TimeoutExpired", "run")}
    lambda_runtime.subprocess = SimpleNamespace(**others, Popen=_warm.start)
