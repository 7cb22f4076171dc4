"""Reports as JSON, for programs."""

import json

from lab_harness.results import LabReport


def report_json(report: LabReport) -> str:
    """The report as indented JSON text."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
