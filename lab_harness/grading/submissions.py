"""Turns what a class handed in into submissions to grade, and a rejected grade with its reason for each other one."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from lab_harness.course import Course
from lab_harness.grading.bundle import SIGNATURE, Origin, unpack
from lab_harness.grading.grade import Grade, Status, Submission
from lab_harness.grading.handed_in import HandedIn, Refused, files_in, one_file
from lab_harness.grading.notebooks import Released, lab_by_name, read_submitted
from lab_harness.grading.students import Place, Student, place_of, same_student
from lab_harness.labs import all_labs

SUFFIXES = (".ipynb", ".zip")  # of notebooks and bundles


@dataclass(frozen=True)
class Work:
    """What a student handed in for a lab: a submission, or why it was rejected. `note` is for the teacher."""

    student: Student
    lab: str
    path: Path | None = None  # the notebook as it will be run
    digest: str = ""
    tasks: dict[str, str] = field(default_factory=dict)  # the student's code for each task
    late: bool = False
    note: str = ""
    refused: str = ""
    origin: Origin | None = None  # where it came in a bundle

    @property
    def submission(self) -> Submission:
        if self.path is None:
            raise ValueError(f"{self.student.id}'s {self.lab} was rejected.")
        return Submission(self.student.id, self.lab, self.path)

    @property
    def rejection(self) -> Grade:
        """The grade of what was refused."""
        return Grade(self.student.id, self.lab, Status.REJECTED, self.refused)


@dataclass(frozen=True)
class _Found:
    """A file that could be read as a notebook of the course, or why not."""

    place: Place
    path: PurePosixPath
    modified: float
    work: Work

    @property
    def newer(self) -> tuple[tuple[int, int], float, str]:
        """What orders a student's files for one lab."""
        return self.place.attempt, self.modified, str(self.path)


@dataclass
class Intake:
    """What came in: a piece of work for each student and lab, in the order of their names, and what else there was."""

    works: list[Work] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> list[Work]:
        return [work for work in self.works if not work.refused]

    @property
    def rejected(self) -> list[Work]:
        return [work for work in self.works if work.refused]


def releases_of(course: Course) -> dict[str, Released]:
    """The course's labs as the class was given them, by id."""
    return {lab.id: Released(lab, course) for lab in all_labs(course)}


def read_submissions(source: Path, course: Course, scratch: Path, labs: Collection[str] = ()) -> Intake:
    """What lies in a folder or zip archive; the notebooks that will be run are written to `scratch`.

    No file makes this raise, whatever it holds: it gets a row that says why it was rejected. Where a student handed
    in several notebooks for one lab, the newest counts. `labs` limits it to these labs.
    """
    releases = releases_of(course)
    intake, folders = Intake(), _Students()
    files = _files(source)
    for file, place in _placed(files, source, releases, intake):
        student = folders.one(place.student)
        folders.add(student, _read(file, replace(place, student=student), releases, scratch / str(folders.count)))
    if source.is_dir():
        for name in sorted(_empty_folders(source, files)):
            folders.one(Student(name, name))
    only_lab = next(iter(labs)) if len(labs) == 1 else ""
    for student, found in folders.by_student.items():
        works, left_out = _of_student(student, found, labs or releases, only_lab)
        intake.works += works
        intake.notices += [f"{each.path} was left out: {each.work.refused}" for each in left_out]
    intake.works.sort(key=lambda work: (work.student.id, work.lab))
    return intake


class _Students:
    """The students met so far, each under one spelling, with their files."""

    def __init__(self) -> None:
        self.by_student: dict[Student, list[_Found]] = {}
        self._known: dict[str, Student] = {}
        self.count = 0

    def one(self, student: Student) -> Student:
        """The student under the spelling that was met first."""
        known = self._known.setdefault(same_student(student.id), student)
        self.by_student.setdefault(known, [])
        return known

    def add(self, student: Student, found: _Found) -> None:
        self.by_student[student].append(found)
        self.count += 1


def _files(source: Path) -> list[HandedIn]:
    """The files of a class; one bundle alone is one file."""
    files = list(files_in(source))
    alone = not source.is_dir() and any(str(file.path) == SIGNATURE for file in files)
    return [one_file(source)] if alone else files


