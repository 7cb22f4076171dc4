"""Tests for comparing a roster with the gradebook."""

import pytest

from lab_harness.grading.grade import Grade, Status
from lab_harness.grading.intake.standings import standings, strangers
from lab_harness.grading.results.row import Row
from lab_harness.grading.roster import read_roster
from lab_harness.grading.students import Student
from tests.grading.handing_in import graded

ROWS = [
    Row(Student("doejane_12", "doejane", "canvas", "12"), graded("doejane_12", a="passed")),
    Row(Student("ana", "ana"), graded("ana", a="passed"), late=True),
    Row(
        Student("Eric Roe_345", "Eric Roe", "moodle", "345"),
        Grade("Eric", "hello_lambda", Status.REJECTED, "it is empty"),
    ),
    Row(Student("max", "max"), graded("max", a="passed")),
]
CANVAS = """\ufeffStudent,ID,SIS Login ID,Section
    Points Possible,,,
"Doe, Jane",12,jdoe,A
"An, Ana",13,ana,A
"Roe, Eric",14,roe,A
"Low, Lou",15,lou,A

"""


def roster(tmp_path, text):
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    return read_roster(tmp_path / "roster.csv")


def said(people, labs=("hello_lambda",)):
    return [(each.person, each.state) for each in standings(people, ROWS, labs)]


def test_canvas_list_finds_its_students_by_number_name_login_and_folder_that_is_called_by_the_name(tmp_path):
    people = roster(tmp_path, CANVAS)
    assert [person.label for person in people] == ["Doe, Jane", "An, Ana", "Roe, Eric", "Low, Lou"]
    assert said(people) == [("An, Ana", "late"), ("Roe, Eric", "rejected (it is empty)"), ("Low, Lou", "missing")]
    assert strangers(people, ROWS) == ["max"]


@pytest.mark.parametrize("text", ["First name;Last name;Email\nEric;Roe;e@x\n", "login\tname\nx\teric roe\n"])
def test_list_with_other_columns_and_separators_is_read(tmp_path, text):
    assert [state for _, state in said(roster(tmp_path, text))] == ["rejected (it is empty)"]


def test_each_lab_is_asked_for(tmp_path):
    found = standings(roster(tmp_path, "student\nmax\n"), ROWS, ["hello_lambda", "pets_api"])
    assert [(each.lab, each.state) for each in found] == [("pets_api", "missing")]


def test_section_is_nobodys_name(tmp_path):
    assert said(roster(tmp_path, "section,student\nmax,lou\n")) == [("lou", "missing")]


def test_number_of_one_is_not_the_empty_number_of_another(tmp_path):
    assert strangers(roster(tmp_path, "student,id\nlou,\n"), ROWS) == [row.student.id for row in ROWS]
