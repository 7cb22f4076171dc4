"""The roster: who is in the class, under which names, with which mail address."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab_harness.errors import UsageError
from lab_harness.grading.sheet import MARK, delimiter_of, text_of
from lab_harness.grading.students import Student, same_student
from lab_harness.render import one_line

LABELS = ("student", "name", "full name", "id", "sis login id", "username", "login", "email")
NO_NAMES = ("section", "group", "groups", "role")  # columns
NAMES, EMAILS = ("full name", "name", "student"), ("email", "email address", "e-mail", "mail")
FIRST_NAMES, LAST_NAMES = ("first name", "given name"), ("last name", "surname", "family name")
NO_PERSON = "points possible"  # a line of Canvas' own lists


@dataclass(frozen=True)
class Person:
    """One line of a roster. Any of `keys` may name the student, because lists differ."""

    label: str
    keys: frozenset[str]
    name: str = ""
    email: str = ""

    def is_student(self, student: Student) -> bool:
        """Whether this person is that student."""
        return bool(self.keys & keys_of(student))


def read_roster(path: Path) -> list[Person]:
    """The people on a roster: a CSV file with a line of headings, from Canvas, from Moodle, or made by hand."""
    text = text_of(path).removeprefix(MARK)
    lines = list(csv.reader(text.splitlines(), delimiter=delimiter_of(text)))
    if len(lines) < 2:
        raise UsageError(f"{path} is no roster: a line of headings, then a line a student.")
    names = [name.strip().casefold() for name in lines[0]]
    named = [name for name in names if name not in NO_NAMES]
    at = next((named.index(label) for label in LABELS if label in named), 0)
    others = {number for number, name in enumerate(names) if name in NO_NAMES}
    people = ([cell for number, cell in enumerate(line) if number not in others] for line in lines[1:])
    return [_person(line, at, named) for line in people if _names_somebody(line)]


def keys_of(student: Student) -> set[str]:
    """What a roster may call a student."""
    return {_key(student.id), _key(student.name), _key(student.number)} - {""}


def _names_somebody(line: list[str]) -> bool:
    return any(map(str.strip, line)) and NO_PERSON not in line[0].casefold()


def _person(line: list[str], at: int, columns: Sequence[str]) -> Person:
    label = line[at].strip() if at < len(line) and line[at].strip() else next(filter(str.strip, line))
    turned = (" ".join(reversed(cell.split(","))) for cell in line)  # "Doe, Jane" is Jane Doe
    names = (*line, *turned, " ".join(line[:2]), " ".join(reversed(line[:2])))
    cells = dict(zip(columns, map(one_line, line), strict=False))
    email = next((cells[column] for column in EMAILS if cells.get(column)), "")
    return Person(label, frozenset(set(map(_key, names)) - {""}), _name(cells) or label, email)


def _name(cells: Mapping[str, str]) -> str:
    """The name as it is spoken, where the roster has it: "Doe, Jane" is Jane Doe, too."""
    parts = [next((cells[part] for part in names if cells.get(part)), "") for names in (FIRST_NAMES, LAST_NAMES)]
    whole = next((cells[column] for column in NAMES if cells.get(column)), "")
    return (
        " ".join(filter(None, parts)) if all(parts) else " ".join(part.strip() for part in reversed(whole.split(",")))
    )


def _key(name: str) -> str:
    """A name for comparing, without spaces and signs: Canvas writes "Doe, Jane" as doejane."""
    return re.sub(r"\W", "", same_student(name))
