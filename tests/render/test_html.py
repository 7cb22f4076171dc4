"""Tests for a report as HTML."""

import re
from xml.etree import ElementTree

import pytest

from lab_harness.render.html import BADGE, COLOURS, report_html
from lab_harness.results import Outcome
from tests.render.reports import HOSTILE, all_passed


def luminance(colour):
    """WCAG's relative luminance of #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_does():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_white_on_each_badge_can_be_read(outcome):
    assert "color:#fff;" in BADGE
    assert contrast("#ffffff", COLOURS[outcome]) >= 4.5


def test_html_is_one_well_formed_element(report):
    root = ElementTree.fromstring(report_html(report))
    assert root.get("class") == "lab-report"
    assert "".join(root.itertext()).startswith("A sample✓ passed")


def test_html_shows_the_same_words_as_text(report):
    words = "".join(ElementTree.fromstring(report_html(report)).itertext())
    for result in report:
        for text in (result.title, result.expected, result.found, result.next_step):
            assert text is None or text in words
    assert "1 of 5 checks passed, 1 cannot be judged on embedded" in words


def test_html_escapes_every_text(hostile):
    page = report_html(hostile)
    root = ElementTree.fromstring(page)
    assert {element.tag for element in root.iter()} == {"div", "strong", "table", "tr", "td", "th", "span"}
    assert "<class" not in page
    assert "&lt;class &#x27;str&#x27;&gt;" in page
    # The title once, each check's title and three details, the emulator in the summary.
    assert "".join(root.itertext()).count(HOSTILE) == 1 + len(Outcome) * 4 + 1


def test_html_loads_and_runs_nothing(report, hostile):
    for page in (report_html(report), report_html(hostile)):
        assert "<script" not in page
        assert not re.search(r"<[^>]*(https?://|url\(|javascript:|\son\w+=|src=|href=)", page)
    assert "http" not in report_html(report)


def test_html_leaves_out_what_there_is_nothing_to_say_about():
    assert "<th" not in report_html(all_passed())
