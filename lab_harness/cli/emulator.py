"""lab start, stop, status."""

import json
import sys
from typing import TYPE_CHECKING

import click

from lab_harness.cli import app
from lab_harness.cli.options import emulator_name
from lab_harness.cli.terminal import say
from lab_harness.course import find_course
from lab_harness.errors import EmulatorError, EmulatorNotReady, UsageError
from lab_harness.render import plain

if TYPE_CHECKING:
    from lab_harness.emulators import Emulator


def chosen_emulator(name: str | None) -> "Emulator":
    """The chosen emulator, not yet started."""
    from lab_harness import emulators

    return emulators.choose(find_course().home, name)


def running_emulator(name: str | None) -> "Emulator":
    """The chosen emulator, started if need be; what the user should know about that goes to stderr."""
    emulator = chosen_emulator(name)
    _start(emulator)
    return emulator


def _start(emulator: "Emulator") -> None:
    emulator.start()
    _say_notices(emulator)


def _say_notices(emulator: "Emulator") -> None:
    say(emulator.notices)
    if emulator.notices and sys.stderr.isatty():  # a script's reader may never see them
        emulator.acknowledge()


@app.command()
@emulator_name
@click.option("--port", type=click.IntRange(1, 65535), help="Ask for this port.")
def start(emulator: str | None, port: int | None) -> None:
    """Start the emulator, or find the one that runs, and print its endpoint."""
    if port is None:
        click.echo(running_emulator(emulator).endpoint)
        return
    if emulator not in (None, "embedded"):
        raise UsageError("--port is for the embedded emulator; LocalStack's port is set in docker-compose.yml.")
    from lab_harness.emulators.embedded import Embedded

    embedded = Embedded(find_course().home, port)
    _start(embedded)
    if embedded.endpoint != f"http://127.0.0.1:{port}" and not embedded.notices:
        click.echo("It runs already, on another port; `lab stop` first to move it.", err=True)
    click.echo(embedded.endpoint)


@app.command()
@emulator_name
@click.option("--unsaved", is_flag=True, help="Stop even if what you built cannot be saved.")
def stop(emulator: str | None, unsaved: bool) -> None:
    """Stop the emulator. What you built is saved and is there again at the next start."""
    chosen = chosen_emulator(emulator)
    stopped = chosen.stop(insist=not unsaved)
    say(chosen.notices)
    if stopped:
        click.echo("Stopped." if chosen.trouble else "Stopped; what you built is saved.")
    else:
        click.echo("It was not running.")


@app.command()
@emulator_name
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(emulator: str | None, as_json: bool) -> None:
    """Say which emulator is used and whether it answers; exit code 3 if it does not."""
    chosen = chosen_emulator(emulator)
    healthy = chosen.healthy()
    chosen.listen()
    _say_notices(chosen)
    lacking = _lacking(chosen) if healthy else []
    state = {
        "emulator": chosen.name,
        "endpoint": chosen.endpoint or None,
        "healthy": healthy,
        "version": chosen.version() if healthy else None,
        "services": chosen.services() if healthy else [],
        "lacking": lacking,
    }
    if as_json:
        click.echo(json.dumps(state, indent=2))
    elif healthy:
        # What answers may be anybody's program that has LocalStack's port.
        click.echo(plain(f"{chosen.name} {state['version']} answers at {chosen.endpoint}"))
        if lacking:
            click.echo(f"It lacks {', '.join(lacking)}: checks that need this are told to be unsupported.")
    if not healthy:
        if as_json:
            sys.exit(EmulatorError.exit_code)
        chosen_start = "lab start" if chosen.name == "embedded" else "docker compose up --detach --wait"
        raise EmulatorError(f"The {chosen.name} emulator does not run. Start it with: {chosen_start}")


def _lacking(emulator: "Emulator") -> list[str] | None:
    """The services that some lab asks and the emulator has not, which it is asked; None where it is too busy to say."""
    from lab_harness.lab.labs import all_labs

    wanted = {each for lab in all_labs() for each in lab.file.services}
    try:
        return sorted(name for name in wanted if not emulator.supports(name))
    except EmulatorNotReady:
        return None
