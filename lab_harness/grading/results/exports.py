"""The gradebook as files for spreadsheets, Canvas, Moodle, CI servers and programs."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec
from defusedxml.ElementTree import fromstring

from lab_harness.grading.grade import Grade
from lab_harness.grading.results.regrades import Regrade
from lab_harness.grading.results.row import Row
from lab_harness.grading.students import ANONYMOUS, Student
from lab_harness.render import plain
from lab_harness.render.junit import report_junit
from lab_harness.results import LabReport, Outcome

FORMAT_VERSION = 1
WHO = ("student", "name", "mail")
HOW = ("per cent", "mark", "status", "reason", "cell that crashed")
# The beginning of a formula, wherever a spreadsheet may see the beginning of a cell: some also divide cells at a
# semicolon, a tab or the end of a line, and then take quotes inside a cell as text.
FORMULA = re.compile("^(?=[=+\\-@\t\r＝＋－＠])|(?<=[;\t\r\n])(?=[\"'\\s]*[=+\\-@＝＋－＠])")
QUOTED = re.compile('[,;\t\r\n"]')


@dataclass(frozen=True)
class GradedLab:
    """A lab as the files describe it: its id, its title, its points, and the points of each task that counts."""

    id: str
    title: str
    points: int
    tasks: Mapping[str, int] = field(default_factory=dict)


def gradebook_csv(rows: Iterable[Row], labs: Sequence[GradedLab]) -> str:
    """A CSV file with one line for each student and lab."""
    totals = {lab.id: lab.points for lab in labs}
    lines = [
        (
            *_who(row),
            row.lab,
            row.grade.points,
            row.grade.total or totals.get(row.lab, 0),
            *_how(row),
        )
        for row in rows
    ]
    return _csv([(*WHO, "lab", "points", "total", *HOW), *lines])


def lab_csv(rows: Iterable[Row], lab: GradedLab) -> str:
    """A CSV file of one lab, with a column for the points of each task."""
    tasks = [f"{task} (of {points})" for task, points in lab.tasks.items()]
    lines = []
    for row in rows:
        if row.lab == lab.id:
            got = row.tasks_points
            points = [f"{got[task]:g}" if task in got else "" for task in lab.tasks]
            lines.append((*_who(row), *points, row.grade.points, row.grade.total or lab.points, *_how(row)))
    return _csv([(*WHO, *tasks, "points", "total", *HOW), *lines])


def _who(row: Row) -> tuple[str, str, str]:
    return row.student.id, row.name, row.email


def _how(row: Row) -> tuple[object, ...]:
    percent = "" if row.percent is None else row.percent
    return percent, _score(row), row.grade.status, row.reason, row.crash


def canvas_csv(rows: Iterable[Row], labs: Sequence[GradedLab]) -> str:
    """The grades for an import into Canvas: a column for each lab, named like the lab, with its points possible.

    Canvas finds a student by the number in a Canvas download, else by the login id (the folder's name) or the name. An
    empty score leaves the score in Canvas as it is.
    """
    header = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(lab.title for lab in labs))
    possible = ("    Points Possible", "", "", "", "", *(lab.points for lab in labs))
    lines = []
    for student, grades in _by_student(rows):
        who = student.student
        scores = (_score(grades.get(lab.id)) for lab in labs)
        lines.append((*_in_canvas(who), "", *scores))
    return _csv([header, possible, *lines])


def _in_canvas(who: Student) -> tuple[str, str, str, str]:
    """A student's name, ID, SIS user ID and SIS login ID.

    The code of an anonymous student is not an ID: Canvas would read 4xTb2 as 4, which is somebody else.
    """
    if who.system == "canvas" and who.name != ANONYMOUS:
        return who.name, who.number, "", ""
    return (who.id, "", "", "") if who.name == ANONYMOUS else (who.name, "", "", "" if who.system else who.id)


def moodle_csv(rows: Iterable[Row], labs: Sequence[GradedLab]) -> str:
    """The grades for an import into Moodle's gradebook: map `identifier` to the names of the students' folders."""
    header = ["identifier", "name", *(word for lab in labs for word in (lab.title, f"{lab.title} (feedback)"))]
    lines = []
    for student, grades in _by_student(rows):
        cells: list[Any] = [student.student.id, student.student.name]
        for lab in labs:
            row = grades.get(lab.id)
            cells += [_score(row), _feedback(row) if row else ""]
        lines.append(cells)
    return _csv([header, *lines])


def moodle_worksheet(rows: Iterable[Row], lab: GradedLab) -> str:
    """One lab's grades as the offline grading worksheet of a Moodle assignment, for submissions that came from Moodle.

    Moodle needs the headings Identifier, Grade and Last modified (grade), in English. It replaces a grade that it has
    only if the teacher allows updating records that were modified more recently in Moodle.
    """
    header = ("Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments")
    lines = [
        (f"Participant {row.student.number}", row.student.name, _score(row), lab.points, "", _feedback(row))
        for row in rows
        if row.lab == lab.id and row.student.system == "moodle"
    ]
    return _csv([header, *lines])


def gradebook_json(rows: Iterable[Row]) -> str:
    """Everything that is known about each grade, as JSON."""
    grades = [
        row.grade.to_dict()
        | {"name": row.name, "email": row.email, "late": row.late, "days_late": row.lateness.days, "mark": row.mark}
        | {"remarks": [asdict(remark) for remark in row.remarks]}
        | {"note": row.note, "origin": msgspec.to_builtins(row.origin), "file": row.file, "handed_in": row.handed_in}
        for row in rows
    ]
    return plain(json.dumps({"format_version": FORMAT_VERSION, "grades": grades}, indent=2, ensure_ascii=False)) + "\n"


def gradebook_junit(rows: Iterable[Row], titles: dict[str, str]) -> str:
    """JUnit XML with a test suite for each grade. A rejected or broken submission is an error."""
    suites = Element("testsuites")
    for row in rows:
        suite = _suite(row.grade, titles)
        suite.set("name", plain(f"{row.student.id} {row.lab}".rstrip()))
        if row.remarks:
            SubElement(suite, "system-out").text = plain(f"mark {row.mark:g}; {'; '.join(row.remark_words)}")
        suites.append(suite)
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True)


def changes_csv(regrades: Iterable[Regrade]) -> str:
    """A line for each check whose outcome changed when a submission was graded again."""
    lines = []
    for each in regrades:
        grade = (each.after.student, each.after.lab, each.before.points, each.after.points)
        lines += [(*grade, check.title, check.before, check.after, check.found) for check in each.checks]
    return _csv([("student", "lab", "points before", "points", "check", "was", "is", "found"), *lines])


def _suite(grade: Grade, titles: dict[str, str]) -> Element:
    if grade.report is not None:
        report = LabReport.from_dict(grade.report | {"title": titles.get(grade.lab, grade.lab)})
        suite: Element = fromstring(report_junit(report))
        return suite
    suite = Element("testsuite", tests="1", failures="0", errors="1", skipped="0", time=f"{grade.seconds:.3f}")
    case = Element("testcase", classname=grade.lab or "submission", name="submission", time=f"{grade.seconds:.3f}")
    case.append(Element("error", message=plain(f"{grade.status}: {grade.reason}")))
    suite.append(case)
    return suite


def _by_student(rows: Iterable[Row]) -> list[tuple[Row, dict[str, Row]]]:
    found: dict[str, tuple[Row, dict[str, Row]]] = {}
    for row in rows:
        found.setdefault(row.student.id, (row, {}))[1][row.lab] = row
    return list(found.values())


def _score(row: Row | None) -> float | str:
    return row.mark if row and row.is_scored else ""


def _feedback(row: Row) -> str:
    checks = row.grade.report["checks"] if row.grade.report else []
    missing = [check["title"] for check in checks if check["outcome"] == Outcome.FAILED]
    why = (row.grade.reason.rstrip("."), row.late_words, *(words.rstrip(".") for words in row.remark_words))
    return ". ".join(filter(None, (*why, f"Not yet: {'; '.join(missing)}" if missing else "")))


def _csv(lines: Iterable[Iterable[object]]) -> str:
    return "".join(",".join(map(_cell, line)) + "\n" for line in lines)


def _cell(value: object) -> str:
    """A cell of a CSV file, in quotes if a spreadsheet could see a separator in it.

    An apostrophe is put before what a spreadsheet would take for a formula.
    """
    text = FORMULA.sub("'", plain(value)) if isinstance(value, str) else str(value)
    return '"' + text.replace('"', '""') + '"' if QUOTED.search(text) else text
