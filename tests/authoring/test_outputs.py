"""Tests for taking the outputs out of a learner's notebook."""

import nbformat
import pytest

from lab_harness.authoring.outputs import clear
from lab_harness.errors import CourseError


@pytest.fixture
def run_notebook(sample_course):
    """The notebook of the sample lab as Jupyter saves it after it was run."""
    course = sample_course("queue")
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "version": "3.11.7", "file_extension": ".py"},
            "widgets": {"application/vnd.jupyter.widget-state+json": {}},
        },
        cells=[
            nbformat.v4.new_markdown_cell("# Title", id="title"),
            nbformat.v4.new_code_cell(
                "1 + 1",
                id="sum",
                execution_count=3,
                metadata={"tags": ["task:sum"], "slideshow": {"slide_type": "skip"}, "execution": {"a": "b"}},
                outputs=[nbformat.v4.new_output("stream", text="2\n")],
            ),
            nbformat.v4.new_code_cell("2", id="two", execution_count=4),
        ],
    )
    course.solved.mkdir(parents=True)
    for folder in (course.notebooks, course.solved):
        nbformat.write(notebook, folder / "01_queue.ipynb")
    return course.notebooks / "01_queue.ipynb"


def test_outputs_counts_and_what_a_run_wrote_go_and_all_else_stays(run_notebook):
    assert clear(run_notebook) == [
        "cell sum: 1 output",
        "cell sum: its execution count",
        "cell sum: execution in its metadata",
        "cell two: its execution count",
        "the notebook: widgets in its metadata",
        "the notebook: the language's version",
    ]
    notebook = nbformat.read(run_notebook, as_version=4)
    title, first, second = notebook.cells
    assert (title.source, first.source, first.id) == ("# Title", "1 + 1", "sum")
    assert first.metadata == {"tags": ["task:sum"], "slideshow": {"slide_type": "skip"}}
    assert (first.outputs, first.execution_count, second.execution_count) == ([], None, None)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_clean_notebook_is_not_written(run_notebook):
    clear(run_notebook)
    before = run_notebook.stat().st_mtime_ns, run_notebook.read_bytes()
    assert clear(run_notebook) == []
    assert (run_notebook.stat().st_mtime_ns, run_notebook.read_bytes()) == before
    assert before[1].endswith(b"}\n")


def test_notebook_that_cannot_be_written_is_as_it_was(run_notebook):
    before = run_notebook.read_bytes()
    (run_notebook.parent / ".01_queue.ipynb.new").mkdir()
    with pytest.raises(CourseError, match=r"01_queue\.ipynb\.new cannot be written"):
        clear(run_notebook)
    assert run_notebook.read_bytes() == before


def test_command_says_what_it_took_out(run_notebook, lab):
    told = lab("notebooks", "clear", "queue")
    assert told.out.startswith("cleared notebooks/01_queue.ipynb\n    cell sum: 1 output\n    cell sum: its execution")
    assert (lab("notebooks", "clear").out, told.code) == ("clean: notebooks/01_queue.ipynb\n", 0)


def test_command_takes_the_path_of_a_notebook_too(run_notebook, lab):
    assert lab("notebooks", "clear", run_notebook).out.startswith("cleared notebooks/01_queue.ipynb\n")


def test_solved_notebook_is_refused(run_notebook, lab):
    solved = run_notebook.parent / "solved" / "01_queue.ipynb"
    before = solved.read_bytes()
    told = lab("notebooks", "clear", solved)
    assert (told.code, solved.read_bytes()) == (2, before)
    assert told.err.endswith("is a solved notebook and keeps its outputs; it is built by: lab notebooks build\n")


def test_file_that_is_no_labs_notebook_is_refused(run_notebook, lab):
    told = lab("notebooks", "clear", run_notebook.with_name("mine.ipynb"))
    assert (told.code, told.err.endswith("mine.ipynb is no notebook of a lab of this course.\n")) == (2, True)
