"""Tests for what is said of a rehearsal: the score, which cell failed first and where, and what to do."""

from types import SimpleNamespace

import pytest

from lab_harness.handing_in.cells import CodeCell
from lab_harness.handing_in.notebooks import Notebook
from lab_harness.handing_in.rehearsal import UNWALLED, FailedCell, Rehearsal, failed_cell, how_long, limit_in_words
from lab_harness.lab.file import Limits
from lab_harness.results import CheckResult, LabReport, Outcome

SOURCE = '# My table\nimport boto3\n\ntables = boto3.client("dynamodb")\ntables.delete_table(TableName="Pets")\n'
NOTEBOOK = Notebook("pets", [CodeCell("a", SOURCE, "table"), CodeCell("b", "print(1)")])
TRACEBACK = 'Traceback (most recent call last):\n  File "this cell", line 5, in <module>\n    …\nNoSuchTable: Pets'


def report(**outcomes):
    """A report of one check of two points for each task named."""
    results = (CheckResult(f"{n}_is_right", f"The {n} is right", n, Outcome(o), 2) for n, o in outcomes.items())
    return LabReport("pets", "Pets", "embedded", tuple(results))


def rehearsed(failed=(), reason="", walled=True, **outcomes):
    return Rehearsal("pets", "digest", "", reason, report(**outcomes), tuple(failed), walled, 1.5)


def test_full_marks_are_said_and_nothing_else():
    assert rehearsed(table="passed", role="passed").sentences(["table"]) == (
        "Run in an empty account, as for the grade: 2 of 2 checks pass, 4 of 4 points.",
    )


def test_what_failed_first_is_named_with_its_task_its_line_and_what_to_do():
    first = failed_cell(NOTEBOOK, "a", "NoSuchTable: Pets.", TRACEBACK)
    found = rehearsed([first, FailedCell("role", "x", "y"), FailedCell("", "x", "y")], table="failed", role="passed")
    assert found.sentences(["table", "role"]) == (
        "Run in an empty account, as for the grade: 1 of 2 checks pass, 2 of 4 points.",
        "What failed first: the cell of the task 'table', at `tables.delete_table(TableName=\"Pets\")`: "
        "NoSuchTable: Pets. After it 2 more failed.",
        "Right in your account, but not built by the notebook alone: table.",
        "Change the cells so that they build everything from nothing. To try: reset the lab (`lab reset pets`), run "
        "the cells again from the first, save the notebook.",
    )


@pytest.mark.parametrize(
    ("cell", "traceback", "line"),
    [
        ("a", "", "import boto3"),  # its first line of code
        ("a", 'File "this cell", line 99', "import boto3"),
        ("b", 'File "this cell", line 1', "print(1)"),
        ("gone", TRACEBACK, ""),
    ],
)
def test_line_is_the_one_that_the_traceback_names_or_the_cells_first(cell, traceback, line):
    assert failed_cell(NOTEBOOK, cell, "error", traceback).line == line


def test_cell_without_a_task_and_an_error_of_many_lines_are_one_sentence():
    assert (
        str(FailedCell("", "x = 1", "ValueError: no\n  such\x1b thing"))
        == "a cell, at `x = 1`: ValueError: no such� thing."
    )


def test_limit_and_missing_walls_are_said():
    found = rehearsed(reason="It ran too long.", walled=False, table="passed")
    assert found.sentences()[1:] == ("It ran too long.", UNWALLED)


def test_rehearsal_without_a_result_says_why_and_loses_nothing():
    found = Rehearsal("pets", "digest", "there is no room.")
    assert found.sentences(["table"]) == ("The grade could not be rehearsed: there is no room.",)
    assert (found.complete, found.lost("table")) == (False, [])


@pytest.mark.parametrize(
    "found",
    [
        rehearsed([FailedCell("role", "x", "y")], "It ran too long.", False, table="passed", role="blocked"),
        Rehearsal("pets", "digest", "no"),
    ],
)
def test_rehearsal_is_the_same_after_it_was_written_and_read(found):
    assert Rehearsal.from_dict(found.to_dict()) == found
    assert found.to_dict()["format_version"] == 1


def test_limit_names_the_cell_as_it_is_found():
    assert limit_in_words(NOTEBOOK, "Cell a ran longer than 20 s and was stopped.") == (
        "The cell of the task 'table' ran longer than 20 s and was stopped."
    )
    assert limit_in_words(NOTEBOOK, "Cell b printed more than 1 KiB and was stopped. It was full.") == (
        "The cell that begins `print(1)` printed more than 1 KiB and was stopped. It was full."
    )


def test_how_long_it_takes_is_known_from_the_labs_limits():
    lab = SimpleNamespace(file=SimpleNamespace(limits=Limits(notebook_seconds=90)))
    assert "Cells have 90 s in all." in how_long(lab)
