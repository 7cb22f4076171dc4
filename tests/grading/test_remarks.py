"""Tests for a teacher's remarks: comments and other points, in every file, and kept when work is graded again."""

import csv
import io
import json

import pytest

from lab_harness.errors import CourseError, UsageError
from lab_harness.grading.class_file import Lateness, SchoolClass
from lab_harness.grading.grade import Grade, Status
from lab_harness.grading.remarks import Remark, Said, change_remarks, read_remarks
from lab_harness.grading.results import exports
from lab_harness.grading.results.exports import GradedLab
from lab_harness.grading.results.pages import student_page
from lab_harness.grading.results.row import Row, described
from lab_harness.grading.students import Student
from lab_harness.handing_in.released import Released
from lab_harness.lab.labs import load_lab
from tests.grading.handing_in import COURSE, graded

HEAD = "student,lab,task,points,comment\n"
ANA = Student("ana", "ana")
BETTER = Remark("Ana", "hello_lambda", "role", 1.5, "The name was right <b>")
KIND = Remark("ana", "hello_lambda", "", None, "Well begun.")
HELLO = GradedLab("hello_lambda", "The simple Lambda function", 2, {"role": 2})
WORDS = "role: 1.5 points instead of 1: The name was right <b>"


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "remarks.csv").write_text(text, encoding="utf-8")
        return read_remarks(tmp_path / "remarks.csv", COURSE)

    return read


def remarked(*remarks, row=None):
    row = row or Row(ANA, graded("ana", a="passed", b="failed"))
    [found] = described([row], SchoolClass(remarks=remarks))
    return found


def lines(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_remarks_are_read_as_a_spreadsheet_writes_them(read):
    assert read(
        HEAD + 'Ana,hello_lambda,role,1.5,The name was right <b>\n,,,,\nana,hello_lambda,,,"Well\nbegun."\n'
    ) == [
        BETTER,
        Remark("ana", "hello_lambda", "", None, "Well\nbegun."),
    ]
    assert (
        read("\ufeff" + (HEAD + "Ana,hello_lambda,role,1.5,x\n").replace(",", ";").replace("1.5", "1,5"))[0].points
        == 1.5
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (",hello_lambda,role,1,x", "line 2: It names no student"),
        ("ana,hello,role,1,x", "line 2: There is no lab 'hello'"),
        ("ana,hello_lambda,rôle,1,x", "line 2: There is no task 'rôle'"),
        ("ana,hello_lambda,role,many,x", "line 2: 'many' is no number of points"),
        ("ana,hello_lambda,role,-1,x", "'-1' is no number"),
        ("ana,hello_lambda,role,inf,x", "'inf' is no number"),
        ("ana,hello_lambda,,1,x", "Points belong to a task"),
        ("ana,hello_lambda,role,1,x\nana,hello_lambda,role,2,y", "line 3: There is a line for this student and task"),
    ],
)
def test_line_that_cannot_be_meant_is_named(read, line, says):
    with pytest.raises(UsageError, match=says):
        read(f"{HEAD}{line}\n")


def test_file_without_its_headings_and_one_that_is_not_there_are_named(read, tmp_path):
    with pytest.raises(UsageError, match="must begin with the headings student, lab, task, points, comment"):
        read("who,what\n")
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        read_remarks(tmp_path / "none.csv", COURSE)


def test_changed_points_make_the_mark_and_stay_when_the_work_is_graded_again():
    row = remarked(BETTER)
    assert (row.grade.points, row.points, row.mark, row.percent) == (1, 1.5, 1.5, 75)
    again = remarked(BETTER, row=Row(ANA, graded("ana", a="failed", b="failed")))
    assert (again.grade.points, again.mark) == (0, 1.5)
    late = Row(ANA, row.grade, lateness=Lateness(1, 0.5), remarks=(BETTER,))
    assert late.mark == 0.75
    assert remarked(KIND).mark == 1


