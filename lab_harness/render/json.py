"""Reports as JSON, for programs."""

import json
from typing import Any

from lab_harness.render import UNPRINTABLE
from lab_harness.results import LabReport


def report_json(report: LabReport) -> str:
    """The report as indented JSON text."""
    return json_text(report.to_dict())


def json_text(values: Any) -> str:
    """Indented JSON text, in which all is escaped that a terminal would obey: JSON asks that for some of it."""
    text = json.dumps(values, indent=2, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)
