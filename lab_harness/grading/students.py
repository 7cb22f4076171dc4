"""Whose a file is, told from where it lies: a folder a student, or as Canvas and Moodle name their downloads.

Canvas (2026): `<name>[_LATE]_<user>_<file>_<name of the file>`, the name in small letters without spaces; anonymous
ones `[LATE_]anon_<code>_<file>_<name of the file>`. Moodle (2026): `<full name>_<number>_assignsubmission_file/…`, with
an underscore at the end before Moodle 4, or the same before a file's name.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

CANVAS = re.compile(r"(?P<name>\w+?)(?P<late>_LATE)?_(?P<number>\d+)_(?P<file>\d+)_(?P<rest>.+)")
ANONYMOUS = "anon"  # what Canvas calls everybody in an anonymous download
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<name>anon)_(?P<number>\w+?)_(?P<file>\d+)_(?P<rest>.+)")
MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?")
MOODLE_FLAT = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)_(?P<rest>.+)")
UNPACKED = "submissions"  # what the folder is called that Canvas' archive unpacks to
AGAIN = re.compile(r"(?P<stem>.+?)(?:-(?P<dash>\d{1,3})| ?\((?P<copy>\d{1,3})\))?(?P<suffix>\.\w+)")


@dataclass(frozen=True)
class Student:
    """Who handed something in. `id` is the gradebook's key; `number` is the student's in `system`, if known."""

    id: str
    name: str
    system: str = ""  # canvas or moodle
    number: str = ""


@dataclass(frozen=True)
class Place:
    """What a file's path tells: whose it is, its own name, which attempt, and whether it came late."""

    student: Student
    file: str
    attempt: tuple[int, int] = (0, 0)  # Canvas' number of the file, and that behind a repeated name
    late: bool = False
    text: bool = False  # typed into a form, so no file of the student's


def place_of(path: PurePosixPath) -> Place | None:
    """What a path tells; None for a file that lies in no student's folder and has no student's name.

    Only what Canvas, Moodle or the teacher have named is asked: how files are called in a student's folder is that
    student's choice, and may be another student's name.
    """
    inner = path.relative_to(UNPACKED) if path.parts[:-1] == (UNPACKED,) else path
    top, name = inner.parts[0], inner.name
    if len(inner.parts) > 1:
        match = MOODLE.fullmatch(top)
        return _moodle(match, name) if match else _in_folder(path)
    flat = MOODLE_FLAT.fullmatch(name)
    return _moodle(flat, flat["rest"]) if flat else _in_canvas(name)


def same_student(name: str) -> str:
    """A name as it is compared: capitals, spaces and the ways of writing an accent make no other student."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _moodle(match: re.Match[str], file: str) -> Place:
    id = f"{match['name']}_{match['number']}"
    own, again = _repeated(file)
    return Place(
        Student(id, match["name"], "moodle", match["number"]), own, (0, again), text=match["kind"] == "onlinetext"
    )


def _in_canvas(name: str) -> Place | None:
    match = CANVAS_ANONYMOUS.fullmatch(name) or CANVAS.fullmatch(name)
    if match is None:
        return None
    number, (own, again) = match["number"], _repeated(match["rest"])
    student = Student(f"{match['name']}_{number}", match["name"], "canvas", number)
    return Place(student, own, (int(match["file"]), again), bool(match["late"]))


def _in_folder(path: PurePosixPath) -> Place | None:
    parts = [part for part in path.parts if part not in ("..", "/")]
    if len(parts) < 2:
        return None
    own, again = _repeated(path.name)
    return Place(Student(parts[0], parts[0]), own, (0, again))


def _repeated(name: str) -> tuple[str, int]:
    """A file's name without the number that Canvas (`-1`) or a browser (` (1)`) adds to a name it had before."""
    match = AGAIN.fullmatch(name)
    if match is None:
        return name, 0
    return match["stem"] + match["suffix"], int(match["dash"] or match["copy"] or 0)
