"""lab notebooks build, run, clear."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from lab_harness.cli import notebooks_app
from lab_harness.cli.options import emulator_name, lab_ids_or_all
from lab_harness.course import find_course
from lab_harness.lab.labs import Lab, all_labs, load_lab

if TYPE_CHECKING:
    from rich.console import Console

    from lab_harness.authoring.notebook_runs import NotebookRun


def _chosen(ids: Sequence[str]) -> list[Lab]:
    return [load_lab(lab_id) for lab_id in ids] if ids else all_labs()


@notebooks_app.command()
@lab_ids_or_all
def build(labs: tuple[str, ...]) -> None:
    """Lay the answers over the notebooks, execute them, and write them to notebooks/solved/."""
    from lab_harness.authoring.notebook_runs import kernel_environment, scratch_emulator
    from lab_harness.lab.notebooks import build as build_one

    course = find_course()
    for lab in _chosen(labs):
        with scratch_emulator() as emulator:
            path = build_one(course, lab, kernel_environment(emulator, emulator.home, dict(os.environ)))
        click.echo(f"built {path.relative_to(course.root)}")


@notebooks_app.command()
@lab_ids_or_all
@emulator_name
@click.option(
    "--workers", type=click.IntRange(1), default=4, show_default=True, help="How many notebooks run side by side."
)
def run(labs: tuple[str, ...], emulator: str | None, workers: int) -> None:
    """Run the solved notebooks headless and check what they built; exit code 1 if one fails."""
    from rich.progress import Progress

    from lab_harness.authoring.notebook_runs import run_all
    from lab_harness.cli.emulator import running_emulator
    from lab_harness.render.text import Screen

    course, chosen, console = find_course(), _chosen(labs), Screen()
    with Progress(console=console, transient=True) as bar:
        row = bar.add_task("Running the notebooks", total=len(chosen))

        def advance(_: object) -> None:
            bar.advance(row)

        # A learner's own account stays as it is: else each notebook runs in an emulator of its own.
        shared = running_emulator(emulator) if emulator == "localstack" else None
        runs = run_all(course, chosen, shared, dict(os.environ), workers, advance)
    _print_runs(runs, console)
    sys.exit(0 if all(each.good for each in runs) else 1)


@notebooks_app.command()
@click.argument("labs", nargs=-1, metavar="[LAB]...", help="These labs, or their notebooks; all if none is given.")
def clear(labs: tuple[str, ...]) -> None:
    """Save the learner's notebooks without outputs and execution counts, as the course keeps them."""
    from lab_harness.authoring.outputs import chosen
    from lab_harness.authoring.outputs import clear as clear_one

    course = find_course()
    for lab in [chosen(course, name) for name in labs] if labs else all_labs(course):
        path = course.notebooks / lab.file.notebook
        found = clear_one(path)
        click.echo(f"{'cleared' if found else 'clean:'} {path.relative_to(course.root)}")
        for what in found:
            click.echo(f"    {what}")


def _print_runs(runs: "list[NotebookRun]", console: "Console") -> None:
    from rich.table import Table

    table = Table("", "notebook", "lab", "checks", "seconds", box=None)
    for each in runs:
        checks = f"{each.report.passed} of {each.report.total}" if each.report else "not run"
        table.add_row("✓" if each.good else "✗", each.lab.file.notebook, each.lab.id, checks, f"{each.seconds:.1f}")
    console.print(table)
    for each in runs:
        if each.problem:
            console.print(f"\n{each.lab.file.notebook}:\n{each.problem}", markup=False, highlight=False)
