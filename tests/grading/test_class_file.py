"""Tests for class.toml: the roster, deadlines and extensions, and what lateness costs."""

from datetime import datetime

import pytest

from lab_harness.errors import CourseError, LabError, UsageError
from lab_harness.grading.class_file import SchoolClass, read_class
from lab_harness.grading.results.row import Row, described
from lab_harness.grading.students import Student
from tests.grading.handing_in import COURSE, graded

ROSTER = (
    'Student,ID,SIS Login ID,Email,Section\n"Doe, Jane",12,jdoe,jane@school.test,A\nAna An,13,ana,ana@school.test,A\n'
)
GOOD = """\
format_version = 1
roster = "roster.csv"

[deadlines]
hello_lambda = 2026-12-01T23:59:00+01:00

[extensions.ana]
hello_lambda = 2026-12-03T23:59:00+01:00

[extensions."jane@school.test"]
pets_api = 2026-12-24T12:00:00+01:00

[late]
percent_a_day = 10
most_days = 3
"""
ANA, JANE, BO = Student("ana", "ana"), Student("doejane_12", "doejane", "canvas", "12"), Student("bo", "bo")
DUE = datetime.fromisoformat("2026-12-01T23:59:00+01:00").timestamp()
HOUR = 3600


@pytest.fixture
def written(tmp_path):
    """Writes a class.toml, with its list beside it, and reads it."""
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")

    def read(text=GOOD):
        (tmp_path / "class.toml").write_text(text, encoding="utf-8")
        return read_class(tmp_path / "class.toml", COURSE)

    return read


def test_students_get_their_names_and_addresses_from_the_list(written):
    rows = [Row(who, graded(who.id, a="passed")) for who in (ANA, JANE, BO)]
    assert [(row.name, row.email) for row in described(rows, written())] == [
        ("Ana An", "ana@school.test"),
        ("Jane Doe", "jane@school.test"),
        ("bo", ""),
    ]


@pytest.mark.parametrize(
    ("text", "name", "email"),
    [
        ("First name,Last name,Username,Email address\nAna,An,ana,a@x\n", "Ana An", "a@x"),
        ("login;name\nana;Ana An\n", "Ana An", ""),
        ("student,name,email\nana,Ana An,a@x\n", "Ana An", "a@x"),
        ("student\nana\n", "ana", ""),
        ("student,mail\nana,\x1b[2Ja@x\n", "ana", "�[2Ja@x"),
    ],
)
def test_names_are_found_in_the_columns_of_many_lists(written, tmp_path, text, name, email):
    written()
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    person = written().person(ANA)
    assert (person.name, person.email) == (name, email)


@pytest.mark.parametrize(
    ("after", "days", "kept"),
    [
        (-1, 0, 1),
        (0, 0, 1),
        (1, 1, 0.9),
        (24 * HOUR, 1, 0.9),
        (24 * HOUR + 1, 2, 0.8),
        (72 * HOUR, 3, 0.7),
        (73 * HOUR, 4, 0),
    ],
)
def test_each_day_begun_costs_its_share_and_after_the_last_there_is_none(written, after, days, kept):
    found = written().lateness(BO, "hello_lambda", DUE + after)
    assert (found.days, round(found.kept, 6)) == (days, kept)


def test_extension_is_found_by_the_gradebooks_name_and_by_the_mail_address(written):
    school = written()
    assert school.lateness(ANA, "hello_lambda", DUE + 48 * HOUR).days == 0
    assert school.lateness(ANA, "hello_lambda", DUE + 49 * HOUR).days == 1
    assert school.deadline(JANE, "pets_api").isoformat().startswith("2026-12-24")
    assert school.deadline(BO, "pets_api") is None
    assert school.lateness(JANE, "hello_lambda", 0).days == 0  # nobody knows when


def test_name_that_is_nobodys_is_told(written, tmp_path):
    (tmp_path / "remarks.csv").write_text(
        "student,lab,task,points,comment\nana,hello_lambda,role,1,x\nno,hello_lambda,,,y\n"
    )
    school = written(f'remarks = "remarks.csv"\n{GOOD}')
    assert school.unknown_students([JANE, BO]) == ["no"]
    assert [remark.comment for remark in school.remarks_on(ANA, "hello_lambda")] == ["x"]
    assert school.remarks_on(JANE, "hello_lambda") == ()


def test_moment_without_an_offset_is_one_of_this_machines_clock(written):
    school = written(GOOD.replace("2026-12-01T23:59:00+01:00", "2026-12-01T12:00:00"))
    noon = datetime(2026, 12, 1, 12).astimezone().timestamp()
    assert school.lateness(BO, "hello_lambda", noon).days == 0
    assert school.lateness(BO, "hello_lambda", noon + 1).days == 1


def test_without_a_policy_lateness_is_told_and_costs_nothing(written):
    school = written(GOOD[: GOOD.index("[late]")])
    assert school.lateness(BO, "hello_lambda", DUE + 1).kept == 1
    row = Row(BO, graded("bo", a="passed", b="failed"), handed_in=DUE + 1)
    [late] = described([row], school)
    assert (late.reason, late.mark, late.percent) == ("1 day late", 1, 50)


def test_mark_is_what_is_left_of_the_points_and_says_why(written):
    row = Row(BO, graded("bo", a="passed", b="passed", c="failed", d="failed"), handed_in=DUE + 25 * HOUR)
    [late] = described([row], written())
    assert (late.reason, late.mark, late.percent, late.grade.points) == ("2 days late, 20 % taken off", 1.6, 40, 2)
    [unknown] = described([row], SchoolClass())
    assert (unknown.reason, unknown.mark) == ("", 2)


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        (
            "hello_lambda = 2026-12-01T23:59:00+01:00",
            "helo_lambda = 2026-12-01T23:59:00+01:00",
            UsageError,
            "Did you mean",
        ),
        ("pets_api", "pet_api", UsageError, "There is no lab 'pet_api'"),
        ("2026-12-01T23:59:00+01:00", '"soon"', LabError, "line 4, field deadlines"),
        ("percent_a_day = 10", "percent_a_day = 110", LabError, "line 14, field late.percent_a_day"),
        ("percent_a_day", "per_cent", LabError, "contains unknown field"),
        ("roster.csv", "nobody.csv", CourseError, "nobody.csv cannot be read"),
    ],
)
def test_mistake_is_named_with_its_place(written, old, new, error, says):
    with pytest.raises(error, match=says):
        written(GOOD.replace(old, new, 1))
