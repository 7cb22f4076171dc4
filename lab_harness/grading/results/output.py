"""Writes a class's grades into a folder, as files and pages."""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lab_harness.course import Course
from lab_harness.errors import CourseError, LabError, UsageError
from lab_harness.grading.class_file import SchoolClass, read_class
from lab_harness.grading.results import exports
from lab_harness.grading.results.class_view import lab_views, page_name
from lab_harness.grading.results.exports import GradedLab
from lab_harness.grading.results.gradebook import open_gradebook
from lab_harness.grading.results.handed_in import HANDED_IN, version_of
from lab_harness.grading.results.pages import class_page, handed_in_page, student_page
from lab_harness.grading.results.row import Row, described
from lab_harness.handing_in.released import Released
from lab_harness.handing_in.similarity import HashAll, Pair, Piece, hash_here, suspicious_pairs
from lab_harness.lab.labs import Lab
from lab_harness.lab.solutions import answers
from lab_harness.whole_files import write_whole

GRADEBOOK = "gradebook.sqlite"
Pairs = Mapping[str, Sequence[Pair]]  # of students whose code is alike, by lab


def graded_lab(lab: Lab) -> GradedLab:
    """A lab as the files describe it."""
    counted = [check for check in lab.all_checks if not check.apart]
    tasks: dict[str, int] = {}
    for check in counted:
        tasks[check.task or ""] = tasks.get(check.task or "", 0) + check.points
    return GradedLab(lab.id, lab.title, sum(tasks.values()), tasks)


def graded_labs(rows: Iterable[Row], releases: Mapping[str, Released]) -> list[GradedLab]:
    """The labs of the course in which there is work."""
    used = {row.lab for row in rows}
    return [graded_lab(released.lab) for released in releases.values() if released.lab.id in used]


def results_folder(path: Path) -> Path:
    """The folder for the results. Raises CourseError if it cannot be written to.

    If it is not there it is made, closed to other users of the computer: it tells what each student was given.
    """
    try:
        path.mkdir(0o700, parents=True, exist_ok=True)
        trial = path / ".writable"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def read_results(folder: Path, course: Course, class_file: Path | None = None) -> tuple[SchoolClass, list[Row]]:
    """A class, as its `class.toml` or that of the last run describes it, and its grades. UsageError without grades."""
    if not (folder / GRADEBOOK).is_file():
        raise UsageError(f"{folder} holds no grades; `lab grade SUBMISSIONS --out {folder}` writes them.")
    with open_gradebook(folder / GRADEBOOK) as gradebook:
        school = read_class(class_file or gradebook.class_file(), course, folder, begin=True)
        return school, described(gradebook.rows(), school)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Raise CourseError if another run is writing to these results."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise CourseError(f"Another `lab grade` is writing to {folder}. Wait for it, or name another --out.") from error


def write_results(
    folder: Path,
    rows: Sequence[Row],
    releases: Mapping[str, Released],
    pairs: Pairs,
    only: Collection[str] | None = None,
) -> list[Path]:
    """Write the gradebook as CSV, for Canvas and Moodle, as JUnit XML and JSON, and the pages; returns the paths.

    Where something was changed for `only` these students the others' pages stay.
    """
    labs = graded_labs(rows, releases)
    titles = {lab.id: lab.title for lab in labs}
    files = {
        "index.html": _class_page(rows, labs, pairs),
        "gradebook.csv": exports.gradebook_csv(rows, labs),
        "canvas.csv": exports.canvas_csv(rows, labs),
        "moodle.csv": exports.moodle_csv(rows, labs),
        "gradebook.json": exports.gradebook_json(rows),
        "junit.xml": exports.gradebook_junit(rows, titles),
    }
    if regrades := [regrade for row in rows if (regrade := row.regrade)]:
        files["changes.csv"] = exports.changes_csv(regrades)
    for lab in labs:
        files[f"gradebook_{lab.id}.csv"] = exports.lab_csv(rows, lab)
        if any(row.student.system == "moodle" and row.lab == lab.id for row in rows):
            files[f"moodle_{lab.id}.csv"] = exports.moodle_worksheet(rows, lab)
    try:
        _write_feedback(folder / "feedback", rows, releases, only)
        if only is None:
            _write_handed_in(folder / HANDED_IN, rows, releases)
        if not regrades:
            (folder / "changes.csv").unlink(missing_ok=True)
        return [_write(folder / name, text) for name, text in files.items()]
    except OSError as error:
        raise CourseError(f"{error.filename or folder} cannot be written: {error.strerror}.") from error


def _write(path: Path, text: str) -> Path:
    """Replace a file by a whole new one, so that a reader never sees half of it."""
    return write_whole(path, text.encode())


def _write_feedback(
    folder: Path, rows: Sequence[Row], releases: Mapping[str, Released], only: Collection[str] | None
) -> None:
    by_student: dict[str, list[Row]] = {}
    for row in rows:
        by_student.setdefault(row.student.id, []).append(row)
    if only is None:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    owners: dict[str, str] = {}
    for student, theirs in by_student.items():
        page = page_name(student)
        if (owner := owners.setdefault(page, student)) != student:
            raise CourseError(f"{owner} and {student} would share the page {page}; rename one of their folders.")
        if only is None or student in only:
            _write(folder / page, student_page(theirs, releases))


def _write_handed_in(folder: Path, rows: Sequence[Row], releases: Mapping[str, Released]) -> None:
    """A page for each piece of work that can be read. One that says the same already is left as it is."""
    pages = {folder / row.lab / page_name(row.student.id): row for row in rows if row.packed and row.lab in releases}
    for path, row in pages.items():
        version = version_of(row)
        if version not in _beginning(path):
            _write(path, handed_in_page(row, releases[row.lab], version))
    for path in set(folder.glob("*/*.html")) - set(pages):
        path.unlink()


def _beginning(path: Path) -> str:
    with suppress(OSError), path.open(encoding="utf-8") as file:
        return file.read(1000)
    return ""


def _class_page(rows: Sequence[Row], labs: Sequence[GradedLab], pairs: Pairs) -> str:
    versions = next((row.grade.versions for row in rows if row.grade.versions), {})
    shown = {name: version for name, version in versions.items() if name != "checks"}
    return class_page(lab_views(rows, labs, pairs), rows, shown)


def similar(rows: Sequence[Row], releases: Mapping[str, Released], hash_all: HashAll) -> Pairs:
    """The pairs of students whose work is suspiciously alike, by lab. `hash_all` reads their code."""
    return {lab.id: alike(releases[lab.id], rows, hash_all) for lab in graded_labs(rows, releases)}


def alike(released: Released, rows: Sequence[Row], hash_all: HashAll = hash_here) -> list[Pair]:
    """The pairs of students whose work for a lab is more alike than its notebook and its answer explain."""
    pieces = [
        Piece(row.student.id, _codes(released.lab, row), row.grade.fingerprint, row.grade.points == row.grade.total)
        for row in rows
        if row.lab == released.lab.id and row.tasks
    ]
    return suspicious_pairs(released.lab.id, pieces, _explained(released), hash_all)


def _explained(released: Released) -> list[str]:
    """The code that everybody has: from the notebook and from the answers, as far as this course has them."""
    found = []
    with suppress(LabError):
        found += [cell.source for cell in released.notebook.cells if cell.cell_type == "code"]
    with suppress(LabError):
        found += [answer.source for answer in answers(released.lab).values()]
    return found


def _codes(lab: Lab, row: Row) -> tuple[str, ...]:
    return tuple(row.tasks[task.id] for task in lab.tasks if task.id in row.tasks)
