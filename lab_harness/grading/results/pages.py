"""A page of feedback for each student and a page about the class: HTML without scripts and without network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab_harness.grading.results.class_view import LabView, page_name, shared_keys
from lab_harness.grading.results.gradebook import Row
from lab_harness.lab.labs import Lab
from lab_harness.render import DETAILS, SYMBOLS, templates

ASSETS = Path(__file__).parent / "assets"
NOT_GRADED = {"not graded": "□"}


def _render(template: str, **values: Any) -> str:
    return str(templates.render(ASSETS, template, symbols=SYMBOLS | NOT_GRADED, details=DETAILS, **values))


def class_page(labs: Sequence[LabView], rows: Sequence[Row], versions: Mapping[str, str]) -> str:
    """The page about the class: for each lab a heat map, where students are stuck, scores, what was slow or alike."""
    pages = {row.student.id: page_name(row.student.id) for row in rows}
    troubled = [row for row in rows if row.reason]
    together = shared_keys(rows)
    return _render(
        "class.html", labs=labs, rows=rows, troubled=troubled, together=together, pages=pages, versions=versions
    )


def student_page(rows: Sequence[Row], labs: Mapping[str, Lab]) -> str:
    """A student's page: for each check of each lab what was expected, what was found, and what to do next."""
    return _render("student.html", student=rows[0].student, rows=[_lab(row, labs) for row in rows])


def _lab(row: Row, labs: Mapping[str, Lab]) -> dict[str, Any]:
    """A grade, with its checks grouped by task."""
    lab = labs.get(row.lab)
    checks = row.grade.report["checks"] if row.grade.report else []
    tasks = [(task.title, [each for each in checks if each["task"] == task.id]) for task in lab.tasks] if lab else []
    known = {task.id for task in lab.tasks} if lab else set()
    others = [each for each in checks if each["task"] not in known]
    tasks = [(title, found) for title, found in [*tasks, ("The lab as a whole", others)] if found]
    return {"row": row, "title": lab.title if lab else "Not a notebook of the course", "tasks": tasks}
