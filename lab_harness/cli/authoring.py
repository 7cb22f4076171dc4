"""lab lint, new, docs: what authors of labs do."""

import os
import shutil
import sys
from pathlib import Path

import click

from lab_harness.cli import app
from lab_harness.cli.options import lab_ids_or_all
from lab_harness.course import Course, find_course
from lab_harness.lab.labs import all_labs, load_lab


@app.command()
@lab_ids_or_all
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
@click.option(
    "--function", multiple=True, metavar="NAME", help="A Lambda function with its code and a role of its own."
)
@click.option("--queue", multiple=True, metavar="NAME", help="An SQS queue; its messages start the function.")
@click.option(
    "--table", multiple=True, metavar="NAME", help="A DynamoDB table; the function writes to it. Can be repeated."
)
@click.option("--api", multiple=True, metavar="NAME", help="An HTTP API with a route to the function.")
@click.option(
    "--bucket",
    multiple=True,
    metavar="NAME",
    help="An S3 bucket; uploads to it start the function. Repeated: a bucket to which the function writes.",
)
@click.option("--number", type=click.IntRange(0, 99), help="Its place in the course; after the last lab if not given.")
def new(lab: str, number: int | None, **names: tuple[str, ...]) -> None:
    """Write the files of a new lab: one that works, for you to change.

    The options name what the lab asks for, and can be combined freely; without any it asks for a queue. Each part gets
    its task with hints, its checks, solution, tests and questions, and its section of the notebook.

        lab new meters --function read-meter --bucket meter-readings --table Readings
    """
    from lab_harness.authoring.scaffold import Wanted, new_lab

    course = find_course()
    for path in new_lab(course, lab, Wanted(**names), number):
        click.echo(f"wrote {path.relative_to(course.root)}")
    click.echo("Next, and again after each change:")
    for command in _next_commands(course, lab):
        click.echo(f"    {command}")


def _next_commands(course: Course, lab: str) -> list[str]:
    """What builds and proves a new lab, as it can be typed here. A course that was given out has no tests."""
    from lab_harness.authoring.lint.notebooks import shows_the_course

    shown = [each.id for each in all_labs(course) if each.id != lab and shows_the_course(course, each)]
    program = _program()
    build = f"{program} notebooks build {' '.join([lab, *shown])}"
    if not (course.root / "tests" / "conftest.py").exists():
        return [build, f"{program} lint {lab}"]
    here = Path.cwd() == course.root
    return [build, f"make {'' if here else f'-C {course.root} '}test-lab LAB={lab}"]


def _program() -> str:
    """How `lab` is called here: by its name where a shell finds this one, else by its path."""
    own = Path(sys.executable).with_name("lab")
    found = shutil.which("lab")
    return "lab" if found and Path(found) == own else os.path.relpath(own)


@app.command()
def docs() -> None:
    """Write docs/authoring.md anew, from the guide and the docstrings of what checks may use."""
    from lab_harness.authoring.reference import write_page

    course = find_course()
    click.echo(f"wrote {write_page(course).relative_to(course.root)}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
