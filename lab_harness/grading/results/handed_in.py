"""What a page shows of a notebook that was handed in: the student's own cells, and which are as they were given."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from markupsafe import Markup

from lab_harness.grading.grade import CellError
from lab_harness.grading.results.row import Row
from lab_harness.handing_in.released import Released
from lab_harness.handing_in.shown import CODE, Output, Shown, ShownCell
from lab_harness.render.code import in_classes

HANDED_IN = "handed_in"  # the folder of these pages


@dataclass(frozen=True)
class Cell:
    """A cell with what the grader met in it; `anchor` is its id in the page."""

    anchor: str
    shown: ShownCell
    task_title: str
    errors: tuple[CellError, ...]

    @property
    def id(self) -> str:
        return self.shown.id

    @property
    def task(self) -> str:
        return self.shown.task

    @property
    def file(self) -> str:
        return self.shown.file

    @property
    def outputs(self) -> list[Output]:
        return self.shown.outputs

    @property
    def is_code(self) -> bool:
        return self.shown.kind == CODE

    @property
    def is_given(self) -> bool:
        return self.shown.given

    @property
    def is_heading(self) -> bool:
        return self.is_given and not self.is_code

    @property
    def words(self) -> str:
        return "".join(text for _, text in self.shown.text)

    @property
    def code(self) -> Markup:
        return Markup(in_classes(self.shown.text))  # noqa: S704  it escapes


@dataclass(frozen=True)
class Section:
    """The cells under a heading of the notebook that there is something to say of."""

    heading: str
    cells: list[Cell]


@dataclass(frozen=True)
class HandedIn:
    """One piece of work, to be read."""

    row: Row
    title: str
    cells: tuple[Cell, ...]
    left_out: int = 0

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def handed_in(self) -> str:
        """When it was handed in, in words."""
        moment = self.row.handed_in
        return f"{datetime.fromtimestamp(moment).astimezone():%d %B %Y, %H:%M %Z}" if moment else ""

    @property
    def files(self) -> list[tuple[str, str]]:
        """The files that its cells write, each with the anchor of the last cell that does."""
        return list({cell.file: cell.anchor for cell in self.cells if cell.file}.items())

    @property
    def has_outputs(self) -> bool:
        return any(cell.outputs for cell in self.cells)

    @property
    def own(self) -> int:
        """How many cells are the student's own."""
        return sum(not cell.is_given for cell in self.cells)

    @property
    def sections(self) -> list[Section]:
        """What the page shows: the student's own cells, those of tasks, and those that ended in an error."""
        found = [Section("", [])]
        for cell in self.cells:
            if cell.is_heading:
                found.append(Section(cell.words, []))
            elif not cell.is_given or cell.task or cell.errors:
                found[-1].cells.append(cell)
        return [section for section in found if section.cells]

    def of_task(self, task: str) -> list[Cell]:
        """The cells of a task."""
        return [cell for cell in self.cells if cell.task == task]


def handed_in(row: Row, released: Released | None) -> HandedIn:
    """What there is to read of a piece of work."""
    shown = row.shown or Shown([])
    titles = {task.id: task.title for task in released.lab.tasks} if released else {}
    errors: dict[str, list[CellError]] = {}
    for error in row.grade.cell_errors:
        errors.setdefault(error.cell, []).append(error)
    cells = tuple(_cell(number, cell, titles, errors) for number, cell in enumerate(shown.cells, 1))
    return HandedIn(row, released.lab.title if released else row.lab, cells, shown.left_out)


def version_of(row: Row) -> str:
    """What tells whether a page about this work says the same as another."""
    told = (row.name, row.file, row.handed_in, row.grade.status, row.grade.reason, row.grade.cell_errors)
    return hashlib.sha256(row.packed + msgspec.json.encode(told)).hexdigest()


def _cell(number: int, cell: ShownCell, titles: Mapping[str, str], errors: Mapping[str, Sequence[CellError]]) -> Cell:
    met = tuple(errors.get(cell.id, ())) if cell.kind == CODE else ()
    return Cell(f"cell-{number}", cell, titles.get(cell.task, cell.task), met)
