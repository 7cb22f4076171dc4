"""Tests for how long a lab takes a beginner."""

import nbformat
import pytest

from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.lab.minutes import STEP, beginners_minutes

PICTURE = "```mermaid\n" + "not read " * 500 + "\n```"


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.id)
def test_each_lab_says_the_minutes_of_a_beginners_pace(course, lab):
    assert abs(lab.file.minutes - beginners_minutes(course, lab)) <= STEP, beginners_minutes(course, lab)


def test_prose_and_provided_code_are_read_at_their_pace_and_pictures_are_not(sample_course):
    course = sample_course("queue")
    lab = load_lab("queue", course)
    course.notebooks.mkdir(parents=True)

    def measured(prose, code):
        task = nbformat.v4.new_code_cell("# Your code here\n" * 60, metadata={"tags": ["task:queue"]})
        cells = [nbformat.v4.new_markdown_cell(prose), nbformat.v4.new_code_cell(code), task]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), course.notebooks / lab.file.notebook)
        return beginners_minutes(course, lab)

    least = measured("", "")
    assert least % STEP == 0
    assert measured("word " * 2000, "") == least + 10
    assert measured("", "print()\n\n" * 200) == least + 10
    assert measured(PICTURE, "") == least


def test_what_is_given_is_read_and_not_typed(sample_course):
    course = sample_course("queue")
    course.notebooks.mkdir(parents=True)
    path = course.labs / "queue" / "solution.py"
    code = path.read_text(encoding="utf-8").replace(
        "# %% task:message", "    \n" + "url = url\n" * 100 + "# %% task:message"
    )
    path.write_text(code, encoding="utf-8")
    cells = [nbformat.v4.new_code_cell("url = url\n" * 100, metadata={"tags": ["task:queue"]})]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), course.notebooks / "01_queue.ipynb")
    typed = beginners_minutes(course, load_lab("queue", course))
    toml = course.labs / "queue" / "lab.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('id = "queue"', 'id = "queue"\ngiven = true'), "utf-8")
    assert beginners_minutes(course, load_lab("queue", course)) == typed - 30  # 100 lines: 33 minutes typed, 5 read
