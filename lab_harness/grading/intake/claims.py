"""Keeps one student's row from another: if two places claim the same name for a lab, neither gets it.

The place of a file claims a name: a folder, a platform's name for a student, or a loose file that names its student
itself. All files in one place belong to one student, who may hand in again. A rejected row names both places.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lab_harness.grading.grade import Status
from lab_harness.grading.results.row import Row
from lab_harness.grading.students import Student, same_student
from lab_harness.grading.work import Work

HELD = (Status.GRADED, Status.LIMITED, Status.BROKEN)
BY_OTHERS = ("folder", "canvas", "moodle")  # claims that the teacher or a platform makes, not the student
Key = tuple[str, str]


@dataclass(frozen=True)
class Claim:
    """A piece of work, and the place that names its student."""

    home: str
    work: Work

    @property
    def is_by_others(self) -> bool:
        return self.work.claim in BY_OTHERS


def settled(claims: Sequence[Claim]) -> list[Work]:
    """The work of each claim. Claims that contradict each other give rejected work, with the reason, for each name."""
    rivals: dict[tuple[Key, str], dict[str, Claim]] = defaultdict(dict)
    by_others: dict[Key, Claim] = {}
    for claim in claims:
        for key in _keys(claim.work.student):
            rivals[key, claim.work.lab].setdefault(claim.home, claim)
            if claim.is_by_others:
                by_others.setdefault(key, claim)
    found: dict[tuple[str, str], Work] = {}
    for claim in claims:
        against = _rival(claim, rivals) or _owner(claim, by_others)
        work = _disputed(claim.work, against.work.file) if against else claim.work
        found.setdefault((work.student.id, work.lab), work)
    return list(found.values())


def _rival(claim: Claim, rivals: Mapping[tuple[Key, str], Mapping[str, Claim]]) -> Claim | None:
    """A claim from another place on the same name and lab; None if there is none."""
    for key in _keys(claim.work.student):
        for home, other in rivals[key, claim.work.lab].items():
            same_row = other.work.student.id == claim.work.student.id
            if home != claim.home and (claim.work.lab or same_row):
                return other
    return None


def _owner(claim: Claim, by_others: Mapping[Key, Claim]) -> Claim | None:
    """The claim of a teacher or a platform on this name, if this claim is only made by the file itself."""
    if claim.is_by_others:
        return None
    return next((by_others[key] for key in _keys(claim.work.student) if key in by_others), None)


def against_grades(works: Iterable[Work], rows: Mapping[tuple[str, str], Row]) -> list[Work]:
    """The work; rejected if it claims a row that an earlier run has graded for somebody else."""
    held: dict[tuple[Key, str], list[Row]] = defaultdict(list)
    for row in rows.values():
        if row.grade.status in HELD:
            for key in _keys(row.student):
                held[key, row.lab].append(row)
    return [_against(work, [row for key in _keys(work.student) for row in held[key, work.lab]]) for work in works]


def _against(work: Work, held: list[Row]) -> Work:
    for row in held:
        if row.student.id != work.student.id or not _may_replace(work, row):
            return _disputed(work, f"what is graded already for {row.student.id}")
    return work


def _may_replace(work: Work, row: Row) -> bool:
    """Whether work may replace the grade that is there under the same name."""
    if work.claim in BY_OTHERS or row.claim == work.claim:
        return not work.disputed
    if row.claim or row.student.system:
        return False
    # Graded before claims were kept.
    return row.origin.key == work.origin.key if row.origin and work.origin else row.origin is work.origin


def _disputed(work: Work, other: str) -> Work:
    if work.disputed:
        return work
    reason = (
        f"two claims on one name: {work.file} and {other} would both be {work.student.id}'s; neither is taken. "
        "Find out whose each is, and rename or remove one"
    )
    return replace(work, path=None, digest="", tasks={}, shown=None, note="", rejected=reason, disputed=True)


def _keys(student: Student) -> list[Key]:
    """The keys by which a student is known: the name and, if there is one, a platform's number."""
    name = ("name", same_student(student.id))
    return [name, (student.system, same_student(student.number))] if student.number else [name]
