"""One run of `lab grade`: reads what came in, grades what is left of it, and writes the results."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lab_harness.course import INSTALLED_FROM, Course
from lab_harness.errors import CourseError, UsageError
from lab_harness.lab.labs import load_lab

if TYPE_CHECKING:  # The warm process that grades loads while the rest is imported.
    from lab_harness.grading.class_file import SchoolClass
    from lab_harness.grading.grade import Grade
    from lab_harness.grading.intake.reading import Reader
    from lab_harness.grading.plan import GradeAll, Graded, Plan, Versions
    from lab_harness.grading.results.gradebook import Gradebook
    from lab_harness.grading.results.regrades import Regrade
    from lab_harness.grading.results.row import Row
    from lab_harness.grading.room.sandbox import Warm
    from lab_harness.grading.work import Work


@dataclass(frozen=True)
class Order:
    """What a teacher asks for: the options of `lab grade`. `scheduler` is the address of a Dask cluster's."""

    submissions: Path
    out: Path
    labs: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    regrade: tuple[str, ...] = ()
    limit: int | None = None
    workers: int | None = None
    scheduler: str | None = None
    walled: bool = True
    class_file: Path | None = None


@dataclass(frozen=True)
class Run:
    """What became of a run. `shared_keys` are the students whose work came from one installation, by installation."""

    plan: "Plan"
    graded: "tuple[Graded, ...]"
    shared_keys: list[list[str]]

    @property
    def changes(self) -> "list[Regrade]":
        """What has another grade than before."""
        return [each.change for each in self.graded if each.change]

    @property
    def left(self) -> int:
        """How much is left to grade, because the run was stopped."""
        return len(self.plan.todo) + len(self.plan.rejected) - len(self.graded)

    def count(self, status: str) -> int:
        """How many grades have this status."""
        return sum(each.grade.status == status for each in self.graded)


class Display(Protocol):
    """Where it is shown how a run goes on."""

    def say(self, notice: str) -> None:
        """Show what the teacher should know."""

    def reading(self) -> AbstractContextManager[object]:
        """What the submissions are read within."""

    def grading(self, count: int) -> "AbstractContextManager[Callable[[Graded], None]]":
        """What so many pieces of work are graded within; the function is told each grade as it comes."""


def grade_class(order: Order, course: Course, display: Display) -> Run:
    """Grade what was handed in and has no grade yet that still holds, and write the results.

    Ctrl-C ends the grading at once; what is graded by then is kept and written.
    """
    _insist_on_sense(order, course)
    school = _school(order, course)
    from lab_harness.grading.ending import ended_in_order
    from lab_harness.grading.intake.reading import begin_reader
    from lab_harness.grading.room.sandbox import begin_warm
    from lab_harness.grading.room.scratch import Scratch, remove_left_behind

    remove_left_behind()
    with (
        ended_in_order(),
        nullcontext() if order.scheduler else begin_warm(course, order.walled) as warm,
        Scratch() as scratch,
        begin_reader(course) as reader,
    ):
        works = _read(order, course, Path(scratch), reader, display)
        return _grade(order, course, school, works, warm, reader, display)


def _insist_on_sense(order: Order, course: Course) -> None:
    """Refuse what cannot be meant, before anything is begun."""
    if not sys.platform.startswith("linux"):
        raise CourseError(
            "`lab grade` walls submissions in by what only Linux has; grade on Linux, in a container say."
        )
    if order.out.resolve().is_relative_to(order.submissions.resolve()):
        raise UsageError(f"{order.out} lies among the submissions; name another --out.")
    if course.root != INSTALLED_FROM and course.root.is_relative_to(order.submissions.resolve()):
        raise UsageError(
            f"The labs in {course.root} lie among the submissions: whoever handed them in would say what is right. "
            "Give the command in your own course's folder."
        )
    if order.scheduler and order.workers:
        raise UsageError("--workers is for this machine; `dask worker --nthreads N` says how many a worker takes.")
    for lab in (*order.labs, *order.regrade):
        load_lab(lab, course)  # an unknown one is named


def _read(order: Order, course: Course, scratch: Path, reader: "Reader", display: Display) -> "list[Work]":
    """The work that was handed in, or what is asked for of it."""
    from lab_harness.grading.intake.submissions import read_submissions
    from lab_harness.grading.plan import chosen

    with display.reading():
        intake = read_submissions(order.submissions, course, scratch, order.labs, reader)
    for notice in intake.notices:
        display.say(notice)
    if not intake.works:
        raise UsageError(f"There is nothing to grade in {order.submissions}: no student's folder, no notebook.")
    return chosen(intake.works, order.only)


