"""Steps on a time axis, one row each, as a browser shows the requests of a page."""

from collections.abc import Sequence

from lab_harness.account.trace import Step
from lab_harness.render.colours import FAINT, PAPER, QUIET, hue, tint
from lab_harness.render.lettering import SMALL, text_width
from lab_harness.render.svg import Drawing, Picture, Style
from lab_harness.spans import span

STYLES = {
    "call": Style("→", "AWS call", hue("#0b57d0"), tint("#0b57d0"), width=1.5),
    "cold": Style("❄", "cold start", hue("#9a5b00"), tint("#9a5b00"), width=1.5),
    "warm": Style("▶", "warm invocation", hue("#1a7f37"), tint("#1a7f37"), width=1.5),
    "clock": Style("⏩", "the clock was moved", hue("#5f6368"), tint("#5f6368"), width=1.5),
    "mail": Style("✉", "mail", hue("#7b1fa2"), tint("#7b1fa2"), width=1.5),
}
FAILED = Style("✗", "failed", hue("#b3261e"), tint("#b3261e"), width=2.5)
GRID = Style("", "", FAINT, PAPER, width=1)
ROW, MARGIN, AXIS = 24.0, 16.0, 320.0  # pixels
BEYOND = 130.0  # pixels that are free beside the axis: what is said there begins earlier if it needs more
MOST_ROWS = 40
TICKS = 4


def trace_picture(title: str, steps: Sequence[Step], note: str = "") -> Picture:
    """The steps as a picture, times counted from the first; of many only the first 40."""
    shown = steps[:MOST_ROWS]
    rest = f"and {len(steps) - len(shown)} more" if len(steps) > len(shown) else ""
    notes = [text for text in (rest, note) if text]
    return _drawn(title, shown, notes).picture(_text(title, shown, notes))


def _symbol(step: Step) -> str:
    return (FAILED if step.failed else STYLES[step.kind]).symbol


def _text(title: str, steps: Sequence[Step], notes: list[str]) -> str:
    rows = [(span(step.time - steps[0].time), step.who, f"{_symbol(step)} {_said(step)}") for step in steps]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = [f"{after:>{widths[0]}}  {who:<{widths[1]}}  {what}" for after, who, what in rows]
    return "\n".join([title, *(f"  {line}" for line in [*lines, *notes])])


def _said(step: Step) -> str:
    took = f" ({span(step.seconds)})" if step.seconds else ""
    return f"{step.what}{took}{', failed' if step.failed else ''}{', for a check' if step.probe else ''}"


def _drawn(title: str, steps: Sequence[Step], notes: list[str]) -> Drawing:
    names = max((text_width(step.who) for step in steps), default=0) + 16
    begin = steps[0].time if steps else 0.0
    whole = max([step.time + step.seconds - begin for step in steps], default=0.0) or 0.001
    words = max((text_width(f"{_symbol(step)} {_said(step)}", SMALL) for step in steps), default=0)
    left, top = MARGIN + names, MARGIN + 2 * ROW
    bottom = top + ROW * len(steps)
    below = max((text_width(note, SMALL) for note in notes), default=0)
    right = left + max(min(AXIS + words + 6, AXIS + BEYOND), words)
    width = max(right, MARGIN + text_width(title, bold=True), MARGIN + below) + MARGIN
    drawing = Drawing(width, bottom + ROW * len(notes) + MARGIN)
    drawing.text((MARGIN, MARGIN + 8), title, bold=True, anchor="start")
    for tick in range(TICKS + 1):
        x = left + AXIS * tick / TICKS
        drawing.line((x, top - 4), (x, bottom), GRID)
        drawing.text((x, top - 10), span(whole * tick / TICKS), SMALL, QUIET)
    for number, step in enumerate(steps):
        y = top + ROW * number
        style = FAILED if step.failed else STYLES[step.kind]
        x, long = left + AXIS * (step.time - begin) / whole, max(3.0, AXIS * step.seconds / whole)
        drawing.text((MARGIN, y + 16), step.who, anchor="start")
        drawing.box((x, y + 5), (long, ROW - 10), style, radius=2)
        what = f"{_symbol(step)} {_said(step)}"
        beside = min(x + long + 6, right - text_width(what, SMALL))
        drawing.text((beside, y + 16), what, SMALL, style.stroke, anchor="start", on_line=True)
    for number, note in enumerate(notes):
        drawing.text((MARGIN, bottom + ROW * number + 16), note, SMALL, QUIET, anchor="start")
    return drawing
