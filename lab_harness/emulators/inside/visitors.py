"""Lets visitors in who make no AWS call, and puts what they do into the call log: it has functions run, too.

These are viewers of a distribution, users on a login page, and whoever talks over a WebSocket. Without an entry of
theirs, what functions then do would have no cause, and nobody would know whose doing it is.
"""

import time
from collections.abc import Callable
from typing import Any

from lab_harness.emulators.base import DISTRIBUTION, LOGIN_PAGE
from lab_harness.emulators.inside import sites
from lab_harness.emulators.inside.access.admission import Admitted
from lab_harness.emulators.inside.access.keys import CHECKS
from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.asgi import Send, respond
from lab_harness.emulators.inside.buckets import websites
from lab_harness.emulators.inside.edge import distributions
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions import authorization
from lab_harness.emulators.inside.records import deeds, probes
from lab_harness.emulators.inside.records.call_log import api_id, describe_call, named

LET_IN, REFUSED, DONE = 101, 403, 200
ENTRIES = {"websocket.receive": "MESSAGE", "websocket.disconnect": "DISCONNECT"}

Note = Callable[[dict[str, Any], float], None]  # takes an entry, and how many seconds it took


async def serve(admitted: Admitted, send: Send, note: Note) -> None:
    """Answer a request to a site."""
    request, receive, caller, _ = admitted
    deeds.acting.set(caller)
    probes.probing.set(caller == CHECKS)
    authorization.begin(signed=False)
    entry, started = _described(request, caller), time.perf_counter()
    status, headers, body = await sites.serve(request, receive)
    if entry:
        note({**entry, "status": status}, time.perf_counter() - started)
    await respond(send, status, headers, body)


def _described(request: Request, caller: str) -> dict[str, Any] | None:
    """A request's entry; None where it is to a bucket's website, for which no function ever runs."""
    host = request.headers["host"]
    if websites.website_bucket(host):
        return None
    service, about = (
        (DISTRIBUTION, [distributions.comment(host)]) if distributions.is_distribution(host) else (LOGIN_PAGE, [])
    )
    about += named(request.raw_path, "", host, b"")
    told = {"service": service, "operation": f"{request.method} {request.path}", "caller": caller, "about": about}
    return {"time": clock.now(), "probe": caller == CHECKS, **told}


class Conversation:
    """One WebSocket. MiniStack keeps it, by `hear` and `tell`; its beginning and each message are requests."""

    def __init__(self, admitted: Admitted, send: Send, note: Note) -> None:
        self._request, self._receive, self._caller, _ = admitted
        self._send, self._note = send, note
        self._beginning: dict[str, Any] | None = None
        self._began = 0.0
        deeds.acting.set(f"execute-api {api_id(self._request.raw_path, self._request.headers)}")
        probes.probing.set(self._caller == CHECKS)

    async def hear(self) -> dict[str, Any]:
        """What comes next from the client."""
        message = await self._receive()
        if message["type"] == "websocket.connect":
            self._beginning, self._began = self._entry("CONNECT"), time.perf_counter()
        elif kind := ENTRIES.get(message["type"]):
            self._note({**self._entry(kind), "status": DONE}, 0.0)
        return message

    async def tell(self, message: dict[str, Any]) -> None:
        """Send the client something; with the first it is let in, or refused."""
        if self._beginning:
            status = LET_IN if message["type"] == "websocket.accept" else message.get("status", REFUSED)
            self._note({**self._beginning, "status": status}, time.perf_counter() - self._began)
            self._beginning = None
        await self._send(message)

    def _entry(self, kind: str) -> dict[str, Any]:
        entry = describe_call(kind, self._request.raw_path, "", self._request.headers, b"", self._caller)
        return {**entry, "probe": self._caller == CHECKS}
