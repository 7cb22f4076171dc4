"""Tests for what the gradebook is written as: for spreadsheets, Canvas, Moodle, CI servers and programs."""

import csv
import io
import json
import re
from xml.etree import ElementTree

import pytest

from lab_harness.grading.class_file import Lateness
from lab_harness.grading.grade import CellError, Grade, Status
from lab_harness.grading.results import exports
from lab_harness.grading.results.exports import GradedLab
from lab_harness.grading.results.row import Row
from lab_harness.grading.roster import Person
from lab_harness.grading.students import Student
from tests.grading.handing_in import graded

HELLO, PETS = GradedLab("hello_lambda", "The simple Lambda function", 2), GradedLab("pets_api", "A REST API", 3)
CANVAS = Student("doejane_12", "doejane", "canvas", "12")
MOODLE = Student("Eric Roe_345", "Eric Roe", "moodle", "345")
FOLDER = Student("ana", "ana")
ROWS = [
    Row(FOLDER, graded("ana", a="passed", b="failed"), note="ana/x.ipynb counts, the newest"),
    Row(FOLDER, graded("ana", "pets_api", Status.BROKEN, "the emulator ended")),
    Row(CANVAS, graded("doejane_12", a="passed", b="passed"), late=True),
    Row(MOODLE, graded("Eric Roe_345", status=Status.REJECTED, reason="it is empty")),
]


def lines(text):
    return list(csv.reader(io.StringIO(text)))


HOW = ["per cent", "mark", "status", "reason", "cell that crashed"]


def test_gradebook_has_a_line_a_student_and_lab():
    assert lines(exports.gradebook_csv(ROWS, [HELLO, PETS])) == [
        ["student", "name", "mail", "lab", "points", "total", *HOW],
        ["ana", "ana", "", "hello_lambda", "1", "2", "50", "1", "graded", "ana/x.ipynb counts, the newest", ""],
        ["ana", "ana", "", "pets_api", "0", "3", "", "", "broken", "the emulator ended", ""],
        ["doejane_12", "doejane", "", "hello_lambda", "2", "2", "100", "2", "graded", "late", ""],
        ["Eric Roe_345", "Eric Roe", "", "hello_lambda", "0", "2", "", "", "rejected", "it is empty", ""],
    ]


def test_gradebook_of_a_lab_has_a_column_a_task_and_says_who_it_is_what_counts_and_which_cell_crashed():
    errors = (CellError("deploy", "KeyError: 'x'\nmore"), CellError("role", "NameError"))
    row = Row(
        FOLDER,
        graded("ana", errors=errors, a="passed", b="failed"),
        person=Person("ana", frozenset({"ana"}), "Ana An", "ana@school.test"),
        lateness=Lateness(1, 0.9),
    )
    lab = GradedLab("hello_lambda", HELLO.title, 2, {"role": 2, "code": 0})
    assert lines(exports.lab_csv([row, ROWS[1], ROWS[3]], lab)) == [
        ["student", "name", "mail", "role (of 2)", "code (of 0)", "points", "total", *HOW],
        ["ana", "Ana An", "ana@school.test", "1", "", "1", "2", "45", "0.9", "graded", "1 day late, 10 % taken off",
         "deploy: KeyError: 'x' more"],
        ["Eric Roe_345", "Eric Roe", "", "", "", "0", "2", "", "", "rejected", "it is empty", ""],
    ]  # fmt: skip


def test_mark_less_what_lateness_costs_is_what_canvas_moodle_and_json_get():
    row = Row(FOLDER, graded("ana", a="passed", b="passed"), lateness=Lateness(1, 0.9))
    assert lines(exports.canvas_csv([row], [HELLO]))[2][-1] == "1.8"
    assert lines(exports.moodle_csv([row], [HELLO]))[1][2:] == ["1.8", "1 day late, 10 % taken off"]
    [told] = json.loads(exports.gradebook_json([row]))["grades"]
    assert (told["mark"], told["days_late"], told["late"]) == (1.8, 1, False)


def test_code_of_an_anonymous_student_is_not_the_number_of_another():
    nobody = Row(Student("anon_4xTb2", "anon", "canvas", "4xTb2"), graded("anon_4xTb2", a="passed"))
    assert lines(exports.canvas_csv([nobody], [HELLO]))[2] == ["anon_4xTb2", "", "", "", "", "1"]


def test_canvas_finds_its_header_its_points_possible_and_its_students():
    assert lines(exports.canvas_csv(ROWS, [HELLO, PETS])) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "The simple Lambda function", "A REST API"],
        ["    Points Possible", "", "", "", "", "2", "3"],
        ["ana", "", "", "ana", "", "1", ""],  # what is broken or was rejected is no zero
        ["doejane", "12", "", "", "", "2", ""],
        ["Eric Roe", "", "", "", "", "", ""],
    ]


