"""Pictures: SVG that stands alone (no scripts, no fonts, no network), with the same in words beside it."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lab_harness.errors import CourseError
from lab_harness.render import plain
from lab_harness.render.blocks import Block
from lab_harness.render.colours import INK, NONE, PAPER, Colour
from lab_harness.render.lettering import SIZE, SMALL
from lab_harness.render.markup import bundle, escaped

Point = tuple[float, float]

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
NAME = "\x02"  # in place of a picture's name, in its ids; `plain` leaves it in no text
LEAST = 10 / SMALL  # of its own size: where a page is narrower, a picture scrolls, for nobody could read it any more
# A page that does not trust its notebook takes the SVG away, and of styles what it does not know: the second height,
# and all that hides the words. So there the picture's words are seen, elsewhere the picture.
ONLY_WITH_TRUST = "max-height:0;overflow-x:auto;max-height:unset"
ONLY_WITHOUT = "position:fixed;clip-path:inset(50%);content-visibility:hidden"
FLUID = "display:block;width:100%;height:auto"

_displayed: Counter[str] = Counter()  # how often each picture was, so that no two in a notebook share their ids


@dataclass(frozen=True)
class Style:
    """How something in one state is drawn: told apart by symbol, word and line, not by colour alone."""

    symbol: str
    word: str
    stroke: Colour
    fill: Colour
    dash: str = ""
    width: float = 2


@dataclass(frozen=True)
class Picture(Block):
    """A picture, shown as SVG where it can be, else in words. `svg` is for a file, `themed` for a page with a theme."""

    svg: str
    text: str
    themed: str

    def __str__(self) -> str:
        return self.text

    def html(self) -> str:
        """The SVG as an HTML fragment, as wide as its place, which scrolls where that would be too narrow to read."""
        return self._html("")

    def _html(self, number: str) -> str:
        name = f"lab-{hashlib.sha256(self.themed.encode()).hexdigest()[:8]}{number}"
        label = escaped(self.text.partition("\n")[0])
        frame = f'style="{ONLY_WITH_TRUST}" tabindex="0" role="region" aria-label="{label}" data-scroll="{label}"'
        return f'<div class="lab-picture">{self._instead()}<div {frame}>{self.themed.replace(NAME, name)}</div></div>'

    def _instead(self) -> str:
        """What is seen where the SVG is taken away."""
        return f'<pre style="{ONLY_WITHOUT}">{escaped(self.text)}</pre>'

    def save(self, path: str | Path) -> Path:
        """Write the SVG to a file and return its path. Raises CourseError where it cannot be written."""
        try:
            Path(path).write_text(self.svg, encoding="utf-8")
        except OSError as error:
            raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
        return Path(path)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        _displayed[self.themed] += 1
        return bundle(self.text, self._html(f"-{_displayed[self.themed]}"))


class Drawing:
    """An SVG in the making, on paper of its own. Sizes in pixels."""

    def __init__(self, width: float, height: float) -> None:
        self._colours: dict[str, str] = {}  # the plain one, by the themed one
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {width:.0f} {height:.0f}",
                "width": f"{width:.0f}",
                "height": f"{height:.0f}",
                "role": "img",
                "aria-labelledby": f"{NAME}-title",
                "aria-describedby": f"{NAME}-desc",
                "font-family": FONT,
                "style": f"{FLUID};min-width:{width * LEAST:.0f}px;max-width:{width:.0f}px",
            },
        )
        self._title, self._desc = (self._add(tag, {"id": f"{NAME}-{tag}"}) for tag in ("title", "desc"))
        self.box((0, 0), (width, height), Style("", "", NONE, PAPER))

    def box(self, corner: Point, size: Point, style: Style, radius: float = 6) -> None:
        """A rectangle."""
        place = {"x": corner[0], "y": corner[1], "width": size[0], "height": size[1], "rx": radius}
        self._add("rect", _numbers(place) | self._fill(style.fill) | self._line(style))

    def circle(self, centre: Point, radius: float, style: Style) -> None:
        """A circle."""
        place = {"cx": centre[0], "cy": centre[1], "r": radius}
        self._add("circle", _numbers(place) | self._fill(style.fill) | self._line(style))

    def symbol(self, corner: Point, path: str, colour: Colour) -> None:
        """One of the paths of `symbols`, 24 by 24, drawn in lines, a little smaller."""
        place = {"transform": f"translate({corner[0]:.1f} {corner[1]:.1f}) scale(.9)", "stroke-linejoin": "round"}
        line = self._line(Style("", "", colour, NONE, width=1.7))
        group = self._add("g", place | {"stroke-linecap": "round", "fill": "none"} | line)
        ElementTree.SubElement(group, "path", {"d": path})

    def text(
        self,
        at: Point,
        text: str,
        size: float = SIZE,
        colour: Colour = INK,
        bold: bool = False,
        anchor: str = "middle",
        on_line: bool = False,
    ) -> None:
        """A line of text; `at` is the start, middle or end of its baseline, as `anchor` says."""
        weight = {"font-weight": "600"} if bold else {}
        place = _numbers({"x": at[0], "y": at[1], "font-size": size})
        # A halo, so that the text is readable where a line runs through it.
        halo = {"stroke": self._css(PAPER), "stroke-width": "4", "paint-order": "stroke"} if on_line else {}
        self._add("text", place | self._fill(colour) | {"text-anchor": anchor} | weight | halo).text = plain(text)

    def arrow(self, points: Sequence[Point], style: Style, curved: bool = False) -> None:
        """A line through points with a head at its end; `curved` bends it so that it leaves and enters vertically."""
        self._add("path", {"d": _curve(points) if curved else _straight(points), "fill": "none"} | self._line(style))
        (x, y), (dx, dy) = points[-1], _direction(points, curved)
        left, right = (x - 9 * dx - 4.5 * dy, y - 9 * dy + 4.5 * dx), (x - 9 * dx + 4.5 * dy, y - 9 * dy - 4.5 * dx)
        # Not a marker: those need ids, which two pictures on one page would share.
        corners = " ".join(f"{px:.1f},{py:.1f}" for px, py in ((x, y), left, right))
        self._add("polygon", {"points": corners} | self._fill(style.stroke))

    def line(self, start: Point, end: Point, style: Style) -> None:
        """A line without a head."""
        self._add("path", {"d": _straight((start, end)), "fill": "none"} | self._line(style))

    def picture(self, text: str) -> Picture:
        """What was drawn, which says the same as the text, whose first line is its title."""
        self._title.text, _, self._desc.text = plain(text).partition("\n")
        ElementTree.indent(self._root)
        themed = ElementTree.tostring(self._root, encoding="unicode")
        for element in self._root.iter():
            for name in ("fill", "stroke"):
                if (colour := element.get(name)) is not None:
                    element.set(name, self._colours.get(colour, colour))
        svg = ElementTree.tostring(self._root, encoding="unicode").replace(NAME, "lab")
        return Picture(svg, text, themed)

    def _css(self, colour: Colour) -> str:
        self._colours[colour.themed] = colour.plain
        return colour.themed

    def _fill(self, colour: Colour) -> dict[str, str]:
        return {"fill": self._css(colour)}

    def _line(self, style: Style) -> dict[str, str]:
        if style.stroke is NONE:
            return {}
        dash = {"stroke-dasharray": style.dash} if style.dash else {}
        return {"stroke": self._css(style.stroke), "stroke-width": f"{style.width:g}"} | dash

    def _add(self, tag: str, attributes: dict[str, str]) -> ElementTree.Element:
        return ElementTree.SubElement(self._root, tag, attributes)


def _numbers(values: dict[str, float]) -> dict[str, str]:
    return {name: f"{value:.1f}".removesuffix(".0") for name, value in values.items()}


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
