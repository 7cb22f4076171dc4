"""Tests for the displays of a report: text, HTML, JSON and JUnit."""

import builtins
import io
import json
import re
from xml.etree import ElementTree

import pytest
from rich.console import Console

from lab_harness.render import SYMBOLS
from lab_harness.render.html import BADGE, COLOURS, report_html
from lab_harness.render.json import report_json
from lab_harness.render.junit import TAGS, report_junit
from lab_harness.render.text import STYLES, report_lines, report_text
from lab_harness.results import CheckResult, LabReport, Outcome

ARN = "arn:aws:sqs:us-east-1:000000000000:" + "q" * 70
HOSTILE = "<script>alert('x')</script> <class 'str'> & \"quoted\" <img src=http://evil.example/x>"

TEXT = f"""\
A sample (sample)
  ✓ passed      The queue exists
  ✗ failed      The queue waits
                expected ReceiveMessageWaitTimeSeconds 20
                found    0 seconds, which is what a queue gets that is created without any
                         attributes of its own
                         {ARN[:75]}
                         {ARN[75:]}
                next     Section 2 shows set_queue_attributes.
  · blocked     A message is there
                next First: The queue waits.
  ! broken      The answer is [red]a[/red] <class 'str'>
                found Traceback (most recent call last):
                        File "checks.py", line 3
                      KeyError: '[bold]a[/bold]'
  – unsupported Users sign in
                found embedded 1.0 has no cognito-idp
1 of 5 checks passed, 1 cannot be judged on embedded, 1 broken: a mistake in the course, not in your
work."""


@pytest.fixture
def report():
    """A report in which each outcome occurs."""
    long = f"0 seconds, which is what a queue gets that is created without any attributes of its own {ARN}"
    broken = "Traceback (most recent call last):\n  File \"checks.py\", line 3\nKeyError: '[bold]a[/bold]'"
    results = (
        CheckResult("queue_exists", "The queue exists", "queue", Outcome.PASSED, seconds=0.25),
        CheckResult(
            "queue_waits", "The queue waits", "queue", Outcome.FAILED,
            expected="ReceiveMessageWaitTimeSeconds 20", found=long,
            next_step="Section 2 shows set_queue_attributes.", seconds=0.5,
        ),
        CheckResult("message", "A message is there", "message", Outcome.BLOCKED, next_step="First: The queue waits."),
        CheckResult("answer", "The answer is [red]a[/red] <class 'str'>", "message", Outcome.BROKEN, found=broken),
        CheckResult("users", "Users sign in", None, Outcome.UNSUPPORTED, found="embedded 1.0 has no cognito-idp"),
    )  # fmt: skip
    return LabReport("sample", "A sample", "embedded", results)


@pytest.fixture
def hostile():
    """A report whose every text tries to be HTML."""
    texts = {"expected": HOSTILE, "found": HOSTILE, "next_step": HOSTILE}
    results = tuple(CheckResult(HOSTILE, HOSTILE, HOSTILE, outcome, **texts) for outcome in Outcome)
    return LabReport(HOSTILE, HOSTILE, HOSTILE, results)


def all_passed():
    results = (CheckResult("queue_exists", "The queue exists", "queue", Outcome.PASSED),)
    return LabReport("sample", "A sample", "embedded", results)


# Text


def test_text_is_exactly_this(report):
    assert report_text(report) == TEXT


