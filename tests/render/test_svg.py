"""Tests for pictures: SVG that is well-formed, stands alone, and escapes whatever it is given."""

import os
import re
from xml.etree import ElementTree

import pytest

from lab_harness.errors import CourseError
from lab_harness.render.colours import INK, PAPER, hue, tint
from lab_harness.render.svg import Drawing, Style
from tests.pages import read_page, words
from tests.pictures import SVG, assert_named, assert_stands_alone

LINE = Style("✓", "right", hue("#1a7f37"), tint("#1a7f37"), dash="6 4", width=2.5)
HOSTILE = "</text><script>alert('x')</script> & \"quoted\" ]]> <!-- \x00\x1b[31m \ud800"


@pytest.fixture
def drawing():
    return Drawing(200, 100)


def parsed(drawing):
    return ElementTree.fromstring(drawing.picture("A title\n  a box").svg)


def last(drawing):
    return list(parsed(drawing))[-1]


def numbers(text):
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


def test_drawing_has_a_title_for_those_who_cannot_see_it_and_paper_of_its_own(drawing):
    root = parsed(drawing)
    assert root.tag == f"{SVG}svg"
    assert (root.get("role"), root.find(f"{SVG}title").text, root.find(f"{SVG}desc").text) == (
        "img", "A title", "  a box",
    )  # fmt: skip
    assert (root.get("viewBox"), root.get("width"), root.get("height")) == ("0 0 200 100", "200", "100")
    paper = root.find(f"{SVG}rect")
    assert (paper.get("width"), paper.get("height"), paper.get("fill")) == ("200", "100", "#ffffff")


def test_box_circle_and_line_have_their_style(drawing):
    drawing.box((10, 20.25), (30, 40), LINE)
    box = last(drawing)
    assert [box.get(name) for name in ("x", "y", "width", "height")] == ["10", "20.2", "30", "40"]
    assert [box.get(name) for name in ("fill", "stroke", "stroke-width", "stroke-dasharray")] == [
        LINE.fill.plain,
        "#1a7f37",
        "2.5",
        "6 4",
    ]
    drawing.circle((1, 2), 3, Style("", "", INK, PAPER))
    circle = last(drawing)
    assert [circle.get(name) for name in ("cx", "cy", "r", "stroke-dasharray")] == ["1", "2", "3", None]
    drawing.line((0, 0), (5, 5), LINE)
    assert last(drawing).get("d") == "M0.0 0.0 L5.0 5.0"


@pytest.mark.parametrize(
    ("end", "left", "right"),
    [
        ((60, 10), (51, 14.5), (51, 5.5)),  # to the right
        ((10, 60), (5.5, 51), (14.5, 51)),  # down
        ((10, -40), (14.5, -31), (5.5, -31)),  # up
    ],
)
def test_arrow_has_its_head_at_its_end(drawing, end, left, right):
    drawing.arrow(((10, 10), end), LINE)
    *_, path, head = parsed(drawing)
    assert numbers(path.get("d")) == [10, 10, *end]
    assert numbers(head.get("points")) == [*end, *left, *right]
    assert head.get("fill") == LINE.stroke.plain


def test_curved_arrow_leaves_and_enters_vertically(drawing):
    drawing.arrow(((10, 10), (50, 60), (90, 20)), LINE, curved=True)
    *_, path, head = parsed(drawing)
    assert numbers(path.get("d")) == [10, 10, 10, 35, 50, 35, 50, 60, 50, 40, 90, 40, 90, 20]
    assert numbers(head.get("points")) == [90, 20, 94.5, 29, 85.5, 29]  # it goes up at its end


def test_arrow_of_no_length_is_drawn_all_the_same(drawing):
    drawing.arrow(((10, 10), (10, 10)), LINE)
    assert numbers(last(drawing).get("points"))[:2] == [10, 10]


