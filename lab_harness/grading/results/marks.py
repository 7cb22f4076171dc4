"""For which version of a student's work a teacher's mark was given: it must not take away what a later one earns."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab_harness.grading.remarks import Remark

SCHEMA = """
create table marks (
    student text not null, lab text not null, task text not null,
    said text not null, digest text not null, checked integer not null,
    primary key (student, lab, task)
);
"""
Work = tuple[str, str]  # a student's for a lab


@dataclass(frozen=True)
class Mark:
    """What was `said` of a task, of which work, by its digest, and the points that the checks gave this."""

    said: str
    digest: str
    checked: int

    def is_outdone(self, remark: Remark, checked: int) -> bool:
        """Whether the checks by now give more than a remark that was meant to raise the points, not to lower them."""
        return remark.points is not None and self.checked <= remark.points < checked


def read_marks(database: sqlite3.Connection) -> dict[Work, dict[str, Mark]]:
    """All marks that are known, by the work and its task."""
    known: dict[Work, dict[str, Mark]] = {}
    for student, lab, task, *mark in database.execute("select student, lab, task, said, digest, checked from marks"):
        known.setdefault((student, lab), {})[task] = Mark(*mark)
    return known


def keep_marks(database: sqlite3.Connection, now: Mapping[Work, Mapping[str, Mark]]) -> None:
    """Note for what marks were given that are new, or say something else than before; forget those that are gone."""
    before, rows = read_marks(database), []
    for work, said in now.items():
        for task, mark in said.items():
            known = before.get(work, {}).get(task)
            kept = known if known and known.said == mark.said else mark
            rows.append((*work, task, kept.said, kept.digest, kept.checked))
    with database:
        database.execute("delete from marks")
        database.executemany("insert into marks values (?, ?, ?, ?, ?, ?)", rows)


def marks_given(remarks: Iterable[Remark], digest: str, checked: Mapping[str, int]) -> dict[str, Mark]:
    """The marks among remarks, by task, as given for this work."""
    marked = (remark for remark in remarks if remark.points is not None)
    return {each.task: Mark(each.words, digest, checked.get(each.task, 0)) for each in marked}
