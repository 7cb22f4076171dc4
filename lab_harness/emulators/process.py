"""The embedded emulator's process: how it is launched, recognised later by another command, and ended."""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.credentials import Credentials
from lab_harness.private import private_file, private_folder
from lab_harness.whole_files import PRIVATE, write_whole

START_DEADLINE = 30.0  # seconds; it takes about 0.4
END_DEADLINE = 10.0
SERVER = ("-m", "lab_harness.emulators.inside.server")  # what Python is to run
GO = b"go\n"  # what the process is told once the next command can find it; without that it ends
# All that the emulator, and so every function, sees of the user's environment.
PASSED_VARIABLES = (
    *("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "TEMP", "TMP"),
    *("COVERAGE_PROCESS_START", "PYTHONDONTWRITEBYTECODE"),
)

Child = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Process:
    """A started emulator, as emulator.json keeps it for the next command."""

    pid: int
    created: float
    port: int
    token: str

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def alive(self) -> bool:
        """Whether this very process runs; a number that another process got since does not count."""
        import psutil  # takes a moment, and a command that finds its emulator running does without

        try:
            process = psutil.Process(self.pid)
            return bool(abs(process.create_time() - self.created) < 1 and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False

    def end(self, patience: float) -> None:
        """Wait so many seconds for it and its functions to end, then kill what is left of them."""
        import psutil

        with suppress(psutil.NoSuchProcess):
            running = psutil.Process(self.pid)
            family = [running, *running.children(recursive=True)]
            _, alive = psutil.wait_procs(family, timeout=patience)
            for member in alive:
                member.kill()
            psutil.wait_procs(alive, timeout=END_DEADLINE)


def read_port(file: Path) -> int | None:
    """The port that a file holds; None where it is not there, or holds something else."""
    try:
        port = int(file.read_bytes()[:16])
    except (OSError, ValueError):
        return None
    return port if 0 < port < 65536 else None


def read_process(file: Path) -> Process | None:
    """The process that a file tells of; None where there is none, or it was cut short by a crash.

    None in a folder that was copied, too: the process has the first one, and its state.
    """
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
        found = Process(int(fields["pid"]), float(fields["created"]), int(fields["port"]), str(fields["token"]))
        here = file.parent.stat().st_ino
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    if fields.get("folder", here) != here:
        return None
    return found if 0 < found.pid < 2**31 and 0 < found.port < 2**16 else None


def write_process(file: Path, process: Process) -> None:
    """Write it for the next command; only the user may read the token."""
    fields = asdict(process) | {"folder": file.parent.stat().st_ino}
    write_whole(file, json.dumps(fields).encode(), mode=PRIVATE)


def launch(home: Path, log: Path, port: int, learner: Credentials) -> tuple[Child, Process]:
    """Launch the emulator's process in its folder and hand it its settings; it waits for `let_go`."""
    import psutil

    private_folder(home / "tmp")
    with private_file(log).open("wb") as log_file:
        child = subprocess.Popen(
            [sys.executable, *SERVER],
            stdin=subprocess.PIPE, stdout=log_file, stderr=log_file,
            cwd=home, env=_environment(home), **_detached(),
        )  # fmt: skip
    process = Process(child.pid, psutil.Process(child.pid).create_time(), port, secrets.token_urlsafe(32))
    # We may live on when another process ends it, which waits until what has ended is asked after.
    threading.Thread(target=child.wait, name="lab-emulator", daemon=True).start()
    settings = {"port": port, "token": process.token, "folder": str(home.resolve())}
    settings["secret"] = learner.secret_access_key
    _tell(child, json.dumps(settings).encode() + b"\n")
    return child, process


def let_go(child: Child) -> None:
    """Let a process that was launched begin: whatever becomes of us, it can be found now."""
    _tell(child, GO)
    if child.stdin:
        with suppress(OSError):
            child.stdin.close()


def _tell(child: Child, words: bytes) -> None:
    if child.stdin:
        with suppress(OSError):  # It has ended; the one that waits for it sees why.
            child.stdin.write(words)
            child.stdin.flush()


def _environment(home: Path) -> dict[str, str]:
    """A small environment: the user's secrets are none of a function's business."""
    kept = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
    return kept | {
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TMPDIR": str((home / "tmp").resolve()),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONUTF8": "1",  # A function prints the same characters on every machine, as on AWS.
    }


def _detached() -> dict[str, Any]:
    """Popen options for a process that outlives the command which starts it and ignores its Ctrl-C."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def is_free(port: int) -> bool:
    """Whether a loopback port can be listened on."""
    with closing(socket.socket()) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A loopback port that nobody uses."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
