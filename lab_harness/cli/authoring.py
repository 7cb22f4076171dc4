"""lab lint, new, docs: what authors of labs do."""

import sys

import click

from lab_harness.cli import app
from lab_harness.cli.options import lab_ids
from lab_harness.course import find_course
from lab_harness.lab.labs import all_labs, load_lab


@app.command()
@lab_ids
@click.option("--run/--no-run", default=True, help="Run the labs too: untouched they fail, solved they pass.")
def lint(labs: tuple[str, ...], run: bool) -> None:
    """Check the course's own rules; exit code 1 if one is broken."""
    from lab_harness.authoring import lint as rules

    course = find_course()
    chosen = [load_lab(lab_id, course) for lab_id in labs] if labs else all_labs(course)
    found = list(rules.problems(course, chosen))
    if run:
        from lab_harness.authoring.notebook_runs import scratch_emulator
        from lab_harness.aws import Clients

        with scratch_emulator() as emulator:
            for lab in chosen:
                found += rules.behaviour_problems(lab, Clients(emulator))
    for problem in found:
        click.echo(problem)
    click.echo(f"{_counted(len(chosen), 'lab')}, {_counted(len(found), 'problem')}")
    sys.exit(1 if found else 0)


@app.command()
@click.argument("lab", help="The new lab's id: words, as in my_lab.")
def new(lab: str) -> None:
    """Write the files of a new lab: one that works, to change into what it shall be."""
    from lab_harness.authoring.scaffold import new_lab

    course = find_course()
    for path in new_lab(course, lab):
        click.echo(f"wrote {path.relative_to(course.root)}")
    click.echo(f"Next: lab notebooks build {lab} && lab lint {lab} && pytest -k {lab}")


@app.command()
def docs() -> None:
    """Write docs/authoring.md anew, from the guide and the docstrings of what checks may use."""
    from lab_harness.authoring.reference import write_page

    course = find_course()
    click.echo(f"wrote {write_page(course).relative_to(course.root)}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
