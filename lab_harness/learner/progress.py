"""What a learner has done, kept in `.lab/progress.sqlite`: first passes, tries, help taken, answers to the quizzes.

Several notebooks may write at once. A file that is no database any more is set aside, never deleted.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from lab_harness.lab.labs import Lab
from lab_harness.private import private_file
from lab_harness.results import CheckResult, LabReport, Outcome

T = TypeVar("T")
BUSY_TIMEOUT = 10.0  # seconds to wait for another notebook's write

SCHEMA = """
create table if not exists checks (
    lab text not null, name text not null, tries integer not null default 0, first_passed real,
    primary key (lab, name)
) without rowid;
create table if not exists help (
    lab text not null, task text not null, hints integer not null default 0, solution_taken real,
    primary key (lab, task)
) without rowid;
create table if not exists quiz (
    lab text not null, question text not null, tries integer not null default 0, first_right real,
    primary key (lab, question)
) without rowid;
create table if not exists runs (lab text not null primary key, asked integer not null default 0) without rowid;
"""


@dataclass(frozen=True)
class LabProgress:
    """One lab's progress. `passed` maps checks to when they first passed (seconds since 1970).

    `answered` maps questions of the quiz to how often they were, `right` to when an answer was first right. `asked` is
    how often the learner had checks run, whether one or all of them.
    """

    passed: dict[str, float] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    hints: dict[str, int] = field(default_factory=dict)
    solutions: frozenset[str] = frozenset()
    answered: dict[str, int] = field(default_factory=dict)
    right: dict[str, float] = field(default_factory=dict)
    asked: int = 0


class Progress:
    """A learner's progress file.

    Nothing raises when it cannot be read or written: learning goes on without it, and `notices` says why.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: list[str] = []

    def record(self, report: LabReport, counted: bool = True) -> None:
        """Note the checks that passed for the first time, and count a try for each that ran.

        Without `counted` nobody has tried: the checks ran by themselves.
        """
        now = time.time()
        ran = [result for result in report if result.outcome in (Outcome.PASSED, Outcome.FAILED)]
        rows = [(report.lab, r.name, int(counted), now if r.outcome is Outcome.PASSED else None) for r in ran]

        def write(database: sqlite3.Connection) -> None:
            database.executemany(
                "insert into checks values (?, ?, ?, ?) on conflict do update set"
                " tries = tries + excluded.tries, first_passed = coalesce(first_passed, excluded.first_passed)",
                rows,
            )
            if counted and rows:
                database.execute(
                    "insert into runs values (?, 1) on conflict do update set asked = asked + 1", (report.lab,)
                )

        self._use(write, None)

    def judged(self, lab: Lab, result: CheckResult, was_built: Callable[[], bool]) -> CheckResult:
        """The result; a clean-up is no success where nothing was built.

        No check of the lab ever passed, and the account, as `was_built` asks it, does not tell of anything either.
        """
        cleans_up = any(task.apart and task.id == result.task for task in lab.tasks)
        if not cleans_up or result.outcome is not Outcome.PASSED:
            return result
        if self.of(lab.id).passed.keys() & {*lab.check_names} or was_built():
            return result
        next_step = "Nothing of this lab was built yet, so there is nothing to remove: build it first."
        return replace(result, outcome=Outcome.BLOCKED, next_step=next_step)

    def take_hint(self, lab: str, task: str, available: int) -> int:
        """Count one more hint of a task and return how many were taken, at most `available`."""

        def write(database: sqlite3.Connection) -> int:
            row = database.execute(
                "insert into help values (?, ?, 1, null) on conflict do update set hints = min(hints + 1, ?)"
                " returning hints",
                (lab, task, available),
            ).fetchone()
            return int(row[0])

        return self._use(write, available)

    def take_solution(self, lab: str, task: str) -> None:
        """Note that a task's solution was shown."""
        self._use(
            lambda database: database.execute(
                "insert into help values (?, ?, 0, ?) on conflict do update set"
                " solution_taken = coalesce(solution_taken, excluded.solution_taken)",
                (lab, task, time.time()),
            ),
            None,
        )

    def record_answer(self, lab: str, question: str, right: bool) -> None:
        """Count a try for a question of the quiz, and note when an answer was first right."""
        self._use(
            lambda database: database.execute(
                "insert into quiz values (?, ?, 1, ?) on conflict do update set"
                " tries = tries + 1, first_right = coalesce(first_right, excluded.first_right)",
                (lab, question, time.time() if right else None),
            ),
            None,
        )

    def of(self, lab: str) -> LabProgress:
        """One lab's progress so far."""

        def read(database: sqlite3.Connection) -> LabProgress:
            checks = database.execute("select name, tries, first_passed from checks where lab = ?", (lab,)).fetchall()
            helped = database.execute("select task, hints, solution_taken from help where lab = ?", (lab,)).fetchall()
            quiz = database.execute("select question, tries, first_right from quiz where lab = ?", (lab,)).fetchall()
            asked = database.execute("select asked from runs where lab = ?", (lab,)).fetchone()
            return LabProgress(
                passed={name: moment for name, _, moment in checks if moment is not None},
                tries={name: tries for name, tries, _ in checks},
                hints={task: hints for task, hints, _ in helped if hints},
                solutions=frozenset(task for task, _, moment in helped if moment is not None),
                answered={question: tries for question, tries, _ in quiz},
                right={question: moment for question, _, moment in quiz if moment is not None},
                asked=asked[0] if asked else 0,
            )

        return self._use(read, LabProgress())

    def forget(self, lab: str) -> None:
        """Start a lab's progress anew."""

        def write(database: sqlite3.Connection) -> None:
            for table in ("checks", "help", "quiz", "runs"):
                database.execute(f"delete from {table} where lab = ?", (lab,))  # noqa: S608  our own tables

        self._use(write, None)

    def _use(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """The result of a transaction; `otherwise` when the file cannot be used."""
        for _ in range(2):
            try:
                private_file(self.path)
                with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT)) as database:
                    with database:
                        database.executescript(SCHEMA)
                    with database:
                        return work(database)
            except (sqlite3.OperationalError, OSError) as error:
                self._say(f"Your progress could not be saved in {self.path}: {error}.")
                return otherwise
            except sqlite3.DatabaseError as error:
                self._set_aside(error)
        return otherwise

    def _set_aside(self, problem: sqlite3.DatabaseError) -> None:
        """Give the damaged file another name; another notebook may have done so, and have begun a new one, since."""
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=BUSY_TIMEOUT):
                if not self._is_sound():
                    self._rename()
        except (Timeout, OSError):
            self._say(f"Your progress could not be saved in {self.path}: {problem}.")

    def _is_sound(self) -> bool:
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as database:
                return bool(database.execute("pragma quick_check").fetchone()[0] == "ok")
        except sqlite3.OperationalError:
            return True  # It is not there, or busy: nothing to set aside.
        except sqlite3.DatabaseError:
            return False

    def _rename(self) -> None:
        moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        aside = self.path.with_name(f"{self.path.name}.damaged-{moment}")
        self.path.replace(aside)
        self._say(f"Your progress file was damaged; it was set aside as {aside.name} and a new one begun.")

    def _say(self, notice: str) -> None:
        if notice not in self.notices:
            self.notices.append(notice)
