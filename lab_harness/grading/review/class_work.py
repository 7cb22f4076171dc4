"""A class's work as its files tell it now, and what the teacher says of it, which goes into the file of remarks.

The files are the truth: they may be changed by hand, or by `lab grade`, while the page is open. So they are looked at
for each request, and read again where they have changed.
"""

from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock

from lab_harness.course import Course
from lab_harness.errors import CourseError
from lab_harness.grading.class_file import SchoolClass
from lab_harness.grading.remarks import Said, change_remarks
from lab_harness.grading.results.class_view import page_name
from lab_harness.grading.results.gradebook import open_gradebook
from lab_harness.grading.results.output import GRADEBOOK, alone_in, read_results, results_folder, write_results
from lab_harness.grading.results.row import Row
from lab_harness.handing_in.released import releases_of

Stamp = tuple[object, ...]  # of files: it changes when they do
LOCK = ".remarks.lock"  # who writes remarks holds it, for no longer than that takes


class ClassWork:
    """The class whose work lies in a folder of results. CourseError or UsageError where it cannot be used."""

    def __init__(self, results: Path, course: Course, class_file: Path | None = None) -> None:
        self.results, self.course, self._class_file = results, course, class_file
        self.releases = releases_of(course)
        self.school, self.rows = SchoolClass(), list[Row]()
        self._stamp: Stamp = ()
        self._read()  # first of all: it says where there are no results
        results_folder(results)
        # Students whose pages are out of date; None where all may be, for they are not as we have written them.
        self._due: set[str] | None = None
        self._unwritten = False

    def refresh(self) -> None:
        """Read the files again, if they have changed."""
        if self._stamp_now() != self._stamp:
            self._read()
            self._due = None

    def work(self, lab: str, page: str) -> Row | None:
        """A piece of work by its lab and the name of its student's page."""
        return self._by_page.get((lab, page))

    @property
    def remarks_file(self) -> Path:
        found = self.school.remarks_file
        assert found
        return found

    def save(self, row: Row, changes: Mapping[str, tuple[Said, Said]]) -> dict[str, Said]:
        """Write what is said of a piece of work, by task: what was known of it, and what is to be.

        Where the file says something else by now nothing is written; returns that, by task.
        """
        self.refresh()
        whose = self.school.names(row.student)
        try:
            with FileLock(self.results / LOCK):
                others = change_remarks(self.remarks_file, self.course, whose, row.student.id, row.lab, changes)
        except OSError as error:
            raise CourseError(f"{self.results} cannot be written: {error.strerror}.") from error
        if not others:
            self._read()
            with open_gradebook(self.results / GRADEBOOK) as gradebook:
                gradebook.keep_marks(self.rows)
            self._read()
            self._unwritten = True
            if self._due is not None:
                self._due.add(row.student.id)
        return others

    def write(self) -> str:
        """Make anew what `lab grade` wrote, where something was saved; returns why that cannot be now, or nothing."""
        if not self._unwritten:
            return ""
        try:
            with alone_in(self.results):
                write_results(self.results, self.rows, self.releases, self._similar, self._due)
        except (CourseError, OSError) as error:
            return f"What you typed is in {self.remarks_file.name}; pages and exports are not made anew yet. {error}"
        self._due, self._unwritten = set(), False
        return ""

    def _read(self) -> None:
        before = self._files(), self._stamp_now()
        self.school, self.rows = read_results(self.results, self.course, self._class_file)
        with open_gradebook(self.results / GRADEBOOK) as gradebook:
            self._class_file = self._class_file or gradebook.class_file()
            self._similar = gradebook.similar()
        self._by_page = {(row.lab, page_name(row.student.id)): row for row in self.rows}
        self._stamp = before[1] if self._files() == before[0] else self._stamp_now()

    def _files(self) -> list[Path | None]:
        """The files that it is read from."""
        roster = self.school.file.roster
        beside = self._class_file.parent / roster if self._class_file and roster else None
        gradebook = self.results / GRADEBOOK
        return [gradebook, gradebook.with_name(f"{GRADEBOOK}-wal"), self._class_file, beside, self.school.remarks_file]

    def _stamp_now(self) -> Stamp:
        return tuple(map(_stamp, self._files()))


def _stamp(file: Path | None) -> tuple[int, int, int] | None:
    try:
        status = file.stat() if file else None
    except OSError:
        return None
    # SQLite leaves an empty file beside a gradebook that is only read.
    return (status.st_mtime_ns, status.st_size, status.st_ino) if status and status.st_size else None
