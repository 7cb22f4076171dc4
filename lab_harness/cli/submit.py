"""lab submit, rehearse: what a learner hands in, and what it would get."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab_harness.cli import app
from lab_harness.cli.options import emulator_name, lab_id
from lab_harness.cli.terminal import shown_while_running, stoppable
from lab_harness.course import Course, find_course
from lab_harness.errors import CourseError, UsageError
from lab_harness.lab.labs import Lab, load_lab
from lab_harness.render import plain

if TYPE_CHECKING:
    from lab_harness.handing_in.rehearsal import Rehearsal
    from lab_harness.handing_in.submit import Saved
    from lab_harness.results import LabReport

notebook_path = click.option(
    "--notebook", type=click.Path(path_type=Path), metavar="PATH", help="Your notebook, if it is another."
)


@app.command()
@lab_id
@click.option("--student", metavar="NAME", help="Your name, as your teacher knows it; it is remembered.")
@notebook_path
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", default=".", help="Where to write; else here.")
@click.option("--check/--no-check", default=True, help="Run the checks first, and put their report in.")
@click.option(
    "--rehearse/--no-rehearse", default=True, help="Then run the notebook as for the grade, see lab rehearse."
)
@click.option("--anyway", is_flag=True, help="Hand in a notebook that seems not to be saved.")
@emulator_name
def submit(
    lab: str,
    student: str | None,
    notebook: Path | None,
    out: Path,
    check: bool,
    rehearse: bool,
    anyway: bool,
    emulator: str | None,
) -> None:
    """Make the file that you hand in: your notebook, what its checks say, and your attempts, signed; it shows them.

    Save the notebook first. Your teacher runs it from its beginning in an empty account: what you built elsewhere
    does not count. So when the file is there, that is rehearsed here; Ctrl-C leaves it out.
    """
    course = find_course()
    loaded = load_lab(lab, course)
    from lab_harness.handing_in import submit as handing_in
    from lab_harness.handing_in.student import remembered_student
    from lab_harness.learner.progress import Progress

    saved = handing_in.saved_notebook(loaded, course, notebook)
    name = _named(student, remembered_student(course.home))
    progress = Progress(course.home / "progress.sqlite").of(loaded.id)
    report = _checked(loaded, emulator) if check else None
    doubts = handing_in.doubts(saved, loaded, progress, report)
    if doubts and not anyway:
        raise UsageError(
            f"Is {saved.path.name} saved? {' '.join(doubts)} Save it (Ctrl-S) and give the command again, or, if it is "
            "as you want it, add --anyway."
        )
    path = handing_in.hand_in(loaded, course, saved, name, progress, report, out)
    if report:
        less = "" if report.complete else "; the grade comes from your notebook alone"
        click.echo(f"{report.passed} of {report.total} checks pass in your account{less}.")
    click.echo("Beside your notebook the file tells your teacher, who does not grade it:")
    for line in handing_in.what_is_sent(loaded, progress):
        click.echo(f"  {plain(line)}")
    click.echo(f"Hand in {path}: {saved.path.name} of {name}. To tell none of this, hand in the notebook itself.")
    if rehearse:
        _rehearse_after(saved, loaded, course, report)


@app.command()
@lab_id
@notebook_path
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def rehearse(lab: str, notebook: Path | None, as_json: bool) -> None:
    """Run your saved notebook as for the grade, and say what it would get; your account stays as it is.

    Exit code: 0 all points, 1 less, 2 usage, 3 it could not be run.
    """
    course = find_course()
    loaded = load_lab(lab, course)
    from lab_harness.handing_in.submit import doubts, saved_notebook
    from lab_harness.learner.progress import LabProgress, Progress

    saved, kept = saved_notebook(loaded, course, notebook), course.home / "progress.sqlite"
    progress = Progress(kept).of(loaded.id) if kept.exists() else LabProgress()  # asking begins none
    for doubt in doubts(saved, loaded, progress, None):
        click.echo(f"Is {saved.path.name} saved? {doubt}", err=True)
    found = _rehearsed(saved, loaded, course)
    if found.report is None:
        raise CourseError(" ".join(found.sentences()))
    if as_json:
        from lab_harness.render.json import json_text

        click.echo(json_text(found.to_dict()))
    else:
        _say(found)
    sys.exit(0 if found.complete else 1)


def _named(student: str | None, remembered: str) -> str:
    from lab_harness.handing_in.student import student_name

    if student is None and not remembered and sys.stdin.isatty():
        student = click.prompt("Your name, as your teacher knows it")
    return student_name(student if student is not None else remembered)


def _checked(lab: Lab, emulator: str | None) -> "LabReport":
    """The lab's report on the learner's emulator. It counts no try: nobody asked what is still wrong."""
    from lab_harness.cli.emulator import running_emulator

    running = running_emulator(emulator)
    from lab_harness.account.checking import check_lab
    from lab_harness.aws import Clients

    with stoppable() as stopped, shown_while_running() as show:
        return check_lab(lab, Clients(running), find_course().home, (), show, cancelled=stopped)


def _rehearse_after(saved: "Saved", lab: Lab, course: Course, report: "LabReport | None") -> None:
    """Rehearse what was handed in. Whatever comes of it, the file is there."""
    from lab_harness.handing_in.submit import passed_tasks

    try:
        found = _rehearsed(saved, lab, course)
    except KeyboardInterrupt:
        click.echo("The rehearsal was stopped; the file to hand in is there.", err=True)
    else:
        _say(found, passed_tasks(lab, report))


def _rehearsed(saved: "Saved", lab: Lab, course: Course) -> "Rehearsal":
    from lab_harness.grading.rehearsal import rehearse as run
    from lab_harness.handing_in.rehearsal import how_long

    click.echo(f"Rehearsing the grade of {saved.path.name}. {how_long(lab)}", err=True)
    with shown_while_running() as show:
        return run(saved, lab, course, show)


def _say(found: "Rehearsal", passing: "set[str] | tuple[()]" = ()) -> None:
    for sentence in found.sentences(passing):
        click.echo(plain(sentence))
