"""A lab's architecture as a picture: each box and arrow in the state that the checks found it in."""

from collections.abc import Sequence

from lab_harness.lab.file import Diagram, Node
from lab_harness.render.svg import PAPER, QUIET, SMALL, Drawing, Picture, Point, Style, text_width
from lab_harness.results import LabReport, Outcome

RIGHT = Style("✓", "right", "#1a7f37", "#e6f4ea")
WRONG = Style("✗", "not right yet", "#b3261e", "#fce8e6", width=3.5)
MISSING = Style("○", "not there yet", "#5f6368", PAPER, dash="6 4")
UNSUPPORTED = Style("–", "not on this emulator", "#0b57d0", "#e8f0fe", dash="2 3")
UNCHECKED = Style("", "", "#3c4043", "#f1f3f4")

HEIGHT, LEAST_WIDTH = 74, 120  # pixels: a box
MARGIN, GAP_ACROSS, GAP_DOWN = 16, 44, 56
BESIDE = 8  # between a line that goes down and its label


def state_of(checks: Sequence[str], report: LabReport) -> Style:
    """The state of what these checks look at; the first of them says whether it is there at all."""
    if not checks:
        return UNCHECKED
    results = {result.name: result for result in report}
    found = [results[name].outcome if name in results else Outcome.BLOCKED for name in checks]
    if all(outcome is Outcome.UNSUPPORTED for outcome in found):
        return UNSUPPORTED
    if all(outcome in (Outcome.PASSED, Outcome.UNSUPPORTED) for outcome in found):
        return RIGHT
    there = found[0] is Outcome.PASSED or (checks[0] in results and results[checks[0]].there)
    return WRONG if there or Outcome.BROKEN in found else MISSING


def architecture(title: str, diagram: Diagram, report: LabReport) -> Picture:
    """The picture, for the report of all checks that the diagram names."""
    return Picture(_svg(title, diagram, report), _text(title, diagram, report))


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


def _svg(title: str, diagram: Diagram, report: LabReport) -> str:
    width = max(LEAST_WIDTH, *(_box_width(node) for node in diagram.nodes))
    gap = max(GAP_ACROSS, *(text_width(arrow.label, SMALL) + 34 for arrow in diagram.arrows), 0)
    corners = {
        node.id: (MARGIN + node.at[0] * (width + gap), MARGIN + node.at[1] * (HEIGHT + GAP_DOWN))
        for node in diagram.nodes
    }
    centres = {name: _centre(corner, width) for name, corner in corners.items()}
    right, bottom = max(x for x, _ in corners.values()) + width, max(y for _, y in corners.values()) + HEIGHT
    for arrow in diagram.arrows:  # the label beside one that goes down may reach further than the boxes
        middle = (centres[arrow.source][0] + centres[arrow.target][0]) / 2
        right = max(right, middle + BESIDE + text_width(f"✓ {arrow.label}", SMALL))
    drawing = Drawing(right + MARGIN, bottom + MARGIN, f"{title}: the architecture")
    for arrow in diagram.arrows:
        style = state_of(arrow.checks, report)
        label = f"{style.symbol} {arrow.label}".strip()
        _arrow(drawing, centres[arrow.source], centres[arrow.target], width, label, style)
    for node in diagram.nodes:
        _box(drawing, corners[node.id], width, node, state_of(node.checks, report))
    return drawing.svg()


def _box_width(node: Node) -> float:
    return max(text_width(node.label, bold=True), text_width(node.kind, SMALL)) + 24


def _centre(corner: Point, width: float) -> Point:
    return corner[0] + width / 2, corner[1] + HEIGHT / 2


def _box(drawing: Drawing, corner: Point, width: float, node: Node, style: Style) -> None:
    x, y = _centre(corner, width)
    drawing.box(corner, (width, HEIGHT), style)
    drawing.text((x, y - 16), node.kind, SMALL, QUIET)
    drawing.text((x, y + 3), node.label, bold=True)
    drawing.text((x, y + 24), f"{style.symbol} {style.word}".strip(), SMALL, style.stroke)


def _arrow(drawing: Drawing, start: Point, end: Point, width: float, label: str, style: Style) -> None:
    """An arrow between the edges of two boxes, given by their centres."""
    first, last = _edge(start, end, width), _edge(end, start, width)
    drawing.arrow((first, last), style)
    x, y = (first[0] + last[0]) / 2, (first[1] + last[1]) / 2
    dx, dy = last[0] - first[0], last[1] - first[1]
    if abs(dy) < 1:
        drawing.text((x, y - 7), label, SMALL, style.stroke, on_line=True)
    else:  # to the right of the line's middle, and on the side away from which the line goes on
        down = 4 if abs(dx) < 1 else -4 if dx * dy > 0 else 12
        drawing.text((x + BESIDE, y + down), label, SMALL, style.stroke, anchor="start", on_line=True)


def _edge(centre: Point, towards: Point, width: float) -> Point:
    """Where the line from a box's centre leaves the box."""
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    scale = min(width / 2 / abs(dx) if dx else 9.0, HEIGHT / 2 / abs(dy) if dy else 9.0)
    return centre[0] + dx * scale, centre[1] + dy * scale
