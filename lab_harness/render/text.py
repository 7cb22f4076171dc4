"""Reports and blocks as text, by rich: plain for saved notebooks, coloured for a terminal."""

import io
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from lab_harness.render import DETAILS, SYMBOLS, UNPRINTABLE, plain
from lab_harness.results import CheckResult, LabReport, Outcome

WIDTH = 100  # columns of plain text, the same on every machine
STYLES = {
    "passed": "green",
    "failed": "red",
    "absent": "yellow",
    "blocked": "dim",
    "broken": "magenta",
    "unsupported": "cyan",
}


class Screen(Console):
    """A terminal that obeys nothing in what is shown on it: logs, items and names are anybody's text."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else plain(text), style, control)


def report_text(report: LabReport) -> str:
    """The report as plain text of fixed width."""
    return as_text(report_lines(report))


def as_text(renderable: RenderableType) -> str:
    """Anything rich can draw, as plain text of fixed width; what no message can carry is shown as �."""
    console = Console(
        file=io.StringIO(), width=WIDTH, color_system=None, force_jupyter=False, legacy_windows=False, _environ={}
    )
    with console.capture() as capture:
        console.print(renderable)
    return "\n".join(UNPRINTABLE.sub("�", line).rstrip() for line in capture.get().splitlines())


def report_lines(report: LabReport) -> RenderableType:
    """The report for a rich console."""
    rows = Table.grid(padding=(0, 1))
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for result in report:
        style = STYLES[result.word]
        rows.add_row(Text(SYMBOLS[result.word], style), Text(result.word, style), Text(result.title))
        details = _details(result)
        if details is not None:
            rows.add_row("", "", details)
    return Group(Text(report.title, "bold"), Padding(rows, (0, 0, 0, 2)), Text(summary(report)))


def _details(result: CheckResult) -> RenderableType | None:
    rows = Table.grid(padding=(0, 1))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column(overflow="fold")
    for attribute, label in DETAILS:
        if text := getattr(result, attribute):
            rows.add_row(label, Text(text))
    return rows if rows.row_count else None


def summary(report: LabReport) -> str:
    """One line: how much passed, and what else there is to know."""
    if report.passed == report.total:
        parts = ["The check passed" if report.total == 1 else f"All {report.total} checks passed"]
    else:
        parts = [f"{report.passed} of {report.total} checks passed"]
    if unsupported := report.count(Outcome.UNSUPPORTED):
        parts.append(f"{unsupported} cannot be judged on {report.emulator}")
    if broken := report.count(Outcome.BROKEN):
        parts.append(f"{broken} broken: a mistake in the course, not in your work")
    return ", ".join(parts) + "."
