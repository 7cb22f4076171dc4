"""What a student's page says of one lab: the cause first, then task by task what is right and what is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lab_harness.grading.grade import CellError, Status
from lab_harness.grading.remarks import Remark
from lab_harness.grading.results.row import Row
from lab_harness.handing_in.released import Released
from lab_harness.results import CheckResult, LabReport, Outcome

STATUS_WORDS = {
    Status.LIMITED: "Your notebook was stopped",
    Status.REJECTED: "Your work could not be graded",
    Status.BROKEN: "Your work is not graded yet",
}
HAND_IN_AGAIN = "Open the notebook in JupyterLab, save it, and hand in that file, or what `lab submit` makes of it."
ADVICE = {  # what a student can do, by a part of the reason
    "`lab submit` made the bundle": "Run `lab submit` again, and hand in the file that it makes as it is.",
    "two claims on one name": "This says nothing of your notebook: ask your teacher to find out whose each file is.",
    "nothing was handed in": "Hand in your notebook, or the file that `lab submit` makes.",
    "wrong lab": "Hand in the notebook of the lab that you were asked for, under the name that it came with.",
    "it is of no lab": "Hand in the notebook of the lab that you were asked for, under the name that it came with.",
    "wrong kernel": "Choose a Python kernel in JupyterLab, save the notebook, and hand it in again.",
    "too large": "Take out what is not needed for the tasks, clear the outputs, save, and hand in again.",
    "newer version of the course": "Ask your teacher which version of the course the class uses.",
}
BY_STATUS = {
    Status.LIMITED: (
        "What you had built by then was judged. Restart the kernel, run the notebook from the top, and look for the "
        "cell that takes too long or too much: a loop that does not end, a long wait, a great deal printed. Then hand "
        "in again."
    ),
    Status.BROKEN: "This is not your fault, and no mark was given. Your teacher will have it graded again.",
    Status.REJECTED: HAND_IN_AGAIN,
}


@dataclass(frozen=True)
class TaskFeedback:
    """One task: what its cell raised, and its checks by what there is to say of them."""

    number: int  # 0 for what belongs to no task
    title: str
    errors: tuple[CellError, ...]
    checks: tuple[CheckResult, ...]
    remark: Remark | None = None

    @property
    def checked_points(self) -> int:
        """The points that the checks gave."""
        return sum(check.points for check in self.passed)

    @property
    def points(self) -> float:
        changed = self.remark.points if self.remark else None
        return self.checked_points if changed is None else changed

    @property
    def most_points(self) -> int:
        return sum(check.points for check in self.checks)

    @property
    def passed(self) -> list[CheckResult]:
        return [check for check in self.checks if check.outcome is Outcome.PASSED]

    @property
    def blocked(self) -> list[CheckResult]:
        """The checks that wait for others: what they ask is not known to be wrong."""
        return [check for check in self.checks if check.outcome is Outcome.BLOCKED]

    @property
    def problems(self) -> list[CheckResult]:
        return [check for check in self.checks if check.outcome not in (Outcome.PASSED, Outcome.BLOCKED)]


@dataclass(frozen=True)
class LabFeedback:
    """All that is said of one lab. `others` are errors of cells that belong to no task."""

    row: Row
    title: str
    tasks: tuple[TaskFeedback, ...]
    others: tuple[CellError, ...]

    @property
    def late(self) -> str:
        """How late the work came, and what that costs; empty where it came in time."""
        words, counted = self.row.late_words, self.row.lateness.kept < 1
        return f"You handed this in {words}{f': your mark is {self.row.mark:g}' if counted else ''}." if words else ""

    @property
    def graded(self) -> str:
        """When it was graded, in words."""
        return f"{datetime.fromtimestamp(self.row.graded).astimezone():%d %B %Y, %H:%M %Z}" if self.row.graded else ""

    @property
    def percent(self) -> int:
        """The points in per cent of all, rounded as in the gradebook."""
        return round(100 * self.row.points / max(self.row.grade.total, 1))

    @property
    def comments(self) -> list[str]:
        """What the teacher says of the lab as a whole."""
        return [remark.comment for remark in self.row.remarks if not remark.task]

    @property
    def cause(self) -> tuple[TaskFeedback | None, CellError | None]:
        """What went wrong first, and its task: an error of a cell, for what comes after may follow from it."""
        error = next(iter(self.row.grade.cell_errors), None)
        if error:
            return next((task for task in self.tasks if error in task.errors), None), error
        return next((task for task in self.tasks if task.problems), None), None

    @property
    def trouble(self) -> str:
        """That, and why, the work was not simply graded."""
        words = STATUS_WORDS.get(self.row.grade.status)
        return f"{words}: {self.row.grade.reason}" if words else self.row.grade.reason

    @property
    def advice(self) -> str:
        """What the student can do about the trouble."""
        status, reason = self.row.grade.status, self.row.grade.reason
        if status is Status.REJECTED:
            return next((advice for part, advice in ADVICE.items() if part in reason), HAND_IN_AGAIN)
        return BY_STATUS.get(status, "")


def lab_feedback(row: Row, releases: Mapping[str, Released]) -> LabFeedback:
    """What there is to say of a grade. Of a lab that the course does not have any more, less is known."""
    released = releases.get(row.lab)
    checks = list(LabReport.from_dict(row.grade.report)) if row.grade.report else []
    errors = row.grade.cell_errors
    if released is None:
        return LabFeedback(row, "Not a notebook of the course", _tasks([], checks, {}, {}), errors)
    cells = released.known.task_cells
    by_task: dict[str, list[CellError]] = {}
    for error in errors:
        by_task.setdefault(cells.get(error.cell, error.cell), []).append(error)
    titles = [(task.id, task.title) for task in released.lab.tasks]
    tasks = _tasks(titles, checks, by_task, {remark.task: _standing(row, remark) for remark in row.remarks})
    shown = {error for task in tasks for error in task.errors}
    return LabFeedback(row, released.lab.title, tasks, tuple(error for error in errors if error not in shown))


def _standing(row: Row, remark: Remark) -> Remark:
    """A remark without its points where they do not count any more."""
    return remark if row.counts(remark) else replace(remark, points=None)


def _tasks(
    titles: Sequence[tuple[str, str]],
    checks: Sequence[CheckResult],
    errors: Mapping[str, Sequence[CellError]],
    remarks: Mapping[str, Remark],
) -> tuple[TaskFeedback, ...]:
    known = {task for task, _ in titles}
    found = [
        TaskFeedback(
            number,
            title,
            tuple(errors.get(task, ())),
            tuple(check for check in checks if check.task == task),
            remarks.get(task),
        )
        for number, (task, title) in enumerate(titles, 1)
    ]
    rest = tuple(check for check in checks if check.task not in known)
    found.append(TaskFeedback(0, "The lab as a whole", (), rest))
    return tuple(task for task in found if task.checks or task.errors or task.remark)
