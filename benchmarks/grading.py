"""`python -m benchmarks.grading`: `lab grade` beside nbgrader and otter-grader, on the same submissions in one run.

20 right ones; 100 right ones with the two fastest; a class of which some are wrong, so that its checks wait; and
`lab grade` on 1,000.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from rich.console import Console
from rich.table import Table

from benchmarks import peers
from benchmarks.assignment import COURSE, LAB, POINTS, submission
from benchmarks.measured import Measured, measured, run
from benchmarks.ministack import ministack
from lab_harness.aws import emulator_environment
from lab_harness.emulators.credentials import DUMMY

CLASS, SCHOOL, LARGE, WRONG = 20, 100, 1000, 5  # submissions
NOTEBOOK = f"01_{LAB}.ipynb"
FASTEST = "nbgrader, 2 processes"
# The students of each of nbgrader's processes; otter grades one after another.
PEERS: dict[str, list[str]] = {"nbgrader autograde": ["*"], FASTEST: ["a*", "b*"], "otter run": []}


@dataclass
class Figures:
    """What one grader took for a class: the median of its submissions, and of all of it."""

    median: float
    whole: Measured
    submissions: int

    @property
    def a_minute(self) -> float:
        return self.submissions / self.whole.seconds * 60

    def cells(self, ours: "Figures") -> list[str]:
        return [
            f"{self.median:.2f} s",
            f"{self.a_minute:.0f}",
            f"{self.whole.cpu_seconds / self.submissions:.2f} s",
            f"{self.whole.peak:.0f} MB",
            f"{ours.a_minute / self.a_minute:.1f}×",
        ]


def students(count: int) -> list[str]:
    """Names, half of them beginning with a, half with b."""
    return [f"{'ab'[number % 2]}{number:04}" for number in range(count)]


def lab_grade(folder: Path, submissions: Mapping[str, Any]) -> tuple[Figures, list[float]]:
    """Figures of `lab grade`, and the points of each submission."""
    for student, notebook in submissions.items():
        (folder / "class" / student).mkdir(parents=True)
        nbformat.write(notebook, folder / "class" / student / NOTEBOOK)
    words = ["grade", folder / "class", "--out", folder / "results", "--workers", "2"]
    with measured() as whole:
        run([sys.executable, "-m", "lab_harness", *words], os.environ, COURSE)
    grades = grades_in(folder)
    # The rooms' processes are counted by the rooms: the warm process does not wait for them.
    whole.cpu_seconds += sum(each["cpu_seconds"] for each in grades)
    median = statistics.median(each["seconds"] for each in grades)
    return Figures(median, whole, len(grades)), [each["report"]["points"] for each in grades]


def grades_in(folder: Path) -> list[dict[str, Any]]:
    """The grades that `lab grade` has written."""
    found: list[dict[str, Any]] = json.loads((folder / "results" / "gradebook.json").read_text())["grades"]
    return found


def insist_on(points: list[float], count: int, grader: str, lost: int = 0) -> None:
    """Every right submission, but for some `lost`, must have got all points, or the figures say nothing."""
    if len(points) != count or points.count(POINTS) < count - lost:
        raise SystemExit(f"{grader} did not give all points: {sorted(points)}")


def peer_figures(grader: str, right: Mapping[str, Any]) -> Figures:
    """What one of the others took; its emulator is new, MiniStack as it is, and shared by all its submissions."""
    patterns = PEERS[grader]
    with ministack() as (endpoint, pid), tempfile.TemporaryDirectory() as folder:
        environ = emulator_environment(endpoint, DUMMY, os.environ)
        environ["PATH"] = f"{peers.PLACE / 'bin'}{os.pathsep}{environ['PATH']}"  # nbgrader starts programs by name
        peer: Any = (peers.Nbgrader if patterns else peers.Otter)(Path(folder), environ, right)
        with measured(pid) as whole:
            times = peer.grade(*patterns)
        insist_on(peer.points(), len(right), grader, lost=len(right) // 50)  # seen once: 1 of 100
    return Figures(statistics.median(times), whole, len(right))


def side_by_side_table(count: int, graders: Iterable[str] = PEERS) -> Table:
    """The same right submissions, each grader alone on the machine."""
    right = dict.fromkeys(students(count), submission())
    with tempfile.TemporaryDirectory() as folder:
        ours, points = lab_grade(Path(folder), right)
    insist_on(points, count, "lab grade")
    columns = (f"{count} right submissions", "median", "a minute", "CPU each", "peak memory", "lab grade is")
    table = Table(*columns, box=None)
    for name, figures in {"lab grade": ours, **{name: peer_figures(name, right) for name in graders}}.items():
        table.add_row(name, *figures.cells(ours))
    return table


def mixed_line() -> str:
    """A class of which some are without the mapping: the checks wait for its effect until their time is up."""
    wrong = submission(right=False)
    names = students(CLASS)
    mixed = dict.fromkeys(names, submission()) | dict.fromkeys(names[:WRONG], wrong)
    with tempfile.TemporaryDirectory() as folder:
        ours, _ = lab_grade(Path(folder), mixed)
        in_line = sum(each["seconds"] for each in grades_in(Path(folder)))
    return f"{CLASS} submissions, {WRONG} wrong: {ours.whole.seconds:.1f} s; one after another {in_line:.1f} s"


def large_line() -> str:
    """1,000 submissions: throughput, and the memory in the second quarter and in the last."""
    with tempfile.TemporaryDirectory() as folder:
        ours, points = lab_grade(Path(folder), dict.fromkeys(students(LARGE), submission()))
    samples = ours.whole.samples
    early, late = (max(samples[at * len(samples) // 4 :][: len(samples) // 4]) for at in (1, 3))
    insist_on(points, LARGE, "lab grade")
    return (
        f"{LARGE} submissions: {ours.whole.seconds:.0f} s, {ours.a_minute:.0f} a minute, median {ours.median:.2f} s, "
        f"CPU {ours.whole.cpu_seconds / LARGE:.2f} s each; "
        f"peak memory {ours.whole.peak:.0f} MB, {early:.0f} in the second quarter, {late:.0f} in the last"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-large", action="store_true", help="leave out the 1,000 submissions")
    asked = parser.parse_args()
    peers.install()
    console = Console(width=110)
    console.print(side_by_side_table(CLASS))
    console.print(side_by_side_table(SCHOOL, [FASTEST]))
    console.print(mixed_line())
    if not asked.no_large:
        console.print(large_line())


if __name__ == "__main__":
    main()