def _school(order: Order, course: Course) -> "SchoolClass":
    """What the teacher says of the class; read before anything is graded, so that a mistake in it is heard at once."""
    from lab_harness.grading.class_file import read_class

    return read_class(order.class_file, course, order.out)


def _grade(
    order: Order,
    course: Course,
    school: "SchoolClass",
    works: "list[Work]",
    warm: "Warm | None",
    reader: "Reader",
    display: Display,
) -> Run:
    """Grade what is left, record it, and write the results anew."""
    from lab_harness.grading.plan import plan
    from lab_harness.grading.results.class_view import shared_keys
    from lab_harness.grading.results.gradebook import open_gradebook
    from lab_harness.grading.results.output import GRADEBOOK, alone_in, results_folder, similar, write_results
    from lab_harness.grading.results.row import described
    from lab_harness.handing_in.released import releases_of

    versions = _versions(course)
    with alone_in(results_folder(order.out)), open_gradebook(order.out / GRADEBOOK) as gradebook:
        gradebook.keep_marks(described(gradebook.rows(), school))  # before other work takes their work's place
        for lab in order.regrade:
            gradebook.grade_again(lab, {each.student.id for each in works if each.lab == lab and not each.rejected})
        steps = plan(works, gradebook.by_key(), versions, order.limit)
        grade_all = _grader(order, course, warm, display) if steps.todo else _nothing
        graded = _carried_out(steps, gradebook, grade_all, versions, display)
        gradebook.keep_marks(described(gradebook.rows(), school))
        rows: list[Row] = described(gradebook.rows(), school)
        for name in school.unknown_students(row.student for row in rows):
            named = order.class_file or school.remarks_file
            display.say(f"Nothing of {name}'s is in the gradebook, who is named in {named}.")
        releases = releases_of(course)
        pairs = similar(rows, releases, reader.hash_all)
        gradebook.keep_run(pairs, order.class_file)
        write_results(order.out, rows, releases, pairs)
    return Run(steps, graded, shared_keys(rows))


def _versions(course: Course) -> "Versions":
    from lab_harness.handing_in.versions import versions_of

    return cache(lambda lab: versions_of(load_lab(lab, course)))


def _grader(order: Order, course: Course, warm: "Warm | None", display: Display) -> "GradeAll":
    """What grades here, or on a cluster. CourseError where submissions could read each other, or the course."""
    if order.scheduler:
        from lab_harness.grading.cluster import cluster

        return partial(cluster.grade_all, course=course, scheduler=order.scheduler, sandbox=order.walled)
    from lab_harness.grading import pool

    if order.walled:
        _insist_on_walls([course.labs, order.submissions, order.out])
        if warm:
            display.say(warm.keeps_limits)
    cores = order.workers or os.cpu_count() or 1
    return partial(pool.grade_all, course=course, workers=cores, sandbox=order.walled, warm=warm)


def _insist_on_walls(secret: list[Path]) -> None:
    """Refuse to grade where there are no walls around submissions, or what is `secret` lies within them."""
    from lab_harness.grading.room import sandbox

    if missing := sandbox.missing_protections():
        lines = "".join(f"\n  {line}" for line in missing)
        raise CourseError(f"Submissions cannot be walled in here; add --no-sandbox if you trust them all:{lines}")
    if found := sandbox.exposed(secret):
        raise CourseError(f"Submissions are shown Python's folders, and {found[0]}. Move it out of there.")


def _nothing(_: object) -> "Iterator[Grade]":
    return iter(())


def _carried_out(
    steps: "Plan", gradebook: "Gradebook", grade_all: "GradeAll", versions: "Versions", display: Display
) -> "tuple[Graded, ...]":
    """The grades that came until it was done, or until Ctrl-C."""
    from lab_harness.grading.plan import carry_out

    done: list[Graded] = []
    with display.grading(len(steps.todo) + len(steps.rejected)) as show, suppress(KeyboardInterrupt):
        for graded in carry_out(steps, gradebook, grade_all, versions):
            done.append(graded)
            show(graded)
    return tuple(done)
