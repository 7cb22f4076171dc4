"""Values by the minute as small bar plots, one above the other over a common axis of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lab_harness.render.colours import INK, PAPER, QUIET, hue, tint
from lab_harness.render.lettering import SMALL, text_width
from lab_harness.render.svg import Drawing, Picture, Style

MINUTE = 60  # seconds
BAR = Style("", "", hue("#0b57d0"), tint("#0b57d0"), width=1)
AXIS = Style("", "", QUIET, PAPER, width=1)
SLOT, GAP = 26.0, 4.0  # pixels: a minute's width, and what stays free on each side of its bar
HEIGHT, LINE, MARGIN = 44.0, 18.0, 16.0
LABELLED = 5  # minutes between two labels of the axis


@dataclass(frozen=True)
class Series:
    """Values by their minute, in seconds since 1970; `missing` is said where there are none."""

    title: str
    values: Mapping[int, float]
    missing: str = "no data"


def bars(title: str, series: Sequence[Series], start: int, minutes: int) -> Picture:
    """So many minutes from `start`, a full one in seconds since 1970, as a picture; what is outside is left out."""
    axis = [start + MINUTE * number for number in range(minutes)]
    shown = [Series(one.title, {m: one.values[m] for m in axis if m in one.values}, one.missing) for one in series]
    return _drawn(title, shown, axis).picture(_text(title, shown))


def short(value: float) -> str:
    """A number in at most four characters, so that it fits above a bar: "0.25", "172", "1.7k"."""
    if value < 0.995:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if value < 9.95:
        return f"{value:.1f}".removesuffix(".0")
    if value < 999.5:
        return f"{value:.0f}"
    unit, size = ("k", 1e3) if value < 999_500 else ("M", 1e6)
    return short(value / size) + unit


def _clock(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M")


def _text(title: str, series: Sequence[Series]) -> str:
    lines = [f"{title}, by the minute (UTC)"]
    for one in series:
        values = ", ".join(f"{_clock(minute)} {short(value)}" for minute, value in one.values.items())
        lines.append(f"  {one.title}: {values or one.missing}")
    return "\n".join(lines)


def _drawn(title: str, series: Sequence[Series], axis: Sequence[int]) -> Drawing:
    # A plot is its heading, room for the value above its highest bar, and its bars.
    each = 2 * LINE + HEIGHT
    width = max(SLOT * len(axis), text_width(title, bold=True))
    drawing = Drawing(width + 2 * MARGIN, LINE + each * len(series) + 2 * LINE + 2 * MARGIN)
    drawing.text((MARGIN, MARGIN + 8), title, bold=True, anchor="start")
    floor = MARGIN + LINE
    for one in series:
        floor += each
        _plot(drawing, one, axis, floor)
    for number, minute in enumerate(axis):
        if minute // MINUTE % LABELLED == 0:
            x = MARGIN + SLOT * (number + 0.5)
            drawing.line((x, floor), (x, floor + 4), AXIS)
            drawing.text((x, floor + LINE), _clock(minute), SMALL, QUIET)
    drawing.text((MARGIN, floor + 2 * LINE), "minutes in UTC", SMALL, QUIET, anchor="start")
    return drawing


def _plot(drawing: Drawing, series: Series, axis: Sequence[int], floor: float) -> None:
    """One series over its axis, which is drawn at the height `floor`."""
    highest = max(series.values.values(), default=0) or 1
    drawing.text((MARGIN, floor - HEIGHT - LINE), series.title, SMALL, INK, bold=True, anchor="start")
    if not series.values:
        drawing.text((MARGIN, floor - HEIGHT / 2), series.missing, SMALL, QUIET, anchor="start")
    for number, minute in enumerate(axis):
        if minute not in series.values:
            continue
        value, left = series.values[minute], MARGIN + SLOT * number
        height = HEIGHT * value / highest
        if value:
            drawing.box((left + GAP, floor - height), (SLOT - 2 * GAP, height), BAR, radius=0)
        drawing.text((left + SLOT / 2, floor - height - 4), short(value), SMALL)
    drawing.line((MARGIN, floor), (MARGIN + SLOT * len(axis), floor), AXIS)
