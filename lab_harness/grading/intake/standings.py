"""Compares the roster with the gradebook: whose work is missing, rejected or late, and who is not on the roster."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from lab_harness.grading.class_file import SchoolClass
from lab_harness.grading.grade import Status
from lab_harness.grading.results.row import Row
from lab_harness.grading.roster import Person


@dataclass(frozen=True)
class Standing:
    """The state of one person's work for a lab: missing, rejected or late."""

    person: str
    lab: str
    state: str


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


def asked_for(rows: Iterable[Row], school: SchoolClass) -> list[str]:
    """The labs of which a class's work is asked for: those that were graded, and those with a deadline."""
    return sorted({row.lab for row in rows if row.lab} | set(school.file.deadlines))


def strangers(people: Sequence[Person], rows: Iterable[Row]) -> list[str]:
    """The ids of students who handed something in and are not on the roster."""
    students = {row.student.id: row.student for row in rows}
    return [id for id, student in students.items() if not any(person.is_student(student) for person in people)]


def _state(row: Row | None) -> str:
    if row is None:
        return "missing"
    if row.grade.status is Status.REJECTED:
        return f"rejected ({row.grade.reason})"
    return row.late_words
