"""Tests for a report as text."""

import builtins
import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from lab_harness.render import plain
from lab_harness.render.html import report_html
from lab_harness.render.text import Screen, report_lines, report_text
from lab_harness.results import CheckResult, LabReport, Outcome
from tests.render.reports import ARN, OBEYED, all_passed

TEXT = f"""\
A sample
  ✓ passed      The queue exists
  ✗ failed      The queue waits
                expected ReceiveMessageWaitTimeSeconds 20
                found    0 seconds, which is what a queue gets that is created without any
                         attributes of its own
                         {ARN[:75]}
                         {ARN[75:]}
                next     Section 2 shows set_queue_attributes.
  · blocked     A message is there
                next This comes first: "The queue waits".
  ! broken      The answer is [red]a[/red] <class 'str'>
                found Traceback (most recent call last):
                        File "checks.py", line 3
                      KeyError: '[bold]a[/bold]'
  – unsupported Users sign in
                found embedded 1.0 has no cognito-idp
1 of 5 checks passed, 1 cannot be judged on embedded, 1 broken: a mistake in the course, not in your
work."""


def test_text_is_exactly_this(report):
    assert report_text(report) == TEXT


def test_what_is_not_there_is_told_apart_from_what_is_wrong(report):
    absent = replace(report, results=tuple(replace(result, there=False) for result in report))
    assert "  ○ absent      The queue waits\n" in report_text(absent)
    assert "○ absent</span>" in report_html(absent)
    assert "failed" not in report_text(absent) + report_html(absent)


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


@pytest.mark.parametrize("terminal", [True, False])
def test_terminal_obeys_nothing_in_what_a_check_has_found(terminal):
    found = CheckResult("a", "A", "t", Outcome.FAILED, expected=OBEYED, found=OBEYED, next_step=OBEYED)
    written = io.StringIO()
    Screen(file=written, force_terminal=terminal, width=100).print(
        report_lines(LabReport("l", OBEYED, "embedded", (found,)))
    )
    shown = re.sub(r"\x1b\[[\d;]*m", "", written.getvalue())  # rich's own colours
    assert shown == plain(shown)
    assert shown.count("click") == 4
