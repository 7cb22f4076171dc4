"""Tests for a report as JUnit XML."""

from xml.etree import ElementTree

from lab_harness.render.junit import TAGS, report_junit
from lab_harness.results import CheckResult, LabReport, Outcome
from tests.render.reports import HOSTILE


def test_junit_counts_outcomes_as_ci_servers_do(report):
    text = report_junit(report)
    assert text.startswith("<?xml version='1.0' encoding='utf-8'?>\n")
    suite = ElementTree.fromstring(text)
    assert suite.tag == "testsuite"
    assert suite.attrib == {
        "name": "sample", "tests": "5", "failures": "1", "errors": "1", "skipped": "2", "time": "0.750",
    }  # fmt: skip


def test_junit_has_a_case_for_each_check(report):
    cases = ElementTree.fromstring(report_junit(report)).findall("testcase")
    assert [(case.get("classname"), case.get("name"), [child.tag for child in case]) for case in cases] == [
        ("sample", "queue_exists", []),
        ("sample", "queue_waits", ["failure"]),
        ("sample", "message", ["skipped"]),
        ("sample", "answer", ["error"]),
        ("sample", "users", ["skipped"]),
    ]
    assert cases[1][0].get("message") == "The queue waits: failed"
    assert cases[1][0].text.startswith("expected: ReceiveMessageWaitTimeSeconds 20\nfound: 0 seconds, ")
    assert cases[1][0].text.endswith("next: Section 2 shows set_queue_attributes.")


def test_junit_says_each_outcome_but_passed_with_a_tag():
    assert set(TAGS) == set(Outcome) - {Outcome.PASSED}


def test_junit_survives_what_xml_cannot_carry():
    found = "log: \x00\x1b[31mred\x1b[0m \ud800 \ufffe ]]> <b> 😀\tend"
    results = (CheckResult("logs", "The log", None, Outcome.FAILED, expected="text", found=found, next_step="Look."),)
    text = report_junit(LabReport("sample", "A sample", "embedded", results))
    case = ElementTree.fromstring(text.encode())
    assert "found: log: ��[31mred�[0m � � ]]> <b> 😀\tend" in case.find("testcase/failure").text


def test_junit_escapes_every_text(hostile):
    suite = ElementTree.fromstring(report_junit(hostile))
    assert suite.get("name") == HOSTILE
    assert {element.tag for element in suite.iter()} == {"testsuite", "testcase", "failure", "error", "skipped"}
