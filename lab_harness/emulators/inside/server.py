"""The embedded emulator's process: MiniStack inside an ASGI application that adds what the labs teach.

Run as `python -m lab_harness.emulators.inside.server`, with one JSON line on stdin: `port`, `token` (opens the
administration), `secret` (signs the learner's calls) and `folder` (where the state is saved). These are not in the
command line or the environment, where every function that a learner creates could read token and secret. A second
line, GO, says that `emulator.json` names this process. Before that line it changes nothing; if the line does not come,
the process ends, because no command could find it.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from lab_harness.emulators.credentials import proof
from lab_harness.emulators.exchange import TOKEN_HEADER
from lab_harness.emulators.holding import Holding
from lab_harness.emulators.incidents import Incidents
from lab_harness.emulators.inside import sites, visitors
from lab_harness.emulators.inside.access import fetches, refusals
from lab_harness.emulators.inside.access.admission import Access, Admitted
from lab_harness.emulators.inside.access.keys import CHECKS
from lab_harness.emulators.inside.access.signatures import session_token
from lab_harness.emulators.inside.additions import ADDITIONS
from lab_harness.emulators.inside.administration import Administration
from lab_harness.emulators.inside.apis.serving import HOPS_HEADER, count_hops
from lab_harness.emulators.inside.asgi import Receive, Scope, Send, respond
from lab_harness.emulators.inside.edge.functions import end as end_edge_functions
from lab_harness.emulators.inside.functions import asynchronous, runtime
from lab_harness.emulators.inside.functions.event_sources import EventSources
from lab_harness.emulators.inside.moving_time.timekeeping import Timekeeping
from lab_harness.emulators.inside.permissions import authorization
from lab_harness.emulators.inside.records import deeds, probes
from lab_harness.emulators.inside.records.call_log import CallLog, api_id, describe_call
from lab_harness.emulators.inside.records.deeds import Deeds
from lab_harness.emulators.inside.records.inbox import Inbox
from lab_harness.emulators.inside.rules.ec2_events import InstanceWatch
from lab_harness.emulators.inside.state.restoring import load_state
from lab_harness.emulators.inside.state.saving import Saver, unsaved_objects
from lab_harness.emulators.process import END_DEADLINE, GO, START_DEADLINE

OWN_HEADERS = {TOKEN_HEADER.encode(), HOPS_HEADER.encode()}
WATCH_INTERVAL = 0.2  # seconds between two looks at EC2 instances that change without a call of their own

log = logging.getLogger("lab_harness.server")


class LabEmulator:
    """MiniStack with access control and our additions, as an ASGI application."""

    def __init__(self, token: str, secret: str, folder: Path, saver: Saver | None = None) -> None:
        self._access = Access(token, secret)
        # Above the numbers of the emulators before this one, so that a panel that waits for calls misses none.
        self._calls = CallLog(last=time.time_ns() // 1000)
        self._deeds = Deeds(last=time.time_ns() // 1000)
        self._incidents = Incidents(folder / "incidents.json")
        self._inbox = Inbox(folder / "inbox.jsonl", self._incidents)
        sent = probes.Probes()
        sources = EventSources(sent.have_sent)
        self._time = Timekeeping(folder / "clock.json", self._calls, sources.hasten)
        self._saver = saver or Saver(folder / "state", self._inbox.save, unsaved_objects, self._time.save)
        self._holding: Holding | None = None
        self.stopping = asyncio.Event()
        self._inbox.install()
        self._deeds.install()
        sent.install()
        self._access.links.install()
        runtime.install(self._access.keys)
        authorization.install(self._deeds)
        for addition in ADDITIONS:
            addition.install()
        sources.install()
        from ministack import app  # reads its settings from the environment when imported

        self._ministack = app
        self._instances = InstanceWatch()
        records = self._calls, self._deeds, self._inbox, self._incidents
        self._administration = Administration(*records, self._saver, self._time, self.stopping, partial(proof, token))

    def keep_state(self, folder: Path, port: int, holding: Holding) -> None:
        """Load the state from the folder when MiniStack starts, and save it there as long as we hold the folder."""
        self._holding = holding
        self._saver.may_write = holding.lasts
        self._time.load()
        load_state(folder, port, self._saver, self._incidents)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        admitted = await self._access.admit(scope, receive)
        if not isinstance(admitted, Admitted):
            await refusals.refuse(scope, send, admitted)
            return
        request = admitted.request
        if scope["type"] == "http" and sites.is_site(request.headers["host"]):
            await visitors.serve(admitted, send, self._calls.add)
        elif scope["type"] == "http" and request.path.startswith("/_lab/"):
            query = scope["query_string"].decode("latin-1")
            await respond(send, *await self._administration.answer(request.method, request.path, query))
        else:
            await self._pass_on(scope, admitted, send)

    async def _pass_on(self, scope: Scope, admitted: Admitted, send: Send) -> None:
        """Let MiniStack answer, and record the call. Headers of our own are removed."""
        request, receive, caller, signed = admitted
        scope = {**scope, "headers": [field for field in scope["headers"] if field[0].lower() not in OWN_HEADERS]}
        if scope["type"] == "websocket":
            conversation = visitors.Conversation(admitted, send, self._calls.add)
            await self._ministack.app(scope, conversation.hear, conversation.tell)
            return
        if request.path.startswith("/_ministack/"):
            await self._ministack.app(scope, receive, send)
            return
        sent = (request.method, request.raw_path, scope["query_string"].decode("latin-1"))
        call = describe_call(*sent, request.headers, request.body, caller)
        # What a request sets going is done by the API, not by the sender.
        api = api_id(request.raw_path, request.headers)
        deeds.acting.set(f"execute-api {api}" if api else caller)
        call["probe"] = caller == CHECKS or self._access.keys.is_probed(session_token(request))
        probes.probing.set(call["probe"])
        authorization.begin(signed)
        count_hops(request.headers)
        started = time.perf_counter()

        async def record(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                call["status"] = message["status"]
                message = asynchronous.answered(message)
            await send(message)

        await self._ministack.app(scope, receive, record)
        call["denied"] = authorization.refused.get()
        self._calls.add(call, time.perf_counter() - started)
        if call["service"] == "ec2":
            self._instances.announce()

    async def stopped(self) -> None:
        """Wait until the emulator must stop, then end all waiting for calls."""
        await self.stopping.wait()
        self._calls.close()

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        tasks: list[asyncio.Task[None]] = []

        async def start_after_ministack(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._instances = InstanceWatch()  # Instances that were restored have announced themselves before.
                tasks.extend([asyncio.create_task(self._saver.run()), asyncio.create_task(self._watch())])
            await send(message)

        try:
            await self._ministack.app(scope, receive, start_after_ministack)
        except Exception as error:
            if tasks:
                raise
            # Without its lifespan it would answer, but neither load nor save: an empty account that looks well.
            traceback.print_exc()
            await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
        for task in tasks:
            task.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_INTERVAL)
            self._instances.announce()
            if self._holding and not self._holding.lasts():
                log.error("The emulator's folder is gone, or another's: it ends.")
                self.stopping.set()


def configure_ministack(port: int, folder: Path) -> None:
    """Set what MiniStack reads from the environment when it is imported."""
    os.environ.update(
        GATEWAY_PORT=str(port),
        PERSIST_STATE="1",
        STATE_DIR=str(folder / "state"),
        S3_PERSIST="1",
        S3_DATA_DIR=str(folder / "s3"),
        # Both would listen on every interface.
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        # No daemon: nothing of the labs needs containers, and looking for one costs start-up time.
        DOCKER_HOST="unix:///nonexistent",
        LAMBDA_EXECUTOR="local",
        no_proxy="*",  # what it fetches is on this machine
        AUTH="true",  # permissions count
        LOG_LEVEL=os.environ.get("LOG_LEVEL", "WARNING"),
    )


async def run(port: int, token: str, secret: str, folder: Path, holding: Holding) -> None:
    """Serve on the loopback interface until asked to stop."""
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.loglevel = "WARNING"
    fetches.keep_here()
    emulator = LabEmulator(token, secret, folder)
    emulator.keep_state(folder, port, holding)
    for name in ("SIGTERM", "SIGINT"):
        if sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), emulator.stopping.set)
    await serve(emulator, config, shutdown_trigger=emulator.stopped)  # type: ignore[arg-type]
    end_edge_functions()
    runtime.end_functions()


def await_go() -> None:
    """Wait for GO: then commands can find this process. End it if its starter has ended before."""
    too_late = threading.Timer(START_DEADLINE, os._exit, args=[1])
    too_late.daemon = True
    too_late.start()
    if sys.stdin.readline().encode() != GO:
        os._exit(1)
    too_late.cancel()


def main() -> None:
    """Read the settings from stdin and serve."""
    os.umask(0o077)  # What is built here, and what functions write, is nobody else's business.
    settings = json.loads(sys.stdin.readline() or "null") or sys.exit(1)
    folder = Path(settings["folder"])
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # in functions' processes; what we ourselves compile is kept
    configure_ministack(settings["port"], folder)
    await_go()
    holding = Holding(folder)
    if not holding.take(END_DEADLINE):
        sys.exit(f"Another emulator has {folder}.")
    asyncio.run(run(settings["port"], settings["token"], settings["secret"], folder, holding))
    sys.stderr.flush()
    os._exit(0)  # An execution that waits for an answer has a thread that would never end.


if __name__ == "__main__":
    main()
