"""Turns what a class handed in into submissions to grade, and a rejected grade with its reason for each other one."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from lab_harness.course import Course
from lab_harness.grading.grade import Grade, Status, Submission
from lab_harness.grading.handed_in import HandedIn, Refused, files_in
from lab_harness.grading.notebooks import Released, lab_by_name, read_submitted
from lab_harness.grading.students import Place, Student, place_of, same_student
from lab_harness.labs import all_labs


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
    files = list(files_in(source))
    for file, place in _placed(files, source, intake):
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


def _placed(files: list[HandedIn], source: Path, intake: Intake) -> Iterable[tuple[HandedIn, Place]]:
    wrapped = not source.is_dir() and _common_folder(files)
    for file in files:
        place = place_of(file.path.relative_to(wrapped) if wrapped else file.path)
        if place is None and file.path.suffix.lower() == ".ipynb":
            place = Place(Student(file.path.stem, file.path.stem), file.path.name)
        if place is None:
            intake.notices.append(f"{file.path} is in no student's folder; it was left out.")
        elif not place.text:
            yield file, place


def _common_folder(files: list[HandedIn]) -> str:
    """The one folder that an archive wraps all students' folders in, or nothing."""
    tops = {file.path.parts[0] for file in files}
    if len(tops) != 1 or any(len(file.path.parts) < 3 or ".." in file.path.parts for file in files):
        return ""
    top = tops.pop()
    return "" if _in_named_folder(top) else top


def _in_named_folder(top: str) -> bool:
    place = place_of(PurePosixPath(top, "file"))
    return place is not None and bool(place.student.system)


def _empty_folders(source: Path, files: list[HandedIn]) -> set[str]:
    used = {file.path.parts[0] for file in files}
    return {each.name for each in source.iterdir() if each.is_dir() and not each.name.startswith(".")} - used


def _read(file: HandedIn, place: Place, releases: dict[str, Released], folder: Path) -> _Found:
    work = Work(place.student, lab_by_name(place.file, releases.values()) or "", late=place.late)
    try:
        if file.path.suffix.lower() != ".ipynb":
            raise Refused("it is no notebook: its name does not end in .ipynb")
        notebook = read_submitted(file.read(), place.file, releases)
        path = _write(notebook.content, folder / releases[notebook.lab].lab.file.notebook)
        work = replace(work, lab=notebook.lab, path=path, digest=notebook.digest, tasks=notebook.tasks)
    except Refused as reason:
        work = replace(work, refused=f"{place.file}: {reason}")
    except Exception as error:  # whatever one file holds, the others are graded
        work = replace(work, refused=f"{place.file}: it cannot be read: {type(error).__name__}: {error}")
    return _Found(place, file.path, file.modified, work)


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
    notebooks = [each for each in found if each.place.file.lower().endswith(".ipynb")]
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
    """The newest of a student's notebooks for one lab that can be graded, with a note on the others."""
    good = [each for each in found if not each.work.refused]
    counting = max(good or found, key=lambda each: each.newer)
    others = [f"{each.path}{' (cannot be)' if each.work.refused else ''}" for each in found if each is not counting]
    if not others or not good:
        return counting.work
    return replace(counting.work, note=f"{counting.path} counts, the newest; not graded: {', '.join(others)}")
