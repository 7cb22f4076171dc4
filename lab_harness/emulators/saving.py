"""Saves the embedded emulator's state every few seconds, so that a crash loses next to nothing.

MiniStack writes its state only when it is stopped in good order.
"""

import asyncio
import hashlib
import json
import logging
import re
from pathlib import Path
from typing import Any

INTERVAL = 2.0  # seconds between two looks at the state; a crash loses at most this and the time to write
ATTEMPTS = 3

log = logging.getLogger("lab_harness.saving")


def follow_port(folder: Path, port: int) -> None:
    """Make the saved state name the port the emulator has now: the URLs of queues and APIs contain it."""
    mark = folder / "port"
    before = mark.read_text(encoding="utf-8") if mark.exists() else str(port)
    if before != str(port):
        address = re.compile(rf"\b(localhost|127\.0\.0\.1):{before}\b")
        for file in folder.glob("*.json"):
            text = file.read_text(encoding="utf-8")
            _replace(file, address.sub(rf"\g<1>:{port}", text).encode())
    _replace(mark, str(port).encode())


def _replace(file: Path, content: bytes) -> None:
    """Write a file so that a crash leaves it whole, the old one or the new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(content)
    part.replace(file)


class Saver:
    """Writes the services' states that changed since they were last written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, bytes] = {}

    async def run(self) -> None:
        """Save for ever; cancel the task to end it."""
        while True:
            await asyncio.sleep(INTERVAL)
            await asyncio.to_thread(self.save)

    def save(self) -> None:
        """Write each service whose state changed, whole files only."""
        from ministack import app

        for service, get_state in app._build_persistence_save_dict().items():
            try:
                self._save_service(service, get_state)
            except Exception as error:  # Whatever it is, the other services' states are to be saved, and later ones.
                log.error("The state of %s could not be saved in %s: %r", service, self._folder, error)

    def _save_service(self, service: str, get_state: Any) -> None:
        text = _state_text(service, get_state)
        if text is None:
            return
        digest = hashlib.blake2b(text, digest_size=16).digest()
        if self._written.get(service) == digest:
            return
        _replace(self._folder / f"{service}.json", text)
        self._written[service] = digest


def _state_text(service: str, get_state: Any) -> bytes | None:
    """The service's state in MiniStack's own file format; None where it has none, or keeps changing."""
    from ministack.core import persistence

    for _ in range(ATTEMPTS):
        try:
            state = get_state()
            if state is None:
                return None
            wrapped = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
            return json.dumps(wrapped, default=persistence._json_default).encode()
        except RuntimeError:
            continue  # A function changed a dictionary while it was copied; look again.
    return None
