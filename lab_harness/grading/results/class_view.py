"""What the page of a class shows: who passed what, where students are stuck, who was slow, whose work is alike."""

import hashlib
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lab_harness.grading.results.exports import GradedLab
from lab_harness.grading.results.row import Row
from lab_harness.handing_in.archives import DEVICES
from lab_harness.handing_in.similarity import Pair
from lab_harness.results import Outcome

SLOWEST = 5
UNJUDGED = "not graded"
PLAIN_NAME, HASHED = re.compile(r"[a-z0-9_-]{1,60}"), re.compile(r"-[0-9a-f]{32}$")  # of a page


@dataclass(frozen=True)
class Cell:
    """One student's outcome of one check; `found` is what the check saw."""

    outcome: str
    found: str = ""


@dataclass(frozen=True)
class Line:
    """One student in the heat map."""

    row: Row
    page: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class CheckView:
    """One check for the whole class: how many students have which outcome, and for how many it failed first."""

    name: str
    title: str
    outcomes: Counter[str]
    first_failed: int

    @property
    def judged(self) -> int:
        return sum(self.outcomes[outcome] for outcome in ("passed", "failed", "blocked"))

    @property
    def missed(self) -> int:
        return self.outcomes["failed"] + self.outcomes["blocked"]


@dataclass(frozen=True)
class LabView:
    """One lab over the whole class."""

    lab: GradedLab
    lines: tuple[Line, ...]
    checks: tuple[CheckView, ...]
    pairs: tuple[Pair, ...]

    @property
    def graded(self) -> list[Row]:
        return [line.row for line in self.lines if line.row.grade.report is not None]

    @property
    def stuck(self) -> list[CheckView]:
        """The checks that failed, those where most students failed first at the top. A blocked check stops nobody."""
        failed = [check for check in self.checks if check.outcomes["failed"]]
        return sorted(failed, key=lambda check: (-check.first_failed, -check.missed))

    @property
    def complete(self) -> int:
        """How many have all points."""
        return sum(row.grade.points == row.grade.total for row in self.graded)

    @property
    def median(self) -> float:
        return statistics.median(row.grade.points for row in self.graded) if self.graded else 0.0

    @property
    def distribution(self) -> list[tuple[str, int]]:
        """How many students have which share of the points, in steps of 10 %. Full points are a step of their own."""
        tenths = Counter(10 * row.grade.points // max(row.grade.total, 1) for row in self.graded)
        shares = [(f"{10 * tenth}–{10 * tenth + 9} %", tenths[tenth]) for tenth in range(10)]
        return [*shares, ("100 %", tenths[10])]

    @property
    def slowest(self) -> list[Row]:
        return sorted(self.graded, key=lambda row: -row.grade.seconds)[:SLOWEST]


def lab_views(rows: Iterable[Row], labs: Sequence[GradedLab], pairs: Mapping[str, Sequence[Pair]]) -> list[LabView]:
    """The labs for which at least one student handed something in."""
    by_lab: dict[str, list[Row]] = {}
    for row in rows:
        by_lab.setdefault(row.lab, []).append(row)
    return [_lab_view(lab, by_lab[lab.id], pairs.get(lab.id, ())) for lab in labs if lab.id in by_lab]


def page_name(student: str) -> str:
    """The file name of a student's page: safe on every system, short, and different for each student."""
    if PLAIN_NAME.fullmatch(student) and not HASHED.search(student) and not DEVICES.fullmatch(student):
        return f"{student}.html"
    begin = re.sub(r"[^\w-]+", "_", student)[:40].strip("_") or "student"
    return f"{begin}-{hashlib.sha256(student.encode('utf-8', 'replace')).hexdigest()[:32]}.html"


def shared_keys(rows: Iterable[Row]) -> list[list[str]]:
    """The groups of students whose bundles have the same key, so come from the same installation of the course."""
    owners: dict[str, set[str]] = {}
    for row in rows:
        if row.origin:
            owners.setdefault(row.origin.key, set()).add(row.student.id)
    return sorted(sorted(students) for students in owners.values() if len(students) > 1)


def _lab_view(lab: GradedLab, rows: list[Row], pairs: Sequence[Pair]) -> LabView:
    titles = {check["name"]: check["title"] for row in rows for check in (row.grade.report or {"checks": []})["checks"]}
    lines = tuple(_line(row, list(titles)) for row in rows)
    first = Counter(_first_failed(line, list(titles)) for line in lines)
    checks = []
    for at, (name, title) in enumerate(titles.items()):
        outcomes = Counter(line.cells[at].outcome for line in lines)
        checks.append(CheckView(name, title, outcomes, first[name]))
    return LabView(lab, lines, tuple(checks), tuple(pairs))


def _line(row: Row, names: list[str]) -> Line:
    checks = {check["name"]: check for check in row.grade.report["checks"]} if row.grade.report else {}
    cells = (
        Cell(checks[name]["outcome"], checks[name]["found"] or "") if name in checks else Cell(UNJUDGED)
        for name in names
    )
    return Line(row, page_name(row.student.id), tuple(cells))


def _first_failed(line: Line, names: list[str]) -> str | None:
    missed = (name for name, cell in zip(names, line.cells, strict=True) if cell.outcome == Outcome.FAILED)
    return next(missed, None)
