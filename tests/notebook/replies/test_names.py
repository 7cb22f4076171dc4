"""Tests for where in a notebook a missing name comes from."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lab_harness.notebook.replies.names import origin

CELLS = [
    new_markdown_cell("# Pets"),
    new_code_cell("from pathlib import Path\nimport boto3 as b"),
    new_markdown_cell("Prose.\n\n## Section 1: walks\n\nMore."),
    new_code_cell("%%after stream\nprint(later)\ndef walk(steps):\n    inner = steps\n    return inner"),
    new_code_cell("this is no Python"),
    new_code_cell("for pet in pets:\n    with open(pet) as file:\n        cats, dogs = file, walk\nlater = walk(1)"),
]


@pytest.fixture
def notebook(tmp_path):
    path = tmp_path / "pets.ipynb"
    nbformat.write(new_notebook(cells=CELLS), path)
    return path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Path", ("Pets", "from pathlib import Path")),
        ("b", ("Pets", "import boto3 as b")),
        ("walk", ("Section 1: walks", "def walk(steps):")),
        ("pet", ("Section 1: walks", "for pet in pets:")),
        ("file", ("Section 1: walks", "with open(pet) as file:")),
        ("dogs", ("Section 1: walks", "cats, dogs = file, walk")),
        ("later", ("Section 1: walks", "later = walk(1)")),
    ],
)
def test_it_is_in_the_first_cell_that_defines_it(notebook, name, found):
    assert origin(notebook, name) == found


@pytest.mark.parametrize("name", ["inner", "steps", "print", "pets", "nobody"])
def test_it_is_nowhere_where_it_is_only_used_or_local(notebook, name):
    assert origin(notebook, name) is None


def test_a_notebook_that_cannot_be_read_defines_nothing(tmp_path):
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    assert origin(tmp_path / "broken.ipynb", "walk") is None
    assert origin(tmp_path / "none.ipynb", "walk") is None
