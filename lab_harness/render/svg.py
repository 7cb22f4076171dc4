"""Pictures: SVG that stands alone (no scripts, no fonts, no network), with the same in words beside it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lab_harness.errors import CourseError
from lab_harness.render import plain
from lab_harness.render.blocks import Block
from lab_harness.render.markup import scrolling

Point = tuple[float, float]

INK, QUIET, PAPER = "#202124", "#5f6368", "#ffffff"  # QUIET on PAPER has a contrast of 6 to 1
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
SIZE, SMALL = 13, 11  # pixels
CHARACTER = 0.6  # a character's width in sans-serif, in parts of its size: a little more than the average


@dataclass(frozen=True)
class Style:
    """How something in one state is drawn: told apart by symbol, word and line, not by colour alone."""

    symbol: str
    word: str
    stroke: str
    fill: str
    dash: str = ""
    width: float = 2


@dataclass(frozen=True)
class Picture(Block):
    """A picture, shown as SVG where it can be, else in words."""

    svg: str
    text: str

    def __str__(self) -> str:
        return self.text

    def html(self) -> str:
        """The SVG as an HTML fragment, which scrolls where it is too wide."""
        title = self.text.partition("\n")[0]
        return f'<div class="lab-picture">{scrolling(title, self.svg)}</div>'

    def save(self, path: str | Path) -> Path:
        """Write the SVG to a file and return its path. Raises CourseError where it cannot be written."""
        try:
            Path(path).write_text(self.svg, encoding="utf-8")
        except OSError as error:
            raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
        return Path(path)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text, "image/svg+xml": self.svg}


def text_width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """About how wide a text is drawn, in pixels."""
    return len(text) * size * CHARACTER * (1.12 if bold else 1)


class Drawing:
    """An SVG in the making, on paper of its own so that it is readable in light and dark themes. Sizes in pixels."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {width:.0f} {height:.0f}",
                "width": f"{width:.0f}",
                "height": f"{height:.0f}",
                "role": "img",
                "font-family": FONT,
                "style": "max-width:100%;height:auto",
            },
        )
        self._add("title", {}).text = plain(title)
        self.box((0, 0), (width, height), Style("", "", "none", PAPER), radius=6)

    def box(self, corner: Point, size: Point, style: Style, radius: float = 6) -> None:
        """A rectangle."""
        place = {"x": corner[0], "y": corner[1], "width": size[0], "height": size[1], "rx": radius}
        self._add("rect", _numbers(place) | {"fill": style.fill} | _line(style))

    def circle(self, centre: Point, radius: float, style: Style) -> None:
        """A circle."""
        self._add(
            "circle", _numbers({"cx": centre[0], "cy": centre[1], "r": radius}) | {"fill": style.fill} | _line(style)
        )

    def text(
        self,
        at: Point,
        text: str,
        size: float = SIZE,
        colour: str = INK,
        bold: bool = False,
        anchor: str = "middle",
        on_line: bool = False,
    ) -> None:
        """A line of text; `at` is the start, middle or end of its baseline, as `anchor` says."""
        weight = {"font-weight": "600"} if bold else {}
        place = _numbers({"x": at[0], "y": at[1], "font-size": size})
        # A halo, so that the text is readable where a line runs through it.
        halo = {"stroke": PAPER, "stroke-width": "4", "paint-order": "stroke"} if on_line else {}
        self._add("text", place | {"fill": colour, "text-anchor": anchor} | weight | halo).text = plain(text)

    def arrow(self, points: Sequence[Point], style: Style, curved: bool = False) -> None:
        """A line through points with a head at its end; `curved` bends it so that it leaves and enters vertically."""
        self._add("path", {"d": _curve(points) if curved else _straight(points), "fill": "none"} | _line(style))
        (x, y), (dx, dy) = points[-1], _direction(points, curved)
        left, right = (x - 9 * dx - 4.5 * dy, y - 9 * dy + 4.5 * dx), (x - 9 * dx + 4.5 * dy, y - 9 * dy - 4.5 * dx)
        # Not a marker: those need ids, which two pictures on one page would share.
        corners = " ".join(f"{px:.1f},{py:.1f}" for px, py in ((x, y), left, right))
        self._add("polygon", {"points": corners, "fill": style.stroke})

    def line(self, start: Point, end: Point, style: Style) -> None:
        """A line without a head."""
        self._add("path", {"d": _straight((start, end)), "fill": "none"} | _line(style))

    def svg(self) -> str:
        """The SVG so far."""
        ElementTree.indent(self._root)
        return ElementTree.tostring(self._root, encoding="unicode")

    def _add(self, tag: str, attributes: dict[str, str]) -> ElementTree.Element:
        return ElementTree.SubElement(self._root, tag, attributes)


def _numbers(values: dict[str, float]) -> dict[str, str]:
    return {name: f"{value:.1f}".removesuffix(".0") for name, value in values.items()}


def _line(style: Style) -> dict[str, str]:
    dash = {"stroke-dasharray": style.dash} if style.dash else {}
    return {"stroke": style.stroke, "stroke-width": f"{style.width:g}"} | dash


def _straight(points: Sequence[Point]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _curve(points: Sequence[Point]) -> str:
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        middle = (y1 + y2) / 2
        parts.append(f"C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}")
    return " ".join(parts)


def _direction(points: Sequence[Point], curved: bool) -> Point:
    """The unit vector in which the line arrives."""
    (x1, y1), (x2, y2) = points[-2], points[-1]
    if curved:
        return (0.0, 1.0 if y2 > y1 else -1.0)
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 or 1.0
    return ((x2 - x1) / length, (y2 - y1) / length)
