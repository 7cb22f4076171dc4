"""The versions that a grade depends on: of the course, of the lab's checks, of the emulator and of the harness."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from lab_harness.lab.labs import Lab

PACKAGE = Path(__file__).resolve().parent.parent
NOT_CHECKED_BY = ("README.md", "quiz.toml", "solution.py")  # of a lab's files; the rest decides its grades
NOT_JUDGING = ("authoring", "cli", "learner", "notebook", "render")  # what authors and learners see


def versions_of(lab: Lab) -> dict[str, str]:
    """The versions that a grade for this lab depends on, by name."""
    files = (path for path in lab.folder.rglob("*") if path.name not in NOT_CHECKED_BY)
    return {
        "course": version("serverless-course-labs"),
        "checks": _digest(lab.folder, files),
        "emulator": f"ministack {version('ministack')}",
        "harness": _harness(),
    }


@cache
def _harness() -> str:
    files = PACKAGE.rglob("*.py")
    return _digest(PACKAGE, (path for path in files if path.relative_to(PACKAGE).parts[0] not in NOT_JUDGING))


def _digest(folder: Path, files: Iterable[Path]) -> str:
    """Twelve hexadecimal digits that change when a file does."""
    found = hashlib.sha256()
    for path in sorted(files):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:12]
