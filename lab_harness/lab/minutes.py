"""How long a lab takes a beginner who does every cell of its notebook, by what of that can be counted."""

import re
from itertools import pairwise
from typing import Any

from lab_harness.course import Course
from lab_harness.lab.labs import Lab
from lab_harness.lab.notebooks import read_notebook, task_of
from lab_harness.lab.solutions import answers

WORDS, READ, TYPED = 200, 20, 3  # a minute: words of prose, lines of provided code, lines of one's own
SITTING = "sitting"  # the tag of the cell with which another sitting begins
QUESTION = 0.5  # minutes to think about one
STEP = 5  # minutes to which it is rounded up: the waits of all cells together are shorter
NOT_READ = re.compile(r"```mermaid.*?```|\(https?://[^)]*\)|</?\w+>", re.DOTALL)


def beginners_minutes(course: Course, lab: Lab) -> int:
    """The minutes of a beginner's pace, rounded up to five: reading, typing the reference answer, the questions."""
    return int(-(-sum(sittings(course, lab)) // STEP) * STEP)


def sittings(course: Course, lab: Lab) -> list[float]:
    """The minutes of each sitting: one, or more where a cell of the notebook that begins another is tagged `sitting`.

    The questions belong to the last.
    """
    cells = read_notebook(course.notebooks / lab.file.notebook).cells
    begin = [number for number, cell in enumerate(cells) if SITTING in cell.metadata.get("tags", [])]
    minutes = [_minutes(lab, cells[one:other]) for one, other in pairwise((0, *begin, len(cells)))]
    questions = lab.quiz.questions if lab.quiz else ()
    told = [" ".join((each.text, *each.options, getattr(each, "explanation", ""))) for each in questions]
    minutes[-1] += _words(told) / WORDS + QUESTION * len(questions)
    return minutes


def _minutes(lab: Lab, cells: list[Any]) -> float:
    asked = {task.id for task in lab.tasks if not task.given}
    tasks = {task_of(cell) for cell in cells}
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    code = [cell.source for cell in cells if cell.cell_type == "code" and task_of(cell) not in asked]
    typed = [answer.source for task, answer in answers(lab).items() if task in asked & tasks]
    return _words(prose) / WORDS + _lines(code) / READ + _lines(typed) / TYPED


def _words(texts: list[str]) -> int:
    return sum(len(NOT_READ.sub(" ", text).split()) for text in texts)


def _lines(sources: list[str]) -> int:
    return sum(bool(line.strip()) for source in sources for line in source.splitlines())
