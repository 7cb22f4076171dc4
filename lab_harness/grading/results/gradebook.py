"""The grades of a class in `gradebook.sqlite`: a row for each student and lab, written when the grade is known."""

import json
import sqlite3
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from lab_harness.errors import CourseError
from lab_harness.grading.grade import Grade, Status
from lab_harness.grading.results import marks
from lab_harness.grading.results.capped import capped_code
from lab_harness.grading.results.marks import marks_given
from lab_harness.grading.results.regrades import Regrade, regrade
from lab_harness.grading.results.row import Row
from lab_harness.grading.students import Student
from lab_harness.grading.work import Work
from lab_harness.handing_in.bundle import Origin
from lab_harness.handing_in.shown import Shown
from lab_harness.handing_in.similarity import Pair

VERSION = 8  # of the schema; grows with each change of it
SCHEMA = f"""
create table grades (
    student text not null, lab text not null,
    name text not null, system text not null, number text not null, late integer not null, note text not null,
    digest text not null, tasks text not null, grade text not null, graded real not null, origin text,
    before text, due integer not null default 0, claim text not null default '', file text not null default '',
    handed_in real not null default 0, shown blob,
    primary key (student, lab)
);
create table similar (lab text primary key, pairs text not null);
create table run (name text primary key, value text not null);
{marks.SCHEMA}
"""
UPDATES = {  # from this version of the schema to the next
    1: "alter table grades add column origin text;",
    2: "alter table grades add column before text; alter table grades add column due integer not null default 0;",
    3: "alter table grades add column claim text not null default '';",
    4: "alter table grades add column file text not null default '';",
    5: "alter table grades add column handed_in real not null default 0;",
    6: """
        alter table grades add column shown blob;
        create table similar (lab text primary key, pairs text not null);
        create table run (name text primary key, value text not null);
    """,
    7: marks.SCHEMA,
}
COLUMNS = (
    "student, lab, name, system, number, late, note, digest, tasks, grade, graded, origin, before, due, claim, file, "
    "handed_in, shown"
)


class Gradebook:
    """An open gradebook. When `record` returns, the grade is saved: if the run is killed, no grade is lost."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def record(self, work: Work, grade: Grade) -> Regrade | None:
        """Save a grade in place of the student's earlier one for this lab.

        Returns what has changed if the same work was graded before.
        """
        who = work.student
        same = "select grade from grades where student = ? and lab = ? and digest = ?"
        (before,) = self._database.execute(same, (who.id, work.lab, work.digest)).fetchone() or (None,)
        values = (who.id, work.lab, who.name, who.system, who.number, work.late, work.note, work.digest)
        texts = (
            _json(capped_code(work.tasks)),
            _json(grade.to_dict()),
            time.time(),
            _packed(work.origin),
            before,
        )
        with self._database:
            self._database.execute(
                f"insert or replace into grades ({COLUMNS}) values ({'?, ' * 13}0, ?, ?, ?, ?)",  # noqa: S608
                (*values, *texts, work.claim, work.file, self._handed_in(work), _compressed(work.shown)),
            )
        return regrade(_grade(before), grade)

    def grade_again(self, lab: str, students: Collection[str]) -> None:
        """Mark these students' grades for a lab as due, unless some are still due because a run was stopped."""
        due = self._database.execute("select student from grades where lab = ? and due", (lab,))
        if not {student for (student,) in due}.intersection(students):
            with self._database:
                again = "update grades set due = 1 where lab = ? and student = ?"
                self._database.executemany(again, [(lab, student) for student in students])

    def annotate(self, work: Work) -> None:
        """Update what is known about work whose grade stays: for example, that it is late."""
        known = "name = ?, late = ?, note = ?, origin = ?, claim = ?, file = ?, handed_in = ?, shown = ?"
        who = (work.student.name, work.late, work.note, _packed(work.origin))
        with self._database:
            self._database.execute(
                f"update grades set {known} where student = ? and lab = ?",  # noqa: S608
                (
                    *who,
                    work.claim,
                    work.file,
                    self._handed_in(work),
                    _compressed(work.shown),
                    work.student.id,
                    work.lab,
                ),
            )

    def _handed_in(self, work: Work) -> float:
        """When this work came first: who copies or downloads a file again may give it a later time."""
        same = "select handed_in from grades where student = ? and lab = ? and digest = ? and handed_in > 0"
        (before,) = self._database.execute(same, (work.student.id, work.lab, work.digest)).fetchone() or (None,)
        return min(filter(None, (before, work.handed_in)), default=0.0)

    def reject(self, work: Work) -> None:
        """Save why work was rejected. If it disputes an existing grade, the reason becomes a note to that grade."""
        if work.disputed and self._has_grade(work):
            with self._database:
                disputed = "update grades set note = ?, due = 0 where student = ? and lab = ?"
                self._database.execute(disputed, (work.rejected, work.student.id, work.lab))
        else:
            self.record(work, work.rejection)

    def _has_grade(self, work: Work) -> bool:
        asked = "select grade from grades where student = ? and lab = ?"
        (grade,) = self._database.execute(asked, (work.student.id, work.lab)).fetchone() or (None,)
        return grade is not None and Grade.from_dict(json.loads(grade)).status is not Status.REJECTED

    def forget_rejections(self, students: Sequence[str]) -> None:
        """Delete these students' rows for files of no lab: the students may have handed in again since."""
        with self._database:
            self._database.executemany("delete from grades where lab = '' and student = ?", [(s,) for s in students])

    def keep_run(self, pairs: Mapping[str, Sequence[Pair]], class_file: Path | None) -> None:
        """Save what a run found of the class as a whole, and by which `class.toml`: see `similar` and `class_file`."""
        with self._database:
            self._database.execute("delete from similar")
            packed = [(lab, msgspec.json.encode(found).decode()) for lab, found in pairs.items()]
            self._database.executemany("insert into similar values (?, ?)", packed)
            named = str(class_file.resolve()) if class_file else ""
            self._database.execute("insert or replace into run values ('class_file', ?)", (named,))

    def similar(self) -> dict[str, list[Pair]]:
        """The pairs of students whose code was alike in the last run, by lab."""
        found = self._database.execute("select lab, pairs from similar")
        return {lab: msgspec.json.decode(pairs, type=list[Pair]) for lab, pairs in found}

    def class_file(self) -> Path | None:
        """The `class.toml` of the last run, if it had one."""
        (named,) = self._database.execute("select value from run where name = 'class_file'").fetchone() or ("",)
        return Path(named) if named else None

    def rows(self) -> list[Row]:
        """All grades, by student and lab."""
        found = self._database.execute(f"select {COLUMNS} from grades order by student, lab")  # noqa: S608
        given = marks.read_marks(self._database)
        rows = (_row(*values) for values in found)
        return [replace(row, marks=given.get((row.student.id, row.lab), {})) for row in rows]

    def keep_marks(self, rows: Iterable[Row]) -> None:
        """Note for which version of the work the teacher's marks were given, as far as that is not known yet."""
        work = {(row.student.id, row.lab): marks_given(row.remarks, row.digest, row.checked_points) for row in rows}
        marks.keep_marks(self._database, work)

    def by_key(self) -> dict[tuple[str, str], Row]:
        """All grades by student and lab."""
        return {(row.student.id, row.lab): row for row in self.rows()}


