"""lab list, check, solve, reset, open: what learners do with labs."""

import os
import sys
import threading
from importlib import import_module
from pathlib import Path

import click

from lab_harness.cli import app
from lab_harness.cli.options import LabName, emulator_name, lab_id
from lab_harness.cli.terminal import say, shown_while_running, stoppable
from lab_harness.course import find_course
from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.render import plain
from lab_harness.results import LabReport, Outcome


@app.command("list")
def list_labs() -> None:
    """List the labs with your progress."""
    from lab_harness.learner.progress import Progress

    course = find_course()
    progress = Progress(course.home / "progress.sqlite")
    labs = all_labs(course)
    width = max(len(lab.id) for lab in labs)
    for lab in labs:
        passed = progress.of(lab.id).passed
        done = sum(name in passed for name in lab.check_names)
        total = len(lab.check_names)
        state = "done" if done == total else f"{done}/{total}"
        click.echo(f"{lab.file.notebook[:2]}  {lab.id:<{width}}  {state:>6}  {lab.title}")
    say(progress.notices)


@app.command()
@lab_id
@click.option("--only", metavar="NAME", help="Only this task or check.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JUnit XML too.")
@emulator_name
def check(lab: str, only: str | None, as_json: bool, junit: Path | None, emulator: str | None) -> None:
    """Check what you built. Exit code: 0 all passed, 1 something failed, 2 usage, 3 emulator or course trouble."""
    from lab_harness.cli.emulator import running_emulator
    from lab_harness.learner.progress import Progress

    course = find_course()
    loaded = load_lab(lab, course)
    chosen = loaded.selection(only) if only else ()
    running = running_emulator(emulator)
    from lab_harness.account.built import was_built
    from lab_harness.account.checking import check_lab  # boto3 takes its time, so usage errors come first
    from lab_harness.aws import Clients

    # The display is loaded while the checks wait for the emulator.
    threading.Thread(target=import_module, args=["lab_harness.render.text"], daemon=True).start()
    with stoppable() as stopped, shown_while_running() as show:
        report = check_lab(loaded, Clients(running), course.home, chosen, show, cancelled=stopped)
    progress = Progress(course.home / "progress.sqlite")
    report = report.judged(lambda result: progress.judged(loaded, result, lambda: was_built(loaded, running)))
    progress.record(report)
    say(progress.notices)
    if junit:
        _write(junit, report)
    _print(report, as_json)
    sys.exit(_exit_code(report))


def _print(report: LabReport, as_json: bool) -> None:
    if as_json:
        from lab_harness.render.json import report_json

        click.echo(report_json(report))
        return
    from lab_harness.render.text import Screen, report_lines

    Screen().print(report_lines(report))


def _write(path: Path, report: LabReport) -> None:
    from lab_harness.errors import CourseError
    from lab_harness.render.junit import report_junit

    try:
        path.write_text(report_junit(report), encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error


def _exit_code(report: LabReport) -> int:
    if report.count(Outcome.BROKEN) or report.count(Outcome.UNSUPPORTED) == report.total:
        return 3
    return 0 if report.complete else 1


@app.command()
@lab_id
@emulator_name
def solve(lab: str, emulator: str | None) -> None:
    """Build a lab as its reference answer does."""
    from lab_harness.cli.emulator import running_emulator

    loaded = load_lab(lab)
    running = running_emulator(emulator)
    from lab_harness.lab.solutions import solve as build

    build(loaded, running)
    click.echo(f"Built. See for yourself: lab check {lab}")


@app.command()
@lab_id
@emulator_name
def reset(lab: str, emulator: str | None) -> None:
    """Remove what a lab asked you to build. Other labs' resources and your progress stay."""
    from lab_harness.cli.emulator import running_emulator

    loaded = load_lab(lab)
    running = running_emulator(emulator)
    from lab_harness.account.resources import remove_resources
    from lab_harness.aws import Clients

    removed = remove_resources(loaded, Clients(running, as_learner=True))
    for resource in removed:
        click.echo(plain(f"removed {resource.type} {resource.name}"))
    if not removed:
        click.echo("There was nothing to remove.")


@app.command("open")
@click.argument("lab", required=False, type=LabName(), help="The lab; the first one if not given.")
@emulator_name
@click.option("--browser/--no-browser", default=True, help="Open a browser window.")
@click.option("--port", type=click.IntRange(1, 65535), help="JupyterLab's port.")
def open_notebook(lab: str | None, emulator: str | None, browser: bool, port: int | None) -> None:
    """Start the emulator and open JupyterLab on a lab's notebook. One Ctrl-C ends both."""
    course = find_course()
    loaded = load_lab(lab, course) if lab else all_labs(course)[0]
    # Before what takes seconds, the imports among it.
    kept = f"Your notebooks are in {course.notebooks}, what you build and your progress in {course.home}; they stay."
    click.echo(f"Starting JupyterLab. {kept}")
    from lab_harness.aws import learners_environment
    from lab_harness.cli.emulator import chosen_emulator, running_emulator
    from lab_harness.notebook.server import run_jupyterlab

    was_running = chosen_emulator(emulator).healthy()
    running = running_emulator(emulator)
    # Cells that run before open_lab must not reach AWS either.
    environ = learners_environment(running, os.environ) | {"LAB_EMULATOR": running.name}
    try:
        run_jupyterlab(course, loaded.file.notebook, environ, browser, port, click.echo)
    finally:
        if not was_running and running.name == "embedded":
            running.stop()
    click.echo("JupyterLab has ended; what you built is saved.")
