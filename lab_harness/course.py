"""Where the course is on this machine: the folder with `labs/` and `notebooks/`, and what it keeps in `.lab/`."""

import os
from dataclasses import dataclass
from pathlib import Path

from lab_harness.errors import CourseError


@dataclass(frozen=True)
class Course:
    """A checkout of the course."""

    root: Path

    @property
    def labs(self) -> Path:
        return self.root / "labs"

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def solved(self) -> Path:
        """The notebooks with their solutions filled in and executed."""
        return self.notebooks / "solved"

    @property
    def home(self) -> Path:
        """The learner's own: emulator state and progress. LAB_HOME moves it."""
        return Path(os.environ.get("LAB_HOME") or self.root / ".lab")


def find_course(start: Path | None = None) -> Course:
    """The course that a folder (this one, unless given) lies in, else the one this package was installed from.

    LAB_COURSE names it outright. Raises CourseError when there is none.
    """
    named = os.environ.get("LAB_COURSE")
    start = Path(named or start or Path.cwd()).resolve()
    installed_from = Path(__file__).resolve().parent.parent
    for folder in (start,) if named else (start, *start.parents, installed_from):
        if any(folder.glob("labs/*/lab.toml")):
            return Course(folder)
    if named:
        raise CourseError(f"LAB_COURSE is {named}, but there are no labs in it.")
    raise CourseError(
        f"No course here: neither {start} nor a folder above it has labs/. Go to your copy of the course."
    )
