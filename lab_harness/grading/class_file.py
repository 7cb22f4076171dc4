"""What a teacher says of a class, in `class.toml`: its list, deadlines, what lateness costs, and remarks."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from lab_harness.course import Course
from lab_harness.errors import UsageError
from lab_harness.grading.remarks import Remark, read_remarks
from lab_harness.grading.roster import Person, keys_of, read_roster
from lab_harness.grading.students import Student, same_student
from lab_harness.lab.file import Text, read_toml
from lab_harness.lab.labs import lab_ids, unknown

DAY = 24 * 60 * 60  # seconds
Moments = dict[Text, datetime]  # by lab; a moment without an offset is one of this machine's clock


class Late(Struct, frozen=True, forbid_unknown_fields=True):
    """What lateness costs: so many per cent of the points that were reached for each day begun."""

    percent_a_day: Annotated[float, Meta(ge=0, le=100)] = 0
    most_days: Annotated[int, Meta(ge=0)] | None = None  # what comes later gets no point


class ClassFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What `class.toml` says. An extension is by student, named as in the gradebook or on the roster."""

    format_version: Literal[1]
    roster: Text | None = None  # a file beside it
    remarks: Text | None = None  # another
    deadlines: Moments = {}
    extensions: dict[Text, Moments] = {}
    late: Late = Late()


NO_FILE = ClassFile(1)
REMARKS = "remarks.csv"  # in the folder of results, where `class.toml` names no other


@dataclass(frozen=True)
class Lateness:
    """How late a piece of work is, in days begun, and the share of its points that is left."""

    days: int = 0
    kept: float = 1.0


IN_TIME = Lateness()


@dataclass(frozen=True)
class SchoolClass:
    """A class as its teacher describes it; without a `class.toml` nothing is known of it."""

    file: ClassFile = NO_FILE
    people: tuple[Person, ...] = ()
    remarks: tuple[Remark, ...] = ()
    remarks_file: Path | None = None  # where they are, or would be

    @cached_property
    def _by_key(self) -> Mapping[str, Person]:
        return {key: person for person in reversed(self.people) for key in person.keys}

    def person(self, student: Student) -> Person | None:
        """The student's line on the roster, if there is one."""
        return next((self._by_key[key] for key in sorted(keys_of(student)) if key in self._by_key), None)

    def names(self, student: Student) -> set[str]:
        """What the teacher may call a student: as the gradebook does, or the roster, or by the mail address."""
        names, person = {student.id, student.name}, self.person(student)
        if person:
            names |= {person.label, person.name, person.email}
        return {same_student(name) for name in names if name}

    def unknown_students(self, students: Iterable[Student]) -> list[str]:
        """The names in extensions and remarks that are none of these students', nor on the roster: slips, likely."""
        known = {name for student in students for name in self.names(student)}
        for person in self.people:
            known |= {same_student(name) for name in (person.label, person.name, person.email)} | person.keys
        named = [*self.file.extensions, *(remark.student for remark in self.remarks)]
        return sorted({name for name in named if same_student(name) not in known})

    @cached_property
    def _remarks(self) -> Mapping[tuple[str, str], list[Remark]]:
        found: dict[tuple[str, str], list[Remark]] = {}
        for remark in self.remarks:
            found.setdefault((same_student(remark.student), remark.lab), []).append(remark)
        return found

    def remarks_on(self, student: Student, lab: str) -> tuple[Remark, ...]:
        """What the teacher remarks on a student's work for a lab."""
        return tuple(each for name in sorted(self.names(student)) for each in self._remarks.get((name, lab), ()))

    def deadline(self, student: Student, lab: str) -> datetime | None:
        """Until when this student may hand in a lab's work; None where there is no deadline."""
        names = self.names(student)
        given = (moments for name, moments in self.file.extensions.items() if same_student(name) in names)
        extended = [moments[lab] for moments in given if lab in moments]
        return max(map(datetime.astimezone, extended), default=self.file.deadlines.get(lab))

    def lateness(self, student: Student, lab: str, handed_in: float) -> Lateness:
        """How late work is that was handed in at this moment (seconds since 1970; 0 where nobody knows)."""
        deadline = self.deadline(student, lab)
        over = handed_in - deadline.timestamp() if deadline and handed_in else 0
        if over <= 0:
            return IN_TIME
        days, policy = math.ceil(over / DAY), self.file.late
        too_late = policy.most_days is not None and days > policy.most_days
        return Lateness(days, 0.0 if too_late else max(0.0, 1 - days * policy.percent_a_day / 100))


def read_class(path: Path | None, course: Course, results: Path | None = None, begin: bool = False) -> SchoolClass:
    """The class that a `class.toml` describes. Raises LabError or UsageError, which say what is wrong and where.

    Where it names no file of remarks, or there is none of it, they are in the folder of `results`, if there are any.
    A file that it names must be there, unless remarks `begin` to be made.
    """
    file = read_toml(path, ClassFile) if path else NO_FILE
    folder = path.parent if path else Path()
    known = lab_ids(course)
    for lab in [*file.deadlines, *(lab for moments in file.extensions.values() for lab in moments)]:
        if lab not in known:
            raise UsageError(f"{path}: {unknown('lab', lab, known, 'The course has')}")
    people = read_roster(folder / file.roster) if file.roster else []
    own = results / REMARKS if results else None
    remarked = folder / file.remarks if file.remarks else own
    needed = remarked and (remarked.exists() or (file.remarks and not begin))
    remarks = read_remarks(remarked, course) if remarked and needed else []
    return SchoolClass(file, tuple(people), tuple(remarks), remarked)
