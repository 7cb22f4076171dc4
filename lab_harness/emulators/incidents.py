"""What happened to files of the user's, kept until a person has been told, in a terminal and in a panel."""

import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab_harness.whole_files import write_whole

PLACES = ("terminal", "panel")
MOST = 100  # incidents; older ones make way


def set_aside(path: Path, folder: Path | None = None) -> Path:
    """Give what lies at a path, whatever it is, a name that nothing had before, here or in another folder."""
    folder = folder or path.parent
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        aside = folder / f"{path.name}.damaged-{moment}"
        if not os.path.lexists(aside):
            return path.rename(aside)


def moment_of(path: Path) -> str:
    """When a file was written, in words."""
    return datetime.fromtimestamp(path.stat().st_mtime).strftime("%d %B %Y, %H:%M:%S")


class Incidents:
    """The incidents of one folder, oldest first; in a file, so that they outlast the emulator that met them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._all: list[dict[str, Any]] = []
        try:
            self._all = _read(file)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError):
            with suppress(OSError):
                aside = set_aside(file)
                self.add(f"The list of incidents was damaged; it was set aside as {aside.name} and a new one begun.")

    def add(self, text: str) -> None:
        """Keep an incident."""
        self._all = [*self._all, {"time": time.time(), "text": text, "seen": []}][-MOST:]
        self._write()

    def unseen(self, place: str) -> list[str]:
        """What nobody has seen yet at this place."""
        return [each["text"] for each in self._all if place not in each["seen"]]

    def see(self, place: str) -> None:
        """Somebody has seen them there. What was seen everywhere need not be kept."""
        for each in self._all:
            each["seen"] = sorted({*each["seen"], place} & set(PLACES))
        self._all = [each for each in self._all if len(each["seen"]) < len(PLACES)]
        self._write()

    def _write(self) -> None:
        with suppress(OSError):  # Then they are told for as long as this emulator runs.
            write_whole(self._file, json.dumps(self._all, indent=1).encode())


def _read(file: Path) -> list[dict[str, Any]]:
    """The incidents in a file; ValueError where it holds something else."""
    found = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(found, list):
        raise ValueError("no list")
    for each in found:
        if not (isinstance(each, dict) and isinstance(each.get("text"), str) and isinstance(each.get("seen"), list)):
            raise ValueError("no incident")
        if not all(isinstance(place, str) for place in each["seen"]):
            raise ValueError("no incident")
    return found
