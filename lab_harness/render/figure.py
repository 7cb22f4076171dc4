"""Figures of Matplotlib as pictures: SVG in the page itself, in its colours, and with a name."""

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, tostring

from defusedxml.ElementTree import fromstring

from lab_harness.render import one_line, plain
from lab_harness.render.colours import INK, PAPER
from lab_harness.render.markup import escaped
from lab_harness.render.svg import FLUID, FONT, NAME, ONLY_WITHOUT, Picture

# Seen on the light paper and on the dark one; the hues and their order are those of Matplotlib.
DATA = ("#1c7ed6", "#d9620b", "#2b9348", "#dc4444", "#9467bd", "#a9705f", "#cf4fa5", "#808080", "#858a1c", "#148f9e")
STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": f"cycler('color', {list(DATA)})",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.figsize": (8, 3),
    "font.size": 11,  # points; a little more than usual, since a figure shrinks in a narrow page
    "grid.alpha": 0.3,
    "grid.color": "#808080",
    "legend.edgecolor": "#808080",
}
# Texts stay texts: smaller, and in the page's font. The salt makes the same figure the same SVG.
AS_SVG = {"svg.fonttype": "none", "svg.hashsalt": "lab"}
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
LEAST = 0.6  # of its own size, in which texts have 9 pixels: of a curve the whole is wanted, but then it scrolls
POINT = 4 / 3  # pixels
MOST_NAMES = 5  # of an axis, that are told
BLACK, WHITE = "#000000", "#ffffff"  # Matplotlib's ink and paper
TEXTS = ("text", "tspan")
FONTS = re.compile(r"font-family: [^;]+;? ?")
FRACTION = re.compile(r"(\d\.\d\d)\d+")
REFERENCE = re.compile(r"url\(#([^)]+)\)")
UNTURNED = re.compile(r"rotate\(-?0 [^)]*\)")


@dataclass(frozen=True)
class Plot(Picture):
    """A figure; a page that takes its SVG away shows it as an image on white paper, since no words hold a curve."""

    def _instead(self) -> str:
        source = base64.b64encode(self.svg.encode()).decode()
        image = f'<img class="lab-plot" alt="{escaped(self.text)}" src="data:image/svg+xml;base64,{source}">'
        return f'<div style="{ONLY_WITHOUT}">{image}</div>'


def plot(figure: Any) -> Plot:
    """A figure of Matplotlib as it is now, and as it stays."""
    drawn = fromstring(_printed(figure))
    used = {found for each in drawn.iter() for found in _references(each)}
    width, height = (float(size) * POINT for size in drawn.attrib["viewBox"].split()[2:])
    text = _words(figure)
    seen = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": drawn.attrib["viewBox"],
        "width": f"{width:.0f}",
        "height": f"{height:.0f}",
        "role": "img",
        "aria-label": text,
        "font-family": FONT,
        "fill": "currentColor",
        "stroke-linejoin": "round",
    }
    size = f"{FLUID};min-width:{width * LEAST:.0f}px;max-width:{width:.0f}px"
    root = Element("svg", seen | {"style": f"color:{INK.themed};background:none;{size}"})
    for child in drawn:
        root.extend(_simple(child, used))
    themed = tostring(root, encoding="unicode")
    file = themed.replace("background:none", f"background:{PAPER.plain}", 1).replace(NAME, "lab")
    return Plot(file.replace(INK.themed, INK.plain).replace(PAPER.themed, PAPER.plain), text, themed)


def _printed(figure: Any) -> str:
    """The figure as Matplotlib writes it, without its paper, and cut to what is drawn, as notebooks have it."""
    from matplotlib import rc_context  # Since there is a figure, it is loaded.

    written, settings = io.StringIO(), AS_SVG
    with rc_context(settings):  # type: ignore[arg-type]
        figure.savefig(written, format="svg", bbox_inches="tight", transparent=True, metadata=NO_METADATA)
    return written.getvalue()


