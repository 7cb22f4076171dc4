"""Where a name comes from that a cell does not find: a kernel forgets all when it restarts, its notebook does not."""

import re
import symtable
from pathlib import Path
from typing import Any, NamedTuple

from lab_harness.errors import LabError

HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MAGIC = re.compile(r"^[%!].*$", re.MULTILINE)


class Origin(NamedTuple):
    """The first cell of a notebook that defines a name: the heading above it, and the line that names it."""

    heading: str
    line: str


def origin(notebook: Path, name: str) -> Origin | None:
    """Where a notebook defines a name; None where it does not, or cannot be read."""
    from lab_harness.lab.notebooks import read_notebook  # only once something is missing

    try:
        cells = read_notebook(notebook).cells
    except LabError:
        return None
    heading = ""
    for cell in cells:
        if cell.cell_type == "markdown":
            heading = next(reversed(HEADING.findall(cell.source)), heading)
        elif cell.cell_type == "code" and _defines(cell.source, name):
            return Origin(heading, _line(cell.source, name))
    return None


def _defines(source: str, name: str) -> bool:
    """Whether a cell defines a name for the cells after it."""
    try:
        found: Any = symtable.symtable(MAGIC.sub("", source), "cell", "exec").lookup(name)
    except (SyntaxError, ValueError, KeyError):
        return False
    return bool(found.is_assigned() or found.is_imported())


def _line(source: str, name: str) -> str:
    return next(line.strip() for line in source.splitlines() if re.search(rf"\b{re.escape(name)}\b", line))
