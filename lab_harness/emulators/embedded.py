"""The default emulator: MiniStack in a process of its own (server.py), on a loopback port."""

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab_harness.emulators.base import Call, Mail, as_calls, listed
from lab_harness.emulators.credentials import Credentials, learners, of_checks, read_learners
from lab_harness.emulators.guard import TOKEN_HEADER
from lab_harness.emulators.http import call_json
from lab_harness.emulators.process import (
    END_DEADLINE,
    Process,
    free_port,
    is_free,
    launch,
    read_process,
    write_process,
)
from lab_harness.errors import CourseError, EmulatorError, EmulatorNotReady
from lab_harness.private import mend, private_file, private_folder

NOT_RUNNING = "The emulator does not run. Start it with: lab start"
RESTART = "Run lab stop, then lab start; what you built is kept."
USUAL_PORT = 4566
ANSWER_DEADLINE = 15.0  # seconds
START_DEADLINE = 30.0  # seconds; it takes about 0.4
START_ATTEMPTS = 3  # another program may take the chosen port first


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
        self._process = read_process(self._file)

    @property
    def endpoint(self) -> str:
        return self._process.endpoint if self._process else ""

    @property
    def learner(self) -> Credentials:
        found = read_learners(self.home)
        if found is None and self._process:
            raise EmulatorError(f"The course's key in {self.home} is gone. {RESTART}")
        if found is None:
            raise EmulatorNotReady(NOT_RUNNING)
        return found

    @property
    def checks(self) -> Credentials:
        return of_checks(self._running().token)

    @property
    def marks(self) -> dict[str, str]:
        return {TOKEN_HEADER: self._running().token}

    def start(self) -> str:
        """Start the emulator, or find the one that runs already, and return its endpoint."""
        if self.healthy():
            return self.endpoint
        from filelock import FileLock, Timeout

        try:
            private_folder(self.home)
            with FileLock(self.home / "emulator.lock", timeout=START_DEADLINE, mode=0o600):
                self._process = read_process(self._file)
                if not self.healthy():
                    self._clear_away()
                    mend(self.home)
                    self._process = self._spawn()
        except Timeout as error:
            raise EmulatorError("Another command has been starting the emulator for too long; try again.") from error
        except OSError as error:
            raise CourseError(f"The emulator cannot write to {self.home}: {error.strerror}.") from error
        return self.endpoint

    def stop(self) -> bool:
        """Stop it in good order, saving its state; False when it was not running."""
        self._process = process = read_process(self._file)
        # Asked first: the token proves whose it is, while a clock that was set changes when a process began.
        if process is None or not (self.healthy() or process.alive()):
            with suppress(OSError):
                self._file.unlink()
            return False
        with suppress(EmulatorError):
            self._admin("POST", "stop")
        process.end(patience=END_DEADLINE)
        self._file.unlink(missing_ok=True)
        self._process = None
        return True

    def reset(self) -> None:
        """Empty the account, the inbox and the call log."""
        self._admin("POST", "reset")

    def healthy(self) -> bool:
        try:  # Another program at its port would not know its token.
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
        return [Mail(mail["to"], mail["subject"], mail["text"], mail["time"]) for mail in self._admin("GET", "inbox")]

    def calls(self, since: int = 0, wait: float = 0.0) -> list[Call] | None:
        return as_calls(self._admin("GET", f"calls?since={since}&wait={wait:.3f}", ANSWER_DEADLINE + wait))

    def _admin(self, method: str, name: str, timeout: float = ANSWER_DEADLINE) -> Any:
        try:
            return _ask(self._running(), method, name, timeout)
        except EmulatorError as error:
            found = read_process(self._file)
            if found is None:
                raise EmulatorNotReady(NOT_RUNNING) from error
            if found == self._process:
                raise
        self._process = found  # Another command has started it anew, with another token.
        return _ask(found, method, name, timeout)

    def _running(self) -> Process:
        self._process = self._process or read_process(self._file)  # another command may have started it since
        if self._process is None:
            raise EmulatorNotReady(NOT_RUNNING)
        return self._process

    def _clear_away(self) -> None:
        """Remove what an emulator that died, or no longer answers, left behind."""
        if self._process and self._process.alive():
            self.notices.append(f"The emulator (process {self._process.pid}) no longer answered; it was ended.")
            self._process.end(patience=0.0)
        elif self._file.exists():
            self.notices.append("The emulator had ended without being stopped; its saved state was loaded.")
        self._file.unlink(missing_ok=True)
        shutil.rmtree(self.home / "tmp", ignore_errors=True)

    def _spawn(self) -> Process:
        wanted = self._port or (self._process.port if self._process else None) or self._last_port() or USUAL_PORT
        for _ in range(START_ATTEMPTS):
            port = wanted if is_free(wanted) else free_port()
            process = self._try_spawn(port)
            if process:
                if port != wanted:
                    self.notices.append(f"Port {wanted} is taken by another program; the emulator uses {port}.")
                private_file(self.home / "port").write_text(str(port), encoding="utf-8")
                return process
        raise EmulatorError(f"The emulator did not start. The end of its log ({self._log}):\n{self._log_tail()}")

    def _try_spawn(self, port: int) -> Process | None:
        """Start on this port and wait until it answers; None when it ended instead."""
        child, process = launch(self.home, self._log, port, learners(self.home))
        self._process = process
        deadline = time.monotonic() + START_DEADLINE
        try:
            while child.poll() is None and time.monotonic() < deadline:
                if self.healthy():
                    write_process(self._file, process)
                    return process
                time.sleep(0.02)
        except BaseException:
            child.kill()  # Ctrl-C while starting leaves nothing behind
            raise
        child.kill()
        child.wait()
        return None

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


def _ask(process: Process, method: str, name: str, timeout: float) -> Any:
    """What a process's administration answers."""
    return call_json(f"{process.endpoint}/_lab/{name}", method, {TOKEN_HEADER: process.token}, timeout)
