"""Tests for colours: readable on the light paper and on the dark one."""

import re

import pytest

from lab_harness.render import architecture, plot, state_machine, trace
from lab_harness.render.colours import INK, PAPER, QUIET
from lab_harness.render.svg import Style

THEMES = {"light": ((0, 0, 0), (255, 255, 255)), "dark": ((255, 255, 255), (17, 17, 17))}  # JupyterLab's ink and paper
STYLES = [
    each
    for module in (architecture, plot, state_machine, trace)
    for value in vars(module).values()
    for each in (value.values() if isinstance(value, dict) else [value])
    if isinstance(each, Style) and each.stroke.plain not in ("none", "#dadce0")
]


def mixed(themed, ink, paper):
    """The colour that a browser makes of a themed one, as three numbers."""
    named = themed.replace("var(--jp-ui-font-color0,#000)", "ink").replace("var(--jp-layout-color0,#fff)", "paper")
    if named == "paper":
        return paper
    first, share, second = re.fullmatch(r"color-mix\(in srgb,(\S+) (\d+)%,(\w+)\)", named).groups()
    known = {"ink": ink, "paper": paper}
    one = known.get(first) or tuple(int(first[start : start + 2], 16) for start in (1, 3, 5))
    return tuple(a * int(share) / 100 + b * (100 - int(share)) / 100 for a, b in zip(one, known[second], strict=True))


def contrast(one, other):
    """By WCAG's formula."""

    def light(colour):
        parts = [value / 255 for value in colour]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted([light(one), light(other)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_written_can_be_read_on_its_paper_and_on_its_box(theme):
    ink, paper = THEMES[theme]
    fills = {each.fill for each in STYLES}
    assert len(STYLES) > 15
    for colour in (INK, QUIET):
        for fill in fills:
            assert contrast(mixed(colour.themed, ink, paper), mixed(fill.themed, ink, paper)) >= 4.5
    for style in STYLES:
        for fill in (style.fill, PAPER):
            assert contrast(mixed(style.stroke.themed, ink, paper), mixed(fill.themed, ink, paper)) >= 4.5, style


def test_in_a_file_it_can_be_read_too():
    for style in STYLES:
        hexes = style.stroke.plain, style.fill.plain
        plain = [tuple(int(each[start : start + 2], 16) for start in (1, 3, 5)) for each in hexes]
        assert contrast(*plain) >= 4.5, style
