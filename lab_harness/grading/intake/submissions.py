"""Turns the files of a class into pieces of work: each can be graded, or is rejected with a reason."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from lab_harness.course import Course
from lab_harness.errors import HarnessError
from lab_harness.grading.intake.claims import Claim, settled
from lab_harness.grading.intake.reading import Reader
from lab_harness.grading.students import Place, Student, known_as, nobodys, place_of, same_student
from lab_harness.grading.work import Work
from lab_harness.handing_in.archives import is_ignored_name
from lab_harness.handing_in.bundle import SIGNATURE, Origin
from lab_harness.handing_in.cells import write_cells
from lab_harness.handing_in.handed_in import (
    HandedIn,
    HandedInFiles,
    files_in_archive,
    files_in_folder,
    no_archive,
    one_file,
    open_archive,
)
from lab_harness.handing_in.notebooks import KnownLab, lab_by_name
from lab_harness.handing_in.rejected import Rejected
from lab_harness.handing_in.released import releases_of
from lab_harness.render import one_line

Labs = Mapping[str, KnownLab]
SUFFIXES = (".ipynb", ".zip")  # of notebooks and bundles


@dataclass(frozen=True)
class _Found:
    """A file that was read, and the work in it, which may be rejected."""

    place: Place
    modified: float
    work: Work

    @property
    def newer(self) -> tuple[tuple[int, int], float, str]:
        """The sort key for a student's files for one lab: the newest is the greatest."""
        return self.place.attempt, self.modified, self.work.file


@dataclass
class Intake:
    """A piece of work for each student and lab, sorted by name, and notices about all other files."""

    works: list[Work] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def read_submissions(
    source: Path, course: Course, scratch: Path, labs: Collection[str] = (), reader: Reader | None = None
) -> Intake:
    """The work in a folder or zip archive. The notebooks to run are written to `scratch`.

    No file can make this raise, whatever its name and content: it is rejected with a reason, or gets a notice. If a
    student handed in several notebooks for a lab, the newest counts. `labs` restricts the work to these labs.
    """
    known = {id: released.known for id, released in releases_of(course).items()}
    with nullcontext(reader) if reader else Reader(known) as reading:
        if source.is_dir():
            return _intake(files_in_folder(source), source, known, scratch, labs, reading)
        archive = open_archive(source)
        try:
            return _intake(_in_archive(archive, source, reading), source, known, scratch, labs, reading)
        finally:
            os.close(archive)


def _in_archive(archive: int, source: Path, reader: Reader) -> HandedInFiles:
    """The files in an archive. If the archive itself is a bundle, it is the only file."""
    try:
        found = files_in_archive(archive, reader.directory(archive), source)
    except Rejected as error:
        raise no_archive(source, error) from error
    alone = any(str(file.path) == SIGNATURE for file in found.files)
    return HandedInFiles([one_file(source)]) if alone else found


def _intake(
    handed_in: HandedInFiles, source: Path, known: Labs, scratch: Path, labs: Collection[str], reader: Reader
) -> Intake:
    intake = Intake(notices=handed_in.notices)
    homes: dict[str, list[_Found]] = {}
    placed = list(_placed(handed_in.files, source, known, intake))
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as threads:
        folders = (scratch / str(number) for number in range(len(placed)))
        for each in threads.map(lambda one, folder: _read(one[0], one[1], known, folder, reader), placed, folders):
            homes.setdefault(each.place.home, []).append(each)
    for folder in _empty_folders(source, handed_in.files):
        homes[f"folder {folder}"] = []
    only_lab = next(iter(labs)) if len(labs) == 1 else ""
    claims = []
    for home, files in sorted(homes.items()):
        works, left_out = _of_student(home, files, labs or known, only_lab)
        claims += [Claim(home, work) for work in works]
        intake.notices += [f"{each.work.file} was left out: {each.work.rejected}" for each in left_out]
    intake.works = sorted(settled(claims), key=lambda work: (work.student.id, work.lab))
    return intake


def _placed(files: list[HandedIn], source: Path, known: Labs, intake: Intake) -> Iterator[tuple[HandedIn, Place]]:
    wrapped = not source.is_dir() and _common_folder(files, known)
    for file in files:
        place = place_of(file.path.relative_to(wrapped) if wrapped else file.path)
        place = place or _place_of_nobodys(file, known)
        if place is None:
            intake.notices.append(f"{file.shown} is in no student's folder; it was left out.")
        elif not place.text:
            yield file, place


def _place_of_nobodys(file: HandedIn, known: Labs) -> Place | None:
    """The place of a notebook or bundle outside any student's folder: its own name, until its content tells more."""
    suffix = file.path.suffix.lower()
    bundle = suffix == ".zip" and lab_by_name(file.path.name, known.values())
    return nobodys(file.path, file.path.stem) if suffix == ".ipynb" or bundle else None


def _common_folder(files: list[HandedIn], known: Labs) -> str:
    """The one folder in an archive that holds all students' folders, or all bundles; empty if there is none."""
    tops = {file.path.parts[:1] for file in files}
    if len(tops) != 1 or any(".." in file.path.parts for file in files):
        return ""
    if any(len(file.path.parts) < 3 for file in files) and not _of_several(files, known):
        return ""
    [top] = tops
    return "".join(top) if top and not _in_named_folder(top[0]) else ""


