"""Builds the solved notebooks: a learner's notebook with the answers laid over its task cells, executed."""

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from rich.text import Text

from lab_harness.course import Course
from lab_harness.errors import LabError
from lab_harness.lab.file import TASK_TAG
from lab_harness.lab.finished import record, shown_by
from lab_harness.lab.labs import Lab
from lab_harness.lab.solutions import answers

SHOWN_LINES = 20  # of a traceback
SHOWS_FAILURE = "shows-failure"  # the tag of a cell that is meant to: an execution that fails, say
# What the text of a report, or of a picture, has for what is not as asked, and a cell that waits for its task
FAILED = re.compile(r"[✗○·!] (?:failed|absent|blocked|broken)\b|^Not yet\.")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def read_notebook(path: Path) -> Any:
    """A notebook in the current format. Raises LabError when the file is none."""
    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise LabError(f"{path} is no notebook: {error}") from error


def solved_notebook(course: Course, lab: Lab) -> Any:
    """The learner's notebook with each `task:<id>` cell replaced by the answer, not yet executed."""
    path = course.notebooks / lab.file.notebook
    notebook = read_notebook(path)
    missing = answers(lab)
    for cell in notebook.cells:
        task = task_of(cell)
        if task is None:
            continue
        if task not in missing:
            raise LabError(f"{path}, cell {cell.id}: task {task!r} is not in lab.toml, or has two cells.")
        cell.source = missing.pop(task).cell
    if missing:
        raise LabError(f"{path} has no cell tagged task:{next(iter(missing))}.")
    return notebook


def task_of(cell: Any) -> str | None:
    """The task that a cell is tagged with."""
    for tag in cell.metadata.get("tags", []):
        if match := TASK_TAG.fullmatch(tag):
            return match[1]
    return None


def is_current(course: Course, lab: Lab) -> bool:
    """Whether the solved notebook has the cells that building it now would give it. LabError where there is none."""
    return sources(read_notebook(course.solved / lab.file.notebook)) == sources(solved_notebook(course, lab))


def sources(notebook: Any) -> list[tuple[str, str, str]]:
    """What of a notebook does not depend on running it: each cell's id, type and source."""
    return [(cell.id, cell.cell_type, cell.source) for cell in notebook.cells]


def build(course: Course, lab: Lab, environ: dict[str, str]) -> Path:
    """Execute one solved notebook and write it, and what it shows at its end; returns its path.

    Raises LabError, and writes nothing, when a cell fails or shows a check that does not pass.
    `environ` is the kernel's environment. Files that the cells write go to a folder that is gone afterwards.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError

    notebook = solved_notebook(course, lab)
    with tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as folder:
        client = NotebookClient(
            notebook,
            timeout=120,
            record_timing=False,
            resources={"metadata": {"path": folder}},
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        try:
            client.execute(env=environ | {"LAB_COURSE": str(course.root)})
        except CellExecutionError as error:
            raise LabError(f"{lab.file.notebook}, {failed_cell(notebook)}") from error
        except (CellControlSignal, DeadKernelError) as error:
            raise LabError(f"{lab.file.notebook} could not be executed: {error}") from error
    if failures := shown_failures(notebook):
        raise LabError(f"{lab.file.notebook} is solved, and shows what failed:\n" + "\n".join(failures))
    course.solved.mkdir(parents=True, exist_ok=True)
    path = course.solved / lab.file.notebook
    nbformat.write(without_machine(notebook), path)  # type: ignore[no-untyped-call]
    record(lab.folder, shown_by(notebook))
    return path


def failed_cell(notebook: Any) -> str:
    """Which cell of an executed notebook ended in an error, which error, and where; empty where none did."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                lines = Text.from_ansi("\n".join(output.traceback)).plain.splitlines()
                return "\n".join([f"cell {cell.id}: {output.ename}: {output.evalue}", *lines[-SHOWN_LINES:]])
    return ""


def shown_failures(notebook: Any) -> list[str]:
    """What an executed notebook shows of checks that did not pass, by cell; not what a cell is tagged to show."""
    cells = (cell for cell in notebook.cells if SHOWS_FAILURE not in cell.metadata.get("tags", []))
    shown = ((cell.id, line) for cell in cells for line in _text(cell).splitlines())
    return [f"cell {name}: {line.strip()}" for name, line in shown if FAILED.search(line)]


def _text(cell: Any) -> str:
    """What a cell's outputs say, as plain text."""
    outputs = cell.get("outputs", [])
    return "\n".join(each.get("text") or each.get("data", {}).get("text/plain", "") for each in outputs)


def without_machine(notebook: Any) -> Any:
    """The notebook without what only says on which machine it ran, and how fast that was."""
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if "outputs" in cell:  # A view that lives in the kernel: the snapshot beside it is what stays.
            cell.outputs = _joined(each for each in cell.outputs if set(each.get("data", {})) != {WIDGET_VIEW})
    return notebook


def _joined(outputs: Iterable[Any]) -> list[Any]:
    """What a cell prints, as one text, as JupyterLab shows it: a kernel sends whatever is there at the moment."""
    joined: list[Any] = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output.output_type == "stream" and before.get("name") == output.name:
            before["text"] += output.text
        else:
            joined.append(output)
    return joined
