"""What a teacher says of a student's work beside the checks: a comment, and other points for a task.

A CSV file with the columns student, lab, task, points, comment. It is the teacher's own, so grading again changes none
of it. Without a task a comment is about the whole lab; without points they stay as the checks gave them.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab_harness.course import Course
from lab_harness.errors import CourseError, UsageError
from lab_harness.grading.sheet import Sheet, read_sheet
from lab_harness.grading.students import same_student
from lab_harness.lab.labs import load_lab
from lab_harness.render import one_line, plain
from lab_harness.whole_files import OPEN_TO_OTHERS, write_whole

COLUMNS = ("student", "lab", "task", "points", "comment")
LONGEST_COMMENT = 5_000  # characters


@dataclass(frozen=True)
class Said:
    """What is said of a task, or of a lab as a whole; `points` is None where they stay."""

    points: float | None = None
    comment: str = ""


NOTHING = Said()


@dataclass(frozen=True)
class Remark:
    """One line of the file."""

    student: str
    lab: str
    task: str
    points: float | None
    comment: str

    @property
    def said(self) -> Said:
        return Said(self.points, self.comment)

    @property
    def words(self) -> str:
        """The remark in one line, without what the checks gave."""
        changed = "" if self.points is None else f"{self.points:g} points"
        said = ": ".join(filter(None, (changed, one_line(self.comment))))
        return f"{self.task or 'teacher'}: {said}"


def read_remarks(path: Path, course: Course) -> list[Remark]:
    """The remarks in a file. Raises UsageError, which names the line, and CourseError where it cannot be read."""
    return list(_remarks(read_sheet(path, COLUMNS), path, course))


def _remarks(sheet: Sheet, path: Path, course: Course) -> Iterator[Remark]:
    seen = set()
    for number, line in zip(sheet.numbers, sheet.lines, strict=True):
        student, lab, task, points, comment = sheet.cells(line, COLUMNS)
        if not any((student, lab, task, points, comment)):
            continue
        try:
            if not student:
                raise UsageError("It names no student.")
            known = load_lab(lab, course)
            if task:
                known.task(task)
            if (student, lab, task) in seen:
                raise UsageError("There is a line for this student and task above it.")
            seen.add((student, lab, task))
            yield Remark(student, lab, task, points_in(points, task), comment_in(comment))
        except UsageError as error:
            raise UsageError(f"{path}, line {number}: {error}") from error


def points_in(text: str, task: str) -> float | None:
    """The points that are written so; None for none. Raises UsageError."""
    if not text:
        return None
    if not task:
        raise UsageError("Points belong to a task; name it.")
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = math.nan
    if not 0 <= points < math.inf:
        raise UsageError(f"{text!r} is no number of points.")
    return points


def comment_in(text: str) -> str:
    """A comment as it is kept and shown, however its lines end: a page and a spreadsheet end them in their own ways."""
    return plain("\n".join(text[:LONGEST_COMMENT].splitlines()).strip())


def change_remarks(
    path: Path, course: Course, whose: Collection[str], student: str, lab: str, changes: Mapping[str, tuple[Said, Said]]
) -> dict[str, Said]:
    """Write what is now said of a student's work into the file, by task: what was known to be there, and what is to be.

    Where something else stands there by now nothing is written; returns that, by task. The lines of others stay as they
    are. `whose` are the names, as `same_student` makes them, of this student, who gets new lines as `student`.
    Raises CourseError where the file cannot be written, and UsageError where it cannot be understood.
    """
    sheet = read_sheet(path, COLUMNS) if path.exists() else Sheet(list(COLUMNS))
    list(_remarks(sheet, path, course))  # it must be sound, else something in it would be lost
    lines = {task: _lines(sheet, whose, lab, task) for task in changes}
    there = {task: _said(sheet, found, path) for task, found in lines.items()}
    others = {task: there[task] for task, (before, after) in changes.items() if there[task] not in (before, after)}
    changed = {task: after for task, (_, after) in changes.items() if after != there[task]}
    if changed and not others:
        for task, after in changed.items():
            _put(sheet, lines[task], (student, lab, task), after)
        _write(path, sheet)
    return others


def _lines(sheet: Sheet, whose: Collection[str], lab: str, task: str) -> list[list[str]]:
    """The lines about a student's task."""
    keys = ((line, sheet.cells(line, COLUMNS[:3])) for line in sheet.lines)
    return [line for line, (who, *what) in keys if what == [lab, task] and who and same_student(who) in whose]


def _said(sheet: Sheet, lines: list[list[str]], path: Path) -> Said:
    if len(lines) > 1:
        names = " and ".join(sheet.cells(line, ["student"])[0] for line in lines)
        raise UsageError(f"{path} has several lines for one student and task, by the names {names}; keep one of them.")
    for line in lines:
        _, _, task, points, comment = sheet.cells(line, COLUMNS)
        return Said(points_in(points, task), comment_in(comment))
    return NOTHING


def _put(sheet: Sheet, lines: list[list[str]], key: tuple[str, str, str], said: Said) -> None:
    """Make one line say this; none where nothing is said."""
    if said == NOTHING:
        sheet.lines = [line for line in sheet.lines if not any(line is each for each in lines)]
        return
    [line] = lines or [[]]
    if not lines:
        sheet.lines.append(line)
        for column, text in zip(COLUMNS, key, strict=False):
            sheet.put(line, column, text)
    sheet.put(line, "points", "" if said.points is None else f"{said.points:.10g}")
    sheet.put(line, "comment", said.comment)


def _write(path: Path, sheet: Sheet) -> None:
    real = path.resolve()  # A link stays one.
    try:
        mode = real.stat().st_mode & 0o777 if real.exists() else OPEN_TO_OTHERS
        write_whole(real, sheet.content(), mode=mode)
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
