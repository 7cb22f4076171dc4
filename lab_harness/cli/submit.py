"""lab submit: what a learner hands in."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab_harness.cli import app
from lab_harness.cli.options import emulator_name, lab_id
from lab_harness.cli.terminal import shown_while_running, stoppable
from lab_harness.course import find_course
from lab_harness.errors import UsageError
from lab_harness.lab.labs import Lab, load_lab

if TYPE_CHECKING:
    from lab_harness.results import LabReport


@app.command()
@lab_id
@click.option("--student", metavar="NAME", help="Your name, as your teacher knows it; it is remembered.")
@click.option("--notebook", type=click.Path(path_type=Path), metavar="PATH", help="Your notebook, if it is another.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", default=".", help="Where to write; else here.")
@click.option("--check/--no-check", default=True, help="Run the checks first, and put their report in.")
@click.option("--anyway", is_flag=True, help="Hand in a notebook that seems not to be saved.")
@emulator_name
def submit(
    lab: str, student: str | None, notebook: Path | None, out: Path, check: bool, anyway: bool, emulator: str | None
) -> None:
    """Make the file that you hand in: your notebook, what its checks say, and your attempts, signed; it shows them.

    Save the notebook first. Your teacher runs it from its beginning in an empty account: what you built elsewhere
    does not count.
    """
    course = find_course()
    loaded = load_lab(lab, course)
    from lab_harness.handing_in import submit as handing_in
    from lab_harness.learner.progress import Progress

    saved = handing_in.saved_notebook(loaded, course, notebook)
    name = _named(student, handing_in.remembered_student(course.home))
    progress = Progress(course.home / "progress.sqlite").of(loaded.id)
    report = _checked(loaded, emulator) if check else None
    doubts = handing_in.doubts(saved, loaded, progress, report)
    if doubts and not anyway:
        raise UsageError(
            f"Is {saved.path.name} saved? {' '.join(doubts)} Save it (Ctrl-S) and give the command again, or, if it is "
            "as you want it, add --anyway."
        )
    handing_in.remember_student(course.home, name)
    attempts = handing_in.attempts_of(progress)
    packed = handing_in.signed_bundle(loaded, saved, name, attempts, report, handing_in.signing_key(course.home))
    path = handing_in.write_bundle(packed, out / handing_in.file_name(loaded, name))
    if report:
        click.echo(f"{report.passed} of {report.total} checks pass here.")
    click.echo("Beside your notebook the file tells your teacher, who does not grade it:")
    for line in handing_in.told(loaded, attempts):
        click.echo(f"  {line}")
    click.echo(f"Hand in {path}: {saved.path.name} of {name}. To tell none of this, hand in the notebook itself.")


def _named(student: str | None, remembered: str) -> str:
    if student is None and not remembered and sys.stdin.isatty():
        student = click.prompt("Your name, as your teacher knows it")
    name = " ".join((student if student is not None else remembered).split())
    if not name or not name.isprintable():
        raise UsageError('Say who you are, once: lab submit LAB --student "YOUR NAME"')
    return name


def _checked(lab: Lab, emulator: str | None) -> "LabReport":
    """The lab's report on the learner's emulator. It counts no try: nobody asked what is still wrong."""
    from lab_harness.cli.emulator import running_emulator

    running = running_emulator(emulator)
    from lab_harness.account.checking import check_lab
    from lab_harness.aws import Clients

    with stoppable() as stopped, shown_while_running() as show:
        return check_lab(lab, Clients(running), find_course().home, (), show, cancelled=stopped)
