"""Saves the embedded emulator's state every few seconds, so that a crash loses next to nothing.

MiniStack writes its state only when it is stopped in good order. Beside each service's file a copy is kept, for
`restoring` to load where the file was damaged. It is what the file was before, until that has lasted for one look.
"""

import asyncio
import json
import logging
import os
import re
import stat
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab_harness.emulators.inside.seals import digest, sealed, unsealed
from lab_harness.emulators.process import read_port
from lab_harness.whole_files import write_whole

INTERVAL = 2.0  # seconds between two looks at the state; a crash loses at most this and the time to write
ATTEMPTS = 3
LARGEST = 512 * 1024 * 1024  # bytes of a service's file: it is in memory several times while it is read

log = logging.getLogger("lab_harness.saving")


def state_file(folder: Path, service: str) -> Path:
    """Where a service's state is saved; the place and the format are MiniStack's."""
    return folder / f"{service}.json"


def copy_of(file: Path) -> Path:
    """Where the copy of this file is kept. Emptying the account removes it with the file, for it ends alike."""
    return file.with_suffix(".before.json")


def follow_port(folder: Path, port: int, last: int | None = None) -> bool:
    """Make the saved state name the port the emulator has now: the URLs of queues and APIs contain it.

    The folder notes the port that its files name; where that is damaged, `last` is taken for it. False where nobody
    knows it, so that the files stay as they are.
    """
    mark, files = folder / "port", list(folder.glob("*.json"))
    before = read_port(mark) or last or (None if files else port)
    if before not in (None, port):
        address = re.compile(rb"\b(localhost|127\.0\.0\.1):%d\b" % before)
        for file in files:
            with suppress(
                OSError, MemoryError
            ):  # It is not there for its port alone: whoever loads it says what is wrong.
                _move(file, address, rb"\g<1>:%d" % port)
    write_whole(mark, str(port).encode())
    return before is not None


def _move(file: Path, address: re.Pattern[bytes], new: bytes) -> None:
    about = file.stat()
    if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
        return
    content = file.read_bytes()
    text, good = unsealed(content)
    if good and (moved := address.sub(new, text)) != text:
        write_whole(file, moved if text is content else sealed(moved))
        os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))  # It tells how old a copy is.


class Saver:
    """Writes the services' states that changed since they were last written.

    `also` are other things to save in the same round, each by a function that returns what could not be saved.
    """

    def __init__(self, folder: Path, *also: Callable[[], str]) -> None:
        self._folder = folder
        self._also = also
        self._written: dict[str, bytes] = {}
        self._copied: dict[str, bytes] = {}
        self._turn = threading.Lock()
        self._unsaved: dict[str, str] = {}  # by service, why
        self._told: list[str] = []
        self.left_alone: set[str] = set()  # services whose file is damaged and could not be set aside
        self.may_write: Callable[[], bool] = lambda: True

    @property
    def trouble(self) -> list[str]:
        """What could not be saved when it was last tried, as sentences."""
        reasons: dict[str, list[str]] = {}
        for service, reason in self._unsaved.items():
            reasons.setdefault(reason, []).append(service)
        lost = "What you build there is lost when the emulator ends."
        return [
            f"The state of {', '.join(services)} could not be saved in {self._folder}: {reason}. {lost}"
            for reason, services in reasons.items()
        ] + self._told

    async def run(self) -> None:
        """Save for ever; cancel the task to end it."""
        while True:
            await asyncio.sleep(INTERVAL)
            await asyncio.to_thread(self.save)

    def save(self, last: bool = False) -> None:
        """Write each service whose state changed, whole files only; `trouble` says what could not be written.

        Where it may be the `last` time, what changed on disk meanwhile is put right, and the copies are brought up to
        date.
        """
        from ministack import app

        with self._turn:
            if not self.may_write():
                self._told = [f"Nothing can be saved: {self._folder} was deleted or moved."]
                return
            for service, get_state in app._build_persistence_save_dict().items():
                try:
                    if service in self.left_alone:
                        raise OSError("the damaged file is in its place")
                    self._save_service(service, get_state, last)
                    self._unsaved.pop(service, None)
                except (
                    Exception
                ) as error:  # Whatever it is, the other services' states are to be saved, and later ones.
                    self._unsaved[service] = _reason(error)
                    log.error("The state of %s could not be saved in %s: %r", service, self._folder, error)
            self._told = [told for save in self._also if (told := save())]

    def _save_service(self, service: str, get_state: Any, last: bool) -> None:
        text = state_text(service, get_state)
        if text is None:
            return
        file, before, now = state_file(self._folder, service), self._written.get(service), digest(text)
        if before != now or (last and not _is_whole(file, now)):
            older = copy_of(file) if before and _is_whole(file, before) else None  # A damaged file becomes no copy.
            write_whole(file, text, copy=older)
            self._written[service] = now
            if older and before:
                self._copied[service] = before
            if not last:
                return
        if self._copied.get(service) != now and _is_whole(file, now):
            write_whole(copy_of(file), text)
            self._copied[service] = now

    def loaded(self, service: str, content: bytes) -> None:
        """The service's file holds this, and it is good."""
        self._written[service] = digest(content)


def _is_whole(file: Path, expected: bytes) -> bool:
    """Whether a file still is what was written: a damaged one must not take the good copy's place."""
    try:
        return digest(file.read_bytes()) == expected
    except OSError:
        return False


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def unsaved_objects() -> str:
    """Write the S3 objects that could not be written when they came; what is still to be said of them."""
    s3 = sys.modules.get("ministack.services.s3")
    if s3 is None or not s3.S3_PERSIST:
        return ""
    left = 0
    for (account, name), bucket in list(s3._buckets._data.items()):
        for key, entry in list(bucket["objects"].items()):
            if account == s3.get_account_id() and entry.get("body") is not None:
                s3._persist_object(name, key, entry)
                left += entry["body"] is not None
    return f"{left} objects in S3 could not be written; they are lost when the emulator ends." if left else ""


def state_text(service: str, get_state: Any) -> bytes | None:
    """What its file is to hold: the service's state in MiniStack's own format, sealed; None where it has none.

    RuntimeError if it keeps changing.
    """
    from ministack.core import persistence

    for _ in range(ATTEMPTS):
        try:
            state = get_state()
            if state is None:
                return None
            wrapped = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
            return sealed(json.dumps(wrapped, default=persistence._json_default).encode())
        except RuntimeError:
            continue  # A function changed a dictionary while it was copied; look again.
    raise RuntimeError("it keeps changing")
