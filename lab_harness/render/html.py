"""Reports as HTML that stands alone: no scripts, no network, readable in light and dark themes."""

from lab_harness.render import DETAILS, SYMBOLS
from lab_harness.render.markup import coded, escaped
from lab_harness.render.text import summary
from lab_harness.results import CheckResult, LabReport

# White on these has a contrast of at least 4.5 to 1 (WCAG AA), whatever the page's theme.
COLOURS = {
    "passed": "#1a7f37",
    "failed": "#b3261e",
    "absent": "#7a4f01",
    "blocked": "#5f6368",
    "broken": "#7b1fa2",
    "unsupported": "#0b57d0",
}
BADGE = (
    "display:inline-block;min-width:6.5em;padding:0 .5em;border-radius:.3em;color:#fff;text-align:center;background:"
)
CELL = "padding:.15em .6em;text-align:left;vertical-align:top"


def report_html(report: LabReport) -> str:
    """The report as an HTML fragment."""
    rows = "".join(_row(result) for result in report)
    return (
        f'<div class="lab-report"><strong>{escaped(report.title)}</strong>'
        f'<table style="margin:.4em 0">{rows}</table>{escaped(summary(report))}</div>'
    )


def _row(result: CheckResult) -> str:
    badge = f"{BADGE}{COLOURS[result.word]}"
    return (
        f'<tr><td style="{CELL}"><span style="{badge}">{SYMBOLS[result.word]} {result.word}</span></td>'
        f'<td style="{CELL}">{escaped(result.title)}{_details(result)}</td></tr>'
    )


def _details(result: CheckResult) -> str:
    found = [(label, getattr(result, attribute)) for attribute, label in DETAILS]
    rows = "".join(
        f'<tr><th style="{CELL};font-weight:normal;opacity:.8">{label}</th>'
        f'<td style="{CELL};white-space:pre-wrap;overflow-wrap:anywhere">{coded(text)}</td></tr>'
        for label, text in found
        if text
    )
    return f"<table>{rows}</table>" if rows else ""
