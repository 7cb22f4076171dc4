"""Tests for what the teacher's page shows of a class: its lines, and what they can be found by."""

from lab_harness.grading.remarks import NOTHING, Said
from lab_harness.grading.review.views import NOTHING_TYPED, in_order, lines_of, work_view
from tests.grading.review.conftest import BO


def line(desk, student, lab="hello_lambda"):
    return next(each for each in lines_of(desk) if (each.student, each.lab) == (student, lab))


def test_each_line_can_be_found_by_what_is_not_simply_right(desk):
    assert set(line(desk, "ana").flags) == {"graded", "late", "open"}
    assert set(line(desk, "cy").flags) >= {"rejected", "open"}
    assert line(desk, "Lou Lo").flags == ("missing", "open")
    desk.save(in_order(desk)[1], {"role": (NOTHING, Said(None, "Looked at."))})
    assert "open" not in line(desk, "ana").flags
    assert "remarked" in line(desk, "ana").flags


def test_line_tells_mark_lateness_and_why(desk):
    found = line(desk, "ana")
    assert (found.name, found.state, found.mark, found.percent) == ("Ana An", "graded", "1 of 2", 50)
    assert "late" in found.late
    assert "KeyError" in found.reason
    assert line(desk, "cy").mark == ""
    assert line(desk, "Lou Lo").href == ""


def test_work_goes_by_the_students_names(desk):
    names = [row.student.id for row in in_order(desk) if row.lab == "hello_lambda"]
    assert sorted(names) == sorted(["ana", BO, "cy"])
    assert names.index("ana") < names.index("cy")


def test_view_has_every_task_of_the_lab_with_the_students_code(desk):
    row = desk.work("hello_lambda", "ana.html")
    view = work_view(desk, row, NOTHING_TYPED)
    assert [task.id for task in view.tasks] == ["role", "function", "handler", "test_event"]
    assert [task.most_points for task in view.tasks] == [4, 5, 1, 3]
    assert (view.tasks[0].points, [cell.id for cell in view.tasks[0].cells]) == (1, ["role"])
    assert view.most_points == 13
