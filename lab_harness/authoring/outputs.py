"""Takes out of a learner's notebook what running it has left there: outputs, counts, and when each cell ran."""

from pathlib import Path
from typing import Any

import nbformat

from lab_harness.authoring.written import rewrite
from lab_harness.course import Course
from lab_harness.errors import UsageError
from lab_harness.lab.labs import Lab, all_labs, load_lab
from lab_harness.lab.notebooks import read_notebook

# What Jupyter and its tools write into a cell's or a notebook's metadata when it is run or looked at.
OF_A_RUN = ("ExecuteTime", "collapsed", "execution", "outputId", "papermill", "scrolled", "trusted", "widgets")


def chosen(course: Course, name: str) -> Lab:
    """The lab of this id, or whose notebook is at this path. Raises UsageError for any other, and a solved notebook."""
    if not name.endswith(".ipynb"):
        return load_lab(name, course)
    path = Path(name).resolve()
    if path.parent == course.solved.resolve():
        raise UsageError(f"{name} is a solved notebook and keeps its outputs; it is built by: lab notebooks build")
    for lab in all_labs(course):
        if path == (course.notebooks / lab.file.notebook).resolve():
            return lab
    raise UsageError(f"{name} is no notebook of a lab of this course.")


def clear(path: Path) -> list[str]:
    """Save a notebook without what running it has left there; returns what that was, in the order of the cells.

    Its texts, ids, tags and other metadata stay. A notebook that is clean already is not written.
    """
    notebook = read_notebook(path)
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        found += [f"cell {cell.get('id', number)}: {what}" for what in _cleared(cell)]
    found += [f"the notebook: {what}" for what in _without_run(notebook.metadata)]
    language = notebook.metadata.get("language_info", {})
    if set(language) - {"name"}:  # the version of the Python that ran it, and how an editor shows it
        notebook.metadata["language_info"] = {"name": language.get("name", "python")}
        found.append("the notebook: the language's version")
    if found:
        rewrite(path, str(nbformat.writes(notebook)) + "\n")  # type: ignore[no-untyped-call]
    return found


def _cleared(cell: Any) -> list[str]:
    """Take out of a cell what running it has left there; returns what that was."""
    found = []
    if outputs := cell.get("outputs"):
        cell.outputs = []
        found.append("1 output" if len(outputs) == 1 else f"{len(outputs)} outputs")
    if cell.get("execution_count"):
        cell.execution_count = None
        found.append("its execution count")
    return found + _without_run(cell.metadata)


def _without_run(metadata: Any) -> list[str]:
    return [f"{name} in its metadata" for name in OF_A_RUN if metadata.pop(name, None) is not None]
