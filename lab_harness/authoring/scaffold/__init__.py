"""Writes the files of a new lab: one that works, with the parts that its author names, for the author to change.

parts/       a template for each kind of part: what the lab's files have about it
files/       a template for each file of the lab, into which the parts' words go
questions/   exam questions about each kind of part
"""

import re
from pathlib import Path

from lab_harness.authoring.readme_table import listed, with_row
from lab_harness.authoring.scaffold.files import lab_files
from lab_harness.authoring.scaffold.names import require_lab_id
from lab_harness.authoring.scaffold.plan import Plan, Wanted, plan_of
from lab_harness.authoring.scaffold.words import built
from lab_harness.authoring.written import rewrite, write_new
from lab_harness.course import Course
from lab_harness.errors import UsageError
from lab_harness.lab.labs import Lab, all_labs, load_lab
from lab_harness.lab.minutes import beginners_minutes

__all__ = ["Wanted", "new_lab"]

MINUTES = re.compile(r"^minutes = \d+$", re.MULTILINE)  # in lab.toml
LAST = 99  # a notebook's name begins with two digits


def new_lab(course: Course, lab_id: str, wanted: Wanted, number: int | None = None) -> list[Path]:
    """Write a lab's files, its notebook, its test, and its row in the course's README; returns their paths.

    UsageError where a name cannot be, or is in use; nothing that exists is overwritten.
    """
    require_lab_id(lab_id)
    labs = all_labs(course)
    plan = plan_of(lab_id, _number(labs, number), wanted)
    _require_unused(course, labs, plan)
    contents = {course.root / name: text for name, text in lab_files(plan).items()}
    readme = course.root / "README.md"
    changed = {}
    if listed(readme):
        changed[readme] = with_row(readme.read_text(encoding="utf-8"), lab_id, plan.notebook, built(plan))
    write_new(contents, changed)
    _count_minutes(course, lab_id)
    return [*contents, *changed]


def _count_minutes(course: Course, lab_id: str) -> None:
    """Put the minutes that a beginner takes in place of the template's guess: they come of all files together."""
    lab = load_lab(lab_id, course)
    path = lab.folder / "lab.toml"
    counted = f"minutes = {beginners_minutes(course, lab)}"
    rewrite(path, MINUTES.sub(counted, path.read_text(encoding="utf-8"), count=1))


def _number(labs: list[Lab], wanted: int | None) -> int:
    """The number of the new lab's notebook: the one after the last, unless a free one is wanted."""
    taken = {int(lab.file.notebook[:2]): lab.id for lab in labs}
    number = max(taken, default=0) + 1 if wanted is None else wanted
    if number in taken:
        raise UsageError(
            f"The number {number} is taken by the lab {taken[number]}; leave --number out for the next one."
        )
    if number > LAST:
        raise UsageError(
            f"Labs are numbered up to {LAST}, and there is a lab {LAST}; name a free number with --number."
        )
    return number


def _require_unused(course: Course, labs: list[Lab], plan: Plan) -> None:
    """Raises UsageError where there is a lab of this id, or one that asks for a resource of the same name."""
    if (course.labs / plan.lab).exists():
        raise UsageError(f"{course.labs / plan.lab} exists already; nothing was written.")
    owners = {resource.name: lab.id for lab in labs for resource in lab.file.resources}
    for part in plan.parts:
        if part.name in owners:
            raise UsageError(
                f"The lab {owners[part.name]} asks for {part.name}, too: a reset of one would remove the other's. "
                "Choose another name."
            )
