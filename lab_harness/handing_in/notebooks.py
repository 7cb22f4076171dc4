"""Reads a student's file as a notebook of the course, in whatever version it was saved, and finds out its lab.

The file may hold anything, so `lab grade` calls this in a separate process with limits (see `reading`). Time and memory
grow no faster than the size of the file.
"""

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from lab_harness.handing_in.cells import CodeCell
from lab_harness.handing_in.rejected import Rejected
from lab_harness.lab.file import TASK_TAG

OPEN_LAB = re.compile(r"open_lab\(\s*[\"'](\w+)[\"']")
KERNEL = ("kernelspec", "language_info")
CLEAN_UP = "clean-up"  # the id of the cell in which a lab's notebook removes what was built
CELL_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
LONGEST_TAG = 200
MOST_CELLS = 2000
MOST_CODE = 2_000_000  # characters of all cells together
MOST_PARSED = 50_000  # characters of a cell; more is not parsed, for a tree takes a thousand times its code's memory
HALVES = re.compile("[\ud800-\udfff]")  # of characters: no file can hold them, and no code


class KnownLab(msgspec.Struct, frozen=True):
    """What is needed to recognise the notebooks of one lab."""

    id: str
    notebook: str  # the file's name
    tasks: frozenset[str]
    apart: frozenset[str]  # those of the tasks that undo the lab
    task_cells: dict[str, str]  # the task of each starter cell, by the cell's id
    given: frozenset[str] = frozenset()  # what tells each of its cells, see `shown.mark`


class Notebook(msgspec.Struct, frozen=True):
    """A student's notebook of one lab: its code, with an id for each cell, without outputs and prose."""

    lab: str
    cells: list[CodeCell]

    @property
    def digest(self) -> str:
        """A digest of the code. If it changes, the notebook is graded again; outputs and prose do not count."""
        code = [(cell.task or None, cell.source) for cell in self.cells]
        return hashlib.sha256(json.dumps([self.lab, code]).encode()).hexdigest()

    @property
    def tasks(self) -> dict[str, str]:
        """The student's code for each task."""
        found: dict[str, list[str]] = {}
        for cell in self.cells:
            if cell.task:
                found.setdefault(cell.task, []).append(cell.source)
        return {task: "\n".join(sources) for task, sources in found.items()}


def read_submitted(content: bytes, name: str, labs: Mapping[str, KnownLab]) -> Notebook:
    """The notebook in a file with this name. Raises Rejected with the reason if it is no notebook of the course."""
    cells = code_cells(content)
    lab = labs[_lab_of(cells, name, labs)]
    restored = (msgspec.structs.replace(cell, task=cell.task or lab.task_cells.get(cell.id, "")) for cell in cells)
    # A student who cleaned up before handing in has still done the lab.
    found = Notebook(lab.id, [cell for cell in restored if cell.task not in lab.apart and not _cleans_up(cell)])
    if not lab.tasks.intersection(cell.task for cell in found.cells):
        raise Rejected(f"no task cells: none of its cells belongs to a task of {lab.id}")
    return found


def code_cells(content: bytes) -> list[CodeCell]:
    """The code cells of a notebook file. Raises Rejected with the reason if it is none."""
    return _cells(_parsed(content))


def with_code_cells(content: bytes) -> list[tuple[dict[str, Any], CodeCell | None]]:
    """All cells of a notebook file as they are in it, a code cell with what `code_cells` makes of it."""
    cells = _parsed(content)
    code = iter(_cells(cells))
    return [(cell, next(code) if cell.get("cell_type") == "code" else None) for cell in cells]


def lab_by_name(name: str, labs: Iterable[KnownLab]) -> str | None:
    """The id of the lab whose notebook or bundle has this name; None if there is none."""
    return next((lab.id for lab in labs if _is_called(lab, name.lower())), None)


def _is_called(lab: KnownLab, name: str) -> bool:
    return name == lab.notebook.lower() or (name.endswith(".zip") and name.startswith(f"{lab.id}-"))


def _lab_of(cells: list[CodeCell], name: str, labs: Mapping[str, KnownLab]) -> str:
    """The lab that a notebook opens; else the lab of its file name; else the only lab with its tasks."""
    opened = _opened(cells)
    named = lab_by_name(name, labs.values())
    if len(opened) > 1:
        raise Rejected(f"wrong lab: it opens several labs: {', '.join(opened)}")
    if opened and opened[0] not in labs:
        raise Rejected(f"wrong lab: it opens {opened[0]!r}, which the course does not have")
    if opened and named and opened[0] != named:
        raise Rejected(f"wrong lab: it is called {name}, but opens {opened[0]}")
    if opened or named:
        return opened[0] if opened else str(named)
    tasks = {cell.task for cell in cells if cell.task}
    fitting = [lab.id for lab in labs.values() if tasks and tasks <= lab.tasks]
    if len(fitting) != 1:
        raise Rejected("it is of no lab: no cell calls open_lab, and its name is none of the course's")
    return fitting[0]


