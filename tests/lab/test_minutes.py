"""Tests for how long a lab takes a beginner."""

import re

import nbformat
import pytest

from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.lab.minutes import SITTING, STEP, beginners_minutes, sittings
from lab_harness.lab.notebooks import read_notebook

LONGEST = 45  # minutes
PROSE = re.DOTALL | re.MULTILINE
PICTURE = "```mermaid\n" + "not read " * 500 + "\n```"


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.id)
def test_no_sitting_is_longer_than_three_quarters_of_an_hour(course, lab):
    found = sittings(course, lab)
    assert max(found) <= LONGEST, found


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.id)
def test_where_a_sitting_ends_the_notebook_says_so_and_how_to_go_on(course, lab):
    cells = read_notebook(course.notebooks / lab.file.notebook).cells
    begin = [each.source for each in cells if SITTING in each.metadata.get("tags", [])]
    for which, source in zip(("second", "third", "fourth"), begin, strict=False):
        text = rf"\*A good place to stop.* When you come back, run .*^# The {which} sitting$"
        assert re.match(text, source, PROSE)
    several = ("", "two sittings", "three sittings", "four sittings")[len(begin)]
    assert several in "\n".join(each.source for each in cells[:4])


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.id)
def test_the_notebook_says_how_long_its_sittings_are(course, lab):
    found = sittings(course, lab)
    if len(found) == 1:
        return
    text = "\n".join(each.source for each in read_notebook(course.notebooks / lab.file.notebook).cells[:4])
    said = [int(minutes) for minutes in re.findall(r"\b[1-9]\d\b", text[text.index("sittings") :].partition("\n")[0])]
    assert abs(min(said) - min(found)) <= STEP, found
    assert abs(max(said) - max(found)) <= STEP, found


def test_another_sitting_begins_at_the_cell_that_is_tagged(sample_course):
    course = sample_course("queue")
    lab = load_lab("queue", course)
    course.notebooks.mkdir(parents=True)
    prose = [nbformat.v4.new_markdown_cell("word " * 2000) for _ in range(3)]
    prose[1].metadata["tags"] = [SITTING]
    nbformat.write(nbformat.v4.new_notebook(cells=prose), course.notebooks / lab.file.notebook)
    first, second = sittings(course, lab)
    assert first == 10
    assert second >= 20  # and the questions, which stand at the end
    assert beginners_minutes(course, lab) >= first + second


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
