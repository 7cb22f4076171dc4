"""The `lab` command: arguments in, exit code out."""

import io
import sys
from typing import NoReturn

import typer

from lab_harness.errors import HarnessError

app = typer.Typer(
    name="lab",
    help="Learn AWS serverless by building it, against an emulator on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
notebooks_app = typer.Typer(help="Build and run the solved notebooks.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(notebooks_app, name="notebooks")


def add_commands() -> None:
    """Fill `app`: each module adds its own commands when it is imported."""
    from lab_harness.cli import authoring, emulator, labs, notebooks  # noqa: F401


def main() -> NoReturn:
    """Run the command. A user's mistake is one message on stderr, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows ?, not a traceback
    try:
        add_commands()
        app()
    except HarnessError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
