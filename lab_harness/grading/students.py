"""Finds out whose a file is from its path: a folder for each student, or the names that Canvas and Moodle give.

Canvas (2026): `<name>[_LATE]_<user>_<file>_<name of the file>`, the name in small letters without spaces; anonymous
ones `[LATE_]anon_<code>_<file>_<name of the file>`. Moodle (2026): `<full name>_<number>_assignsubmission_file/…`, with
an underscore at the end before Moodle 4, or the same before a file's name.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from lab_harness.render import plain

CANVAS = re.compile(r"(?P<name>\w+?)(?P<late>_LATE)?_(?P<number>[0-9]+)_(?P<file>[0-9]+)_(?P<rest>.+)")
ANONYMOUS = "anon"  # what Canvas calls everybody in an anonymous download
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<name>anon)_(?P<number>\w+?)_(?P<file>[0-9]+)_(?P<rest>.+)")
MOODLE = re.compile(r"(?P<name>.+)_(?P<number>[0-9]+)_assignsubmission_(?P<kind>file|onlinetext)_?")
MOODLE_FLAT = re.compile(r"(?P<name>.+?)_(?P<number>[0-9]+)_assignsubmission_(?P<kind>file|onlinetext)_(?P<rest>.+)")
LONGEST_SUFFIX = len(".ipynb")
LONGEST_NAME = 100  # characters of a student's
NAMELESS = "(no name)"
INVISIBLE = ("Cf", "Cc")  # categories of characters that are not seen
ALONE = "file "  # begins the home of what lies in no student's folder and has no platform's name
UNPACKED = "submissions"  # what the folder is called that Canvas' archive unpacks to
AGAIN = re.compile(r"(?P<stem>.+?)(?:-(?P<dash>\d{1,3})| ?\((?P<copy>\d{1,3})\))?(?P<suffix>\.\w+)")


@dataclass(frozen=True)
class Student:
    """A student who handed something in. `id` is the gradebook's key; `number` is the number in `system`, if known."""

    id: str
    name: str
    system: str = ""  # canvas or moodle
    number: str = ""


@dataclass(frozen=True)
class Place:
    """What a file's path tells: whose it is, its own name, which attempt it is, and whether it came late.

    `home` is the part that says whose it is, as it was written: a folder, a platform's name for a student, or the file.
    """

    student: Student
    file: str
    home: str
    attempt: tuple[int, int] = (0, 0)  # Canvas' number of the file, and that behind a repeated name
    late: bool = False
    text: bool = False  # typed into a form, so no file of the student's
    doubt: str = ""  # why nobody can say whose it is

    @property
    def is_named_by_others(self) -> bool:
        """Whether the teacher or a platform has named the student, and not the file itself."""
        return not self.home.startswith(ALONE)


def place_of(path: PurePosixPath) -> Place | None:
    """What a path tells; None for a file outside any student's folder whose name names no student.

    Only names that Canvas, Moodle or the teacher gave are used. Inside a student's folder that student chooses the
    names, and could choose another student's.
    """
    if not path.parts:
        return None
    inner = path.relative_to(UNPACKED) if path.parts[:-1] == (UNPACKED,) else path
    top, name = inner.parts[0], inner.name
    if len(inner.parts) > 1:
        match = MOODLE.fullmatch(top)
        return _moodle(match, name) if match else _in_folder(path)
    flat = MOODLE_FLAT.fullmatch(name)
    if flat is None:
        return _in_canvas(name)
    place = _moodle(flat, flat["rest"])
    again = MOODLE_FLAT.fullmatch(flat["rest"])
    return _doubtful(path, place, _moodle(again, "")) if again and _id(again) != _id(flat) else place


def nobodys(path: PurePosixPath, name: str) -> Place:
    """The place of a file outside any student's folder, which itself says whose it is."""
    student = known_as(name)
    return Place(Student(student, student), _file(path.name), f"{ALONE}{path}")


def known_as(name: str) -> str:
    """The name of a student or a file as it is kept and shown: on one line, without control codes, not too long."""
    line = re.sub(r"[\t\r\n]", " ", plain(name)).strip()
    if len(line) <= LONGEST_NAME:
        return line or NAMELESS
    return f"{line[:80]}… {hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def same_student(name: str) -> str:
    """A name for comparing. Capitals, spaces, invisible characters and ways to write a letter make no difference."""
    letters = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(each for each in letters if unicodedata.category(each) not in INVISIBLE).split())


def _doubtful(path: PurePosixPath, one: Place, other: Place) -> Place:
    """The place of a file whose name names two participants: it belongs to neither."""
    doubt = f"its name tells of two participants, {one.student.id} and {other.student.id}; neither gets it"
    return replace(nobodys(path, path.stem), doubt=doubt)


def _id(match: re.Match[str]) -> str:
    return f"{match['name']}_{match['number']}"


def _moodle(match: re.Match[str], file: str) -> Place:
    own, again = _repeated(file)
    student = Student(known_as(_id(match)), known_as(match["name"]), "moodle", match["number"])
    return Place(student, own, f"moodle {_id(match)}", (0, again), text=match["kind"] == "onlinetext")


def _in_canvas(name: str) -> Place | None:
    match = CANVAS_ANONYMOUS.fullmatch(name) or CANVAS.fullmatch(name)
    if match is None:
        return None
    number, (own, again) = match["number"], _repeated(match["rest"])
    student = Student(known_as(_id(match)), known_as(match["name"]), "canvas", number)
    return Place(student, own, f"canvas {_id(match)}", (_number(match["file"]), again), bool(match["late"]))


def _in_folder(path: PurePosixPath) -> Place | None:
    parts = [part for part in path.parts if part not in ("..", "/")]
    if len(parts) < 2:
        return None
    own, again = _repeated(path.name)
    student = known_as(parts[0])
    return Place(Student(student, student), own, f"folder {parts[0]}", (0, again))


def _repeated(name: str) -> tuple[str, int]:
    """A file's name without the number that Canvas (`-1`) or a browser (` (1)`) adds to a repeated name; the number."""
    match = AGAIN.fullmatch(name)
    if match is None:
        return _file(name), 0
    return _file(match["stem"] + match["suffix"]), _number(match["dash"] or match["copy"] or "0")


def _file(name: str) -> str:
    """A file's name as it is kept and shown: however short it is made, it tells of which kind the file is."""
    shown, suffix = known_as(name), known_as(PurePosixPath(name).suffix)
    return shown if shown.endswith(suffix) or len(suffix) > LONGEST_SUFFIX else shown + suffix


def _number(digits: str) -> int:
    """The number that these digits write; 0 if there are too many."""
    return int(digits) if len(digits) <= 20 else 0
