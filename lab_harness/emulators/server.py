"""The embedded emulator's process: MiniStack inside an ASGI application that adds what the labs teach.

Run as `python -m lab_harness.emulators.server`, with one JSON line on stdin: `port`, `token` (opens the
administration) and `folder` (where the state is saved). It is not in the command line or the environment,
where every function that a learner creates could read the token.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from hypercorn.asyncio import serve
from hypercorn.config import Config

from lab_harness.emulators import (
    deeds,
    definitions,
    guard,
    history,
    http_apis,
    metrics,
    rest_apis,
    runtime,
    websites,
)
from lab_harness.emulators.call_log import CallLog, api_id, describe_call
from lab_harness.emulators.deeds import Deeds
from lab_harness.emulators.ec2_events import InstanceWatch
from lab_harness.emulators.inbox import Inbox
from lab_harness.emulators.saving import Saver, follow_port

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

WATCH_INTERVAL = 0.2  # seconds between two looks at EC2 instances that change without a call of their own
JSON_HEADERS = {"content-type": "application/json"}


class LabEmulator:
    """MiniStack, guarded and completed. An ASGI application."""

    def __init__(self, token: str, folder: Path) -> None:
        self._token = token
        # Above the numbers of the emulators before this one: whoever waits for calls through a restart misses none.
        self._calls = CallLog(last=time.time_ns() // 1000)
        self._deeds = Deeds(last=time.time_ns() // 1000)
        self._inbox = Inbox(folder / "inbox.jsonl")
        self._saver = Saver(folder / "state")
        self.stopping = asyncio.Event()
        self._inbox.install()
        self._deeds.install()
        metrics.install()
        runtime.install()
        definitions.install()
        history.install()
        rest_apis.install()
        http_apis.install()
        from ministack import app  # reads its settings from the environment when imported

        self._ministack = app
        self._instances = InstanceWatch()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        refused = guard.refusal(scope.get("method", "GET"), path, query, headers, self._token)
        if refused:
            await _refuse(scope, send, refused)
        elif scope["type"] == "http" and path.startswith("/_lab/"):
            await self._administer(scope["method"], path, query, send)
        elif scope["type"] == "http" and (bucket := websites.website_bucket(headers["host"])):
            page = await websites.serve(bucket, scope["method"], path)
            await _respond(send, page.status, page.headers, page.body)
        else:
            await self._aws(scope, receive, send, headers)

    async def _aws(self, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]) -> None:
        """Pass a call to MiniStack, and record it."""
        if scope["type"] == "websocket" or scope["path"].startswith("/_ministack/"):
            await self._ministack.app(scope, receive, send)
            return
        body, receive = await _form_body(headers, receive)
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        call = describe_call(scope["method"], path, query, headers, body)
        api = api_id(path, headers)  # What a request sets going is done by the API, whoever sent it.
        deeds.acting.set(f"execute-api {api}" if api else call["caller"])
        started = time.perf_counter()

        async def record(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                call["status"] = message["status"]
            await send(message)

        await self._ministack.app(scope, receive, record)
        self._calls.add(call, time.perf_counter() - started)
        if call["service"] == "ec2":
            self._instances.announce()

    async def _administer(self, method: str, path: str, query: str, send: Send) -> None:
        answer: Any = {}
        match method, path.removeprefix("/_lab/"):
            case "GET", "health":
                answer = {"emulator": "embedded", "version": version("ministack"), "services": self._services()}
            case "GET", "inbox":
                answer = list(self._inbox.mails)
            case "GET", "calls":
                wanted = dict(parse_qsl(query))
                answer = await self._calls.later(int(wanted.get("since", 0)), float(wanted.get("wait", 0)))
            case "GET", "deeds":
                answer = self._deeds.since(int(dict(parse_qsl(query)).get("since", 0)))
            case "GET", "runs":
                answer = await asyncio.to_thread(deeds.runs, dict(parse_qsl(query)).get("function", ""))
            case "POST", "reset":
                await self._reset()
            case "POST", "stop":
                self.stopping.set()
            case _:
                await _respond(send, 404, JSON_HEADERS, b"{}")
                return
        await _respond(send, 200, JSON_HEADERS, json.dumps(answer).encode())

    async def stopped(self) -> None:
        """Wait until it is to stop; nobody who waits for a call holds that up."""
        await self.stopping.wait()
        self._calls.close()

    def _services(self) -> list[str]:
        return sorted({*self._ministack.SERVICE_REGISTRY, *self._ministack.SERVICE_NAME_ALIASES})

    async def _reset(self) -> None:
        await asyncio.to_thread(self._ministack._reset_all_state)
        self._inbox.clear()
        self._calls.clear()
        self._deeds.clear()
        await asyncio.to_thread(self._saver.save)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        tasks: list[asyncio.Task[None]] = []

        async def start_after_ministack(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._instances = InstanceWatch()  # Instances that were restored have announced themselves before.
                tasks.extend([asyncio.create_task(self._saver.run()), asyncio.create_task(self._watch())])
            await send(message)

        await self._ministack.app(scope, receive, start_after_ministack)
        for task in tasks:
            task.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_INTERVAL)
            self._instances.announce()


async def _form_body(headers: dict[str, str], receive: Receive) -> tuple[bytes, Receive]:
    """The body of a form, where AWS's query protocol names the operation, and a `receive` that replays it."""
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return b"", receive
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    replay = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive_again() -> dict[str, Any]:
        return next(replay, None) or await receive()

    return body, receive_again


async def _refuse(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps({"__type": "AccessDenied", "message": f"Refused: {reason}."}).encode()
    await _respond(send, 403, JSON_HEADERS, body)


async def _respond(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    fields = {"content-length": str(len(body)), **headers}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


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
        LOG_LEVEL=os.environ.get("LOG_LEVEL", "WARNING"),
    )


async def run(port: int, token: str, folder: Path) -> None:
    """Serve on the loopback interface until asked to stop."""
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.loglevel = "WARNING"
    emulator = LabEmulator(token, folder)
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT"):
        if sys.platform != "win32":
            loop.add_signal_handler(getattr(signal, name), emulator.stopping.set)
    await serve(emulator, config, shutdown_trigger=emulator.stopped)  # type: ignore[arg-type]
    from ministack.core import lambda_runtime

    lambda_runtime.reset()  # ends the functions' processes


def main() -> None:
    """Read the settings from stdin and serve."""
    settings = json.loads(sys.stdin.readline())
    folder = Path(settings["folder"])
    configure_ministack(settings["port"], folder)
    try:
        follow_port(folder / "state", settings["port"])
    except OSError as error:
        print(f"The saved state cannot be used: {error}", file=sys.stderr)
    asyncio.run(run(settings["port"], settings["token"], folder))
    sys.stderr.flush()
    os._exit(0)  # An execution that waits for an answer has a thread that would never end.


if __name__ == "__main__":
    main()