def _references(element: Element) -> Iterator[str]:
    for name, value in element.attrib.items():
        if name.endswith("href"):
            yield value.removeprefix("#")
        yield from REFERENCE.findall(value)


def _simple(element: Element, used: set[str]) -> list[Element]:
    """What is seen of an element: without links and groups that only name, and with none but the picture's own ids."""
    tag = element.tag.rpartition("}")[2]
    if tag in ("metadata", "style"):
        return []
    found = Element(tag, dict(_attributes(element, tag, used)))
    if tag in TEXTS:
        found.text = plain(element.text or "")
    if tag == "tspan":
        found.tail = element.tail
    for child in element:
        found.extend(_simple(child, used))
    if tag == "path" and found.get("style") == "fill: none" and "id" not in found.attrib:
        return []
    return list(found) if tag in ("a", "g") and not found.attrib else [found]


def _attributes(element: Element, tag: str, used: set[str]) -> Iterator[tuple[str, str]]:
    for full, value in element.attrib.items():
        name = full.rpartition("}")[2]
        if name == "id":
            if value in used:
                yield name, f"{NAME}-{value}"
        elif name == "href":
            if value.startswith("#"):
                yield name, f"#{NAME}-{value[1:]}"
            elif tag == "image" and value.startswith("data:image/png;"):
                yield name, "".join(value.split())
        elif name == "style":
            yield name, _style(value, tag in TEXTS)
        elif tag != "a" and (shown := UNTURNED.sub("", value).strip()):
            yield name, FRACTION.sub(r"\1", _own(" ".join(shown.split())))


def _style(style: str, of_text: bool) -> str:
    """A style in the page's colours; a white text stays white, for what it stands on keeps its own colour, too."""
    inked = _own(FONTS.sub("", style)).replace(BLACK, "currentColor")
    return inked if of_text else inked.replace(WHITE, PAPER.themed)


def _own(value: str) -> str:
    return REFERENCE.sub(rf"url(#{NAME}-\1)", value)


def _words(figure: Any) -> str:
    """What a figure is about: its titles, what is drawn, the labels and names of its axes, and its legends."""
    parts = [figure.get_suptitle(), *map(_axes_words, figure.axes), *map(_entries, figure.legends)]
    return ". ".join(["Plot", *(said for part in parts if (said := one_line(part)))])


def _axes_words(axes: Any) -> str:
    titles = [axes.get_title(place) for place in ("left", "center", "right")]
    legend = axes.get_legend()
    named = [f"{name}: {said}" for name in "xy" if (said := _axis_words(axes, name))]
    return "; ".join([*filter(None, [*titles, _drawn(axes)]), *named, *([_entries(legend)] if legend else [])])


def _axis_words(axes: Any, name: str) -> str:
    """An axis's label, and what its ticks are called where they are words and no numbers."""
    ticks = [text.get_text() for text in getattr(axes, f"get_{name}ticklabels")()]
    words = [each for each in ticks if any(map(str.isalpha, each)) and "$" not in each]  # else mathematics
    more = [f"and {len(words) - MOST_NAMES} more"] if len(words) > MOST_NAMES else []
    return ", ".join([*filter(None, [getattr(axes, f"get_{name}label")()]), *words[:MOST_NAMES], *more])


def _drawn(axes: Any) -> str:
    """What is seen in a plot, and how many of each."""
    dots = [line for line in axes.lines if line.get_linestyle() == "None"]
    bars = sum(len(getattr(each, "patches", ())) for each in axes.containers)
    points = sum(len(line.get_xdata()) for line in dots) + sum(len(each.get_offsets()) for each in axes.collections)
    counted = (("line", len(axes.lines) - len(dots)), ("bar", bars), ("point", points))
    return ", ".join(f"{count} {what}{'s' * (count > 1)}" for what, count in counted if count)


def _entries(legend: Any) -> str:
    return "legend: " + ", ".join(text.get_text() for text in legend.get_texts())