def _of_several(files: list[HandedIn], known: Labs) -> bool:
    """Whether all files are bundles and two are for the same lab: then they are of several students."""
    bundles = [file.path.suffix == ".zip" and lab_by_name(file.path.name, known.values()) for file in files]
    return all(bundles) and len(set(bundles)) < len(bundles)


def _in_named_folder(top: str) -> bool:
    place = place_of(PurePosixPath(top, "file"))
    return place is not None and bool(place.student.system)


def _empty_folders(source: Path, files: Iterable[HandedIn]) -> list[str]:
    if not source.is_dir():
        return []
    used = {file.path.parts[0] for file in files}
    with os.scandir(source) as there:
        folders = {each.name for each in there if each.is_dir(follow_symlinks=False) and not is_ignored_name(each.name)}
    return sorted(folders - used)


def _read(file: HandedIn, place: Place, known: Labs, folder: Path, reader: Reader) -> _Found:
    lab = lab_by_name(place.file, known.values()) or ""
    work = Work(place.student, lab, late=place.late, file=file.shown, claim=place.home.partition(" ")[0])
    try:
        if place.doubt:
            raise Rejected(place.doubt)
        if not place.file.lower().endswith(SUFFIXES):
            raise Rejected("it is no notebook: its name does not end in .ipynb")
        with os.fdopen(file.open(), "rb", buffering=0) as opened:
            submitted = reader.handed_in(opened.fileno(), place.file, file.entry)
        if submitted.origin and submitted.origin.intact:
            place, work = _named(place, replace(work, origin=submitted.origin))
        elif submitted.origin:
            work = replace(work, origin=submitted.origin, note=_taken_from(submitted.origin, work.student))
        if submitted.notebook is None:
            raise Rejected(submitted.rejected)
        notebook = submitted.notebook
        path = write_cells(notebook.cells, folder / known[notebook.lab].notebook)
        work = replace(
            work, lab=notebook.lab, path=path, digest=notebook.digest, tasks=notebook.tasks, shown=submitted.shown
        )
    except Rejected as error:
        work = replace(work, rejected=f"{place.file}: {one_line(str(error))}")
    except HarnessError:
        raise  # the grader's own fault
    except Exception as error:  # whatever one file holds, the others are graded
        work = replace(
            work, rejected=f"{place.file}: it cannot be read: {type(error).__name__}: {one_line(str(error))}"
        )
    return _Found(place, file.modified, replace(work, handed_in=file.modified))


def _taken_from(origin: Origin, student: Student) -> str:
    """Whose a bundle says it is that was changed since; empty where it is the student's own."""
    own = {same_student(name) for name in (student.id, student.name)}
    if not origin.student or same_student(origin.student) in own:
        return ""
    return f"it was made as {origin.student}'s"


def _named(place: Place, work: Work) -> tuple[Place, Work]:
    """The place and work of a bundle outside any student's folder: one key and name stand for one student."""
    if place.is_named_by_others or not work.origin:
        return place, work
    name = known_as(work.origin.student or place.student.name)
    student = Student(name, name)
    key = work.origin.key
    return (
        replace(place, student=student, home=f"key {key} {name}"),
        replace(work, student=student, claim=f"key {key}"),
    )


def _of_student(
    home: str, found: list[_Found], labs: Collection[str], only_lab: str
) -> tuple[list[Work], list[_Found]]:
    """A student's work, one for each lab, and the files of no lab. These count only if there is no other work.

    If only one lab is asked for, it is `only_lab`: a file that names no lab is taken to be for it.
    """
    if not found:
        kind, _, name = home.partition(" ")
        student = Student(known_as(name), known_as(name))
        return [Work(student, only_lab, rejected="nothing was handed in", file=student.id, claim=kind)], []
    notebooks = [each for each in found if each.place.file.lower().endswith(SUFFIXES)]
    by_lab: dict[str, list[_Found]] = {}
    for each in notebooks or found:
        by_lab.setdefault(each.work.lab or only_lab, []).append(each)
    works = [replace(_counting(by_lab[lab]), lab=lab) for lab in sorted(by_lab) if lab in labs]
    nameless = by_lab.pop("", [])
    if works:
        return works, nameless
    if nameless:
        return [_counting(nameless)], []
    any_of_them = found[0].work
    reason = f"wrong lab: handed in {', '.join(sorted(by_lab))}"
    work = Work(any_of_them.student, only_lab, rejected=reason, file=any_of_them.file, claim=any_of_them.claim)
    return [work], []


def _counting(found: list[_Found]) -> Work:
    """The newest notebook for a lab that can be graded. Its note names the others whose code differs."""
    good = [each for each in found if not each.work.rejected]
    counting = max(good or found, key=lambda each: each.newer)
    different = [each for each in found if each.work.digest != counting.work.digest or not each.work.digest]
    others = [each.work for each in different if each != counting]
    if not others or not good:
        return counting.work
    names = one_line(", ".join(f"{work.file}{' (cannot be)' if work.rejected else ''}" for work in others), 1000)
    return replace(counting.work, note=f"{counting.work.file} counts, the newest; not graded: {names}")
