"""Where the course is on this machine: the folder with `labs/` and `notebooks/`, and what it keeps in `.lab/`."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from lab_harness.errors import CourseError

HOME = ".lab"  # what is the learner's own, in the course's folder
INSTALLED_FROM = Path(__file__).resolve().parent.parent


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
        return Path(os.environ.get("LAB_HOME") or self.root / HOME)


def find_course(start: Path | None = None) -> Course:
    """The course that a folder (this one, unless given) lies in, else the one this package was installed from.

    LAB_COURSE names it outright. Raises CourseError when there is none, or it is another user's: to check a lab is
    to run the programs in it, and whoever may write to a folder above this one could put labs there.
    """
    named = os.environ.get("LAB_COURSE")
    start = Path(named or start or Path.cwd()).resolve()
    for folder in (start,) if named else (start, *start.parents, INSTALLED_FROM):
        if labs := [*folder.glob("labs/*/lab.toml")]:
            places = (folder / "labs", folder / HOME, *labs, *(lab.parent for lab in labs))
            if not named and (others := next(filter(_belongs_to_another, places), None)):
                raise CourseError(
                    f"{others} belongs to another user of this computer, whose programs would run as yours. "
                    f"Go to your own copy of the course, or, if you trust that one, set LAB_COURSE={folder}"
                )
            return Course(folder)
    if named:
        raise CourseError(f"LAB_COURSE is {named}, but there are no labs in it.")
    raise CourseError(
        f"No course here: neither {start} nor a folder above it has labs/. Go to your copy of the course."
    )


def _belongs_to_another(path: Path) -> bool:
    """Whether neither we, nor root, nor who has installed this package can have made what is there."""
    if sys.platform == "win32":  # Python cannot tell whose a file is there.
        return False
    trusted = {os.geteuid(), 0, INSTALLED_FROM.stat().st_uid}
    try:
        return not {path.lstat().st_uid, path.stat().st_uid} <= trusted
    except OSError:  # It is not there, or leads nowhere.
        return False
