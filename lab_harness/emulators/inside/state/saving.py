"""Saves the embedded emulator's state every few seconds, so that a crash loses next to nothing.

MiniStack writes its state only when it is stopped normally. Beside each service's file there is a copy, which
`restoring` loads if the file is damaged. The copy has the file's earlier content; when the file has not changed until
the next look, it gets the same content.
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

from lab_harness.emulators.inside.state.seals import digest, sealed, unsealed
from lab_harness.emulators.process import read_port
from lab_harness.whole_files import write_whole

INTERVAL = 2.0  # seconds between two looks at the state; a crash loses at most this and the time to write
ATTEMPTS = 3
LARGEST = 512 * 1024 * 1024  # bytes of a service's file: it is in memory several times while it is read

log = logging.getLogger("lab_harness.saving")


def state_file(folder: Path, service: str) -> Path:
    """The file for a service's state. MiniStack defines its place and its format."""
    return folder / f"{service}.json"


def copy_of(file: Path) -> Path:
    """The copy of this file. Its name ends like the file's, so a reset of the account removes both."""
    return file.with_suffix(".before.json")


def follow_port(folder: Path, port: int, last: int | None = None) -> bool:
    """Put the emulator's current port into the saved state: the URLs of queues and APIs contain it.

    A file in the folder has the port that the state contains; if that file is damaged, it is taken to be `last`.
    Returns False if the port is unknown; then the state stays as it is.
    """
    mark, files = folder / "port", list(folder.glob("*.json"))
    before = read_port(mark) or last or (None if files else port)
    if before not in (None, port):
        address = re.compile(rb"\b(localhost|127\.0\.0\.1):%d\b" % before)
        for file in files:
            with suppress(OSError, MemoryError):  # `restoring` reports files that cannot be read.
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
    """Writes the states of services that have changed.

    `also` are functions that save other things in the same round; each returns a sentence if something failed.
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
        """Sentences that say what could not be saved at the last try."""
        reasons: dict[str, list[str]] = {}
        for service, reason in self._unsaved.items():
            reasons.setdefault(reason, []).append(service)
        lost = "What you build there is lost when the emulator ends."
        return [
            f"The state of {', '.join(services)} could not be saved in {self._folder}: {reason}. {lost}"
            for reason, services in reasons.items()
        ] + self._told

    async def run(self) -> None:
        """Save again and again; cancel the task to stop."""
        while True:
            await asyncio.sleep(INTERVAL)
            await asyncio.to_thread(self.save)

    def save(self, last: bool = False) -> None:
        """Write the state of each service that has changed. `trouble` says what could not be written.

        If this may be the `last` time, damaged files are written again, too, and all copies are brought up to date.
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
        """Note that the service's file has this content and was loaded."""
        self._written[service] = digest(content)


def _is_whole(file: Path, expected: bytes) -> bool:
    """Whether a file still has the content that was written. A damaged file must not replace its good copy."""
    try:
        return digest(file.read_bytes()) == expected
    except OSError:
        return False


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def unsaved_objects() -> str:
    """Write the S3 objects that could not be written before; returns a sentence if some still cannot."""
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
    """The content for a service's file: its state in MiniStack's format, sealed; None if it has no state.

    Raises RuntimeError if the state keeps changing.
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