def _opened(cells: list[CodeCell]) -> list[str]:
    found: dict[str, None] = {}
    for cell in cells:
        if "open_lab" in cell.source:
            found |= dict.fromkeys(_names_in_calls(cell.source))
    return list(found)


def _names_in_calls(source: str) -> list[str]:
    """The labs that `open_lab` is called with. If the source can be parsed, comments and strings do not count."""
    if len(source) > MOST_PARSED:
        return OPEN_LAB.findall(source)
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return OPEN_LAB.findall(source)
    opening = [call.args[0] for call in calls if _called(call.func) == "open_lab"]
    return [word.value for word in opening if isinstance(word, ast.Constant) and isinstance(word.value, str)]


def _called(function: ast.expr) -> str:
    """The last name in a call: `open_lab` for `lab_harness.open_lab(...)`."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _parsed(content: bytes) -> list[Any]:
    """The cells of a notebook file, of any version of the format."""
    if not content.strip():
        raise Rejected("it is empty")
    if content.startswith(b"PK\x03\x04"):
        raise Rejected("it is a zip archive: hand in the notebook itself, or what `lab submit` makes")
    try:
        data = json.loads(content)  # UTF-8, UTF-16 and UTF-32, with a mark or without one
    except UnicodeDecodeError as error:
        raise Rejected("its encoding cannot be told: save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise Rejected(f"it is no notebook: it is not JSON ({error})") from error
    if not isinstance(data, dict) or not {"cells", "worksheets"} & set(data):
        raise Rejected("it is no notebook: it has no cells")
    _insist_on_python(data.get("metadata"))
    cells = data["cells"] if "cells" in data else _brought_up_to_date(data)
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Rejected("it is no valid notebook: its cells are no list of cells")
    return cells


def _brought_up_to_date(data: dict[str, Any]) -> Any:
    """The cells of a notebook in an older format."""
    import nbformat  # takes longer than reading a hundred notebooks of today's format

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return nbformat.convert(nbformat.from_dict(data), 4).cells  # type: ignore[no-untyped-call]
    except MemoryError:
        raise
    except Exception as error:  # a damaged notebook of an old format, in one of a thousand ways
        raise Rejected(f"it is no valid notebook: {type(error).__name__}: {error}") from error


def _cells(cells: list[Any]) -> list[CodeCell]:
    """The code cells, each with a unique id. A cell without a usable id gets its number, from 1."""
    code = [(number, cell) for number, cell in enumerate(cells, 1) if cell.get("cell_type") == "code"]
    if len(code) > MOST_CELLS:
        raise Rejected(f"it is too large to be read: it has {len(code)} code cells, at most {MOST_CELLS} are read")
    found: dict[str, CodeCell] = {}
    for number, cell in code:
        given = cell.get("id")
        fits = isinstance(given, str) and CELL_ID.fullmatch(given) and given not in found
        id = str(given) if fits else str(number)
        while id in found:
            id += "-"
        found[id] = CodeCell(id, _source(cell, number), _task(cell))
    if (size := sum(len(cell.source) for cell in found.values())) > MOST_CODE:
        raise Rejected(f"it is too large to be read: its code has {size} characters, at most {MOST_CODE} are read")
    return list(found.values())


def _source(cell: Mapping[str, Any], number: int) -> str:
    """A cell's code, which some programs write as a list of lines."""
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise Rejected(f"it is no valid notebook: the code of its cell {number} is no text")
    return HALVES.sub("�", "".join(lines))


def _task(cell: Mapping[str, Any]) -> str:
    """The task that a cell is tagged with, if any."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and len(tag) <= LONGEST_TAG and (match := TASK_TAG.fullmatch(tag)):
            return match[1]
    return ""


def _insist_on_python(metadata: Any) -> None:
    metadata = metadata if isinstance(metadata, dict) else {}
    kernel, info = (metadata[key] if isinstance(metadata.get(key), dict) else {} for key in KERNEL)
    language = kernel.get("language") or info.get("name") or kernel.get("name") or "python"
    if "py" not in str(language).lower():
        raise Rejected(f"wrong kernel: {kernel.get('display_name') or language}; the course is written in Python")


def _cleans_up(cell: CodeCell) -> bool:
    return cell.id == CLEAN_UP or cell.source.lstrip().startswith("CLEAN_UP =")
