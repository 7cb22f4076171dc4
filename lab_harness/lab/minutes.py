"""How long a lab takes a beginner who does every cell of its notebook, by what of that can be counted."""

import re

from lab_harness.course import Course
from lab_harness.lab.labs import Lab
from lab_harness.lab.notebooks import read_notebook, task_of
from lab_harness.lab.solutions import answers

WORDS, READ, TYPED = 200, 20, 3  # a minute: words of prose, lines of provided code, lines of one's own
QUESTION = 0.5  # minutes to think about one
STEP = 5  # minutes to which it is rounded up: the waits of all cells together are shorter
NOT_READ = re.compile(r"```mermaid.*?```|\(https?://[^)]*\)|</?\w+>", re.DOTALL)


def beginners_minutes(course: Course, lab: Lab) -> int:
    """The minutes of a beginner's pace, rounded up to five: reading, typing the reference answer, the questions."""
    cells = read_notebook(course.notebooks / lab.file.notebook).cells
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    asked = {task.id for task in lab.tasks if not task.given}
    code = [cell.source for cell in cells if cell.cell_type == "code" and task_of(cell) not in asked]
    typed = [answer.source for task, answer in answers(lab).items() if task in asked]
    questions = lab.quiz.questions if lab.quiz else ()
    prose += [" ".join((each.text, *each.options, getattr(each, "explanation", ""))) for each in questions]
    minutes = _words(prose) / WORDS + _lines(code) / READ + _lines(typed) / TYPED + QUESTION * len(questions)
    return int(-(-minutes // STEP) * STEP)


def _words(texts: list[str]) -> int:
    return sum(len(NOT_READ.sub(" ", text).split()) for text in texts)


def _lines(sources: list[str]) -> int:
    return sum(bool(line.strip()) for source in sources for line in source.splitlines())
