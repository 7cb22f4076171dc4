"""Tests for what a real IPython shell says before a lab is open in it, as in a kernel that has restarted."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lab_harness.errors import UsageError

OPEN_LAB = "from lab_harness import open_lab\n\nlab = open_lab('queue')"


@pytest.fixture
def said(sample_course, in_use, bare_shell, monkeypatch, tmp_path, capsys):
    """What running a cell says in a shell that has loaded the extension; colours left out."""
    sample_course("queue")
    nbformat.write(new_notebook(cells=[new_code_cell(OPEN_LAB)]), tmp_path / "own.ipynb")
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "own.ipynb"))
    bare_shell.extension_manager.load_extension("lab_harness.notebook.unopened")

    def run(source):
        bare_shell.run_cell(source)
        told = capsys.readouterr()
        return re.sub(r"\x1b\[\d+m", "", told.out + told.err)

    return run


def test_a_cell_that_waits_for_a_task_says_which_cell_comes_first(said, bare_shell):
    done = bare_shell.run_cell("%%after queue\nran = True")
    assert type(done.error_in_exec) is UsageError
    assert "ran" not in bare_shell.user_ns
    assert said("%%after queue\nran = True").startswith(
        "UsageError: No lab is open in this kernel, which may have restarted: run the cell with open_lab first, "
    )


def test_a_missing_name_is_said_to_come_from_a_cell_of_the_notebook(said):
    assert said("lab.check()").endswith(
        "→ Run the cell first that has the line `lab = open_lab('queue')`, then this one again.\n"
    )


def test_a_name_that_no_cell_defines_is_shown_as_ever_and_so_where_there_is_no_notebook(said, monkeypatch, bare_shell):
    assert "NameError: name 'lba' is not defined" in said("lba.check()")
    monkeypatch.delenv("JPY_SESSION_NAME")
    bare_shell.extension_manager.reload_extension("lab_harness.notebook.unopened")
    assert "NameError: name 'lab' is not defined" in said("lab.check()")


def test_from_open_lab_on_cells_wait_for_their_tasks(said, bare_shell):
    said(OPEN_LAB)
    assert "This cell needs the task 'queue' first" in said("%%after queue\nran = True")
