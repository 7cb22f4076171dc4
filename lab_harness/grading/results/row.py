"""A row of the gradebook: one student's grade for one lab, the work that it is for, and what the class says of it."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from lab_harness.grading.class_file import IN_TIME, Lateness, SchoolClass
from lab_harness.grading.grade import Grade, Status
from lab_harness.grading.remarks import Remark
from lab_harness.grading.results.marks import Mark
from lab_harness.grading.results.regrades import Regrade, regrade
from lab_harness.grading.roster import Person
from lab_harness.grading.students import Student
from lab_harness.grading.work import Work
from lab_harness.handing_in.bundle import Origin
from lab_harness.handing_in.shown import Shown
from lab_harness.render import one_line
from lab_harness.results import LabReport, Outcome

SCORED = (Status.GRADED, Status.LIMITED)
LONGEST_CRASH = 200  # characters


@dataclass(frozen=True)
class Row:
    """One student's grade for one lab, with the work that it is for. `graded` is the time (seconds since 1970)."""

    student: Student
    grade: Grade
    late: bool = False
    note: str = ""
    digest: str = ""
    tasks: dict[str, str] = field(default_factory=dict)  # the student's code for each task
    graded: float = 0.0
    origin: Origin | None = None  # where the work came in a bundle of `lab submit`
    before: Grade | None = None  # what the same work got before it was graded again
    due: bool = False  # to be graded again, though nothing has changed
    claim: str = ""  # what says whose it is; empty for what was graded before that was kept
    file: str = ""  # what it was called when it was handed in; empty as above
    handed_in: float = 0.0  # seconds since 1970; 0 where nobody knows
    packed: bytes = field(default=b"", repr=False)  # what there is to read in it, compressed
    person: Person | None = None  # the student's line on the roster
    lateness: Lateness = IN_TIME
    remarks: tuple[Remark, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)  # for which version the remarks' points were given

    @property
    def lab(self) -> str:
        return self.grade.lab

    @property
    def reason(self) -> str:
        """Why it was not graded as usual, and what else the teacher should know."""
        return "; ".join(filter(None, (self.grade.reason, self.late_words, self.note, *self.remark_words)))

    @property
    def late_words(self) -> str:
        """How late it is, and what that costs, in words; empty where it is in time."""
        days = self.lateness.days
        if not days:
            return "late" if self.late else ""
        cost = round(100 * (1 - self.lateness.kept))
        return f"{days} {'day' if days == 1 else 'days'} late" + (f", {cost} % taken off" if cost else "")

    @property
    def name(self) -> str:
        """The student's name, as the roster has it."""
        return self.person.name if self.person else self.student.name

    @property
    def email(self) -> str:
        return self.person.email if self.person else ""

    @property
    def remark_words(self) -> list[str]:
        """What the teacher remarks, a line each, with what the checks gave where the points are others."""
        return [
            remark.words.replace(" points", f" points{self._about(remark)}", 1) if remark.points is not None
            else remark.words
            for remark in self.remarks
        ]  # fmt: skip

    def _about(self, remark: Remark) -> str:
        """What is to be said of a remark's points: what the checks gave, and whether it was of another version."""
        got = self.checked_points.get(remark.task, 0)
        if not self.counts(remark):
            return f" given for an earlier version; the {got} of the checks count"
        instead = f" instead of {got}" if remark.points != got else ""
        return instead + (" given for an earlier version" if self.is_of_earlier_version(remark) else "")

    def is_of_earlier_version(self, remark: Remark) -> bool:
        """Whether a remark's points were given for other work than this."""
        mark = self.marks.get(remark.task)
        return remark.points is not None and mark is not None and mark.digest != self.digest

    def counts(self, remark: Remark) -> bool:
        """Whether a remark's points count: a kindness does not where the checks have come to give more."""
        mark = self.marks.get(remark.task)
        outdone = mark and mark.is_outdone(remark, self.checked_points.get(remark.task, 0))
        return remark.points is not None and not outdone

    @property
    def tasks_points(self) -> dict[str, float]:
        """The points that each task got, from the checks or the teacher, before what lateness costs."""
        changed = {each.task: each.points for each in self.remarks if each.points is not None and self.counts(each)}
        return self.checked_points | changed

    @property
    def points(self) -> float:
        """The points of all tasks, before what lateness costs."""
        got, now = self.checked_points, self.tasks_points
        return self.grade.points + sum(now[task] - got.get(task, 0) for task in now)

    @property
    def checked_points(self) -> dict[str, int]:
        """The points that the checks gave each task."""
        found: dict[str, int] = {}
        for check in LabReport.from_dict(self.grade.report) if self.grade.report else ():
            got = check.points if check.outcome is Outcome.PASSED else 0
            found[check.task or ""] = found.get(check.task or "", 0) + got
        return found

    @property
    def crash(self) -> str:
        """The first cell that ended in an error, and which; empty if none did."""
        first = next(iter(self.grade.cell_errors), None)
        return one_line(f"{first.cell}: {first.error}", LONGEST_CRASH) if first else ""

    @property
    def is_scored(self) -> bool:
        """Whether it has a mark: what could not be run is no zero, before the teacher has looked at it."""
        return self.grade.status in SCORED or any(remark.points is not None for remark in self.remarks)

    @property
    def percent(self) -> int | None:
        """The mark in per cent of all points; None where there is no mark."""
        return round(100 * self.mark / self.grade.total) if self.is_scored and self.grade.total else None

    @property
    def mark(self) -> float:
        """The points that count: those of all tasks, less what lateness costs. A whole number is an int."""
        mark = round(self.points * self.lateness.kept, 2)
        return int(mark) if mark == int(mark) else mark

    @property
    def shown(self) -> Shown | None:
        """What there is to read in it; None for work that was rejected, or graded before that was kept."""
        return msgspec.json.decode(zlib.decompress(self.packed), type=Shown) if self.packed else None

    @property
    def regrade(self) -> Regrade | None:
        """What grading it again has changed; None where it changed nothing."""
        return regrade(self.before, self.grade)

    def settles(self, work: Work, versions: dict[str, str]) -> bool:
        """Whether this grade is still right for a piece of work and these versions."""
        known = self.grade.status in (Status.GRADED, Status.LIMITED)
        return known and not self.due and self.digest == work.digest and _same(self.grade.versions, versions)


def described(rows: Iterable[Row], school: SchoolClass) -> list[Row]:
    """Grades with what the roster and the deadlines say of them."""
    return [
        replace(
            row,
            person=school.person(row.student),
            lateness=school.lateness(row.student, row.lab, row.handed_in),
            remarks=school.remarks_on(row.student, row.lab),
        )
        for row in rows
    ]


def _same(before: dict[str, str], now: dict[str, str]) -> bool:
    return all(before.get(name) == version for name, version in now.items())
