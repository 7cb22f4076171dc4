"""Tests for what the teacher's page shows of a class: its lines, and what they can be found by."""

from lab_harness.grading.remarks import NOTHING, Said
from lab_harness.grading.review.views import NOTHING_TYPED, in_order, lines_of, work_view
from tests.grading.review.conftest import BO


def line(class_work, student, lab="hello_lambda"):
    return next(each for each in lines_of(class_work) if (each.student, each.lab) == (student, lab))


def test_each_line_can_be_found_by_what_is_not_simply_right(class_work):
    assert set(line(class_work, "ana").flags) == {"graded", "late", "open"}
    assert set(line(class_work, "cy").flags) >= {"rejected", "open"}
    assert line(class_work, "Lou Lo").flags == ("missing", "open")
    class_work.save(in_order(class_work)[1], {"role": (NOTHING, Said(None, "Looked at."))})
    assert "open" not in line(class_work, "ana").flags
    assert "remarked" in line(class_work, "ana").flags


def test_line_tells_mark_lateness_and_why(class_work):
    found = line(class_work, "ana")
    assert (found.name, found.state, found.mark, found.percent) == ("Ana An", "graded", "1 of 2", 50)
    assert "late" in found.late
    assert "KeyError" in found.reason
    assert line(class_work, "cy").mark == ""
    assert line(class_work, "Lou Lo").href == ""


def test_work_goes_by_the_students_names(class_work):
    names = [row.student.id for row in in_order(class_work) if row.lab == "hello_lambda"]
    assert sorted(names) == sorted(["ana", BO, "cy"])
    assert names.index("ana") < names.index("cy")


def test_view_has_every_task_of_the_lab_with_the_students_code(class_work):
    row = class_work.work("hello_lambda", "ana.html")
    view = work_view(class_work, row, NOTHING_TYPED)
    assert [task.id for task in view.tasks] == ["role", "function", "handler", "test_event"]
    assert [task.most_points for task in view.tasks] == [4, 5, 1, 3]
    assert (view.tasks[0].points, [cell.id for cell in view.tasks[0].cells]) == (1, ["role"])
    assert view.most_points == 13
