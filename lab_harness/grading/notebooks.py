"""Reads what a student handed in as a notebook of the course, however it was saved, and says which lab it is of."""

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat.validator import NotebookValidationError, normalize

from lab_harness.course import Course
from lab_harness.grading.handed_in import Refused
from lab_harness.labs import Lab
from lab_harness.notebook.build import read_notebook, task_of

OPEN_LAB = re.compile(r"open_lab\(\s*[\"'](\w+)[\"']")
KERNEL = ("kernelspec", "language_info")
CLEAN_UP = "clean-up"  # the id of the cell in which a lab's notebook removes what was built


@dataclass(frozen=True)
class Released:
    """A lab as the class was given it."""

    lab: Lab
    course: Course

    @cached_property
    def notebook(self) -> Any:
        return read_notebook(self.path)

    @property
    def path(self) -> Path:
        return self.course.notebooks / self.lab.file.notebook

    @cached_property
    def task_cells(self) -> dict[str, str]:
        """The task of each starter cell, by the cell's id; none where a learner has renamed the notebook."""
        if not self.path.exists():
            return {}
        return {cell.id: task for cell in self.notebook.cells if (task := task_of(cell))}


@dataclass(frozen=True)
class Notebook:
    """A student's notebook of one lab: its code, with an id for each cell and a tag for each task, without outputs."""

    lab: str
    content: Any

    @cached_property
    def digest(self) -> str:
        """What tells whether it has to be graded again: its code, in order. Outputs and prose do not count."""
        code = [(task_of(cell), cell.source) for cell in self.content.cells]
        return hashlib.sha256(json.dumps([self.lab, code]).encode()).hexdigest()

    @cached_property
    def tasks(self) -> dict[str, str]:
        """The student's code for each task."""
        found: dict[str, list[str]] = {}
        for cell in self.content.cells:
            if task := task_of(cell):
                found.setdefault(task, []).append(cell.source)
        return {task: "\n".join(sources) for task, sources in found.items()}


def read_submitted(content: bytes, name: str, releases: dict[str, Released]) -> Notebook:
    """The notebook in a file of this name. Raises Refused with the reason why there is none of the course's."""
    notebook = _parsed(content)
    released = releases[lab_of(notebook, name, releases)]
    _restore_tags(notebook, released)
    _leave_out_clean_up(notebook, released.lab)
    found = Notebook(released.lab.id, notebook)
    if not set(found.tasks) & {task.id for task in released.lab.tasks}:
        raise Refused(f"no task cells: none of its cells belongs to a task of {released.lab.id}")
    return found


def lab_by_name(name: str, labs: Iterable[Released]) -> str | None:
    """The lab whose notebook, or whose bundle, is called so."""
    return next((each.lab.id for each in labs if _is_called(each.lab, name.lower())), None)


def _is_called(lab: Lab, name: str) -> bool:
    return name == lab.file.notebook.lower() or (name.endswith(".zip") and name.startswith(f"{lab.id}-"))


def lab_of(notebook: Any, name: str, releases: dict[str, Released]) -> str:
    """The lab that a notebook opens; failing that, the one of its name; failing that, the one that has its tasks."""
    opened = _opened(notebook)
    named = lab_by_name(name, releases.values())
    if len(opened) > 1:
        raise Refused(f"wrong lab: it opens several labs: {', '.join(opened)}")
    if opened and opened[0] not in releases:
        raise Refused(f"wrong lab: it opens {opened[0]!r}, which the course does not have")
    if opened and named and opened[0] != named:
        raise Refused(f"wrong lab: it is called {name}, but opens {opened[0]}")
    if opened or named:
        return opened[0] if opened else str(named)
    tasks = {task for cell in notebook.cells if (task := task_of(cell))}
    fitting = [id for id, each in releases.items() if tasks and tasks <= {task.id for task in each.lab.tasks}]
    if len(fitting) != 1:
        raise Refused("it is of no lab: no cell calls open_lab, and its name is none of the course's")
    return fitting[0]


