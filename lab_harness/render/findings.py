"""What was found out about the machine, as text and as HTML."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lab_harness.learner.doctor import Finding
from lab_harness.render.blocks import Block
from lab_harness.render.html import BADGE, CELL
from lab_harness.render.markup import escaped
from lab_harness.render.text import as_text

FORMAT_VERSION = 1
SYMBOLS = {"ok": "✓", "note": "i", "problem": "✗"}
STYLES = {"ok": "green", "note": "cyan", "problem": "red"}
# White on these has a contrast of at least 4.5 to 1 (WCAG AA), whatever the page's theme.
COLOURS = {"ok": "#1a7f37", "note": "#0b57d0", "problem": "#b3261e"}


@dataclass(frozen=True)
class Findings(Block):
    """The doctor's findings, in the order in which they were made."""

    findings: Sequence[Finding]

    @property
    def problems(self) -> int:
        return sum(finding.state == "problem" for finding in self.findings)

    def summary(self) -> str:
        """One sentence: whether the labs can begin."""
        if not self.problems:
            return "Your machine is ready."
        return "There is 1 problem." if self.problems == 1 else f"There are {self.problems} problems."

    @property
    def remarks(self) -> "Findings":
        """What there is to know or to mend; nothing where all is well."""
        return Findings([finding for finding in self.findings if finding.state != "ok"])

    def lines(self) -> RenderableType:
        """The findings for a rich console."""
        rows = Table.grid(padding=(0, 1))
        for _ in range(3):
            rows.add_column(no_wrap=True)
        rows.add_column(overflow="fold")
        for finding in self.findings:
            style = STYLES[finding.state]
            said = (Text(SYMBOLS[finding.state], style), Text(finding.state, style), Text(finding.title))
            rows.add_row(*said, Text(finding.found))
            if finding.fix:
                rows.add_row("", "", "", Text(f"→ {finding.fix}"))
        below = [Padding(rows, (0, 0, 0, 2))] if self.findings else []
        return Group(Text(self.summary(), "bold"), *below)

    def __str__(self) -> str:
        return as_text(self.remarks.lines())

    def html(self) -> str:
        """The findings as an HTML fragment."""
        well = [finding for finding in self.findings if finding.state == "ok"]
        folded = f"<details><summary>{len(well)} looks found all well</summary>{_table(well)}</details>" if well else ""
        said = f"<strong>{escaped(self.summary())}</strong>{_table(self.remarks.findings)}{folded}"
        return f'<div class="lab-findings">{said}</div>'

    def to_dict(self) -> dict[str, Any]:
        """The findings as JSON-ready values; `format_version` grows when a key changes its meaning or goes."""
        return {"format_version": FORMAT_VERSION, "findings": [asdict(finding) for finding in self.findings]}


def _table(findings: Sequence[Finding]) -> str:
    rows = "".join(map(_row, findings))
    return f'<table style="margin:.4em 0">{rows}</table>' if rows else ""


def _row(finding: Finding) -> str:
    badge = f"{BADGE}{COLOURS[finding.state]}"
    fix = f'<div style="margin-top:.2em"><strong>→</strong> {escaped(finding.fix)}</div>' if finding.fix else ""
    return (
        f'<tr><td style="{CELL}"><span style="{badge}">{SYMBOLS[finding.state]} {finding.state}</span></td>'
        f'<th scope="row" style="{CELL};font-weight:normal;white-space:nowrap">{escaped(finding.title)}</th>'
        f'<td style="{CELL};overflow-wrap:anywhere">{escaped(finding.found)}{fix}</td></tr>'
    )
