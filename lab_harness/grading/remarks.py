"""What a teacher says of a student's work beside the checks: a comment, and other points for a task.

A CSV file with the columns student, lab, task, points, comment. It is the teacher's own, so grading again changes none
of it. Without a task a comment is about the whole lab; without points they stay as the checks gave them.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab_harness.course import Course
from lab_harness.errors import CourseError, UsageError
from lab_harness.lab.labs import load_lab
from lab_harness.render import one_line, plain

COLUMNS = ("student", "lab", "task", "points", "comment")
LONGEST_COMMENT = 5_000  # characters


@dataclass(frozen=True)
class Remark:
    """One line of the file; `points` is None where they stay."""

    student: str
    lab: str
    task: str
    points: float | None
    comment: str

    @property
    def words(self) -> str:
        """The remark in one line, without what the checks gave."""
        changed = "" if self.points is None else f"{self.points:g} points"
        said = ": ".join(filter(None, (changed, one_line(self.comment))))
        return f"{self.task or 'teacher'}: {said}"


def read_remarks(path: Path, course: Course) -> list[Remark]:
    """The remarks in a file. Raises UsageError, which names the line, and CourseError where it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8; save it as CSV in UTF-8.") from error
    heading = text.partition("\n")[0]
    lines = csv.DictReader(text.splitlines(keepends=True), delimiter=max(",;\t", key=heading.count))
    if set(COLUMNS) - set(lines.fieldnames or ()):
        raise UsageError(f"{path} must begin with the headings {', '.join(COLUMNS)}.")
    return list(_remarks(lines, path, course))


def _remarks(lines: "csv.DictReader[str]", path: Path, course: Course) -> Iterator[Remark]:
    seen = set()
    for line in lines:
        student, lab, task, points, comment = ((line[column] or "").strip() for column in COLUMNS)
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
            yield Remark(student, lab, task, _points(points, task), plain(comment[:LONGEST_COMMENT]))
        except UsageError as error:
            raise UsageError(f"{path}, line {lines.line_num}: {error}") from error


def _points(text: str, task: str) -> float | None:
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
