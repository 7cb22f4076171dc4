"""Turns what a class handed in into submissions to grade, and a rejected grade with its reason for each other one."""

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
from lab_harness.grading.students import Place, Student, known_as, nobodys, place_of
from lab_harness.grading.work import Work
from lab_harness.handing_in.archives import Refused, is_ignored_name
from lab_harness.handing_in.bundle import SIGNATURE
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
from lab_harness.handing_in.released import releases_of
from lab_harness.render import one_line

Labs = Mapping[str, KnownLab]
SUFFIXES = (".ipynb", ".zip")  # of notebooks and bundles


@dataclass(frozen=True)
class _Found:
    """A file that could be read as a notebook of the course, or why not."""

    place: Place
    modified: float
    work: Work

    @property
    def newer(self) -> tuple[tuple[int, int], float, str]:
        """What orders a student's files for one lab."""
        return self.place.attempt, self.modified, self.work.file


@dataclass
class Intake:
    """What came in: a piece of work for each student and lab, in the order of their names, and what else there was."""

    works: list[Work] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def rejected(self) -> list[Work]:
        return [work for work in self.works if work.refused]


def read_submissions(
    source: Path, course: Course, scratch: Path, labs: Collection[str] = (), reader: Reader | None = None
) -> Intake:
    """What lies in a folder or zip archive; the notebooks that will be run are written to `scratch`.

    No file makes this raise, whatever it holds or is called: it gets a row that says why it was rejected, or a notice.
    Where a student handed in several notebooks for one lab, the newest counts. `labs` limits it to these labs.
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
    """The files of a class; one bundle alone is one file."""
    try:
        found = files_in_archive(archive, reader.directory(archive), source)
    except Refused as error:
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
        intake.notices += [f"{each.work.file} was left out: {each.work.refused}" for each in left_out]
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
    """Whose a notebook or a bundle is that lies in no student's folder: its own name tells, unless it says better."""
    suffix = file.path.suffix.lower()
    bundle = suffix == ".zip" and lab_by_name(file.path.name, known.values())
    return nobodys(file.path, file.path.stem) if suffix == ".ipynb" or bundle else None


def _common_folder(files: list[HandedIn], known: Labs) -> str:
    """The one folder that an archive wraps all students' folders, or all their bundles, in, or nothing."""
    tops = {file.path.parts[:1] for file in files}
    if len(tops) != 1 or any(".." in file.path.parts for file in files):
        return ""
    if any(len(file.path.parts) < 3 for file in files) and not _of_several(files, known):
        return ""
    [top] = tops
    return "".join(top) if top and not _in_named_folder(top[0]) else ""


def _of_several(files: list[HandedIn], known: Labs) -> bool:
    """Whether these are bundles only, and two of one lab: nobody hands that in alone."""
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
            raise Refused(place.doubt)
        if not place.file.lower().endswith(SUFFIXES):
            raise Refused("it is no notebook: its name does not end in .ipynb")
        with os.fdopen(file.open(), "rb", buffering=0) as opened:
            submitted = reader.handed_in(opened.fileno(), place.file, file.entry)
        if submitted.origin:
            place, work = _named(place, replace(work, origin=submitted.origin))
        if submitted.notebook is None:
            raise Refused(submitted.refused)
        notebook = submitted.notebook
        path = write_cells(notebook.cells, folder / known[notebook.lab].notebook)
        work = replace(work, lab=notebook.lab, path=path, digest=notebook.digest, tasks=notebook.tasks)
    except Refused as reason:
        work = replace(work, refused=f"{place.file}: {one_line(str(reason))}")
    except HarnessError:
        raise  # the grader's own fault
    except Exception as error:  # whatever one file holds, the others are graded
        work = replace(work, refused=f"{place.file}: it cannot be read: {type(error).__name__}: {one_line(str(error))}")
    return _Found(place, file.modified, work)


def _named(place: Place, work: Work) -> tuple[Place, Work]:
    """A bundle that lies in no student's folder says whose it is: bundles of one key and name are one student's."""
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
    """A student's work, one a lab; then the notebooks of no lab that lie beside it, and count where nothing else does.

    `only_lab` is what a file is for that does not say so, where no other lab is asked for.
    """
    if not found:
        kind, _, name = home.partition(" ")
        student = Student(known_as(name), known_as(name))
        return [Work(student, only_lab, refused="nothing was handed in", file=student.id, claim=kind)], []
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
    work = Work(any_of_them.student, only_lab, refused=reason, file=any_of_them.file, claim=any_of_them.claim)
    return [work], []


def _counting(found: list[_Found]) -> Work:
    """The newest of a student's notebooks for one lab that can be graded, with a note on those that differ from it."""
    good = [each for each in found if not each.work.refused]
    counting = max(good or found, key=lambda each: each.newer)
    different = [each for each in found if each.work.digest != counting.work.digest or not each.work.digest]
    names = [f"{each.work.file}{' (cannot be)' if each.work.refused else ''}" for each in different if each != counting]
    if not names or not good:
        return counting.work
    others = one_line(", ".join(names), 1000)
    return replace(counting.work, note=f"{counting.work.file} counts, the newest; not graded: {others}")
