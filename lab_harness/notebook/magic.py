"""The notebooks' one cell magic: `%%after TASK` runs a demonstration only once the task it builds on is done."""

from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from lab_harness.lab.file import Task
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

    def after(line: str, cell: str) -> None:
        """Run the cell if the task's checks pass; else say which task comes first."""
        task = opened.lab.task(line.strip())
        if not opened.passed_lately(task.id) and not ready(task):
            return
        if not shell.run_cell(cell, store_history=False).success:  # type: ignore[no-untyped-call]
            raise CellFailed

    def ready(task: Task) -> bool:
        """Whether the task's checks pass; shown is why not."""
        report = opened.look(task.id)
        impossible = [result for result in report if result.task == task.id and result.outcome is Outcome.UNSUPPORTED]
        if impossible and all(result.outcome is Outcome.UNSUPPORTED for result in report if result.task == task.id):
            display(Note("Not on this emulator.", (impossible[0].found or "",)))  # type: ignore[no-untyped-call]
        elif not report.complete:
            display(Note("Not yet.", (f"This cell needs the task {task.id!r} first: {task.title}.",)))  # type: ignore[no-untyped-call]
        return bool(report.complete)

    shell.register_magic_function(after, magic_kind="cell")  # type: ignore[call-arg, arg-type]
