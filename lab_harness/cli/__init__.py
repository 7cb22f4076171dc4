"""The `lab` command: arguments in, exit code out."""

import io
import sys
from typing import NoReturn

import click

from lab_harness.errors import HarnessError
from lab_harness.render import plain

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=HELP_OPTIONS)
@click.version_option(package_name="serverless-course-labs", message="%(prog)s %(version)s")
def app() -> None:
    """Learn AWS serverless by building it, against an emulator on this machine."""


@app.group("notebooks")
def notebooks_app() -> None:
    """Build and run the solved notebooks, clear the learner's."""


def add_commands() -> None:
    """Fill `app`: each module adds its own commands when it is imported."""
    from lab_harness.cli import authoring, doctor, emulator, env, grading, labs, notebooks, submit  # noqa: F401


def main() -> NoReturn:
    """Run the command. A user's mistake is one message on stderr, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows ?, not a traceback
    try:
        add_commands()
        app(prog_name="lab", standalone_mode=False)  # click itself would end with 1 after Ctrl-C
    except HarnessError as error:
        click.echo(f"error: {plain(str(error))}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(0)
