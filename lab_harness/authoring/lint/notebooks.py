"""The rules for a lab's notebook, the learner's and the solved one."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

from lab_harness.course import Course
from lab_harness.lab.finished import FILE, recorded, shown_by
from lab_harness.lab.labs import Lab, all_labs
from lab_harness.lab.minutes import STEP, beginners_minutes
from lab_harness.lab.notebooks import is_current, read_notebook, task_of
from lab_harness.lab.solutions import answers

# Code in Markdown, in which a dollar stays one: a fenced block, an indented one, a span.
CODE = re.compile(r"^(```|~~~).*?^\1|^ {4}[^\n]*$|(`+)(?!`).*?(?<!`)\2(?!`)", re.DOTALL | re.MULTILINE)
# What a solved notebook shows, in the HTML of render/html.py and render/course_map.py
REPORTED = re.compile(r"</span></td><td[^>]*>(.*?)<(?:table|/td)")
MAPPED = re.compile(r"<strong>([^<]*)</strong></a><div>([^<]*)</div></div><div[^>]*>(\d+) min")


def notebook_is_clean(course: Course, lab: Lab) -> Iterator[str]:
    """The learner's notebook is saved without outputs, with an id for each cell."""
    notebook = read_notebook(course.notebooks / lab.file.notebook)
    for cell in notebook.cells:
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"{lab.file.notebook}, cell {cell.id}: saved with outputs; run: lab notebooks clear {lab.id}"


def notebook_has_no_mathematics(course: Course, lab: Lab) -> Iterator[str]:
    """No dollar in its prose stands outside of code: two of them would make mathematics of what is between."""
    notebook = read_notebook(course.notebooks / lab.file.notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "$" in CODE.sub("", cell.source):
            place = f"{lab.file.notebook}, cell {cell.id}"
            yield f"{place}: a dollar in prose becomes mathematics; write it as code, `$1.00`"


def notebook_takes_the_minutes_that_it_says(course: Course, lab: Lab) -> Iterator[str]:
    """The lab's minutes are those of a beginner's pace, give or take a step."""
    counted = beginners_minutes(course, lab)
    if abs(lab.file.minutes - counted) > STEP:
        yield f"lab.toml says {lab.file.minutes} minutes, and a beginner takes {counted}; docs/authoring.md tells how"


def notebook_ends_with_the_quiz(course: Course, lab: Lab) -> Iterator[str]:
    """Its last code cell asks the questions."""
    notebook = read_notebook(course.notebooks / lab.file.notebook)
    code = [cell.source.strip() for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if code[-1:] != ["lab.quiz()"]:
        yield f"{lab.file.notebook}: its last code cell is not lab.quiz()"


def notebook_has_each_task(course: Course, lab: Lab) -> Iterator[str]:
    """A starter cell for each task, in order; it is the answer already where the task is given, and only there."""
    notebook = read_notebook(course.notebooks / lab.file.notebook)
    tagged = {task_of(cell): cell.source for cell in notebook.cells if task_of(cell)}
    wanted = [task.id for task in lab.tasks]
    if list(tagged) != wanted:
        there = ", ".join(map(str, tagged)) or "none"
        yield f"{lab.file.notebook} has cells for the tasks {there}; lab.toml has {', '.join(wanted)}"
    given = {task.id for task in lab.tasks if task.given}
    for task, answer in answers(lab).items():
        is_answer = answer.cell.strip() == tagged.get(task, "").strip()
        if is_answer and task not in given:
            yield f"{lab.file.notebook}: the starter cell of {task!r} is its answer"
        if task in given and not is_answer:
            yield f"{lab.file.notebook}: the starter cell of {task!r}, which is given, is not its answer"


def solved_notebook_is_current(course: Course, lab: Lab) -> Iterator[str]:
    """What is in notebooks/solved/ is what building it now would give, and every cell of it was run."""
    path = course.solved / lab.file.notebook
    if not path.exists():
        yield f"notebooks/solved/{path.name} is missing; run: lab notebooks build {lab.id}"
        return
    built = read_notebook(path)
    if not is_current(course, lab):
        yield f"notebooks/solved/{path.name} is out of date; run: lab notebooks build {lab.id}"
    # nbval passes a cell without an execution count unseen.
    for cell in built.cells:
        if cell.cell_type == "code" and cell.source.strip() and not cell.execution_count:
            yield f"notebooks/solved/{path.name}, cell {cell.id}: never executed"


def solved_notebook_shows_each_check(course: Course, lab: Lab) -> Iterator[str]:
    """The reports in it name the checks that the lab has now; building it anew is what brings them up to date."""
    path = course.solved / lab.file.notebook
    if not path.exists():
        return  # The rule before this one says so.
    shown = {unescape(title) for report in _shown(path, "lab-report") for title in REPORTED.findall(report)}
    there = {check.title for check in lab.all_checks}
    for title in sorted(there - shown):
        yield f"notebooks/solved/{path.name} does not show the check {title!r}; run: lab notebooks build {lab.id}"
    for title in sorted(shown - there):
        yield f"notebooks/solved/{path.name} shows {title!r}, no check any more; run: lab notebooks build {lab.id}"


def solved_notebook_shows_the_course(course: Course, lab: Lab) -> Iterator[str]:
    """Where it shows the map of the course, that names each lab as it is now: number, title, goal and minutes."""
    path = course.solved / lab.file.notebook
    there = [
        (f"{int(each.file.notebook[:2])} · {each.title}", each.file.goal, each.file.minutes)
        for each in all_labs(course)
    ]
    for shown in _shown(path, "lab-map"):
        stops = [(unescape(name), unescape(goal), int(minutes)) for name, goal, minutes in MAPPED.findall(shown)]
        if stops != there:
            yield f"notebooks/solved/{path.name} shows another map of the course; run: lab notebooks build {lab.id}"


def solved_notebook_shows_what_is_recorded(course: Course, lab: Lab) -> Iterator[str]:
    """What `lab.finished()` shows before a lab is begun is what the solved notebook shows at its end."""
    path = course.solved / lab.file.notebook
    if path.exists() and shown_by(read_notebook(path)) != recorded(lab.folder):
        yield f"{FILE} is not what notebooks/solved/{path.name} shows; run: lab notebooks build {lab.id}"


def shows_the_course(course: Course, lab: Lab) -> bool:
    """Whether the lab's solved notebook shows the map of the course, so is to be built anew with each lab."""
    return bool(_shown(course.solved / lab.file.notebook, "lab-map"))


def _shown(path: Path, kind: str) -> list[str]:
    """The HTML of this kind in a solved notebook's outputs; none where there is no such notebook."""
    cells: list[Any] = read_notebook(path).cells if path.exists() else []
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [data["text/html"] for data in outputs if f'class="{kind}"' in data.get("text/html", "")]
