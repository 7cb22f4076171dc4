"""Tests for a report as JSON."""

import json

from lab_harness.render import plain
from lab_harness.render.json import json_text, report_json
from lab_harness.results import CheckResult, LabReport, Outcome
from tests.render.reports import OBEYED


def test_json_is_the_report_as_a_dict(report):
    assert json.loads(report_json(report)) == report.to_dict()
    assert "✓" not in report_json(report)


def test_json_keeps_characters_as_they_are():
    results = (CheckResult("greets", "Größe – ✓", None, Outcome.PASSED),)
    assert "Größe – ✓" in report_json(LabReport("sample", "A sample", "embedded", results))


def test_json_that_is_shown_in_a_terminal_holds_nothing_that_it_obeys():
    shown = json_text({"found": OBEYED})
    assert (shown, json.loads(shown)) == (plain(shown), {"found": OBEYED})
