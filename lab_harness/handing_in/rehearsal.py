"""What came of a rehearsal: what `lab grade` would give the saved notebook, and which of its cells failed first."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lab_harness.handing_in.cells import CodeCell
from lab_harness.handing_in.notebooks import Notebook
from lab_harness.lab.labs import Lab
from lab_harness.render import one_line
from lab_harness.results import LabReport, Outcome

FORMAT_VERSION = 1
LONGEST_LINE = 80  # characters of a cell's first line
LINE = re.compile(r"this cell\W+line (\d{1,6})")  # in a traceback
UNWALLED = (
    "It ran without the walls that a grader has, so what it reads or writes outside its folder may be missing there."
)


@dataclass(frozen=True)
class FailedCell:
    """A cell that ended with an error: its task, if it has one, the line of code that failed, and the error."""

    task: str
    line: str
    error: str

    def __str__(self) -> str:
        cell = f"the cell of the task {self.task!r}" if self.task else "a cell"
        return f"{cell}, at `{self.line}`: {one_line(self.error).rstrip('.')}."


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal found. `digest` is that of the notebook that ran; `why_not` says why there is no result.

    `reason` tells which limit was hit, if one was.
    """

    lab: str
    digest: str
    why_not: str = ""
    reason: str = ""
    report: LabReport | None = None
    failed: tuple[FailedCell, ...] = ()
    walled: bool = True
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether it would get all points."""
        return self.report is not None and self.report.points == self.report.total_points

    def lost(self, task: str) -> list[str]:
        """The titles of a task's checks that did not pass; empty if there is no result."""
        results = self.report or ()
        return [each.title for each in results if each.task == task and each.outcome is not Outcome.PASSED]

    def sentences(self, passing: Collection[str] = ()) -> tuple[str, ...]:
        """What is to be said of it. `passing` are the tasks that are done in the learner's own account."""
        if self.report is None:
            return (f"The grade could not be rehearsed: {self.why_not}",)
        found = [_score(self.report), self.reason, self._first(), self._elsewhere(passing)]
        return tuple(
            filter(None, [*found, "" if self.complete else _advice(self.lab), "" if self.walled else UNWALLED])
        )

    def _first(self) -> str:
        if not self.failed:
            return ""
        more = len(self.failed) - 1
        after = f" After it {more} more failed." if more else ""
        return f"What failed first: {self.failed[0]}{after}"

    def _elsewhere(self, passing: Collection[str]) -> str:
        lost = [task for task in passing if self.lost(task)]
        return f"Right in your account, but not built by the notebook alone: {', '.join(lost)}." if lost else ""

    def to_dict(self) -> dict[str, Any]:
        """The rehearsal as JSON-ready values; `format_version` grows when a key changes its meaning or goes."""
        report = self.report.to_dict() if self.report else None
        return asdict(self) | {"format_version": FORMAT_VERSION, "complete": self.complete, "report": report}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Rehearsal":
        """The rehearsal that `to_dict` wrote."""
        return cls(
            values["lab"],
            values["digest"],
            values["why_not"],
            values["reason"],
            LabReport.from_dict(values["report"]) if values["report"] else None,
            tuple(FailedCell(**each) for each in values["failed"]),
            values["walled"],
            values["seconds"],
        )


def how_long(lab: Lab) -> str:
    """What to know before a rehearsal begins, about the time that it takes."""
    most = lab.file.limits.notebook_seconds
    return f"It takes as long as the cells and the checks: mostly less than a minute. Cells have {most:g} s in all."


def failed_cell(notebook: Notebook, cell_id: str, error: str, traceback: str) -> FailedCell:
    """A cell that failed, as it is found in the notebook."""
    cell = next((each for each in notebook.cells if each.id == cell_id), CodeCell(cell_id, ""))
    return FailedCell(cell.task, _line(cell.source, traceback), error)


def limit_in_words(notebook: Notebook, reason: str) -> str:
    """The limit that was hit, with its cell as it is found in the notebook in place of the cell's id."""
    for cell in notebook.cells:
        named = (
            f"The cell of the task {cell.task!r}" if cell.task else f"The cell that begins `{_line(cell.source, '')}`"
        )
        reason = reason.replace(f"Cell {cell.id} ran ", f"{named} ran ")
        reason = reason.replace(f"Cell {cell.id} printed ", f"{named} printed ")
    return reason


def _line(source: str, traceback: str) -> str:
    """The line of a cell that failed; its first line of code, where the traceback does not tell."""
    lines = [line.strip() for line in source.splitlines()]
    told = LINE.search(traceback)
    if told and 0 < int(told[1]) <= len(lines) and lines[int(told[1]) - 1]:
        return one_line(lines[int(told[1]) - 1], LONGEST_LINE)
    return one_line(next((line for line in lines if line and line[0] not in "#%"), ""), LONGEST_LINE)


def _score(report: LabReport) -> str:
    return (
        f"Run in an empty account, as for the grade: {report.passed} of {report.total} checks pass, "
        f"{report.points} of {report.total_points} points."
    )


def _advice(lab: str) -> str:
    return (
        f"Change the cells so that they build everything from nothing. To try: reset the lab (`lab reset {lab}`), run "
        "the cells again from the first, save the notebook."
    )
