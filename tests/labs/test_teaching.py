"""What holds for the notebooks as lessons: what a cell shows is not what stands in it, and prose is about one AWS."""

import ast
import contextlib
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from lab_harness.lab.facts import read_facts
from lab_harness.lab.finished import recorded
from lab_harness.lab.labs import all_labs
from lab_harness.lab.minutes import NOT_READ
from lab_harness.lab.notebooks import read_notebook, task_of
from tests.conftest import ROOT

LABS = all_labs()
MOST_WORDS = 120  # between two cells to run
EXAM = "**Exam:**"  # the mark of what exams ask
OF_EXAMS = re.compile(r"\bexams?\b", re.IGNORECASE)
OPTIONS = re.compile(r"<details><summary>.+?</summary>.+?</details>")


def cells_of(lab, kind):
    cells = read_notebook(ROOT / "notebooks" / lab.file.notebook).cells
    return [cell for cell in cells if cell.cell_type == kind and not task_of(cell)]


def literals(tree):
    """The names to which a cell gives an object or a list that is written out in full."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict | ast.List):
            with contextlib.suppress(ValueError):
                ast.literal_eval(node.value)
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def printed_back(source):
    """The literals of a cell that it prints as they are, or as JSON."""
    tree = ast.parse("\n".join(line for line in source.splitlines() if not line.startswith("%%")))
    known = set(literals(tree))
    calls = [node for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    for call in (node.value for node in calls if ast.unparse(node.value.func) == "print"):
        for argument in call.args:
            inner = argument.args[0] if ast.unparse(argument).startswith("json.dumps(") else argument
            if isinstance(inner, ast.Name) and inner.id in known:
                yield inner.id


def test_what_is_printed_back_is_found():
    assert list(printed_back('%%after x\nimport json\na = {"b": [1]}\nprint(json.dumps(a, indent=2))\nprint(a)')) == [
        "a",
        "a",
    ]
    assert list(printed_back("a = ask()\nprint(a, 'b')\nprint(a['c'])")) == []


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_no_cell_prints_back_a_literal_that_stands_in_it(lab):
    found = [(cell.id, *printed_back(cell.source)) for cell in cells_of(lab, "code")]
    assert [each for each in found if len(each) > 1] == []


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_what_is_otherwise_on_localstack_is_said_on_localstack_alone(lab):
    assert [cell.id for cell in cells_of(lab, "markdown") if "LocalStack" in cell.source] == []


def runs_of_prose(cells):
    """How many words stand in a row without a cell to run between them, by the first of the cells that hold them."""
    found, first = {}, None
    for cell in cells:
        first = (first or cell.id) if cell.cell_type == "markdown" else None
        if first:
            words = NOT_READ.sub(" ", cell.source).split()
            found[first] = found.get(first, 0) + sum(any(map(str.isalnum, word)) for word in words)
    return found


def test_words_are_counted_until_the_next_cell_to_run_without_pictures_addresses_and_lines_of_tables():
    text = new_markdown_cell("Two [words](https://example.com)\n```mermaid\nnot read\n```\n| --- |", id="a")
    cells = [text, new_markdown_cell("and *three* more", id="b"), new_code_cell("1"), new_markdown_cell("one", id="c")]
    assert runs_of_prose(cells) == {"a": 5, "c": 1}


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_nobody_reads_long_without_running_something(lab):
    cells = read_notebook(ROOT / "notebooks" / lab.file.notebook).cells
    assert {cell: words for cell, words in runs_of_prose(cells).items() if words > MOST_WORDS} == {}


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_learners_predict_what_a_demonstration_shows(lab):
    """Where a cell asks for a prediction, it gives at least two, and a cell to run follows it."""
    cells = read_notebook(ROOT / "notebooks" / lab.file.notebook).cells
    asking = [number for number, cell in enumerate(cells) if "**Predict" in cell.source]
    assert asking
    for number in asking:
        assert len(OPTIONS.findall(cells[number].source)) >= 2
        assert cells[number + 1].cell_type == "code"


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_what_exams_ask_carries_one_mark_and_is_said_of_no_other_text(lab):
    cells = [cell for cell in cells_of(lab, "markdown") if cell.id != "quiz-md"]
    assert any(EXAM in cell.source for cell in cells)
    assert [cell.id for cell in cells if OF_EXAMS.search(cell.source.replace(EXAM, ""))] == []


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_where_exams_ask_for_an_older_number_it_stands_behind_the_mark(lab):
    facts = read_facts(ROOT / "labs")
    older = {f"fact:{name}": fact.exam_wordings for name, fact in facts.items() if fact.exam is not None}
    for cell in cells_of(lab, "markdown"):
        for tag in set(cell.metadata.get("tags", [])) & older.keys():
            marked = cell.source.split(EXAM)[1:]
            assert any(wording in text for text in marked for wording in older[tag]), (cell.id, tag)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_the_first_thing_after_a_lab_is_opened_is_what_works_at_its_end(lab):
    code = [cell.source for cell in cells_of(lab, "code")]
    opened = next(number for number, source in enumerate(code) if f'open_lab("{lab.id}")' in source)
    assert code[opened + 1] == "lab.finished()"
    assert len(recorded(lab.folder)) >= 2  # its picture, and something that it does
