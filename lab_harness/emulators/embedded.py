"""The default emulator: MiniStack in a process of its own (server.py), on a loopback port."""

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab_harness.emulators.administered import Administered
from lab_harness.emulators.credentials import KEPT_IN, Credentials, learners, of_checks, read_learners
from lab_harness.emulators.exchange import ANSWER_DEADLINE, TOKEN_HEADER, call_json
from lab_harness.emulators.holding import alone_in, end_emulators_in, is_held
from lab_harness.emulators.places import make_way
from lab_harness.emulators.process import (
    END_DEADLINE,
    START_DEADLINE,
    Child,
    Process,
    free_port,
    is_free,
    launch,
    let_go,
    read_port,
    read_process,
    write_process,
)
from lab_harness.errors import CourseError, EmulatorError, EmulatorNotReady
from lab_harness.private import mend, private_file, private_folder

NOT_RUNNING = "The emulator does not run. Start it with: lab start"
UNSAVED = "The emulator runs on. Mend that and stop it again, or lose what is not saved: lab stop --unsaved"
RESTART = "Run lab stop, then lab start; what you built is kept."
NEW_KEY = "The course's key was damaged, and another was made: run open_lab again, or `lab env`, where you use it."
USUAL_PORT = 4566
START_ATTEMPTS = 3  # another program may take the chosen port first


class NotSaved(EmulatorError):
    """What was built could not be saved, so the emulator was not stopped."""


class Embedded(Administered):
    """The embedded emulator whose process, state and log live in one folder (`.lab`).

    `port` asks for a port; None takes the last one used, or the usual 4566. Where it is taken the
    emulator takes a free one; `notices` says so, and what else was mended on the way.
    """

    def __init__(self, home: Path, port: int | None = None) -> None:
        super().__init__()
        self.home = home
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
        if not self.healthy():
            try:
                private_folder(self.home)
                for said in make_way(self.home):
                    self._say(said)
                with alone_in(self.home):
                    self._process = read_process(self._file)
                    if not self.healthy():
                        self._clear_away()
                        mend(self.home)
                        self._process = self._spawn()
            except OSError as error:
                raise CourseError.unwritable(f"The emulator cannot write to {self.home}", error) from error
        self.listen()
        return self.endpoint

    def stop(self, insist: bool = False) -> bool:
        """Stop it in good order, saving its state; False when it was not running. Orphans of it are ended, too."""
        if not self.home.is_dir():
            return False
        try:
            with alone_in(self.home):
                stopped = self._stop(insist)
                return bool(self._end_orphans()) or stopped
        except OSError:  # Nobody can write there; so no other command starts one meanwhile.
            return self._stop(insist)

    def _stop(self, insist: bool) -> bool:
        self._process = process = read_process(self._file)
        # Asked first: the token proves whose it is, while a clock that was set changes when a process began.
        if process is None or not (self.healthy() or process.alive()):
            with suppress(OSError):
                self._file.unlink()
            return False
        try:
            if insist and (trouble := self._admin("POST", "save")["trouble"]):
                raise NotSaved("\n".join([*trouble, UNSAVED]))
            self.trouble = list(self._admin("POST", "stop")["trouble"])
        except NotSaved:
            raise
        except EmulatorError:
            self.trouble = ["The emulator no longer answered and was ended; what it had saved before that is kept."]
        process.end(patience=END_DEADLINE)
        self._file.unlink(missing_ok=True)
        self._process = None
        return True

    def end_orphans(self) -> list[int]:
        """End the emulators of this course that no command can find; the numbers of their processes."""
        with alone_in(self.home):
            self._process = read_process(self._file)
            return self._end_orphans()

    def _end_orphans(self) -> list[int]:
        ended = end_emulators_in(self.home, self._process.pid if self._process else None)
        for number in ended:
            self._say(f"An emulator of this course that no command could find (process {number}) was ended.")
        return ended

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
            self._say(f"The emulator (process {self._process.pid}) no longer answered; it was ended.")
            self._process.end(patience=0.0)
        elif self._file.exists():
            self._say("The emulator had ended without being stopped; its saved state was loaded.")
        self._file.unlink(missing_ok=True)
        if is_held(self.home):
            self._end_orphans()
        shutil.rmtree(self.home / "tmp", ignore_errors=True)

    def _spawn(self) -> Process:
        wanted = self._port or (self._process.port if self._process else None) or self._last_port() or USUAL_PORT
        for _ in range(START_ATTEMPTS):
            port = wanted if is_free(wanted) else free_port()
            process = self._try_spawn(port)
            if process:
                if port != wanted:
                    self._say(f"Port {wanted} is taken by another program; the emulator uses {port}.")
                with suppress(OSError):  # The next start asks for the usual port then.
                    private_file(self.home / "port").write_text(str(port), encoding="utf-8")
                return process
        raise EmulatorError(f"The emulator did not start. The end of its log ({self._log}):\n{self._log_tail()}")

    def _try_spawn(self, port: int) -> Process | None:
        """Start on this port and wait until it answers; None when it ended instead."""
        if (self.home / KEPT_IN).exists() and not read_learners(self.home):
            self._say(NEW_KEY)
        child, process = launch(self.home, self._log, port, learners(self.home))
        self._process = process
        deadline = time.monotonic() + START_DEADLINE
        try:
            write_process(self._file, process)  # From here on any command can find it; so it may begin.
            let_go(child)
            while child.poll() is None and time.monotonic() < deadline:
                if self.healthy():
                    return process
                time.sleep(0.02)
        except BaseException:
            self._abandon(child)  # Ctrl-C while starting leaves nothing behind
            raise
        self._abandon(child)
        return None

    def _abandon(self, child: Child) -> None:
        child.kill()
        child.wait()
        self._file.unlink(missing_ok=True)

    def _last_port(self) -> int | None:
        return read_port(self.home / "port")

    @property
    def _log(self) -> Path:
        return self.home / "emulator.log"

    def _log_tail(self) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])


def _ask(process: Process, method: str, name: str, timeout: float) -> Any:
    """What a process's administration answers."""
    return call_json(f"{process.endpoint}/_lab/{name}", method, {TOKEN_HEADER: process.token}, timeout)
