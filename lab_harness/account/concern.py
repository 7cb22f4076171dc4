"""What in the account concerns a lab: not what names only things that other labs ask for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lab_harness.course import Course
from lab_harness.emulators.base import WORD
from lab_harness.errors import LabError
from lab_harness.lab.file import LabFile, read_lab_file
from lab_harness.lab.labs import Lab


@dataclass(frozen=True)
class Concern:
    """By the names of what the lab asks for and of what others do. Without names, everything concerns it."""

    own: frozenset[str] = field(default_factory=frozenset)
    others: frozenset[str] = field(default_factory=frozenset)

    def about(self, words: Iterable[str]) -> bool:
        """Whether what has these words concerns the lab: it names something of its, or nothing of any lab's."""
        found = frozenset(words)
        return bool(found & self.own) or not found & self.others

    def about_text(self, text: str) -> bool:
        """The same for the words of a text."""
        return not self.others or self.about(WORD.findall(text))


def concern_of(lab: Lab, course: Course) -> Concern:
    """What concerns a lab of this course; a lab that cannot be read asks for nothing."""
    own = _names(lab.file)
    files = (_file(path) for path in course.labs.glob("*/lab.toml") if path.parent.name != lab.id)
    others = frozenset[str]().union(*(_names(file) for file in files if file))
    return Concern(own, others - own)


def _file(path: Path) -> LabFile | None:
    try:
        return read_lab_file(path)
    except LabError:
        return None


def _names(file: LabFile) -> frozenset[str]:
    return frozenset(resource.name for resource in file.resources)