def _placed(
    files: list[HandedIn], source: Path, releases: dict[str, Released], intake: Intake
) -> Iterable[tuple[HandedIn, Place]]:
    wrapped = not source.is_dir() and _common_folder(files, releases)
    for file in files:
        place = place_of(file.path.relative_to(wrapped) if wrapped else file.path)
        place = place or _place_of_nobodys(file, releases)
        if place is None:
            intake.notices.append(f"{file.path} is in no student's folder; it was left out.")
        elif not place.text:
            yield file, place


def _place_of_nobodys(file: HandedIn, releases: dict[str, Released]) -> Place | None:
    """Whose a notebook or a bundle is that lies in no student's folder: its own name, or the name in it, tells."""
    name = file.path.stem if file.path.suffix.lower() == ".ipynb" else ""
    if file.path.suffix.lower() == ".zip" and lab_by_name(file.path.name, releases.values()):
        try:
            name = unpack(file.read()).origin.student or file.path.stem
        except Refused:
            name = file.path.stem
    return Place(Student(name, name), file.path.name) if name else None


def _common_folder(files: list[HandedIn], releases: dict[str, Released]) -> str:
    """The one folder that an archive wraps all students' folders, or all their bundles, in, or nothing."""
    tops = {file.path.parts[0] for file in files}
    if len(tops) != 1 or any(".." in file.path.parts for file in files):
        return ""
    if any(len(file.path.parts) < 3 for file in files) and not _of_several(files, releases):
        return ""
    top = tops.pop()
    return "" if _in_named_folder(top) else top


def _of_several(files: list[HandedIn], releases: dict[str, Released]) -> bool:
    """Whether these are bundles only, and two of one lab: nobody hands that in alone."""
    bundles = [file.path.suffix == ".zip" and lab_by_name(file.path.name, releases.values()) for file in files]
    return all(bundles) and len(set(bundles)) < len(bundles)


def _in_named_folder(top: str) -> bool:
    place = place_of(PurePosixPath(top, "file"))
    return place is not None and bool(place.student.system)


def _empty_folders(source: Path, files: list[HandedIn]) -> set[str]:
    used = {file.path.parts[0] for file in files}
    return {each.name for each in source.iterdir() if each.is_dir() and not each.name.startswith(".")} - used


def _read(file: HandedIn, place: Place, releases: dict[str, Released], folder: Path) -> _Found:
    work = Work(place.student, lab_by_name(place.file, releases.values()) or "", late=place.late)
    try:
        name, content, origin = _notebook_of(file, place)
        notebook = read_submitted(content, name, releases)
        path = _write(notebook.content, folder / releases[notebook.lab].lab.file.notebook)
        work = replace(work, lab=notebook.lab, path=path, digest=notebook.digest, tasks=notebook.tasks, origin=origin)
    except Refused as reason:
        work = replace(work, refused=f"{place.file}: {reason}")
    except Exception as error:  # whatever one file holds, the others are graded
        work = replace(work, refused=f"{place.file}: it cannot be read: {type(error).__name__}: {error}")
    return _Found(place, file.path, file.modified, work)


def _notebook_of(file: HandedIn, place: Place) -> tuple[str, bytes, Origin | None]:
    """A notebook's name and content; from a bundle also where it comes from. Raises Refused where it is neither."""
    suffix = file.path.suffix.lower()
    if suffix not in SUFFIXES:
        raise Refused("it is no notebook: its name does not end in .ipynb")
    if suffix == ".ipynb":
        return place.file, file.read(), None
    bundle = unpack(file.read())
    return bundle.manifest.notebook, bundle.notebook, bundle.origin


def _write(content: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _of_student(
    student: Student, found: list[_Found], labs: Collection[str], only_lab: str
) -> tuple[list[Work], list[_Found]]:
    """A student's work, one a lab; then the notebooks of no lab that lie beside it, and count where nothing else does.

    `only_lab` is what a file is for that does not say so, where no other lab is asked for.
    """
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
    others = ", ".join(sorted(by_lab))
    reason = f"wrong lab: handed in {others}" if others else "nothing was handed in"
    return [Work(student, only_lab, refused=reason)], []


def _counting(found: list[_Found]) -> Work:
    """The newest of a student's notebooks for one lab that can be graded, with a note on those that differ from it."""
    good = [each for each in found if not each.work.refused]
    counting = max(good or found, key=lambda each: each.newer)
    different = [each for each in found if each.work.digest != counting.work.digest or not each.work.digest]
    others = [f"{each.path}{' (cannot be)' if each.work.refused else ''}" for each in different if each is not counting]
    if not others or not good:
        return counting.work
    return replace(counting.work, note=f"{counting.path} counts, the newest; not graded: {', '.join(others)}")
