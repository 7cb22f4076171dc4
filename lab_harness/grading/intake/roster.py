"""Compares a class list with the gradebook: whose work is missing, rejected or late, and who is not on the list."""

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab_harness.errors import CourseError, UsageError
from lab_harness.grading.grade import Status
from lab_harness.grading.results.gradebook import Row
from lab_harness.grading.students import Student, same_student

LABELS = ("student", "name", "full name", "id", "sis login id", "username", "login", "email")
NO_NAMES = ("section", "group", "groups", "role")  # columns
NO_PERSON = "points possible"  # a line of Canvas' own lists


@dataclass(frozen=True)
class Person:
    """One line of a class list. Any of `keys` may name the student, because lists differ."""

    label: str
    keys: frozenset[str]

    def is_student(self, student: Student) -> bool:
        """Whether this person is that student."""
        return bool(self.keys & {_key(student.id), _key(student.name), _key(student.number)})


@dataclass(frozen=True)
class Standing:
    """The state of one person's work for a lab: missing, rejected or late."""

    person: str
    lab: str
    state: str


def read_roster(path: Path) -> list[Person]:
    """The people on a class list: a CSV file with a line of headings, from Canvas, from Moodle, or made by hand."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8; save it as CSV in UTF-8.") from error
    heading = text.partition("\n")[0]
    lines = list(csv.reader(text.splitlines(), delimiter=max(",;\t", key=heading.count)))
    if len(lines) < 2:
        raise UsageError(f"{path} is no class list: a line of headings, then a line a student.")
    names = [name.strip().casefold() for name in lines[0]]
    named = [name for name in names if name not in NO_NAMES]
    at = next((named.index(label) for label in LABELS if label in named), 0)
    others = {number for number, name in enumerate(names) if name in NO_NAMES}
    people = ([cell for number, cell in enumerate(line) if number not in others] for line in lines[1:])
    return [_person(line, at) for line in people if _names_somebody(line)]


def standings(people: Sequence[Person], rows: Iterable[Row], labs: Collection[str]) -> list[Standing]:
    """What is missing, rejected or late, by person and lab."""
    rows = list(rows)
    found = []
    for person in people:
        theirs = {row.lab: row for row in rows if person.is_student(row.student)}
        for lab in labs:
            if state := _state(theirs.get(lab)):
                found.append(Standing(person.label, lab, state))
    return found


def strangers(people: Sequence[Person], rows: Iterable[Row]) -> list[str]:
    """The ids of students who handed something in and are not on the list."""
    students = {row.student.id: row.student for row in rows}
    return [id for id, student in students.items() if not any(person.is_student(student) for person in people)]


def _state(row: Row | None) -> str:
    if row is None:
        return "missing"
    if row.grade.status is Status.REJECTED:
        return f"rejected ({row.grade.reason})"
    return "late" if row.late else ""


def _names_somebody(line: list[str]) -> bool:
    return any(map(str.strip, line)) and NO_PERSON not in line[0].casefold()


def _person(line: list[str], at: int) -> Person:
    label = line[at].strip() if at < len(line) and line[at].strip() else next(filter(str.strip, line))
    turned = (" ".join(reversed(cell.split(","))) for cell in line)  # "Doe, Jane" is Jane Doe
    names = (*line, *turned, " ".join(line[:2]), " ".join(reversed(line[:2])))
    return Person(label, frozenset(set(map(_key, names)) - {""}))


def _key(name: str) -> str:
    """A name for comparing, without spaces and signs: Canvas writes "Doe, Jane" as doejane."""
    return re.sub(r"\W", "", same_student(name))