@pytest.mark.parametrize(
    "environ",
    [
        {"COLUMNS": "40", "LINES": "5"},
        {"NO_COLOR": "1"},
        {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        {"TERM": "dumb"},
        {"JUPYTER_COLUMNS": "30", "JPY_PARENT_PID": "1"},
        {"TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "1"},
    ],
)
def test_text_does_not_depend_on_the_environment(report, monkeypatch, environ):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert report_text(report) == TEXT


def test_text_does_not_depend_on_running_inside_jupyter(report, monkeypatch, capsys):
    class ZMQInteractiveShell:
        """What rich takes for Jupyter."""

    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    assert Console().is_jupyter
    assert report_text(report) == TEXT
    assert capsys.readouterr().out == ""


def test_summary_of_a_lab_that_is_done_says_so():
    assert report_text(all_passed()).endswith("The check passed.")


def test_terminal_gets_each_outcome_in_its_style(report):
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=100, _environ={})
    console.print(report_lines(report))
    drawn = console.file.getvalue()
    assert re.search(r"\x1b\[32mpassed +\x1b\[0m", drawn)
    assert re.search(r"\x1b\[31mfailed +\x1b\[0m", drawn)
    assert re.sub(r"\x1b\[[\d;]*m", "", drawn).split() == TEXT.split()


# No meaning by colour alone


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_outcome_has_symbol_word_and_colour_in_every_display(outcome):
    results = (CheckResult("queue_exists", "The queue exists", "queue", outcome),)
    report = LabReport("sample", "A sample", "embedded", results)
    assert f"  {SYMBOLS[outcome]} {outcome} The queue exists" in report_text(report)
    assert f">{SYMBOLS[outcome]} {outcome}</span>" in report_html(report)
    assert f"background:{COLOURS[outcome]}" in report_html(report)
    assert STYLES[outcome]


def test_outcomes_are_told_apart_by_symbol_and_by_colour():
    assert len(set(SYMBOLS.values())) == len(set(COLOURS.values())) == len(set(STYLES.values())) == len(Outcome)
    assert SYMBOLS.keys() == COLOURS.keys() == STYLES.keys() == {str(outcome) for outcome in Outcome}


def luminance(colour):
    """WCAG's relative luminance of #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_does():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_white_on_each_badge_can_be_read(outcome):
    assert "color:#fff;" in BADGE
    assert contrast("#ffffff", COLOURS[outcome]) >= 4.5


# HTML


def test_html_is_one_well_formed_element(report):
    root = ElementTree.fromstring(report_html(report))
    assert root.get("class") == "lab-report"
    assert "".join(root.itertext()).startswith("A sample sample✓ passed")


def test_html_shows_the_same_words_as_text(report):
    words = " ".join(ElementTree.fromstring(report_html(report)).itertext())
    for result in report:
        for text in (result.title, result.expected, result.found, result.next_step):
            assert text is None or text in words
    assert "1 of 5 checks passed, 1 cannot be judged on embedded" in words


def test_what_no_message_can_carry_is_shown_as_a_replacement_in_text_and_html():
    result = CheckResult("a", "Half of \ud83d", None, Outcome.FAILED, found="a \x00 byte")
    shown = LabReport("sample", "A sample", "embedded", (result,))._repr_mimebundle_()
    for text in shown.values():
        text.encode()
        assert "Half of �" in text
        assert "a � byte" in text


def test_html_escapes_every_text(hostile):
    page = report_html(hostile)
    root = ElementTree.fromstring(page)
    assert {element.tag for element in root.iter()} == {"div", "strong", "code", "table", "tr", "td", "th", "span"}
    assert "<class" not in page
    assert "&lt;class &#x27;str&#x27;&gt;" in page
    # Lab and title once, each check's title and three details, the emulator in the summary.
    assert "".join(root.itertext()).count(HOSTILE) == 2 + len(Outcome) * 4 + 1


def test_html_loads_and_runs_nothing(report, hostile):
    for page in (report_html(report), report_html(hostile)):
        assert "<script" not in page
        assert not re.search(r"<[^>]*(https?://|url\(|javascript:|\son\w+=|src=|href=)", page)
    assert "http" not in report_html(report)


def test_html_leaves_out_what_there_is_nothing_to_say_about():
    assert "<th" not in report_html(all_passed())


# JSON


def test_json_is_the_report_as_a_dict(report):
    assert json.loads(report_json(report)) == report.to_dict()
    assert "✓" not in report_json(report)


def test_json_keeps_characters_as_they_are():
    results = (CheckResult("greets", "Größe – ✓", None, Outcome.PASSED),)
    assert "Größe – ✓" in report_json(LabReport("sample", "A sample", "embedded", results))


# JUnit


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
