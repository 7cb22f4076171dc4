"""Checks S3's objects on disk before MiniStack reads them, so that one damaged file hides no others."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab_harness.emulators.incidents import Incidents, set_aside

SIDECAR = ".meta.json"  # MiniStack keeps what is known of an object beside its content
VERSIONS = ".versions"  # contents only, by version
KINDS: dict[str, type] = {"size": int, "etag": str, "metadata": dict, "versions": list, "tags": dict, "acl": dict}
NAMED = 5  # objects that an incident names


def check_objects(folder: Path, aside: Path, incidents: Incidents) -> None:
    """Report damaged objects, and move files that MiniStack could not read to the folder `aside`."""
    unknown: list[str] = []
    short: list[str] = []
    unreadable: list[str] = []
    for file in _files(folder, unreadable):
        name = file.relative_to(folder).as_posix().partition("/")[2]
        if not _is_readable(file):
            unreadable.append(name)
            with suppress(OSError):
                set_aside(file, aside)
        elif file.name.endswith(SIDECAR):
            known = _known(file)
            if known is None:
                unknown.append(name.removesuffix(SIDECAR))
                with suppress(OSError):
                    set_aside(file, aside)
            elif not _is_whole(file, known):
                short.append(name.removesuffix(SIDECAR))
    moved = f"moved to {aside.name} where that was possible"
    _tell(incidents, unreadable, f"could not be read, and was {moved}")
    _tell(incidents, unknown, f"lost what was noted of it (type, metadata, tags), {moved}; its content is kept")
    _tell(incidents, short, "is not what was stored: its content is damaged or missing; upload it again")


def _files(folder: Path, unreadable: list[str]) -> Iterator[Path]:
    """All files that MiniStack will read."""

    def failed(error: OSError) -> None:
        if Path(error.filename) != folder:
            unreadable.append(os.path.relpath(error.filename, folder))

    for place, folders, names in os.walk(folder, onerror=failed):
        if Path(place) == folder and VERSIONS in folders:
            folders.remove(VERSIONS)
        yield from (Path(place, name) for name in names if not name.endswith((".tmp", ".part")))


def _is_readable(file: Path) -> bool:
    return file.is_file() and os.access(file, os.R_OK)


def _known(sidecar: Path) -> dict[str, Any] | None:
    """What the sidecar file says about an object; None if it is damaged."""
    try:
        found = json.loads(sidecar.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    right = all(isinstance(found[name], kind) for name, kind in KINDS.items() if found.get(name) is not None)
    return found if right else None


def _is_whole(sidecar: Path, known: dict[str, Any]) -> bool:
    """Whether the object's content is there, with the right size. A delete marker has no content."""
    if known.get("is_delete_marker") or "size" not in known:
        return True
    content = sidecar.with_name(sidecar.name.removesuffix(SIDECAR))
    return content.is_file() and content.stat().st_size == known["size"]


def _tell(incidents: Incidents, names: list[str], what: str) -> None:
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        objects = "Objects in S3" if len(names) > 1 else "An object in S3"
        incidents.add(f"{objects}, {', '.join(sorted(names)[:NAMED])}{more}: each {what}.")
