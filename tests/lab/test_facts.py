"""Tests for the facts of AWS's that the course states: the file's form, and what a text must say of them."""

import re

import pytest

from lab_harness.authoring.lint.facts import disagreements, stated
from lab_harness.errors import LabError
from lab_harness.lab.facts import facts_of, read_facts
from lab_harness.lab.labs import all_labs

TIMEOUT = """\
format_version = 1

[[facts]]
id = "lambda_timeout"
service = "lambda"
what = "the longest time that one invocation may take"
value = 1800
unit = "seconds"
also = ["30 minutes"]
exam = 900
exam_also = ["15 minutes"]
as_of = 2026-11-29
source = "https://docs.aws.amazon.com/"
"""
MODEL = """
[[facts.models]]
service = "lambda"
shape = "{shape}"
"""


@pytest.fixture
def fact(tmp_path):
    """The one fact of a file that says this."""

    def read(text):
        (tmp_path / "facts.toml").write_text(text, encoding="utf-8")
        (found,) = read_facts(tmp_path).values()
        return found

    return read


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("1,800 seconds today, 900 seconds in the exam", []),
        ("at most **30 minutes** (exams still say **15** minutes)", []),
        ("30 minutes", ["900 seconds or 15 minutes"]),
        ("15 minutes", ["1,800 seconds or 30 minutes"]),
        ("130 minutes, 1,900 seconds, 15 minutesque", ["1,800 seconds or 30 minutes", "900 seconds or 15 minutes"]),
        ("1_800 seconds and 900\nseconds", []),
    ],
)
def test_text_that_states_a_fact_says_todays_value_and_the_exams(fact, text, missing):
    assert list(fact(TIMEOUT).missing_from(text)) == missing


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [("0.2", "$", "$0.20"), ("1", "$", "$1.00"), ("0.0000166667", "$", "$0.0000166667"), ("12.5", "MB", "12.5 MB")],
)
def test_prices_are_written_with_their_cents(fact, value, unit, written):
    priced = re.sub("exam.*\n", "", TIMEOUT).replace("1800", value).replace('"seconds"', f'"{unit}"')
    assert fact(priced).wordings[0] == written
    assert list(fact(priced).missing_from(f"It costs \\{written}.")) == []


def test_a_course_without_a_file_of_facts_has_none(tmp_path):
    assert read_facts(tmp_path) == {}
    assert facts_of(tmp_path, ["lambda"], []) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("1800", '"half an hour"', "line 7, field facts.0.value"),
        ("https://docs.aws.amazon.com/", "AWS's documentation", "line 13, field facts.0.source"),
        ("2026-11-29", "2026", "line 12, field facts.0.as_of"),
    ],
)
def test_wrong_file_is_refused_with_line_and_field(fact, old, new, problem):
    with pytest.raises(LabError, match=problem):
        fact(TIMEOUT.replace(old, new))


def test_two_facts_of_one_id_are_refused(fact):
    with pytest.raises(LabError, match=r"line 16, field facts\.1\.id: two facts have the id 'lambda_timeout'"):
        fact(TIMEOUT + "\n" + TIMEOUT.partition("\n\n")[2])


@pytest.mark.parametrize(
    ("shape", "fields", "found"),
    [
        ("Timeout", "max = 900", "botocore's lambda.Timeout has the max 5400, not 900"),
        ("Timeout", "min = 0", "botocore's lambda.Timeout has the min 1, not 0"),
        ("Timeouts", "max = 900", "botocore's lambda.Timeouts has the max None, not 900"),
        (
            "CreateFunctionRequest",
            'member = "Timeout"\nsays = "300 seconds"',
            "botocore's lambda.CreateFunctionRequest.Timeout does not say '300 seconds' any more",
        ),
    ],
)
def test_fact_that_botocore_states_otherwise_is_named(fact, shape, fields, found):
    told = fact(TIMEOUT + MODEL.format(shape=shape) + fields)
    assert list(disagreements(told)) == [f"labs/facts.toml: lambda_timeout: {found}"]


def test_service_that_botocore_does_not_have_states_nothing(fact):
    told = fact(TIMEOUT + MODEL.format(shape="Timeout").replace("lambda", "lambada") + "min = 1")
    assert len(list(disagreements(told))) == 1


def test_facts_of_the_course_are_those_of_botocore(course):
    facts = read_facts(course.labs).values()
    assert [problem for fact in facts for problem in disagreements(fact)] == []


def test_each_fact_of_the_course_is_stated_by_a_lab(course):
    said = set().union(*(stated(course, lab) for lab in all_labs(course)))
    assert read_facts(course.labs).keys() - said == set()
