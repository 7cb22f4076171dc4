"""Runs the solved notebooks headless, by papermill, and checks what they built."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from lab_harness.account.resources import remove_resources
from lab_harness.aws import Clients, learners_environment
from lab_harness.course import Course
from lab_harness.emulators import Emulator
from lab_harness.emulators.embedded import Embedded
from lab_harness.lab.labs import Lab
from lab_harness.lab.notebooks import failed_cell, is_current, read_notebook, task_of
from lab_harness.results import LabReport
from lab_harness.runner import run_checks


@dataclass(frozen=True)
class NotebookRun:
    """One solved notebook's run: `problem` is None when it ended well; `report` is what its checks say then."""

    lab: Lab
    seconds: float
    report: LabReport | None
    problem: str | None = None

    @property
    def good(self) -> bool:
        """Whether the notebook ran through and all its checks passed."""
        return self.problem is None and self.report is not None and self.report.complete


@contextmanager
def scratch_emulator() -> Iterator[Embedded]:
    """An embedded emulator of its own, empty, gone afterwards with all that it kept."""
    with tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as folder:
        emulator = Embedded(Path(folder))
        emulator.start()
        try:
            yield emulator
        finally:
            emulator.stop()


def kernel_environment(emulator: Emulator, home: Path, environ: dict[str, str]) -> dict[str, str]:
    """The environment in which a notebook's kernel finds this emulator, and keeps its progress apart."""
    ours = {"LAB_EMULATOR": emulator.name, "LAB_HOME": str(home)}
    return learners_environment(emulator, environ) | ours


def run_all(
    course: Course,
    labs: list[Lab],
    emulator: Emulator | None,
    environ: dict[str, str],
    workers: int,
    done: Callable[[NotebookRun], None],
) -> list[NotebookRun]:
    """Run the labs' solved notebooks side by side; `done` is told of each as it ends. In the order of `labs`.

    Those that take a learner longest begin first. Without an emulator each has one of its own: a notebook that moves
    the clock would move it for the others, too.
    """
    runs: dict[str, NotebookRun] = {}
    with ThreadPoolExecutor(workers) as pool:
        longest_first = sorted(labs, key=lambda lab: -lab.file.minutes)
        waiting = [pool.submit(_run, course, lab, emulator, environ) for lab in longest_first]
        for future in as_completed(waiting):
            run = future.result()
            runs[run.lab.id] = run
            done(run)
    return [runs[lab.id] for lab in labs]


def _run(course: Course, lab: Lab, emulator: Emulator | None, environ: dict[str, str]) -> NotebookRun:
    if emulator:
        return run_one(course, lab, emulator, environ)
    with scratch_emulator() as own:
        return run_one(course, lab, own, environ)


def run_one(course: Course, lab: Lab, emulator: Emulator, environ: dict[str, str]) -> NotebookRun:
    """Run one solved notebook from an empty lab, check what it built, and remove that again.

    One that building would change now is not run: what it shows is not the course as it is.
    """
    if not is_current(course, lab):
        return NotebookRun(lab, 0.0, None, f"It is out of date; run: lab notebooks build {lab.id}")
    clients = Clients(emulator)
    remove_resources(lab, clients)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as folder:
        home = emulator.home if isinstance(emulator, Embedded) else Path(folder)
        variables = kernel_environment(emulator, home, environ) | {"LAB_COURSE": str(course.root)}
        notebook = Path(folder) / lab.file.notebook
        wanted = without_tasks(read_notebook(course.solved / notebook.name), lab.tasks_left_out(emulator.supports))
        nbformat.write(wanted, notebook)  # type: ignore[no-untyped-call]
        problem = _papermill(notebook, variables)
    report = run_checks(lab, clients) if problem is None else None
    remove_resources(lab, clients)
    return NotebookRun(lab, time.monotonic() - started, report, problem)


def without_tasks(notebook: Any, left_out: set[str]) -> Any:
    """The notebook without the cells of these tasks: those that undo the lab, or that the emulator cannot do."""
    notebook.cells = [cell for cell in notebook.cells if task_of(cell) not in left_out]
    return notebook


def _papermill(notebook: Path, environ: dict[str, str]) -> str | None:
    """Execute a notebook in its folder; what went wrong, or None."""
    command = [sys.executable, "-m", "papermill", str(notebook), str(notebook)]
    command += ["--cwd", str(notebook.parent), "--no-progress-bar", "--execution-timeout", "120"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    last_words = "\n".join(done.stderr.strip().splitlines()[-12:])
    return failed_cell(read_notebook(notebook)) or last_words or f"papermill ended with code {done.returncode}"
