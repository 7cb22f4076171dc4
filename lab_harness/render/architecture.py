"""A lab's architecture as a picture: each box and arrow in the state that the checks found it in."""

from collections.abc import Sequence

from lab_harness.lab.file import Diagram
from lab_harness.render.blueprint import drawn
from lab_harness.render.colours import PAPER, QUIET, hue, tint
from lab_harness.render.svg import Picture, Style
from lab_harness.results import LabReport, Outcome

RIGHT = Style("✓", "right", hue("#1a7f37"), tint("#1a7f37"))
WRONG = Style("✗", "not right yet", hue("#b3261e"), tint("#b3261e"), width=3.5)
MISSING = Style("○", "not there yet", QUIET, PAPER, dash="6 4")
UNSEEN = Style("·", "not looked at yet", QUIET, tint("#5f6368"), dash="1 4", width=1.3)
UNSUPPORTED = Style("–", "not on this emulator", hue("#0b57d0"), tint("#0b57d0"), dash="2 3")
UNCHECKED = Style("", "", QUIET, tint("#5f6368"), width=1.5)


def state_of(checks: Sequence[str], report: LabReport) -> Style:
    """The state of what these checks look at; the first of them that has run says whether it is there at all."""
    if not checks:
        return UNCHECKED
    results = {result.name: result for result in report}
    found = [results[name] for name in checks if name in results]
    outcomes = {result.outcome for result in found} | {Outcome.BLOCKED for name in checks if name not in results}
    if outcomes == {Outcome.UNSUPPORTED}:
        return UNSUPPORTED
    if outcomes <= {Outcome.PASSED, Outcome.UNSUPPORTED}:
        return RIGHT
    ran = [each for each in found if each.outcome not in (Outcome.BLOCKED, Outcome.UNSUPPORTED)]
    if not ran:
        return UNSEEN
    return MISSING if ran[0].is_absent and Outcome.BROKEN not in outcomes else WRONG


def architecture(title: str, diagram: Diagram, report: LabReport) -> Picture:
    """The picture, for the report of all checks that the diagram names."""
    drawing = drawn(diagram, lambda checks: state_of(checks, report))
    return drawing.picture(_text(title, diagram, report))


def _text(title: str, diagram: Diagram, report: LabReport) -> str:
    nodes = {node.id: node for node in diagram.nodes}
    lines = [f"{title}: the architecture"]
    for node in diagram.nodes:
        lines.append(f"  {_said(node.label, state_of(node.checks, report))} ({node.kind})")
        for arrow in (arrow for arrow in diagram.arrows if arrow.source == node.id):
            target = nodes[arrow.target].label
            what = f"{arrow.label} → {target}" if arrow.label else f"→ {target}"
            lines.append(f"      {_said(what, state_of(arrow.checks, report))}")
    return "\n".join(lines)


def _said(what: str, style: Style) -> str:
    return f"{style.symbol} {what}: {style.word}" if style.word else f"  {what}"
