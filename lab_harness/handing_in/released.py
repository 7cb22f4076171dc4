"""The course's labs as the class was given them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lab_harness.course import Course
from lab_harness.errors import LabError
from lab_harness.handing_in.notebooks import KnownLab, code_cells
from lab_harness.handing_in.rejected import Rejected
from lab_harness.lab.labs import Lab, all_labs


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
        return KnownLab(self.lab.id, self.lab.file.notebook, tasks, apart, self._task_cells())

    def _task_cells(self) -> dict[str, str]:
        """The task of each starter cell, by the cell's id; empty if a learner has renamed the notebook."""
        if not self.path.exists():
            return {}
        try:
            return {cell.id: cell.task for cell in code_cells(self.path.read_bytes()) if cell.task}
        except (OSError, Rejected) as error:
            raise LabError(f"{self.path} is no notebook: {error}") from error


def releases_of(course: Course) -> dict[str, Released]:
    """The course's labs as the class was given them, by id."""
    return {lab.id: Released(lab, course) for lab in all_labs(course)}
