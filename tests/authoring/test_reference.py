"""Tests for docs/authoring.md: it is what the guide, the docstrings and the labs say now."""

import ast
import re

import pytest

from lab_harness import authors
from lab_harness.authoring import reference
from lab_harness.authoring.reference import MARK, page
from lab_harness.authoring.reference.examples import MOST_LINES, examples
from lab_harness.authoring.reference.helpers import PACKAGE, Helper, sections
from lab_harness.lab.labs import all_labs
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def written():
    return (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")


def test_the_page_is_as_lab_docs_would_write_it(course, written):
    assert written == page(course), "run: lab docs"


def test_no_prose_is_taken_for_code(written):
    prose = re.sub(r"^```.*?^```$", "", written, flags=re.DOTALL | re.MULTILINE)
    assert re.findall(r"\n\n {4,}\S.*", prose) == []


def test_each_name_that_labs_use_has_its_entry(course, written):
    shown = examples(course)
    entries = {helper.full for section in sections(shown.keys()) for helper in section.helpers}
    of_them = {f"{entry}." for entry in entries}
    used = {name for name in shown if name.startswith(PACKAGE) and not name.endswith(".customers.chance")}
    missing = [
        name for name in used if name not in entries and not name.startswith(tuple(of_them)) and ".chance." not in name
    ]
    assert [name for name in missing if callable(_found(name))] == []


def _found(name):
    """What a full name names, or None where it is a module or a part of what a helper answers."""
    what = authors
    for part in name.removeprefix(f"{PACKAGE}.").split("."):
        what = getattr(what, part, None)
    return what


def test_each_function_is_shown_by_an_example(course, written):
    entries = re.split(r"^#### ", written, flags=re.MULTILINE)[1:]
    functions = [entry for entry in entries if "(" in entry.splitlines()[0]]
    assert [entry.splitlines()[0] for entry in functions if "```python" not in entry] == []


def test_each_example_is_python_and_short(course):
    for example in examples(course).values():
        code = example.code if not example.code.startswith(("return", "yield")) else f"def f():\n    {example.code}"
        ast.parse(code)
        assert example.code.count("\n") <= MOST_LINES + 3


def test_the_shortest_use_is_the_example(sample_course):
    course = sample_course("queue")
    path = all_labs(course)[0].folder / "checks.py"
    path.write_text(
        "from lab_harness.authors import expect, items as things\n"
        "def look():\n"
        "    found = expect.names('queues', ['a'], [], 'Look.')\n"
        "    expect.names('q', [], [], '')\n"
        "    with things.kept_items(1, 't', 'k', []):\n"
        "        return 1\n"
    )
    shown = examples(course)
    assert shown[f"{PACKAGE}.expect.names"].code == "expect.names('q', [], [], '')"
    assert shown[f"{PACKAGE}.items.kept_items"].code == "with things.kept_items(1, 't', 'k', []):\n    return 1"


@pytest.mark.parametrize(
    ("paragraph", "is_code"),
    [
        ('expect.role(iam, ROLE, "Section 1.")', True),
        ('    with probe(x) as y:\n        y.end(within=10)', True),
        ("Raises no Failure.", False),
        ("Nothing", False),
        ("`found` is a noun phrase (with evidence).", False),
    ],
)  # fmt: skip
def test_an_example_in_a_docstring_is_told_from_its_sentences(paragraph, is_code):
    assert Helper.is_code(paragraph) == is_code


def test_the_hand_written_part_has_one_place_for_the_reference(written):
    guide = reference.GUIDE.read_text(encoding="utf-8")
    before, after = guide.split(MARK)
    assert written.startswith(before)
    assert written.endswith(after)


def test_lab_docs_writes_the_page(lab, sample_course):
    course = sample_course("queue")
    assert lab("docs").out == "wrote docs/authoring.md\n"
    assert (course.root / "docs" / "authoring.md").read_text(encoding="utf-8") == page(course)


def test_a_page_that_cannot_be_written_is_told(lab, sample_course):
    course = sample_course("queue")
    (course.root / "docs").write_text("")
    told = lab("docs")
    assert told.code == 3
    assert "cannot be written" in told.err
