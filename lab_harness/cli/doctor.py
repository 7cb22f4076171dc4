"""lab doctor: whether this machine is ready."""

import sys

import click

from lab_harness.cli import app
from lab_harness.cli.options import emulator_name
from lab_harness.course import find_course
from lab_harness.errors import HarnessError


@app.command()
@emulator_name
@click.option("--all", "everything", is_flag=True, help="Say what is well, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(emulator: str | None, everything: bool, as_json: bool) -> None:
    """Say whether this machine is ready for the labs, and how to mend what is not; exit code 3 if something is not."""
    course = find_course()
    from lab_harness.learner.doctor import examine
    from lab_harness.render.findings import Findings

    found = Findings(examine(course, emulator))
    if as_json:
        from lab_harness.render.json import json_text

        click.echo(json_text(found.to_dict()))
    else:
        from lab_harness.render.text import Screen

        Screen().print((found if everything else found.remarks).lines())
    sys.exit(HarnessError.exit_code if found.problems else 0)
