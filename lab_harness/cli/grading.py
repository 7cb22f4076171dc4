"""lab grade, release, class: what teachers do with a class."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab_harness.cli import app
from lab_harness.course import Course, find_course
from lab_harness.errors import CourseError, UsageError
from lab_harness.lab.labs import load_lab
from lab_harness.render import plain

if TYPE_CHECKING:
    from rich.progress import Progress

    from lab_harness.grading.grade import Grade
    from lab_harness.grading.intake.submissions import Intake
    from lab_harness.grading.results.gradebook import Gradebook
    from lab_harness.grading.results.regrades import Regrade
    from lab_harness.grading.room.sandbox import Warm
    from lab_harness.grading.run import GradeAll, Graded, Plan, Versions
    from lab_harness.grading.work import Work

NOT_GRADED = 3  # the exit code where something was rejected or broke
INTERRUPTED = 130  # what a shell gives a program that Ctrl-C ended


@app.command()
@click.argument("submissions", type=click.Path(path_type=Path), help="The folder or zip archive of what came in.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="RESULTS", help="The folder of results.")
@click.option("--lab", "labs", multiple=True, metavar="LAB", help="Grade only this lab; may be given again.")
@click.option("--only", multiple=True, metavar="STUDENT", help="Grade only this student; may be given again.")
@click.option("--regrade", multiple=True, metavar="LAB", help="Grade this lab again, unchanged work too.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Grade at most so many now.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="How many at a time; as many as there are cores.")
@click.option("--dask", metavar="ADDRESS", help="Grade on the Dask cluster whose scheduler is at tcp://HOST:PORT.")
@click.option("--no-sandbox", is_flag=True, help="Grade on a machine that cannot wall submissions in.")
def grade(
    submissions: Path,
    out: Path,
    labs: tuple[str, ...],
    only: tuple[str, ...],
    regrade: tuple[str, ...],
    limit: int | None,
    workers: int | None,
    dask: str | None,
    no_sandbox: bool,
) -> None:
    """Grade a class: a folder with a folder for each student, or what Canvas or Moodle let you download.

    What was graded before and has not changed is not graded again, so a run that was stopped goes on where it was.
    Exit code: 0 all graded, 2 usage, 3 some work was rejected or could not be graded.
    """
    _insist_on_sense(submissions, out, workers, dask)
    course = find_course()
    for lab in (*labs, *regrade):
        load_lab(lab, course)  # an unknown one is named at once
    from lab_harness.grading.ending import ended_in_order
    from lab_harness.grading.intake.reading import begin_reader
    from lab_harness.grading.room.sandbox import begin_warm
    from lab_harness.grading.room.scratch import Scratch, remove_left_behind

    remove_left_behind()
    with (
        ended_in_order(),
        nullcontext() if dask else begin_warm(course, not no_sandbox) as warm,
        Scratch() as scratch,
        begin_reader(course) as reader,
    ):
        from lab_harness.grading.intake.submissions import read_submissions
        from lab_harness.grading.results.class_view import shared_keys
        from lab_harness.grading.results.gradebook import open_gradebook
        from lab_harness.grading.results.output import GRADEBOOK, alone_in, results_folder, write_results
        from lab_harness.grading.run import chosen, plan
        from lab_harness.handing_in.released import releases_of

        with _reading():
            intake = read_submissions(submissions, course, Path(scratch), labs, reader)
        works = chosen(_something(intake, submissions), only)
        versions = _versions(course)
        with alone_in(results_folder(out)), open_gradebook(out / GRADEBOOK) as gradebook:
            for lab in regrade:
                gradebook.grade_again(lab, {each.student.id for each in works if each.lab == lab and not each.rejected})
            steps = plan(works, gradebook.by_key(), versions, limit)
            secret = [course.labs, submissions, out]
            grade_all = _grader(course, workers, dask, not no_sandbox, secret, warm) if steps.todo else _nothing
            done = _carry_out(steps, gradebook, grade_all, versions)
            changes = [each.change for each in done if each.change]
            rows = gradebook.rows()
            write_results(out, rows, releases_of(course), reader.hash_all)
    for students in shared_keys(rows):
        click.echo(plain(f"Handed in from one installation: {', '.join(students)}"), err=True)
    _summarise(steps, done, changes, out)
    if left := len(steps.todo) + len(steps.rejected) - len(done):
        click.echo(f"Stopped. What is graded is kept, {left} are left: give the same command to go on.", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(NOT_GRADED if any(each.grade.status in ("rejected", "broken") for each in done) else 0)


def _insist_on_sense(submissions: Path, out: Path, workers: int | None, dask: str | None) -> None:
    """Refuse what cannot be meant, before anything is begun."""
    if not sys.platform.startswith("linux"):
        raise CourseError(
            "`lab grade` walls submissions in by what only Linux has; grade on Linux, in a container say."
        )
    if out.resolve().is_relative_to(submissions.resolve()):
        raise UsageError(f"{out} lies among the submissions; name another --out.")
    if dask and workers:
        raise UsageError("--workers is for this machine; `dask worker --nthreads N` says how many a worker takes.")


@contextmanager
def _reading() -> Iterator[None]:
    """Show on a terminal that something happens: a large class is read for some seconds."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("Reading the submissions") if console.is_terminal else nullcontext():
        yield


