"""Tests for what there is to read of a notebook: the student's own cells, as text, within limits."""

import json

import pytest

from lab_harness.handing_in.rejected import Rejected
from lab_harness.handing_in.released import releases_of
from lab_harness.handing_in.shown import LONGEST_CELL, MOST_CELLS, MOST_OUTPUT, Output, shown
from tests.grading.handing_in import COURSE, answered, as_bytes, untouched

KNOWN = releases_of(COURSE)["hello_lambda"].known
ANSI = "\x1b[31m"


def read(notebook):
    return shown(as_bytes(notebook), KNOWN.given, KNOWN.task_cells)


def own(notebook):
    return [cell for cell in read(notebook).cells if not cell.given]


def text(cell):
    return "".join(text for _, text in cell.text)


def with_cell(**cell):
    notebook = untouched()
    notebook["cells"].insert(1, {"metadata": {}, "source": "x"} | cell)
    return notebook


def with_outputs(*outputs):
    [cell] = own(with_cell(cell_type="code", id="mine", source="x = 1", outputs=list(outputs)))
    return cell.outputs


def test_of_an_untouched_notebook_only_headings_and_the_names_of_code_cells_are_kept():
    found = read(untouched()).cells
    assert all(cell.given for cell in found)
    assert {cell.kind for cell in found if cell.text} == {"prose"}
    assert next(text(cell) for cell in found if "role" in text(cell)) == "Section 1: the execution role"
    assert {cell.task for cell in found} >= {"role", "function", "handler"}


def test_prose_as_students_get_it_is_no_ones_own():
    notebook = untouched()
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        while "<!-- not for students -->" in source:
            before, _, rest = source.partition("<!-- not for students -->")
            source = before + rest.partition("<!-- /not for students -->")[2]
        cell["source"] = source
    assert own(notebook) == []


def test_answer_is_shown_with_its_task_its_colours_and_the_file_that_it_writes():
    handler = "%%writefile functions/hello_world/lambda_function.py\nimport json  # <b>\n"
    [role, code] = own(answered(role="role = 1", handler=handler))
    assert (role.id, role.task, text(role), role.file) == ("role", "role", "role = 1", "")
    assert (code.task, text(code)) == ("handler", handler)
    assert code.file == "functions/hello_world/lambda_function.py"
    assert {kind for kind, _ in code.text} > {0}


def test_prose_of_the_students_own_is_kept_as_it_was_typed():
    [cell] = own(with_cell(cell_type="markdown", source=["**Hm** ", "<img src=x>"]))
    assert (cell.kind, text(cell)) == ("prose", "**Hm** <img src=x>")


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        ({"output_type": "stream", "text": ["a\n", "b"]}, Output("output", "a\nb")),
        ({"output_type": "display_data", "data": {"text/html": "<script>", "image/svg+xml": "<svg onload=x>"}},
         Output("left out", "text/html, image/svg+xml")),
        ({"output_type": "execute_result", "data": {"text/plain": "1", "text/html": "<b>"}}, Output("output", "1")),
        ({"output_type": "error", "ename": "E", "evalue": "x", "traceback": [f"{ANSI}at", "E: x"]},
         Output("error", "at\nE: x")),
        ({"output_type": "error", "ename": "E", "evalue": "x"}, Output("error", "E: x")),
        ({"output_type": "stream", "text": {"a": 1}}, Output("output", "")),
    ],
)  # fmt: skip
def test_of_an_output_its_text_is_kept_and_what_else_it_was_is_named(output, kept):
    assert with_outputs(output) == [kept]


@pytest.mark.parametrize("outputs", [None, "x", [1, None, [], {}], {"a": 1}])
def test_outputs_that_are_none_are_no_reason_to_stop(outputs):
    [cell] = own(with_cell(cell_type="code", id="mine", outputs=outputs))
    assert cell.outputs == []


def test_what_is_too_much_is_left_out_and_said():
    [cell] = own(with_cell(cell_type="code", id="mine", source="x" * 30_000))
    assert text(cell).endswith("…\n(10000 characters were left out)")
    assert len(text(cell)) < LONGEST_CELL + 100
    outputs = with_outputs(*[{"output_type": "stream", "text": "y" * 10_000}] * 100)
    assert sum(len(each.text) for each in outputs) < MOST_OUTPUT + 2_000
    assert outputs[-1] == Output("left out", "more outputs")
    many = read({"cells": [{"cell_type": "markdown", "source": str(number)} for number in range(5 * MOST_CELLS)]})
    assert (len(many.cells), many.left_out) == (MOST_CELLS, 4 * MOST_CELLS)
    assert len(json.dumps([text(cell) for cell in many.cells])) < 50_000


def test_what_is_no_notebook_is_rejected():
    with pytest.raises(Rejected):
        read("x")
