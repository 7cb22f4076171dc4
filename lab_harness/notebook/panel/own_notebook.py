"""The saved notebook in which a lab is open, beside what ran in it: whether a task's cell builds what is there."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from lab_harness.course import Course
from lab_harness.errors import HarnessError, UsageError
from lab_harness.handing_in.rehearsal import Rehearsal
from lab_harness.handing_in.submit import Saved, empty_tasks, saved_notebook
from lab_harness.lab.labs import Lab

Ran = Mapping[str, tuple[str, float]]  # the code of a cell, and when it ran, by the cell's id

SAVING = 2.0  # seconds in which JupyterLab saves the notebook, as the page has asked it to by a key
PAUSE = 0.05

EMPTY = "The cell of this task is empty in the saved notebook: what you built elsewhere does not count for the grade."
CHANGED = "The cell of this task has changed since it ran: run it again, or rehearse the grade."


class OwnNotebook:
    """The learner's notebook of a lab. It is read again once the file has changed."""

    def __init__(self, lab: Lab, course: Course, ran: Ran) -> None:
        self.lab, self.course, self._ran = lab, course, ran
        self._known: tuple[tuple[Path, int], Saved] | None = None

    def read(self) -> Saved:
        """The notebook as it is saved. Raises HarnessError where there is none of this lab that can be read."""
        version = self._version()
        if self._known is None or self._known[0] != version:
            self._known = version, self._read(version[0])
        return self._known[1]

    def changed(self) -> bool:
        """Whether the file is another now than when it was read last."""
        return self._known is not None and self._known[0] != self._version()

    def await_saving(self, asked: float) -> None:
        """Wait until the file was saved since a moment, but not for long: not all that shows notebooks saves them."""
        deadline = time.monotonic() + SAVING
        while not self._is_saved(asked) and time.monotonic() < deadline:
            time.sleep(PAUSE)

    def _is_saved(self, asked: float) -> bool:
        path, changed = self._version()
        return changed >= asked * 1e9 and _is_whole(path)

    def _version(self) -> tuple[Path, int]:
        path = self._path()
        try:
            return path, path.stat().st_mtime_ns
        except OSError:
            return path, 0

    def _read(self, path: Path) -> Saved:
        try:
            return saved_notebook(self.lab, self.course, path)
        except UsageError:
            if path == self._usual or not _is_whole(path):
                raise
            return saved_notebook(self.lab, self.course)  # The lab is open in a notebook that is not its own.

    @property
    def _usual(self) -> Path:
        return self.course.notebooks / self.lab.file.notebook

    def _path(self) -> Path:
        """The file that Jupyter says this kernel is for; else the course's."""
        named = Path(os.environ.get("JPY_SESSION_NAME", ""))
        return named if named.suffix == ".ipynb" and named.is_file() else self._usual

    def unsaved(self) -> str:
        """The task whose cell ran in another form than the saved one, after the notebook was saved; else empty."""
        saved = self.read()
        return next((cell.task for cell in saved.notebook.cells if cell.task and self._is_newer(cell.id, saved)), "")

    def _is_newer(self, cell: str, saved: Saved) -> bool:
        return self._differs(cell, saved) and self._ran[cell][1] > saved.moment

    def _differs(self, cell: str, saved: Saved) -> bool:
        source = next(each.source for each in saved.notebook.cells if each.id == cell)
        return cell in self._ran and self._ran[cell][0].strip() != source.strip()

    def notes(self, rehearsal: Rehearsal | None) -> dict[str, str]:
        """What speaks against it that a task's cell, as it stands, builds what is in the account, by task.

        A rehearsal of this very notebook knows for sure. Without one it is what is saved that is judged; of a cell that
        ran since it was saved nothing is known yet.
        """
        try:
            saved = self.read()
        except HarnessError:
            return {}
        if rehearsal and rehearsal.report and rehearsal.digest == saved.notebook.digest:
            lost = {task.id: rehearsal.lost(task.id) for task in self.lab.tasks if not task.apart}
            return {task: _not_rehearsed(titles) for task, titles in lost.items() if titles}
        return {task: note for task in saved.notebook.tasks if (note := self._note(task, saved))}

    def _note(self, task: str, saved: Saved) -> str:
        cells = [cell.id for cell in saved.notebook.cells if cell.task == task]
        if any(self._ran[cell][1] > saved.moment for cell in cells if cell in self._ran):
            return ""
        if task in empty_tasks(saved.notebook):
            return EMPTY
        return CHANGED if any(self._differs(cell, saved) for cell in cells) else ""


def _is_whole(path: Path) -> bool:
    """Whether the file is not just being written: JupyterLab empties it, and writes it then, both in its place."""
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return True


def _not_rehearsed(titles: list[str]) -> str:
    more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
    return f"Not built by the notebook alone, in the rehearsal of the grade: {titles[0]}{more}."
