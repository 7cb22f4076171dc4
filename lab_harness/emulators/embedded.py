"""The default emulator: MiniStack in a process of its own (server.py), on a loopback port."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from lab_harness.emulators.base import ACCOUNT, REGION, Call, Mail, as_calls, listed
from lab_harness.emulators.http import call_json
from lab_harness.errors import CourseError, EmulatorError, EmulatorNotReady

USUAL_PORT = 4566
START_DEADLINE = 30.0  # seconds; it takes about 0.4
STOP_DEADLINE = 10.0
START_ATTEMPTS = 3  # another program may take the chosen port first
TOKEN_HEADER = "X-Lab-Token"  # noqa: S105  the header's name
# All that the emulator, and so every function, sees of the user's environment.
PASSED_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "TEMP", "TMP", "COVERAGE_PROCESS_START")


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
        try:
            return abs(psutil.Process(self.pid).create_time() - self.created) < 1
        except psutil.Error:
            return False


class Embedded:
    """The embedded emulator whose process, state and log live in one folder (`.lab`).

    `port` asks for a port; None takes the last one used, or the usual 4566. Where it is taken the
    emulator takes a free one; `notices` says so, and what else was mended on the way.
    """

    name = "embedded"

    def __init__(self, home: Path, port: int | None = None) -> None:
        self.home = home
        self.notices: list[str] = []
        self._port = port
        self._file = home / "emulator.json"
        self._process = self._read()

    @property
    def endpoint(self) -> str:
        return self._process.endpoint if self._process else ""

    def start(self) -> str:
        """Start the emulator, or find the one that runs already, and return its endpoint."""
        if self.healthy():
            return self.endpoint
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            with FileLock(self.home / "emulator.lock", timeout=START_DEADLINE):
                self._process = self._read()
                if not self.healthy():
                    self._clear_away()
                    self._process = self._spawn()
        except Timeout as error:
            raise EmulatorError("Another command has been starting the emulator for too long; try again.") from error
        except OSError as error:
            raise CourseError(f"The emulator cannot write to {self.home}: {error.strerror}.") from error
        return self.endpoint

    def stop(self) -> bool:
        """Stop it in good order, saving its state; False when it was not running."""
        process = self._read()
        if process is None or not process.alive():
            self._file.unlink(missing_ok=True)
            return False
        with suppress(EmulatorError):
            self._admin("POST", "stop")
        self._end(process)
        self._file.unlink(missing_ok=True)
        self._process = None
        return True

    def reset(self) -> None:
        """Empty the account, the inbox and the call log."""
        self._admin("POST", "reset")

    def healthy(self) -> bool:
        if self._process is None or not self._process.alive():
            return False
        try:
            return bool(self._admin("GET", "health", timeout=2.0)["emulator"] == self.name)
        except EmulatorError:
            return False

    def version(self) -> str:
        return str(self._admin("GET", "health")["version"])

    def services(self) -> list[str]:
        return list(self._admin("GET", "health")["services"])

    def supports(self, service: str) -> bool:
        return listed(service, self.services())

    def inbox(self) -> list[Mail]:
        return [Mail(mail["to"], mail["subject"], mail["text"]) for mail in self._admin("GET", "inbox")]

    def calls(self, since: int = 0) -> list[Call]:
        return as_calls(self._admin("GET", f"calls?since={since}"))

    def _admin(self, method: str, name: str, timeout: float = 15.0) -> Any:
        if self._process is None:
            raise EmulatorNotReady("The emulator does not run. Start it with: lab start")
        headers = {TOKEN_HEADER: self._process.token}
        return call_json(f"{self._process.endpoint}/_lab/{name}", method, headers, timeout)

    def _read(self) -> Process | None:
        try:
            return Process(**json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None  # Not there, or cut short by a crash: as good as not running.

    def _clear_away(self) -> None:
        """Remove what an emulator that died, or no longer answers, left behind."""
        if self._process and self._process.alive():
            self.notices.append(f"The emulator (process {self._process.pid}) no longer answered; it was ended.")
            self._end(self._process, patience=0.0)
        elif self._file.exists():
            self.notices.append("The emulator had ended without being stopped; its saved state was loaded.")
        self._file.unlink(missing_ok=True)
        shutil.rmtree(self.home / "tmp", ignore_errors=True)

    def _spawn(self) -> Process:
        wanted = self._port or (self._process.port if self._process else None) or self._last_port() or USUAL_PORT
        for _ in range(START_ATTEMPTS):
            port = wanted if _is_free(wanted) else _free_port()
            process = self._try_spawn(port)
            if process:
                if port != wanted:
                    self.notices.append(f"Port {wanted} is taken by another program; the emulator uses {port}.")
                (self.home / "port").write_text(str(port), encoding="utf-8")
                return process
        raise EmulatorError(f"The emulator did not start. The end of its log ({self._log}):\n{self._log_tail()}")

    def _try_spawn(self, port: int) -> Process | None:
        """Start on this port and wait until it answers; None when it ended instead."""
        (self.home / "tmp").mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "lab_harness.emulators.server"],
                stdin=subprocess.PIPE, stdout=log, stderr=log,
                cwd=self.home, env=self._environment(), **_detached(),
            )  # fmt: skip
        process = Process(child.pid, psutil.Process(child.pid).create_time(), port, secrets.token_urlsafe(32))
        settings = {"port": port, "token": process.token, "folder": str(self.home.resolve())}
        assert child.stdin
        with suppress(BrokenPipeError), child.stdin as stdin:
            stdin.write(json.dumps(settings).encode() + b"\n")
        self._process = process
        deadline = time.monotonic() + START_DEADLINE
        try:
            while child.poll() is None and time.monotonic() < deadline:
                if self.healthy():
                    self._write(process)
                    return process
                time.sleep(0.02)
        except BaseException:
            child.kill()  # Ctrl-C while starting leaves nothing behind
            raise
        child.kill()
        child.wait()
        return None

    def _write(self, process: Process) -> None:
        part = self._file.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(asdict(process)), encoding="utf-8")
        part.replace(self._file)

    def _environment(self) -> dict[str, str]:
        """A small environment: the user's secrets are none of a function's business."""
        kept = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
        return kept | {
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TMPDIR": str((self.home / "tmp").resolve()),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _end(self, process: Process, patience: float = STOP_DEADLINE) -> None:
        with suppress(psutil.NoSuchProcess):
            running = psutil.Process(process.pid)
            family = [running, *running.children(recursive=True)]
            _, alive = psutil.wait_procs(family, timeout=patience)
            for member in alive:
                member.kill()
            psutil.wait_procs(alive, timeout=STOP_DEADLINE)

    def _last_port(self) -> int | None:
        try:
            return int((self.home / "port").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    @property
    def _log(self) -> Path:
        return self.home / "emulator.log"

    def _log_tail(self) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])


class Attached(Embedded):
    """An embedded emulator that another course folder runs, used through its endpoint alone.

    Its administration (reset, inbox, call log) stays closed to us; AWS calls work.
    """

    def __init__(self, endpoint: str) -> None:
        self.notices = []
        self._attached = endpoint.rstrip("/")

    @property
    def endpoint(self) -> str:
        return self._attached

    def start(self) -> str:
        call_json(f"{self.endpoint}/_lab/health")
        return self.endpoint

    def stop(self) -> bool:
        raise EmulatorError(f"The emulator at {self.endpoint} belongs to another folder; run lab stop there.")

    def healthy(self) -> bool:
        try:
            return bool(self._admin("GET", "health", timeout=2.0))
        except EmulatorError:
            return False

    def _admin(self, method: str, name: str, timeout: float = 15.0) -> Any:
        if name != "health":
            raise EmulatorError(f"The emulator at {self.endpoint} belongs to another folder; run this command there.")
        return call_json(f"{self.endpoint}/_lab/health", method, timeout=timeout)


def _detached() -> dict[str, Any]:
    """Popen options for a process that outlives the command which starts it and ignores its Ctrl-C."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
