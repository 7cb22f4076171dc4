"""The notebooks' one cell magic: `%%after TASK` runs a cell only once the task that it builds on is done.

`%%after CHECK` asks for one check only: deploying better code needs a function, not one that answers already.
"""

from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from lab_harness.course import Course
from lab_harness.lab.labs import Lab
from lab_harness.notebook.figures import show_figures
from lab_harness.notebook.photos import show_photos
from lab_harness.notebook.replies import show_replies
from lab_harness.render.blocks import Note
from lab_harness.results import Outcome


class CellFailed(Exception):
    """The cell under `%%after` raised; IPython has shown its traceback already."""

    def _render_traceback_(self) -> list[str]:
        return []


def show_and_register(opened: Any) -> None:
    """Show an opened lab where the cell's output goes, and register `%%after` for it."""
    shell = get_ipython()
    if shell is None:
        return
    display(opened)  # type: ignore[no-untyped-call]
    show_figures(shell)
    show_photos(shell)
    show_replies(shell, Course(opened.lab.folder.parent.parent).notebooks / opened.lab.file.notebook)

    def after(line: str, cell: str) -> None:
        """Run the cell if the checks of the task, or the one check, pass; else say what comes first."""
        name = line.strip()
        if not opened.passed_lately(name) and not ready(name):
            return
        if not shell.run_cell(cell, store_history=False).success:  # type: ignore[no-untyped-call]
            raise CellFailed

    def ready(name: str) -> bool:
        """Whether what is asked for passes; shown is why not."""
        report = opened.look(name)
        asked = [result for result in report if name in (result.task, result.name)]
        impossible = [result for result in asked if result.outcome is Outcome.UNSUPPORTED]
        if impossible and len(impossible) == len(asked):
            display(Note("Not on this emulator.", (impossible[0].found or "",)))  # type: ignore[no-untyped-call]
        elif not report.complete:
            display(Note("Not yet.", (_wanted(opened.lab, name),)))  # type: ignore[no-untyped-call]
        return bool(report.complete)

    shell.register_magic_function(after, magic_kind="cell")  # type: ignore[call-arg, arg-type]


def _wanted(lab: Lab, name: str) -> str:
    """What a cell needs that begins with `%%after NAME`."""
    tasks = {task.id: f"the task {task.id!r} first: {task.title}" for task in lab.tasks}
    checks = {check.name: f"this first: {check.title}" for check in lab.all_checks}
    return f"This cell needs {(checks | tasks)[name]}."
