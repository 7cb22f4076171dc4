"""lab list, check, solve, reset, open: what learners do with labs."""

import _thread
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from lab_harness.authors.checks import Cancelled
from lab_harness.cli import app
from lab_harness.cli.options import emulator_name, lab_id
from lab_harness.course import Course, find_course
from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.render import plain
from lab_harness.results import LabReport, Outcome

PATIENCE = 5.0  # seconds in which a check that was stopped may end by itself
JUPYTER_CONFIG = Path(__file__).resolve().parent.parent / "notebook" / "jupyter"


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
    _say(progress.notices)


def _say(notices: list[str]) -> None:
    for notice in notices:
        click.echo(plain(notice), err=True)  # It may hold what SQLite says of a file, which may hold anything.


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
    from lab_harness.account.checking import check_lab  # boto3 takes its time, so usage errors come first
    from lab_harness.aws import Clients

    # The display is loaded while the checks wait for the emulator.
    threading.Thread(target=import_module, args=["lab_harness.render.text"], daemon=True).start()
    with stoppable() as stopped, shown_while_running() as show:
        report = check_lab(loaded, Clients(running), course.home, chosen, show, cancelled=stopped)
    progress = Progress(course.home / "progress.sqlite")
    progress.record(report)
    _say(progress.notices)
    if junit:
        _write(junit, report)
    _print(report, as_json)
    sys.exit(_exit_code(report))


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, so that a check puts back what it has changed.

    A check that has not ended some seconds later is interrupted, as by a second Ctrl-C.
    """
    stopped = threading.Event()
    overdue = threading.Timer(PATIENCE, _interrupt, [threading.get_ident()])
    overdue.daemon = True

    def stop(number: int, frame: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()
        overdue.start()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    except Cancelled:
        raise KeyboardInterrupt from None
    finally:
        overdue.cancel()
        signal.signal(signal.SIGINT, before)


def _interrupt(main: int) -> None:
    """Interrupt the main thread, also where it sleeps."""
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:
        signal.pthread_kill(main, signal.SIGINT)


@contextmanager
def shown_while_running() -> Iterator[Callable[[str], None]]:
    """A function that shows on a terminal which check is running: some wait for AWS's own time, 20 s and more."""
    if not sys.stderr.isatty():
        yield lambda title: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("") as status:
        yield lambda title: status.update(escape(title))


def _print(report: LabReport, as_json: bool) -> None:
    if as_json:
        from lab_harness.render.json import report_json

        click.echo(report_json(report))
        return
    from rich.console import Console

    from lab_harness.render.text import report_lines

    Console().print(report_lines(report))


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
        click.echo(f"removed {resource.type} {resource.name}")
    if not removed:
        click.echo("There was nothing to remove.")


@app.command("open")
@click.argument("lab", required=False, help="The lab; the first one if not given.")
@emulator_name
@click.option("--browser/--no-browser", default=True, help="Open a browser window.")
@click.option("--port", type=click.IntRange(1, 65535), help="JupyterLab's port.")
def open_notebook(lab: str | None, emulator: str | None, browser: bool, port: int | None) -> None:
    """Start the emulator and open JupyterLab on a lab's notebook. Ctrl-C ends both."""
    from lab_harness.aws import learners_environment
    from lab_harness.cli.emulator import chosen_emulator, running_emulator

    course = find_course()
    loaded = load_lab(lab, course) if lab else all_labs(course)[0]
    was_running = chosen_emulator(emulator).healthy()
    running = running_emulator(emulator)
    # Cells that run before open_lab must not reach AWS either.
    environ = learners_environment(running, os.environ) | {"LAB_EMULATOR": running.name}
    # Defaults of JupyterLab's settings for a course that never leaves the machine; the user's own settings still win.
    config = [str(JUPYTER_CONFIG), environ.get("JUPYTER_CONFIG_PATH", "")]
    environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, config))
    try:
        _run_jupyter(_jupyter_command(course, loaded.file.notebook, browser, port), environ)
    finally:
        if not was_running and running.name == "embedded":
            running.stop()


def _jupyter_command(course: Course, notebook: str, browser: bool, port: int | None) -> list[str]:
    command = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{notebook}"]
    command += [f"--ServerApp.root_dir={course.notebooks}", "--ServerApp.ip=127.0.0.1"]
    # A course that never leaves the machine: no news, no looking for updates, no extensions from the network.
    command += ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.extension_manager=readonly"]
    command += [] if browser else ["--no-browser"]
    # In containers and on fresh machines one is often root, and JupyterLab would end with a warning.
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [*command, f"--port={port}"] if port else command


def _run_jupyter(command: list[str], environ: dict[str, str]) -> None:
    """Run JupyterLab until it ends, or until we are told to.

    It gets the terminal's Ctrl-C too, and asks whether it is meant; a SIGTERM is passed on to it.
    """
    with subprocess.Popen(command, env=environ) as jupyter:
        handlers: dict[signal.Signals, Any] = {
            signal.SIGINT: signal.SIG_IGN,
            signal.SIGTERM: lambda *_: jupyter.terminate(),
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            jupyter.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