def test_every_export_has_the_mark_and_its_reason():
    row = remarked(BETTER, KIND)
    for text in (exports.gradebook_csv([row], [HELLO]), exports.lab_csv([row], HELLO)):
        [line] = lines(text)
        assert (line["points"], line["mark"], line["per cent"]) == ("1", "1.5", "75")
        assert line["reason"] == f"{WORDS}; teacher: Well begun."
    assert lines(exports.lab_csv([row], HELLO))[0]["role (of 2)"] == "1.5"
    assert lines(exports.canvas_csv([row], [HELLO]))[1][HELLO.title] == "1.5"
    [moodle] = lines(exports.moodle_csv([row], [HELLO]))
    assert moodle[HELLO.title] == "1.5"
    assert moodle[f"{HELLO.title} (feedback)"] == f"{WORDS}. teacher: Well begun. Not yet: The b is right"
    [told] = json.loads(exports.gradebook_json([row]))["grades"]
    assert (told["mark"], [each["comment"] for each in told["remarks"]]) == (1.5, [BETTER.comment, KIND.comment])
    assert "mark 1.5; role: 1.5 points instead of 1: The name was right &lt;b&gt;" in exports.gradebook_junit([row], {})


def test_feedback_shows_what_the_teacher_says_beside_the_task():
    html = student_page([remarked(BETTER, KIND)], {"hello_lambda": Released(load_lab("hello_lambda", COURSE), COURSE)})
    assert "Your teacher gave you 1.5 instead of 1 points: The name was right &lt;b&gt;" in html
    assert "Your teacher: Well begun." in html
    assert "You have 1.5 of 2 points" in html


def test_points_as_the_checks_gave_them_are_no_other_points():
    row = remarked(Remark("ana", "hello_lambda", "role", 1, "Nearly."))
    html = student_page([row], {"hello_lambda": Released(load_lab("hello_lambda", COURSE), COURSE)})
    assert row.reason == "role: 1 points: Nearly."
    assert "Your teacher gave you 1 points: Nearly." in html


def test_student_and_teacher_read_the_same_per_cent():
    row = Row(ANA, graded("ana", a="passed", b="passed", c="failed"))
    html = student_page([row], {"hello_lambda": Released(load_lab("hello_lambda", COURSE), COURSE)})
    assert row.percent == 67
    assert "You have 2 of 3 points</strong> (67 %)" in html


def test_work_that_was_rejected_can_be_given_points():
    rejected = Row(ANA, Grade("ana", "hello_lambda", Status.REJECTED, "it is empty"))
    assert lines(exports.canvas_csv([remarked(KIND, row=rejected)], [HELLO]))[1][HELLO.title] == ""
    given = remarked(BETTER, row=rejected)
    assert lines(exports.canvas_csv([given], [HELLO]))[1][HELLO.title] == "1.5"
    html = student_page([given], {"hello_lambda": Released(load_lab("hello_lambda", COURSE), COURSE)})
    assert "Your teacher gave you 1.5 points." in html


def test_what_is_said_anew_changes_one_line_and_leaves_those_of_others_and_of_other_tasks(tmp_path):
    path = tmp_path / "remarks.csv"
    others = "bo,hello_lambda,role,1,Of bo\nana,hello_lambda,,,Of the lab\nana,first_steps,,,Of another lab\n"
    path.write_text(f"{HEAD}{others}Ana,hello_lambda,role,1,Of ana\n", encoding="utf-8")
    before, after = Said(1, "Of ana"), Said(1.5, "More")
    assert change_remarks(path, COURSE, {"ana"}, "ana", "hello_lambda", {"role": (before, after)}) == {}
    assert path.read_text(encoding="utf-8").splitlines() == f"{HEAD}{others}Ana,hello_lambda,role,1.5,More".splitlines()
    assert change_remarks(path, COURSE, {"ana"}, "ana", "hello_lambda", {"role": (before, Said(2, ""))}) == {
        "role": after
    }
