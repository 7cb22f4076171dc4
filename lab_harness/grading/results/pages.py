"""A page of feedback for each student and a page about the class: HTML without scripts and without network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab_harness.grading.results.class_view import LabView, page_name, shared_keys
from lab_harness.grading.results.feedback import lab_feedback
from lab_harness.grading.results.handed_in import HANDED_IN, handed_in
from lab_harness.grading.results.row import Row
from lab_harness.handing_in.released import Released
from lab_harness.render import DETAILS, SYMBOLS, templates

ASSETS = Path(__file__).parent / "assets"
NOT_GRADED = {"not graded": "□"}


def render(template: str, **values: Any) -> str:
    """A template of these pages, filled in."""
    return str(templates.render(ASSETS, template, symbols=SYMBOLS | NOT_GRADED, details=DETAILS, **values))


def class_page(labs: Sequence[LabView], rows: Sequence[Row], versions: Mapping[str, str]) -> str:
    """The page about the class: for each lab a heat map, where students are stuck, scores, what was slow or alike."""
    pages = {row.student.id: page_name(row.student.id) for row in rows}
    names = {row.student.id: row.name for row in rows}
    troubled = [row for row in rows if row.reason or row.crash]
    together = shared_keys(rows)
    return render(
        "class.html",
        labs=labs,
        rows=rows,
        troubled=troubled,
        together=together,
        pages=pages,
        names=names,
        versions=versions,
        handed_in=HANDED_IN,
    )


def handed_in_page(row: Row, released: Released, version: str) -> str:
    """A page with what a student handed in for a lab, for the teacher to read; `version` is noted in it."""
    work, page = handed_in(row, released), page_name(row.student.id)
    return render("handed_in.html", work=work, version=version, page=page)


def student_page(rows: Sequence[Row], releases: Mapping[str, Released]) -> str:
    """A student's page: for each lab what went wrong first, and by task what was expected, found, and is to be done."""
    labs = [lab_feedback(row, releases) for row in rows]
    return render("student.html", name=rows[0].name, labs=labs)
