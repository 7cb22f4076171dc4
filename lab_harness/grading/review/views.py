"""What the teacher's page shows: the class as a table, and one piece of work with what is said of each task."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from lab_harness.grading.grade import Status
from lab_harness.grading.intake.standings import asked_for
from lab_harness.grading.remarks import NOTHING, Said
from lab_harness.grading.results.class_view import page_name
from lab_harness.grading.results.feedback import LabFeedback, TaskFeedback, lab_feedback
from lab_harness.grading.results.handed_in import Cell, HandedIn, handed_in
from lab_harness.grading.results.output import graded_lab
from lab_harness.grading.results.pages import render
from lab_harness.grading.results.row import Row
from lab_harness.grading.review.class_work import ClassWork

WHOLE = ""  # the task that stands for the lab as a whole
MISSING = "missing"


@dataclass(frozen=True)
class Line:
    """One piece of work in the table of the class, or one that is missing; `flags` are what it can be found by."""

    name: str
    student: str
    lab: str
    state: str
    href: str = ""
    mark: str = ""
    percent: int | None = None
    late: str = ""
    reason: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Typed:
    """What the teacher has typed that could not be saved: points and comment of each task, as they were typed."""

    said: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    others: Mapping[str, Said] = field(default_factory=dict)  # what stands in the file by now
    error: str = ""


NOTHING_TYPED = Typed()


@dataclass(frozen=True)
class TaskView:
    """A task: what the checks say, the student's code, and what the teacher says."""

    id: str
    title: str
    most_points: int
    feedback: TaskFeedback | None
    cells: list[Cell]
    said: Said
    typed: tuple[str, str]
    other: Said | None
    earlier: str = ""  # that the points were given for another version of the work

    @property
    def points(self) -> int:
        """What the checks gave."""
        return self.feedback.checked_points if self.feedback else 0


@dataclass(frozen=True)
class WorkView:
    """One piece of work, with the tasks of its lab."""

    row: Row
    feedback: LabFeedback
    work: HandedIn
    tasks: list[TaskView]
    whole: TaskView
    before: str  # what was known to be said, as JSON

    @property
    def most_points(self) -> int:
        return sum(task.most_points for task in self.tasks)


def class_page(class_work: ClassWork, **values: Any) -> str:
    """The table of the class."""
    lines = lines_of(class_work)
    labs = {line.lab: _title(class_work, line.lab) for line in lines}
    return render("review_class.html", lines=lines, labs=labs, results=class_work.results.name, **values)


def lines_of(class_work: ClassWork) -> list[Line]:
    """All pieces of work, and those that are missing of who is on the roster, by name."""
    there = [_line(row) for row in class_work.rows]
    people, labs = class_work.school.people, asked_for(class_work.rows, class_work.school)
    handed_in = {(person.label, row.lab) for row in class_work.rows if (person := row.person)}
    away = [
        Line(person.name, person.label, lab, MISSING, flags=(MISSING, "open"))
        for person in people
        for lab in labs
        if (person.label, lab) not in handed_in
    ]
    return sorted([*there, *away], key=lambda line: (line.name.casefold(), line.student, line.lab))


def work_page(class_work: ClassWork, row: Row, typed: Typed = NOTHING_TYPED, **values: Any) -> str:
    """One piece of work, with a form for what the teacher says."""
    rows = [each for each in in_order(class_work) if each.lab == row.lab]
    at = rows.index(row)
    return render(
        "review_work.html",
        view=work_view(class_work, row, typed),
        typed=typed,
        number=at + 1,
        count=len(rows),
        before=href(rows[at - 1]) if at else "",
        after=href(rows[at + 1]) if at + 1 < len(rows) else "",
        others=[(_title(class_work, each.lab), href(each)) for each in class_work.rows if _is_other_lab(each, row)],
        remarks=class_work.remarks_file.name,
        **values,
    )


def in_order(class_work: ClassWork) -> list[Row]:
    """The work of known labs, by the names of its students."""
    known = (row for row in class_work.rows if row.lab in class_work.releases)
    return sorted(known, key=lambda row: (row.name.casefold(), row.student.id))


def work_view(class_work: ClassWork, row: Row, typed: Typed) -> WorkView:
    """What there is to say of a piece of work."""
    released = class_work.releases[row.lab]
    told, work = lab_feedback(row, class_work.releases), handed_in(row, released)
    by_number = {task.number: task for task in told.tasks}
    most, said, earlier = graded_lab(released.lab).tasks, said_of(row), _earlier(row)

    def view(task: str, title: str, number: int) -> TaskView:
        now = said.get(task, NOTHING)
        return TaskView(
            task,
            title,
            most.get(task, 0),
            by_number.get(number),
            work.of_task(task) if task else [],
            now,
            typed.said.get(task, (_written(now.points), now.comment)),
            typed.others.get(task),
            earlier.get(task, ""),
        )

    tasks = [view(task.id, task.title, at) for at, task in enumerate(released.lab.tasks, 1) if not task.apart]
    before = json.dumps({task.id: [task.said.points, task.said.comment] for task in tasks} | _whole(said))
    return WorkView(row, told, work, tasks, view(WHOLE, "The lab as a whole", 0), before)


def said_of(row: Row) -> dict[str, Said]:
    """What the teacher says of a piece of work, by task."""
    return {remark.task: remark.said for remark in row.remarks}


def _earlier(row: Row) -> dict[str, str]:
    """What is to be known of points that were given for another version of the work, by task."""
    told = {
        True: "They count.",
        False: "The points of the checks are more by now, and count; change points or comment, and yours count.",
    }
    return {
        remark.task: f"These points were given for an earlier version. {told[row.counts(remark)]}"
        for remark in row.remarks
        if row.is_of_earlier_version(remark) or (remark.points is not None and not row.counts(remark))
    }


def href(row: Row) -> str:
    """The address of a piece of work in the page; empty for a file of no lab."""
    return f"/work/{quote(row.lab, safe='')}/{quote(page_name(row.student.id), safe='')}" if row.lab else ""


def _whole(said: Mapping[str, Said]) -> dict[str, list[Any]]:
    now = said.get(WHOLE, NOTHING)
    return {WHOLE: [now.points, now.comment]}


def _written(points: float | None) -> str:
    return "" if points is None else f"{points:.10g}"


def _is_other_lab(each: Row, row: Row) -> bool:
    return each.student.id == row.student.id and each.lab not in ("", row.lab)


def _line(row: Row) -> Line:
    state = str(row.grade.status)
    late, crash = row.late_words, row.crash
    marked = any(remark.points is not None for remark in row.remarks)
    flags = {
        state: True,
        "late": bool(late),
        "remarked": bool(row.remarks),
        "open": bool(row.grade.status is not Status.GRADED or late or crash) and not row.remarks,
    }
    mark = f"{row.mark:g} of {row.grade.total}" if row.grade.report else f"{row.mark:g}" if marked else ""
    found = tuple(name for name, holds in flags.items() if holds)
    reason = "; ".join(filter(None, (row.grade.reason, row.note, crash)))
    address = href(row)
    return Line(row.name, row.student.id, row.lab, state, address, mark, row.percent, late, reason, found)


def _title(class_work: ClassWork, lab: str) -> str:
    return class_work.releases[lab].lab.title if lab in class_work.releases else lab or "of no lab"