def _opened(notebook: Any) -> list[str]:
    found: dict[str, None] = {}
    for cell in notebook.cells:
        if "open_lab" in cell.source:
            found |= dict.fromkeys(_names_in_calls(cell.source))
    return list(found)


def _names_in_calls(source: str) -> list[str]:
    """The labs that `open_lab` is called with; comments and texts do not count where the source can be parsed."""
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return OPEN_LAB.findall(source)
    opening = [call.args[0] for call in calls if ast.unparse(call.func).rpartition(".")[2] == "open_lab"]
    return [word.value for word in opening if isinstance(word, ast.Constant) and isinstance(word.value, str)]


def _parsed(content: bytes) -> Any:
    if not content.strip():
        raise Refused("it is empty")
    if content.startswith(b"PK\x03\x04"):
        raise Refused("it is a zip archive: hand in the notebook itself, or what `lab submit` makes")
    try:
        data = json.loads(content)  # UTF-8, UTF-16 and UTF-32, with a mark or without one
    except UnicodeDecodeError as error:
        raise Refused("its encoding cannot be told: save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"it is no notebook: it is not JSON ({error})") from error
    if not isinstance(data, dict) or not {"cells", "worksheets"} & set(data):
        raise Refused("it is no notebook: it has no cells")
    _insist_on_python(data.get("metadata"))
    return _current(data)


def _current(data: dict[str, Any]) -> Any:
    """The notebook's code in the current format, valid, without outputs."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # older formats, cells without ids: just what is mended here
            notebook = nbformat.convert(nbformat.from_dict(data), 4)  # type: ignore[no-untyped-call]
            notebook.cells = [cell for cell in notebook.cells if cell.get("cell_type") == "code"]
            for cell in notebook.cells:
                _clear(cell)
            notebook.metadata["language_info"] = {"name": "python"}
            notebook.nbformat_minor = 5
            _, notebook = normalize(notebook, relax_add_props=True, strip_invalid_metadata=True)
            nbformat.validate(notebook, relax_add_props=True)
    except (NotebookValidationError, nbformat.ValidationError) as error:
        raise Refused(f"it is no valid notebook: {str(error).splitlines()[0]}") from error
    except Exception as error:  # a damaged notebook of an old format, in one of a thousand ways
        raise Refused(f"it is no valid notebook: {type(error).__name__}: {error}") from error
    return notebook


def _clear(cell: Any) -> None:
    """Leave of a cell what decides how it runs."""
    cell.setdefault("metadata", {})
    cell["outputs"], cell["execution_count"] = [], None
    if isinstance(cell.get("source"), list):
        cell["source"] = "".join(cell["source"])
    if not isinstance(cell.metadata.get("tags", []), list):
        del cell.metadata["tags"]


def _insist_on_python(metadata: Any) -> None:
    metadata = metadata if isinstance(metadata, dict) else {}
    kernel, info = ({**metadata[key]} if isinstance(metadata.get(key), dict) else {} for key in KERNEL)
    language = kernel.get("language") or info.get("name") or kernel.get("name") or "python"
    if "py" not in str(language).lower():
        raise Refused(f"wrong kernel: {kernel.get('display_name') or language}; the course is written in Python")


def _restore_tags(notebook: Any, released: Released) -> None:
    """Tag the task cells that lost their tags, as some editors make them, by the ids that they were given out with."""
    for cell in notebook.cells:
        task = released.task_cells.get(cell.id)
        if task and task_of(cell) is None:
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), f"task:{task}"]


def _leave_out_clean_up(notebook: Any, lab: Lab) -> None:
    """Leave out the cells that undo the lab: whoever cleaned up before handing in has done the lab all the same."""
    apart = {task.id for task in lab.tasks if task.apart}
    notebook.cells = [cell for cell in notebook.cells if not (task_of(cell) in apart or _cleans_up(cell))]


def _cleans_up(cell: Any) -> bool:
    return bool(cell.id == CLEAN_UP or cell.source.lstrip().startswith("CLEAN_UP ="))