def test_text_is_escaped_wherever_it_comes_in(drawing):
    drawing.text((0, 0), HOSTILE)
    found = drawing.picture(f"{HOSTILE}\n{HOSTILE}")
    expected = HOSTILE.translate({0: "�", 0x1B: "�", 0xD800: "�"})
    root = ElementTree.fromstring(found.svg)
    assert [element.text for element in root if element.tag != f"{SVG}rect"] == [expected] * 3
    assert "<script" not in found.svg
    assert_stands_alone(found)
    assert words(read_page(found.html())).count("<script>") == 5  # as words, in the picture and in its place


@pytest.mark.parametrize(
    "hostile", ["\x02", "]]></title><foreignObject>", "'\" onload='x' ", "--></desc><image href='//x'>"]
)
def test_no_name_becomes_an_element_an_attribute_or_an_id(drawing, hostile):
    drawing.text((0, 0), hostile)
    assert_stands_alone(drawing.picture(f"{hostile}\n{hostile}"))


def test_colours_are_those_of_the_pages_theme_and_plain_in_a_file(drawing):
    drawing.box((0, 0), (1, 1), LINE)
    found = drawing.picture("A title")
    assert "var(" not in found.svg
    assert "color-mix(in srgb,#1a7f37 65%,var(--jp-ui-font-color0,#000))" in found.themed
    assert PAPER.themed in found.themed


def test_text_that_lies_on_a_line_has_a_halo(drawing):
    drawing.text((1, 2), "label", bold=True, anchor="start", on_line=True)
    text = last(drawing)
    assert [text.get(name) for name in ("x", "y", "font-weight", "text-anchor", "paint-order")] == [
        "1",
        "2",
        "600",
        "start",
        "stroke",
    ]


def test_drawing_is_the_same_each_time():
    def draw():
        drawing = Drawing(200, 100)
        drawing.arrow(((0, 0), (1 / 3, 2 / 3)), LINE)
        drawing.text((1 / 3, 2 / 3), "größe")
        return drawing.picture("A title")

    assert draw() == draw()
    assert draw().html() == draw().html()


@pytest.fixture
def picture(drawing):
    drawing.text((0, 0), "größe ✓")
    return drawing.picture("A title\n  größe ✓")


def test_picture_shows_itself_in_the_page_and_in_words(picture):
    shown = picture._repr_mimebundle_(include=None)
    assert shown.keys() == {"text/plain", "text/html"}
    assert shown["text/plain"] == str(picture) == "A title\n  größe ✓"
    assert_named(shown["text/html"])


def test_picture_that_is_displayed_twice_has_other_ids_each_time(picture):
    """A notebook is one page; two elements of one id, and a screen reader hears the wrong name."""
    shown = [picture._repr_mimebundle_()["text/html"], picture._repr_mimebundle_()["text/html"], picture.html()]
    assert len({each for html in shown for each in re.findall(r' id="[^"]*-title"', html)}) == 3


def test_picture_is_saved_as_text_of_its_own(picture, tmp_path):
    path = picture.save(tmp_path / "picture.svg")
    assert path == tmp_path / "picture.svg"
    assert path.read_text(encoding="utf-8") == picture.svg
    assert picture.save(str(path)) == path  # over the one that is there


def test_picture_that_cannot_be_saved_is_one_message(picture, tmp_path):
    path = tmp_path / "no" / "picture.svg"
    with pytest.raises(CourseError) as caught:
        picture.save(path)
    assert str(caught.value) == f"{path} cannot be written: {os.strerror(2)}."


def test_picture_is_html_that_scrolls_and_is_named_by_its_first_line(picture):
    root = read_page(picture.html())
    assert root.find(".//*[@role='region']").get("aria-label") == "A title"
    assert [text.text for text in root.iter("text")] == ["größe ✓"]


def test_picture_is_never_so_small_that_it_cannot_be_read(drawing):
    style = parsed(drawing).get("style")
    assert "width:100%" in style
    assert "max-width:200px" in style
    assert "min-width:167px" in style  # then text of 12 pixels has 10
