"""Tests for the page of what was handed in: what it says, that nothing in it is alive, and when it is written anew."""

from dataclasses import replace
from urllib.parse import unquote

import msgspec
import pytest

from lab_harness.grading.grade import CellError
from lab_harness.grading.intake.submissions import read_submissions
from lab_harness.grading.results import output
from lab_harness.grading.results.gradebook import open_gradebook
from lab_harness.grading.results.handed_in import handed_in
from lab_harness.grading.results.row import Row
from lab_harness.grading.students import Student
from lab_harness.handing_in.released import releases_of
from lab_harness.handing_in.shown import Output
from tests.grading.handing_in import COURSE, HELLO, answered, graded, hand_in
from tests.pages import HOSTILE, assert_harmless, read_page, words

RELEASES = releases_of(COURSE)
FILE = "functions/hello_world/lambda_function.py"
ERROR = CellError("role", f"KeyError: {HOSTILE}", "at line 1")


def hostile():
    """A notebook that would take over whoever reads it, if it could."""
    notebook = answered(role=f"x = 1  # {HOSTILE}", handler=f"%%writefile {FILE}\nprint('{HOSTILE}')")
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                {"output_type": "display_data", "data": {"text/html": HOSTILE, "application/javascript": "alert(4)"}},
                {"output_type": "stream", "text": HOSTILE},
            ]
    notebook["cells"].insert(2, {"cell_type": "markdown", "id": "mine", "metadata": {}, "source": HOSTILE})
    return notebook


@pytest.fixture
def row(tmp_path, reader):
    """The row of such a notebook, as it comes out of a gradebook."""
    school = hand_in(tmp_path / "class", {f"ana {HOSTILE.replace('/', '')}/{HELLO}": hostile()})
    [work] = read_submissions(school, COURSE, tmp_path / "scratch", reader=reader).works
    with open_gradebook(tmp_path / "gradebook.sqlite") as gradebook:
        gradebook.record(work, graded(work.student.id, errors=(ERROR,), a="passed"))
        [found] = gradebook.rows()
    return found


@pytest.fixture
def write(tmp_path):
    """Writes the results of rows, and gives the pages of what was handed in."""

    def write(*rows):
        output.write_results(tmp_path / "results", rows, RELEASES, {})
        return sorted((tmp_path / "results/handed_in").rglob("*.html"))

    (tmp_path / "results").mkdir()
    return write


def body(path):
    return path.read_text(encoding="utf-8").partition("<body>")[2].partition("</body>")[0]


def test_page_shows_the_students_own_cells_with_what_the_grader_met(row, write):
    [page] = write(row)
    said = words(body(page))
    assert page.parent.name == "hello_lambda"
    assert "3 of its cells are not as the class got them" in said
    assert f"Files that it writes: {FILE}" in said
    assert "Task Create the execution role hello-world-role , cell role" in said
    assert f"When it was graded, this cell ended with {' '.join(ERROR.error.split())}" in said
    assert "Task Create the function hello-world , cell function, as the class got it" in said
    assert "An output that is not shown: text/html, application/javascript" in said
    assert "The outputs are what the student's own computer saved" in said


def test_nothing_of_a_hostile_notebook_is_alive(row, write):
    [page] = write(row)
    html = body(page)
    assert_harmless(html.replace(' id="cell-', ' name="cell-'))  # anchors of the page's own
    assert not [each for each in read_page(html).iter() if each.tag in ("form", "input", "button", "style", "svg")]
    assert "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'" in page.read_text()
    assert len(page.read_bytes()) < 40_000


def test_links_of_the_page_and_to_it_lead_somewhere(row, write, tmp_path):
    [page] = write(row)
    links = [each.get("href") for each in read_page(body(page)).iter("a")]
    assert len(links) == 3
    for link in links:
        path, _, anchor = link.partition("#")
        assert (page.parent / unquote(path)).exists()
        assert not anchor or f'id="{anchor}"' in body(page)
    index = read_page(body(tmp_path / "results/index.html"))
    [link] = [each for each in index.iter("a") if each.text == "read"]
    assert (tmp_path / "results" / unquote(link.get("href"))).samefile(page)
    assert "handed in" in link.get("aria-label")


def test_page_is_written_again_only_where_it_says_something_else(row, write):
    [page] = write(row)
    before = page.stat().st_ino
    write(row)
    assert page.stat().st_ino == before
    write(replace(row, grade=replace(row.grade, cell_errors=())))
    assert "When it was graded" not in page.read_text()
    assert page.stat().st_ino != before


def test_page_of_work_that_cannot_be_read_goes_with_it(row, write):
    assert write(row)
    assert write(replace(row, packed=b"")) == []


def test_work_of_before_this_was_kept_has_no_page_and_no_link(write, tmp_path):
    assert write(Row(Student("ana", "ana"), graded("ana", a="passed"))) == []
    assert ">read<" not in (tmp_path / "results/index.html").read_text()


def test_cells_of_a_task_are_found_and_other_outputs_are_not_the_pages(row):
    work = handed_in(row, RELEASES["hello_lambda"])
    assert [cell.id for cell in work.of_task("role")] == ["role"]
    assert work.of_task("role")[0].outputs[1] == Output("output", HOSTILE)
    assert handed_in(row, None).title == "hello_lambda"  # a lab that the course has no more
    assert msgspec.json.encode(row.shown)