def _something(intake: "Intake", source: Path) -> "list[Work]":
    for notice in intake.notices:
        click.echo(plain(notice), err=True)
    if not intake.works:
        raise UsageError(f"There is nothing to grade in {source}: no student's folder, no notebook.")
    return intake.works


def _versions(course: Course) -> "Versions":
    from lab_harness.handing_in.versions import versions_of

    return cache(lambda lab: versions_of(load_lab(lab, course)))


def _grader(
    course: Course,
    workers: int | None,
    scheduler: str | None,
    walled: bool,
    secret: list[Path],
    warm: "Warm | None",
) -> "GradeAll":
    """What grades here, or on a cluster. CourseError where submissions could read what is `secret`."""
    if scheduler:
        from lab_harness.grading.cluster import cluster

        return partial(cluster.grade_all, course=course, scheduler=scheduler, sandbox=walled)
    from lab_harness.grading import pool
    from lab_harness.grading.room import sandbox

    missing = sandbox.missing_protections() if walled else []
    if missing:
        lines = "".join(f"\n  {line}" for line in missing)
        raise CourseError(f"Submissions cannot be walled in here; add --no-sandbox if you trust them all:{lines}")
    if walled and (found := sandbox.exposed(secret)):
        raise CourseError(f"Submissions are shown Python's folders, and {found[0]}. Move it out of there.")
    if walled and warm:
        click.echo(warm.keeps_limits, err=True)
    cores = workers or os.cpu_count() or 1
    return partial(pool.grade_all, course=course, workers=cores, sandbox=walled, warm=warm)


def _nothing(_: object) -> "Iterator[Grade]":
    return iter(())


def _carry_out(
    steps: "Plan",
    gradebook: "Gradebook",
    grade_all: "GradeAll",
    versions: "Versions",
) -> "list[Graded]":
    """Grade with a bar and a line for each problem. Ctrl-C ends it at once; what is graded by then is kept."""
    from lab_harness.grading.run import carry_out

    done: list[Graded] = []
    with _bar() as bar:
        row = bar.add_task("Grading", total=len(steps.todo) + len(steps.rejected))
        try:
            for graded in carry_out(steps, gradebook, grade_all, versions):
                done.append(graded)
                bar.advance(row)
                if graded.grade.reason:
                    _say_problem(bar, graded)
        except KeyboardInterrupt:
            bar.stop()  # Whoever calls sees by what is left that it was stopped.
    return done


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("left:"))
    console = Console(stderr=True)
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal)


def _say_problem(bar: "Progress", graded: "Graded") -> None:
    grade = graded.grade
    line = f"{grade.student} {grade.lab}: {grade.status}: {grade.reason}".replace(" : ", ": ")
    bar.console.print(plain(line), markup=False, highlight=False, soft_wrap=True)


def _summarise(steps: "Plan", done: "list[Graded]", changes: "list[Regrade]", out: Path) -> None:
    if changes:
        click.echo(f"Graded again with another result ({len(changes)}):")
    for change in changes:
        click.echo(f"  {plain(str(change))}")
    counts = {status: sum(each.grade.status == status for each in done) for status in ("rejected", "broken")}
    graded = len(done) - sum(counts.values())
    parts = [f"{graded} graded", f"{len(steps.kept)} unchanged"]
    parts += [f"{count} {status}" for status, count in {**counts, "left for the next run": steps.left}.items() if count]
    click.echo(f"{', '.join(parts)}. See {out / 'index.html'}")


@app.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new folder.")
def release(out: Path) -> None:
    """Make the students' bundle: the course without its answers."""
    from lab_harness.authoring.release import release as make_bundle

    files = make_bundle(find_course(), out)
    click.echo(f"wrote {len(files)} files to {out}; no part of an answer was found in them")


@app.command("class")
@click.argument("roster", type=click.Path(path_type=Path), help="The class list: a CSV file, as Canvas exports it.")
@click.argument("results", type=click.Path(path_type=Path), help="The folder that `lab grade` wrote.")
@click.option("--lab", "labs", multiple=True, metavar="LAB", help="Ask for this lab; all that were graded otherwise.")
def class_(roster: Path, results: Path, labs: tuple[str, ...]) -> None:
    """List the work of a class that is missing, was rejected, or came late."""
    from lab_harness.grading.intake.roster import read_roster, standings, strangers
    from lab_harness.grading.results.gradebook import open_gradebook
    from lab_harness.grading.results.output import GRADEBOOK

    people = read_roster(roster)
    if not (results / GRADEBOOK).is_file():
        raise UsageError(f"{results} holds no grades; `lab grade SUBMISSIONS --out {results}` writes them.")
    with open_gradebook(results / GRADEBOOK) as gradebook:
        rows = gradebook.rows()
    for lab in labs:
        load_lab(lab, find_course())
    found = standings(people, rows, labs or sorted({row.lab for row in rows if row.lab}))
    for each in found:
        click.echo(plain(f"{each.person}: {each.lab}: {each.state}"))
    for student in strangers(people, rows):
        click.echo(plain(f"{student} is not on the list."))
    missing = sum(each.state == "missing" for each in found)
    click.echo(f"{len(people)} students, {missing} pieces of work missing")
