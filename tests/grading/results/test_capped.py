"""Tests for how much one submission may leave: what is kept is small, and says what was left out."""

from lab_harness.grading.grade import CellError, Status
from lab_harness.grading.plan import carry_out, plan
from lab_harness.grading.results import capped
from lab_harness.grading.results.capped import capped_code
from lab_harness.grading.results.gradebook import open_gradebook
from lab_harness.grading.results.pages import student_page
from lab_harness.grading.results.row import Row
from lab_harness.grading.students import Student
from lab_harness.grading.work import Work
from lab_harness.handing_in.released import Released
from lab_harness.lab.labs import load_lab
from tests.grading.handing_in import COURSE, graded

LONG = '"😀\n' * 3000


def flood():
    """The grade of a submission that fails as loudly as it can."""
    errors = tuple(CellError(f"cell-{number}", LONG, LONG) for number in range(200))
    outcomes = {f"check_{number}": "failed" for number in range(28)}
    grade = graded("ana", status=Status.LIMITED, reason=LONG, errors=errors, **outcomes)
    for check in grade.report["checks"]:
        check.update(expected=LONG, found=LONG, next_step=LONG)
    return grade


def test_errors_report_and_reason_are_kept_within_limits_and_what_is_missing_is_told():
    found = capped.capped(flood())
    texts = [error.error + error.traceback for error in found.cell_errors]
    assert sum(map(len, texts)) < 1.2 * capped.MOST_OF_ERRORS
    assert len(found.cell_errors) <= capped.MOST_ERRORS + 1
    assert found.cell_errors[-1].error.endswith("more errors were left out")
    assert "characters were left out" in found.report["checks"][-1]["found"]
    assert "characters were left out" in found.reason
    assert (found.points, found.total) == (0, 28)


def test_grade_of_ordinary_size_is_kept_as_it_is():
    grade = graded("ana", errors=(CellError("role", "NameError: x", "line 1\nline 2"),), a="passed", b="failed")
    assert capped.capped(grade) == grade


def test_one_submission_adds_little_to_the_database_and_its_page(tmp_path):
    tasks = {f"task_{number}": LONG * 20 for number in range(100)}
    work = Work(Student("ana", "ana"), "hello_lambda", tmp_path / "a.ipynb", "digest", tasks)
    with open_gradebook(tmp_path / "gradebook.sqlite") as gradebook:
        for _ in range(2):
            list(carry_out(plan([work], {}, lambda _: {}), gradebook, lambda _: [flood()], lambda _: {}))
        [row] = gradebook.rows()
    assert (tmp_path / "gradebook.sqlite").stat().st_size < 2 * 1024 * 1024
    assert len(student_page([row], {"hello_lambda": Released(load_lab("hello_lambda", COURSE), COURSE)})) < 1024 * 1024
    assert isinstance(row, Row)


def test_code_that_is_too_long_is_cut_and_says_so():
    assert capped_code({"role": "x = 1"}) == {"role": "x = 1"}
    cut = capped_code({"role": "x" * 100_000, "code": "y"})
    assert "40004 characters were left out" in cut["role"]
    assert cut["…"] == "# 1 more were left out"
