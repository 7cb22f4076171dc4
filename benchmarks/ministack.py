"""MiniStack as it is: the emulator of the other graders, in which each twelve digits of a key are an account."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.exchange import call_json
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorError

START = 30  # seconds
SETTINGS = {
    "MINISTACK_ACCOUNT_ID": ACCOUNT,
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    "DOCKER_HOST": "unix:///nonexistent",
    "LAMBDA_EXECUTOR": "local",
    "LOG_LEVEL": "ERROR",
}


@contextmanager
def ministack() -> Iterator[tuple[str, int]]:
    """Its endpoint and its process; it is killed at the end, with the functions' processes."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "--bind", f"127.0.0.1:{port}"]
    with tempfile.TemporaryDirectory() as folder:
        environ = {**SETTINGS, "PATH": os.environ["PATH"], "TMPDIR": folder, "GATEWAY_PORT": str(port)}
        process = psutil.Popen(command, env=environ, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await(endpoint)
            yield endpoint, process.pid
        finally:
            for each in (*process.children(recursive=True), process):
                each.kill()
            process.wait()


def _await(endpoint: str) -> None:
    latest = time.monotonic() + START
    while True:
        try:
            call_json(f"{endpoint}/_ministack/health")
            return
        except EmulatorError:
            if time.monotonic() > latest:
                raise
            time.sleep(0.05)
