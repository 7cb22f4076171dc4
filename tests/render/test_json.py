"""Tests for a report as JSON."""

import json

from lab_harness.render.json import report_json
from lab_harness.results import CheckResult, LabReport, Outcome


def test_json_is_the_report_as_a_dict(report):
    assert json.loads(report_json(report)) == report.to_dict()
    assert "✓" not in report_json(report)


def test_json_keeps_characters_as_they_are():
    results = (CheckResult("greets", "Größe – ✓", None, Outcome.PASSED),)
    assert "Größe – ✓" in report_json(LabReport("sample", "A sample", "embedded", results))