def _row(
    student: str,
    lab: str,
    name: str,
    system: str,
    number: str,
    late: int,
    note: str,
    digest: str,
    tasks: str,
    grade: str,
    graded: float,
    origin: str | None,
    before: str | None,
    due: int,
    claim: str,
    file: str,
    handed_in: float,
    shown: bytes | None,
) -> Row:
    who = Student(student, name, system, number)
    came = msgspec.json.decode(origin, type=Origin) if origin else None
    given = Grade.from_dict(json.loads(grade))
    code, was = json.loads(tasks), _grade(before)
    known = (bool(late), note, digest, code, graded, came, was, bool(due), claim, file, handed_in, shown or b"")
    return Row(who, given, *known)


def _grade(packed: str | None) -> Grade | None:
    return Grade.from_dict(json.loads(packed)) if packed else None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)  # an escape takes several times its letter's place


def _compressed(shown: Shown | None) -> bytes | None:
    return zlib.compress(msgspec.json.encode(shown)) if shown else None


def _packed(origin: Origin | None) -> str | None:
    return msgspec.json.encode(origin).decode() if origin else None


@contextmanager
def open_gradebook(path: Path) -> Iterator[Gradebook]:
    """The gradebook in a file, which is made if it does not exist. Raises CourseError if it cannot be used."""
    try:
        with closing(sqlite3.connect(path, timeout=10)) as database:
            _prepare(database, path)
            yield Gradebook(database)
    except sqlite3.Error as error:
        raise CourseError(f"{path} cannot be used: {error}.") from error


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    (version,) = database.execute("pragma user_version").fetchone()
    if version > VERSION:
        raise CourseError(f"{path} was written by a newer version of the course. Update it, or name another --out.")
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = normal")  # lasts when the process is killed; a power cut may cost a grade
    if version == 0:
        with database:
            database.executescript(f"begin; {SCHEMA} pragma user_version = {VERSION}; commit;")
    for older in range(version or VERSION, VERSION):
        with database:
            database.executescript(f"begin; {UPDATES[older]} pragma user_version = {older + 1}; commit;")
