"""The course's labs as the class was given them."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lab_harness.course import Course
from lab_harness.errors import LabError
from lab_harness.handing_in.cells import CodeCell
from lab_harness.handing_in.notebooks import KnownLab, with_code_cells
from lab_harness.handing_in.rejected import Rejected
from lab_harness.handing_in.shown import mark
from lab_harness.lab.labs import Lab, all_labs

NOT_FOR_STUDENTS = re.compile(r"<!-- not for students -->.*?<!-- /not for students -->", re.DOTALL)  # in a cell


@dataclass(frozen=True)
class Released:
    """A lab, with the notebook that the class was given."""

    lab: Lab
    course: Course

    @cached_property
    def notebook(self) -> Any:
        from lab_harness.lab.notebooks import read_notebook  # nbformat takes its time, and a learner's panel needs none

        return read_notebook(self.path)

    @property
    def path(self) -> Path:
        return self.course.notebooks / self.lab.file.notebook

    @cached_property
    def known(self) -> KnownLab:
        """What is needed to recognise its notebooks."""
        apart = frozenset(task.id for task in self.lab.tasks if task.apart)
        tasks = frozenset(task.id for task in self.lab.tasks)
        cells = self._cells()
        task_cells = {cell.id: cell.task for _, cell in cells if cell and cell.task}
        sources = ("".join(raw.get("source", "")) for raw, _ in cells)
        given = (mark(text) for source in sources for text in (source, NOT_FOR_STUDENTS.sub("", source)))
        return KnownLab(self.lab.id, self.lab.file.notebook, tasks, apart, task_cells, frozenset(given))

    def _cells(self) -> list[tuple[dict[str, Any], CodeCell | None]]:
        """The cells of its notebook; none if a learner has renamed it."""
        if not self.path.exists():
            return []
        try:
            return with_code_cells(self.path.read_bytes())
        except (OSError, Rejected) as error:
            raise LabError(f"{self.path} is no notebook: {error}") from error


def releases_of(course: Course) -> dict[str, Released]:
    """The course's labs as the class was given them, by id."""
    return {lab.id: Released(lab, course) for lab in all_labs(course)}
