"""Tests for the map of the course, as text and as HTML."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from lab_harness.render.course_map import BEGUN, DONE, NEW, CourseMap, Stop
from lab_harness.render.markup import bundle

HOSTILE = "<script>alert(1)</script> <class 'str'> & \"quoted\" [bold]text[/bold]"
FIRST = Stop(0, "First steps", "00_start.ipynb", 2, "Send a message.", passed=4, checks=4, begun=True)
SECOND = Stop(1, "A function", "01_function.ipynb", 30, "Run a function.", 6, 13, begun=True, right=4, questions=7)
THIRD = Stop(2, "Orders by queue", "02_orders.ipynb", 60, "Let messages start a function.", passed=0, checks=20)

TEXT = """\
Continue with 1 · A function: 01_function.ipynb

  0  First steps                      2 min  ✓ done
     Send a message.
  1  A function                      30 min  6 of 13 checks
     Run a function.                         4 of 7 questions
  2  Orders by queue                 60 min  not begun
     Let messages start a function."""


def html(shown):
    return ElementTree.fromstring(shown.html())


def test_text_is_exactly_this():
    assert str(CourseMap([FIRST, SECOND, THIRD])) == TEXT


def test_html_says_what_the_text_says():
    shown = " ".join(html(CourseMap([FIRST, SECOND, THIRD])).itertext())
    for words in (
        "Continue with",
        "0 · First steps",
        "2 min",
        "✓ done",
        "6 of 13 checks",
        "4 of 7 questions",
        "not begun",
    ):
        assert words in shown
    for stop in (FIRST, SECOND, THIRD):
        assert stop.goal in shown


def test_each_lab_is_a_link_to_its_notebook_beside_this_one():
    links = [(link.get("href"), "".join(link.itertext())) for link in html(CourseMap([FIRST, THIRD])).iter("a")]
    assert links == [
        ("02_orders.ipynb", "2 · Orders by queue"),
        ("00_start.ipynb", "0 · First steps"),
        ("02_orders.ipynb", "2 · Orders by queue"),
    ]


def new(stop):
    return replace(stop, passed=0, begun=False)


@pytest.mark.parametrize(
    ("stops", "words"),
    [
        ([new(FIRST), new(SECOND)], "Begin with 0 · First steps"),
        ([FIRST, new(SECOND), THIRD], "Continue with 1 · A function"),
        ([FIRST, THIRD, SECOND], "Continue with 1 · A function"),  # THIRD was left out
        ([new(FIRST), SECOND], "Continue with 1 · A function"),
        ([new(FIRST), replace(SECOND, passed=0)], "Continue with 1 · A function"),
        ([replace(FIRST, passed=3), SECOND], "Continue with 0 · First steps"),
    ],
)
def test_next_is_what_was_begun_and_is_not_done_else_the_first_new_one(stops, words):
    shown = CourseMap(stops)
    assert str(shown).startswith(f"{words}: ")
    assert "".join(html(shown)[0].itertext()) == words
    here = [item for item in html(shown).iter("li") if item.get("aria-current")]
    assert ["".join(item.find(".//a").itertext()) for item in here] == [shown.next.name]


def test_when_all_is_done_nothing_is_next():
    shown = CourseMap([FIRST])
    assert shown.next is None
    assert str(shown).startswith("You have done all labs.\n")
    assert html(shown)[0].text == "You have done all labs."


def test_progress_is_told_to_screen_readers():
    bars = [element for element in html(CourseMap([SECOND, THIRD])).iter() if element.get("role") == "progressbar"]
    told = [[bar.get(f"aria-{name}") for name in ("label", "valuenow", "valuemax", "valuetext")] for bar in bars]
    assert told == [["1 · A function", "6", "13", "6 of 13 checks"], ["2 · Orders by queue", "0", "20", "not begun"]]
    assert [re.search(r"width:(\d+)%", bar[0].get("style"))[1] for bar in bars] == ["46", "0"]


def test_notices_come_first():
    shown = CourseMap([FIRST], ("Your progress file was damaged.",))
    assert str(shown).startswith("Your progress file was damaged.\n")
    assert html(shown)[0].text == "Your progress file was damaged."


def test_every_text_is_shown_as_it_is_and_escaped_in_html():
    stop = Stop(1, HOSTILE, "01_a.ipynb", 5, HOSTILE, passed=0, checks=1)
    shown = CourseMap([stop], (HOSTILE,))
    assert "<script" not in shown.html()
    assert "".join(html(shown).itertext()).count(HOSTILE) == 4
    assert str(shown).count("[bold]text[/bold]") == 4


def test_text_takes_its_colour_from_the_page_and_nothing_comes_from_elsewhere():
    """So the map is readable in light and dark themes."""
    shown = CourseMap([FIRST, SECOND, THIRD]).html()
    assert set(re.findall(r"[;\"]color:(\S+?)[;\"]", shown)) == {"#fff"}
    assert set(re.findall(r"background:(\S+?)[;\"]", shown)) == {DONE, BEGUN, NEW}
    assert not re.search(r"<script|https?:|url\(|\son\w+=", shown)


def test_map_displays_as_text_and_html():
    shown = CourseMap([FIRST])
    assert shown._repr_mimebundle_(include=None) == bundle(str(shown), shown.html())
