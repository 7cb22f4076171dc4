"""What a finished lab shows: outputs of its solved notebook, recorded as that is built, to be seen at the beginning."""

import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from lab_harness.errors import LabError

FILE = "finished.json"
TAG = "finished"  # of the cells whose outputs are recorded
PICTURES_NAME = re.compile(r"\b(lab-[0-9a-f]{8})-\d+")  # a learner's own picture of the same may stand on that page


class Shown(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One output: in words, and as HTML or as a PNG in base64 where it had that."""

    text: str
    html: str = ""
    png: str = ""


def shown_by(notebook: Any) -> list[Shown]:
    """What the cells of an executed notebook show that are tagged `finished`, in their order."""
    cells = (cell for cell in notebook.cells if TAG in cell.metadata.get("tags", []))
    return [_shown(output) for cell in cells for output in cell.get("outputs", [])]


def record(folder: Path, shown: list[Shown]) -> None:
    """Write a lab's `finished.json`; of a lab that shows nothing there is none."""
    path = folder / FILE
    if shown:
        path.write_text(msgspec.json.format(msgspec.json.encode(shown), indent=1).decode() + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def recorded(folder: Path) -> list[Shown]:
    """What a lab's `finished.json` holds; nothing where there is none. Raises LabError where it is damaged."""
    path = folder / FILE
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Shown])
    except (OSError, msgspec.DecodeError) as error:
        raise LabError(f"{path} is damaged: {error}. Take it anew from the course that you were given.") from error


def _shown(output: Any) -> Shown:
    data = output.get("data", {})
    html = PICTURES_NAME.sub(r"\1-recorded", data.get("text/html", ""))
    return Shown(output.get("text") or data.get("text/plain", ""), html, data.get("image/png", "").strip())