def test_moodle_gets_an_identifier_and_a_grade_and_feedback_for_each_lab():
    header, ana, jane, eric = lines(exports.moodle_csv(ROWS, [HELLO]))
    assert header == ["identifier", "name", "The simple Lambda function", "The simple Lambda function (feedback)"]
    assert ana == ["ana", "ana", "1", "Not yet: The b is right"]
    assert jane == ["doejane_12", "doejane", "2", "late"]
    assert eric == ["Eric Roe_345", "Eric Roe", "", "it is empty"]


def test_feedback_sets_one_full_stop_between_its_sentences():
    limited = Row(FOLDER, graded("ana", status=Status.LIMITED, reason="It was stopped.", a="failed"))
    [_, ana] = lines(exports.moodle_csv([limited], [HELLO]))
    assert ana[3] == "It was stopped. Not yet: The a is right"


def test_moodle_worksheet_has_the_columns_that_an_assignment_asks_for_and_only_its_students():
    header, eric = lines(exports.moodle_worksheet(ROWS, HELLO))
    assert set(header) >= {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"}
    assert eric == ["Participant 345", "Eric Roe", "", "2", "", "it is empty"]


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r=", "＝", "x;=", "x\t@", "x; =", 'x;"=', "x\n-", "x\r+"]
)
def test_no_cell_is_a_formula_by_whatever_its_cells_are_parted(start):
    hostile = f'{start}HYPERLINK("http://evil","x")'
    rows = [Row(Student(hostile, hostile), Grade(hostile, "hello_lambda", Status.REJECTED, hostile))]
    for text in (
        exports.gradebook_csv(rows, [HELLO]),
        exports.canvas_csv(rows, [HELLO]),
        exports.moodle_csv(rows, [HELLO]),
    ):
        cells = [cell for line in lines(text) for cell in line]
        assert hostile in [cell.replace("'", "") for cell in cells]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝", "\t", "\r"))]
        for parted in (text, *cells):  # as a spreadsheet sees it that parts cells by semicolons or tabs
            inner = [cell.lstrip(' "') for cell in re.split(r"[;\t\r\n]", parted)]
            assert not [cell for cell in inner if cell.startswith(("=", "+", "-", "@"))]


def test_cell_that_a_spreadsheet_might_part_is_quoted():
    rows = [Row(Student(name, name), graded(name, a="passed")) for name in ("a;b", "a\tb", "a,b", "ab")]
    text = exports.gradebook_csv(rows, [HELLO])
    assert [line.partition(",,hello")[0] for line in text.splitlines()[1:]] == [
        f"{cell},{cell}" for cell in ('"a;b"', '"a\tb"', '"a,b"', "ab")
    ]


def test_no_file_holds_what_a_terminal_obeys_or_turns_letters_round():
    name = "a\x1b[2Jb\u202ec\x9bd"
    rows = [Row(Student(name, name), Grade(name, "hello_lambda", Status.REJECTED, name))]
    made = (exports.gradebook_csv(rows, [HELLO]), exports.canvas_csv(rows, [HELLO]), exports.moodle_csv(rows, [HELLO]))
    for text in (*made, exports.gradebook_json(rows), exports.gradebook_junit(rows, {})):
        assert not set("\x1b\u202e\x9b") & set(text)


def test_quotes_line_breaks_and_odd_characters_stay_in_their_cell():
    name = 'a"b,\n\x00é'
    [_, [student, *_]] = lines(exports.gradebook_csv([Row(Student(name, name), graded(name, a="passed"))], [HELLO]))
    assert student == 'a"b,\n�é'


def test_json_says_all_that_is_known():
    found = json.loads(exports.gradebook_json(ROWS))
    assert found["format_version"] == exports.FORMAT_VERSION
    jane = found["grades"][2]
    assert (jane["student"], jane["late"], jane["status"], jane["report"]["points"]) == (
        "doejane_12",
        True,
        "graded",
        2,
    )
    assert [Grade.from_dict(each) for each in found["grades"]] == [row.grade for row in ROWS]


def test_junit_has_a_suite_a_grade_and_an_error_where_there_is_no_report():
    suites = list(ElementTree.fromstring(exports.gradebook_junit(ROWS, {"hello_lambda": HELLO.title})))
    assert [suite.get("name") for suite in suites] == [
        "ana hello_lambda",
        "ana pets_api",
        "doejane_12 hello_lambda",
        "Eric Roe_345 hello_lambda",
    ]
    assert [(suite.get("failures"), suite.get("errors")) for suite in suites] == [
        ("1", "0"),
        ("0", "1"),
        ("0", "0"),
        ("0", "1"),
    ]
    assert suites[3].find("testcase/error").get("message") == "rejected: it is empty"
    assert "expected: a b" in suites[0].find("testcase[@name='b']/failure").text


def test_junit_of_hostile_names_is_still_xml():
    name = "<ana> & \x00"
    text = exports.gradebook_junit([Row(Student(name, name), graded(name, a="failed"))], {})
    assert ElementTree.fromstring(text)[0].get("name") == "<ana> & � hello_lambda"
