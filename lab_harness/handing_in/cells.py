"""The code cells of a submission, in a small notebook file that only this module writes and reads.

A student's own file is read once, in a separate process (see `reading`). From then on the grader uses this form.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lab_harness.handing_in.rejected import Rejected

LONGEST_NOTEBOOK = 16 * 1024 * 1024  # bytes


class CodeCell(msgspec.Struct, frozen=True):
    """A code cell: its id, its code, and its task, if it belongs to one."""

    id: str
    source: str
    task: str = ""


class _Cell(msgspec.Struct, frozen=True):
    """The fields of a cell that are used. Tags may be of any type: other programs write them, too."""

    cell_type: str
    source: str | list[str] = ""
    id: str | int | None = None
    metadata: dict[str, Any] = {}

    def is_of(self, tasks: Collection[str]) -> bool:
        """Whether it has one of these tags."""
        tags = self.metadata.get("tags")
        return isinstance(tags, list) and any(isinstance(tag, str) and tag in tasks for tag in tags)


class _Notebook(msgspec.Struct, frozen=True):
    cells: list[_Cell]


def write_cells(cells: Sequence[CodeCell], path: Path) -> Path:
    """Write these cells as a notebook, which `read_cells` and Jupyter can read; returns its path."""
    written: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": cell.id,
            "metadata": {"tags": [f"task:{cell.task}"]} if cell.task else {},
            "source": cell.source,
            "outputs": [],
            "execution_count": None,
        }
        for cell in cells
    ]
    notebook: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": {"name": "python"}}}
    path.parent.mkdir(parents=True)
    path.write_bytes(msgspec.json.encode(notebook | {"cells": written}))
    return path


def read_cells(path: Path, apart: Collection[str] = ()) -> list[tuple[str, str]]:
    """The id and the source of each code cell in a file. A cell without an id has its number, from 1, as its id.

    The cells of the tasks in `apart` are left out, because they undo the lab. Raises Rejected if there is no notebook.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_NOTEBOOK + 1)
        if len(content) > LONGEST_NOTEBOOK:
            raise Rejected(f"The file is larger than {LONGEST_NOTEBOOK // 1024 // 1024} MiB.")
        cells = msgspec.json.decode(content, type=_Notebook).cells
    except OSError as error:
        raise Rejected(f"The file cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise Rejected("The file is no notebook.") from error
    tags = {f"task:{task}" for task in apart}
    code = [(number, cell) for number, cell in enumerate(cells, 1) if cell.cell_type == "code" and not cell.is_of(tags)]
    return [(str(cell.id or number), "".join(cell.source)) for number, cell in code]
