"""lab grade, release, class, review: what teachers do with a class."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab_harness.cli import app
from lab_harness.cli.options import LabName
from lab_harness.course import find_course
from lab_harness.errors import UsageError
from lab_harness.lab.labs import load_lab
from lab_harness.render import plain

if TYPE_CHECKING:
    from rich.progress import Progress

    from lab_harness.grading.plan import Graded
    from lab_harness.grading.run import Run

NOT_GRADED = 3  # the exit code where something was rejected or broke
INTERRUPTED = 130  # what a shell gives a program that Ctrl-C ended

class_file_option = click.option(
    "--class", "class_file", type=click.Path(path_type=Path), metavar="FILE", help="The class.toml: roster, deadlines."
)


@app.command()
@click.argument("submissions", type=click.Path(path_type=Path), help="The folder or zip archive of what came in.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="RESULTS", help="The folder of results.")
@click.option(
    "--lab", "labs", multiple=True, type=LabName(), metavar="LAB", help="Grade only this lab; may be given again."
)
@click.option("--only", multiple=True, metavar="STUDENT", help="Grade only this student; may be given again.")
@click.option(
    "--regrade", multiple=True, type=LabName(), metavar="LAB", help="Grade this lab again, unchanged work too."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Grade at most so many now.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="How many at a time; as many as there are cores.")
@click.option("--dask", metavar="ADDRESS", help="Grade on the Dask cluster whose scheduler is at tcp://HOST:PORT.")
@class_file_option
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
    class_file: Path | None,
    no_sandbox: bool,
) -> None:
    """Grade a class: a folder with a folder for each student, or what Canvas or Moodle let you download.

    What was graded before and has not changed is not graded again, so a run that was stopped goes on where it was.
    Exit code: 0 all graded, 2 usage, 3 some work was rejected or could not be graded.
    """
    from lab_harness.grading.run import Order, grade_class

    order = Order(submissions, out, labs, only, regrade, limit, workers, dask, not no_sandbox, class_file)
    run = grade_class(order, find_course(), Terminal())
    for students in run.shared_keys:
        click.echo(plain(f"Handed in from one installation: {', '.join(students)}"), err=True)
    _summarise(run, out)
    if run.left:
        click.echo(f"Stopped. What is graded is kept, {run.left} are left: give the same command to go on.", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(NOT_GRADED if run.count("rejected") or run.count("broken") else 0)


class Terminal:
    """Shows on a terminal how a run goes on."""

    def say(self, notice: str) -> None:
        """What the teacher should know, on a line of its own."""
        click.echo(plain(notice), err=True)

    def reading(self) -> AbstractContextManager[object]:
        """Within it the submissions are read: for some seconds, where a class is large."""
        from rich.console import Console

        console = Console(stderr=True)
        return console.status("Reading the submissions") if console.is_terminal else nullcontext()

    @contextmanager
    def grading(self, count: int) -> Iterator[Callable[["Graded"], None]]:
        """A bar for so many pieces of work, which advances with each that is graded, and a line for each problem."""
        with _bar() as bar:
            row = bar.add_task("Grading", total=count)

            def show(graded: "Graded") -> None:
                bar.advance(row)
                if graded.grade.reason:
                    _say_problem(bar, graded)

            yield show


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


def _summarise(run: "Run", out: Path) -> None:
    if run.changes:
        click.echo(f"Graded again with another result ({len(run.changes)}):")
    for change in run.changes:
        click.echo(f"  {plain(str(change))}")
    counts = {status: run.count(status) for status in ("rejected", "broken")}
    graded = len(run.graded) - sum(counts.values())
    parts = [f"{graded} graded", f"{len(run.plan.kept)} unchanged"]
    counts["left for the next run"] = run.plan.left
    parts += [f"{count} {status}" for status, count in counts.items() if count]
    click.echo(f"{', '.join(parts)}. See {out / 'index.html'}")


@app.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new folder.")
@click.option("--lab", "labs", multiple=True, type=LabName(), metavar="LAB", help="Only this lab; may be given again.")
def release(out: Path, labs: tuple[str, ...]) -> None:
    """Make the students' bundle: the course without its answers, and with a quiz whose answers cannot be read."""
    from lab_harness.authoring.release import release as make_bundle

    files = make_bundle(find_course(), out, labs)
    click.echo(f"wrote {len(files)} files to {out}; no answer of a task or of a quiz was found in them")


@app.command("class")
@click.argument(
    "roster", nargs=-1, type=click.Path(path_type=Path), metavar="[ROSTER]", help="The roster: a CSV file; else its."
)
@click.argument("results", type=click.Path(path_type=Path), help="The folder that `lab grade` wrote.")
@class_file_option
@click.option(
    "--lab",
    "labs",
    multiple=True,
    type=LabName(),
    metavar="LAB",
    help="Ask for this lab; all that were graded otherwise.",
)
def class_(roster: tuple[Path, ...], results: Path, class_file: Path | None, labs: tuple[str, ...]) -> None:
    """List the work of a class that is missing, was rejected, or came late.

    Without ROSTER and --class it is the class of the last `lab grade`.
    """
    from lab_harness.grading.intake.standings import asked_for, standings, strangers
    from lab_harness.grading.results.output import read_results
    from lab_harness.grading.roster import read_roster

    if len(roster) > 1:
        raise UsageError("Name one roster, and one folder of results.")
    school, rows = read_results(results, find_course(), class_file)
    people = read_roster(roster[0]) if roster else school.people
    if not people:
        raise UsageError("There is no roster: name one, or a --class whose class.toml names it.")
    for lab in labs:
        load_lab(lab, find_course())
    found = standings(people, rows, labs or asked_for(rows, school))
    for each in found:
        click.echo(plain(f"{each.person}: {each.lab}: {each.state}"))
    for student in strangers(people, rows):
        click.echo(plain(f"{student} is not on the roster."))
    missing = sum(each.state == "missing" for each in found)
    click.echo(f"{len(people)} students, {missing} pieces of work missing")


@app.command()
@click.argument("results", type=click.Path(path_type=Path), help="The folder that `lab grade` wrote.")
@class_file_option
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port; else one that is free.")
def review(results: Path, class_file: Path | None, port: int) -> None:
    """Read a class's work, and comment and mark it, in a browser on this machine; Ctrl-C ends it.

    What you type goes into the file of remarks, and all that `lab grade` wrote is made anew. Without --class it is the
    class of the last `lab grade`.
    """
    from lab_harness.grading.review.server import serve

    serve(results, find_course(), class_file, port, Terminal().say)
