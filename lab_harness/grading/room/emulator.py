"""One submission's emulator: the embedded one, in a process that saves no state and starts no programs."""

import asyncio
import os
import secrets
import signal
import socket
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

from lab_harness.aws import emulator_environment
from lab_harness.emulators.administered import Administered
from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.credentials import Credentials, of_checks
from lab_harness.emulators.exchange import ANSWER_DEADLINE, TOKEN_HEADER, call_json
from lab_harness.emulators.inside.access import fetches
from lab_harness.emulators.inside.state.saving import Saver
from lab_harness.emulators.inside.tables import point_in_time
from lab_harness.errors import EmulatorError

PORT = 4566  # in a network namespace of its own every submission has the usual port
SETTLE_SECONDS = 5.0  # for invocations that are under way when the notebook has ended
SETTLED, TOO_LONG = b"settled", b"too long"
PROCESS_EVENTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn"}
# Loaded before the fork, for they serve nearly every lab.
USUAL_MODULES = (
    *("lambda_svc", "lambda_durable", "dynamodb", "sqs", "s3", "sns", "iam", "stepfunctions", "cloudwatch"),
    *("cloudwatch_logs", "eventbridge", "scheduler", "apigateway", "apigateway_v1", "sts"),
    "kinesis",  # which every event source mapping loads
)
# Their descriptions, read before the fork: how MiniStack must answer, and what sets tags, by its names; for the
# call log what a request to a REST service asks, by boto3's.
ANSWERS = ("lambda", "dynamodb", "sqs", "s3", "sns", "iam", "states", "monitoring", "logs", "events", "apigateway")
REQUESTS = ("lambda", "s3", "apigateway", "apigatewayv2", "scheduler")
_postponed: list[threading.Thread] = []


def configure(port: int, folder: Path) -> None:
    """Set what MiniStack reads from the environment when it is loaded."""
    from lab_harness.emulators.inside.server import configure_ministack

    configure_ministack(port, folder)
    os.environ.update(PERSIST_STATE="0", S3_PERSIST="0", MINISTACK_ACCOUNT_ID=ACCOUNT, MINISTACK_REGION=REGION)
    os.environ.update(LOG_LEVEL="CRITICAL")


def preload() -> None:
    """Load MiniStack, configured for PORT, so that emulators that are forked from here answer at once."""
    configure(PORT, Path("/tmp/emulator"))  # noqa: S108  a room's own
    from ministack.core import iam_actions, responses

    from lab_harness.emulators.inside.functions import runtime, zygote
    from lab_harness.emulators.inside.records import call_log

    # Threads that modules start when they are loaded begin in each emulator: a fork would lose them.
    with patch.object(threading.Thread, "start", _postpone):
        import_module("lab_harness.emulators.inside.server")
        import_module("ministack.app")
        for name in USUAL_MODULES:
            import_module(f"ministack.services.{name}")
    for name in ANSWERS:
        responses._service_model(name)
        iam_actions._tag_operations(name)
    for name in REQUESTS:
        call_log.rest_operations(name)
    zygote.compiled(runtime.worker_script())


def _postpone(thread: threading.Thread) -> None:
    _postponed.append(thread)


def serve(
    listening: list[socket.socket],
    requests: socket.socket,
    settle: socket.socket,
    tell: socket.socket,
    learner: Credentials,
    folder: Path,
) -> None:
    """Run the emulator. Its token is made here, so no process from which a student's code is forked knows it."""
    token = secrets.token_urlsafe(32)
    tell.send(token.encode())
    tell.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fetches.keep_here()  # for they are made here, outside the walls
    sys.addaudithook(_refuse_processes)
    for thread in _postponed:
        thread.start()
    from lab_harness.emulators.inside.server import LabEmulator

    emulator = LabEmulator(token, learner.secret_access_key, folder, Unsaved(folder))
    asyncio.run(_serve(emulator, listening, requests, settle))


def _refuse_processes(event: str, _arguments: Any) -> None:
    # Whatever else MiniStack would run for a student (Node, Glue jobs) would run outside the walls.
    if event in PROCESS_EVENTS:
        raise RuntimeError("no other programs run while submissions are graded")


async def _serve(emulator: Any, listening: list[socket.socket], requests: socket.socket, settle: socket.socket) -> None:
    from hypercorn.asyncio import serve as serve_asgi
    from hypercorn.config import Config

    from lab_harness.grading.room import functions

    functions.install(requests)
    _be_ready_at_once()
    _restore_up_to_now()
    threading.Thread(target=_settle_when_asked, args=(settle, functions.end_all), daemon=True).start()
    config = Config()
    config.bind = [f"fd://{each.fileno()}" for each in listening]
    config.keep_alive_timeout = 75
    config.loglevel = "CRITICAL"
    await serve_asgi(emulator, config, shutdown_trigger=emulator.stopped)


def _be_ready_at_once() -> None:
    """Make new and changed functions active at once: boto3's waiter would sleep for a second each time."""
    from ministack.services import lambda_svc

    begin = lambda_svc._schedule_state_transition

    def at_once(name: str, _delay: float) -> None:
        begin(name, 0.0)  # in a thread
        about = lambda_svc._functions[name]["config"]
        while about.get("State") == "Pending" or about.get("LastUpdateStatus") == "InProgress":
            time.sleep(0)

    lambda_svc._schedule_state_transition = at_once


def _restore_up_to_now() -> None:
    """Let a table be restored to any moment: time is not moved here, so the five minutes that AWS wants never pass."""
    point_in_time.BEHIND = 0.0


def _settle_when_asked(settle: socket.socket, end_all: Any) -> None:
    while settle.recv(16):
        settle.send(SETTLED if end_all(SETTLE_SECONDS) else TOO_LONG)


class Unsaved(Saver):
    """Saves nothing: nobody needs the state after the submission is graded."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    def save(self, last: bool = False) -> None:
        """Nothing is saved."""


class RoomEmulator(Administered):
    """A submission's emulator, for the checks: they have the token for its administration."""

    def __init__(self, port: int, token: str = "") -> None:
        super().__init__()
        self.open_with(port, token)

    def open_with(self, port: int, token: str) -> None:
        """Reach the emulator at this port, with this token."""
        self.endpoint, self._token = f"http://127.0.0.1:{port}", token

    @property
    def learner(self) -> Credentials:
        """Raises EmulatorError: only the student has the student's key."""
        raise EmulatorError("Checks do not act as the student.")

    @property
    def checks(self) -> Credentials:
        return of_checks(self._token)

    @property
    def marks(self) -> dict[str, str]:
        return {TOKEN_HEADER: self._token}

    def start(self) -> str:
        """The address; the room has started it already."""
        return self.endpoint

    def stop(self, insist: bool = False) -> bool:
        """False: the room ends it."""
        return False

    def _admin(self, method: str, name: str, timeout: float = ANSWER_DEADLINE) -> Any:
        return call_json(f"{self.endpoint}/_lab/{name}", method, {TOKEN_HEADER: self._token}, timeout)


def student_environment(port: int, learner: Credentials, home: str, course: str) -> dict[str, str]:
    """The environment of a student's code: it points to the emulator, and has no secrets of the grader."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH") if name in os.environ}
    kept |= {
        "HOME": home,
        "LAB_COURSE": course,
        "LAB_HOME": f"{home}/.lab",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "MPLBACKEND": "agg",
        "TMPDIR": home,
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    return emulator_environment(f"http://127.0.0.1:{port}", learner, kept)
