"""What a look at the machine takes and what it yields."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab_harness.course import Course
from lab_harness.emulators import Emulator

State = Literal["ok", "note", "problem"]  # a note is worth knowing, but nothing fails for it


@dataclass(frozen=True)
class Finding:
    """What one look found; `fix` is a command or a sentence, empty where there is nothing to mend."""

    title: str
    state: State
    found: str
    fix: str = ""


@dataclass
class Machine:
    """What the looks share: the course, the emulator that was asked for, was `chosen`, and `answers`."""

    course: Course
    asked: str | None = None
    chosen: Emulator | None = None
    answers: Emulator | None = None

    def shown(self, path: Path) -> str:
        """A path as the learner knows it: from the course's folder, or from their own."""
        for start, prefix in ((self.course.root.resolve(), ""), (Path.home(), "~/")):
            if path.is_relative_to(start) and path != start:
                return f"{prefix}{path.relative_to(start).as_posix()}"
        return str(path)


Look = Callable[[Machine], Iterator[Finding]]
