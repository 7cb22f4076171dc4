"""The files that a course keeps in `.lab`. Where something else has the place of one, it makes way and stays."""

from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from lab_harness.emulators.incidents import set_aside

FILES = (
    *("emulator.json", "emulator.lock", "emulator.log", "incidents.json", "inbox.jsonl", "jupyter.log", "made.sqlite"),
    *("port", "progress.sqlite", "secret-key", "state.lock", "student.txt", "submit-key.pem", "*.checks.lock"),
)


def make_way(home: Path) -> Iterator[str]:
    """Set aside what is no file where one belongs, such as a folder or a link to nothing; yields what to say of it."""
    for path in sorted(home.iterdir()):
        if any(fnmatchcase(path.name, each) for each in FILES) and not path.is_file():
            with suppress(OSError):  # Then whoever needs it says so.
                yield f"{path} was no file; it was set aside as {set_aside(path).name}."
