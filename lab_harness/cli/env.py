"""lab env: what points a shell at the emulator."""

import os
import shlex
from collections.abc import Callable
from typing import NamedTuple

import click

from lab_harness.cli import app
from lab_harness.cli.emulator import running_emulator
from lab_harness.cli.options import emulator_name


class Shell(NamedTuple):
    """How a shell sets a variable for the programs that it starts, and how it forgets one."""

    set: Callable[[str, str], str]
    forget: Callable[[str], str]


def _powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SHELLS = {
    "sh": Shell(lambda name, value: f"export {name}={shlex.quote(value)}", lambda name: f"unset {name}"),
    "fish": Shell(lambda name, value: f"set -gx {name} {_fish(value)}", lambda name: f"set -e {name}"),
    "powershell": Shell(
        lambda name, value: f"$env:{name} = {_powershell(value)}",
        lambda name: f"Remove-Item -ErrorAction SilentlyContinue Env:{name}",
    ),
}


@app.command("env")
@emulator_name
@click.option(
    "--shell",
    type=click.Choice([*SHELLS]),
    default="sh",
    show_default=True,
    help="The shell; sh is for bash and zsh, too.",
)
def print_environment(emulator: str | None, shell: str) -> None:
    """Start the emulator, and print what lets the programs of a shell reach it: eval "$(lab env)"."""
    from lab_harness.aws import learners_environment

    running = running_emulator(emulator)
    there = learners_environment(running, os.environ) | {"LAB_EMULATOR": running.name}
    for name in sorted(os.environ.keys() - there.keys()):
        click.echo(SHELLS[shell].forget(name))
    for name in sorted(there):
        if there[name] != os.environ.get(name):
            click.echo(SHELLS[shell].set(name, there[name]))
