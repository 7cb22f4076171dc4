"""Whether this machine is ready for the labs: one short look each, and how to mend what is wrong."""

from collections.abc import Iterator

from lab_harness.course import Course
from lab_harness.learner.doctor import connection, installation, surroundings
from lab_harness.learner.doctor.finding import Finding, Look, Machine

LOOKS: tuple[Look, ...] = (
    installation.python_version,
    installation.environment,
    installation.package,
    installation.versions,
    installation.folders,
    installation.disk_space,
    installation.progress_file,
    connection.orphans,
    connection.emulator,
    connection.port,
    connection.services,
    connection.round_trip,
    connection.docker,
    surroundings.proxies,
    surroundings.names,
    surroundings.credentials,
    surroundings.aws_cli,
)


def examine(course: Course, emulator: str | None = None) -> list[Finding]:
    """What there is to say about this machine, in the order of LOOKS.

    Starts the emulator if it does not run yet. Raises nothing, however odd the machine: what a look raises is a
    problem, too.
    """
    machine = Machine(course, emulator)
    return [finding for look in LOOKS for finding in _guarded(look, machine)]


def _guarded(look: Look, machine: Machine) -> Iterator[Finding]:
    try:
        yield from look(machine)
    except Exception as error:
        title = look.__name__.replace("_", " ").capitalize()
        fix = "This was not foreseen: please report it with its text. The labs may work all the same."
        yield Finding(title, "problem", f"{type(error).__name__}: {error}", fix)


__all__ = ["Finding", "examine"]
