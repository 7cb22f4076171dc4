"""The emulator's administration: the routes `/_lab/…`, for requests with the token."""

import asyncio
import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl

from lab_harness.emulators.incidents import PLACES, Incidents
from lab_harness.emulators.inside.moving_time.timekeeping import Timekeeping
from lab_harness.emulators.inside.records import deeds, probes
from lab_harness.emulators.inside.records.call_log import CallLog
from lab_harness.emulators.inside.records.deeds import Deeds
from lab_harness.emulators.inside.records.inbox import Inbox
from lab_harness.emulators.inside.state.saving import Saver

JSON_HEADERS = {"content-type": "application/json"}
MINISTACK = version("ministack")  # read once: that takes as long as ten requests


class Administration:
    """The administration of one emulator. It sets `stopping` when it is asked to stop.

    By `proof` it shows whoever has started it that it is no other program at its port.
    """

    def __init__(
        self,
        calls: CallLog,
        did: Deeds,
        inbox: Inbox,
        incidents: Incidents,
        saver: Saver,
        time: Timekeeping,
        stopping: asyncio.Event,
        proof: Callable[[str], str],
    ) -> None:
        self._calls, self._deeds, self._inbox, self._time = calls, did, inbox, time
        self._incidents, self._saver, self._stopping, self._proof = incidents, saver, stopping, proof

    async def answer(self, method: str, path: str, query: str) -> tuple[int, dict[str, str], bytes]:
        """The status, headers and body for one request."""
        action = path.removeprefix("/_lab/")
        wanted = dict(parse_qsl(query))
        told = await (self._tell(action, wanted) if method == "GET" else self._do(method, action, wanted))
        return (404, JSON_HEADERS, b"{}") if told is None else (200, JSON_HEADERS, json.dumps(told).encode())

    async def _tell(self, action: str, wanted: dict[str, str]) -> Any:
        """The answer to a GET request; None if there is no such route."""
        told: Any = None
        match action:
            case "health":
                told = {"emulator": "embedded", "version": MINISTACK, "services": _services()}
                told["proof"] = self._proof(wanted.get("question", ""))
            case "clock":
                told = self._time.tell()
            case "inbox":
                told = list(self._inbox.mails)
            case "calls":
                told = await self._calls.later(int(wanted.get("since", 0)), float(wanted.get("wait", 0)))
            case "deeds":
                told = self._deeds.since(int(wanted.get("since", 0)), wanted.get("kind", ""))
            case "runs":
                told = await asyncio.to_thread(deeds.runs, wanted.get("function", ""))
            case "going":
                told = {"count": probes.how_much_is_under_way()}
            case "notices":
                unseen = self._incidents.unseen(wanted.get("place", PLACES[0]))
                told = {"incidents": unseen, "trouble": self._saver.trouble}
        return told

    async def _do(self, method: str, action: str, wanted: dict[str, str]) -> Any:
        """Do what a request asks for, and return the answer; None if there is no such route."""
        match method, action:
            case "POST", "reset":
                await self._reset()
            case "POST", "clock":
                return await asyncio.to_thread(self._time.advance, wanted)
            case "POST", "hasten":
                return await asyncio.to_thread(self._time.hasten, wanted.get("queue", ""))
            case "POST", "notices":
                self._incidents.see(wanted.get("place", ""))
            case "POST", "save":
                await self._save()
            case "POST", "stop":
                await self._save()
                self._stopping.set()
            case _:
                return None
        return {"trouble": self._saver.trouble}

    async def _save(self) -> None:
        await asyncio.to_thread(self._saver.save, True)

    async def _reset(self) -> None:
        from ministack import app

        await asyncio.to_thread(app._reset_all_state)
        self._inbox.clear()
        self._calls.clear()
        self._deeds.clear()
        self._time.reset()
        await self._save()


def _services() -> list[str]:
    from ministack import app

    return sorted({*app.SERVICE_REGISTRY, *app.SERVICE_NAME_ALIASES})
