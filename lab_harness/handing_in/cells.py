"""A submission's notebook as it is run: its code cells, in one small form that is written and read here alone.

What a student handed in is read once, in a process of its own (see `reading`). The grader goes on with this.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lab_harness.handing_in.rejected import Rejected

LONGEST_NOTEBOOK = 16 * 1024 * 1024  # bytes


class CodeCell(msgspec.Struct, frozen=True):
    """A code cell: what it is called, its code, and the task that it belongs to, if any."""

    id: str
    source: str
    task: str = ""


class _Cell(msgspec.Struct, frozen=True):
    """What is asked of a cell in a notebook's file. Tags are anything: another program may have written them."""

    cell_type: str
    source: str | list[str] = ""
    id: str | int | None = None
    metadata: dict[str, Any] = {}

    def is_of(self, tasks: Collection[str]) -> bool:
        """Whether it is tagged as one of these tasks'."""
        tags = self.metadata.get("tags")
        return isinstance(tags, list) and any(isinstance(tag, str) and tag in tasks for tag in tags)


class _Notebook(msgspec.Struct, frozen=True):
    cells: list[_Cell]


def write_cells(cells: Sequence[CodeCell], path: Path) -> Path:
    """Write a notebook of these cells, which `read_cells` and Jupyter read."""
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
    """The code cells of a notebook's file, each with its id, or its number from 1 where it has none.

    Those of tasks that stand `apart` are left out: they undo the lab.
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
