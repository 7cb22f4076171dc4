"""Tests for pictures: SVG that is well-formed, stands alone, and escapes whatever it is given."""

import os
import re
from xml.etree import ElementTree

import pytest

from lab_harness.errors import CourseError
from lab_harness.render.svg import Drawing, Picture, Style, text_width

SVG = "{http://www.w3.org/2000/svg}"
LINE = Style("✓", "right", "#1a7f37", "#e6f4ea", dash="6 4", width=2.5)
HOSTILE = "</text><script>alert('x')</script> & \"quoted\" ]]> <!-- \x00\x1b[31m \ud800"


@pytest.fixture
def drawing():
    return Drawing(200, 100, "A title")


def parsed(drawing):
    return ElementTree.fromstring(drawing.svg())


def last(drawing):
    return list(parsed(drawing))[-1]


def numbers(text):
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


def test_drawing_has_a_title_for_those_who_cannot_see_it_and_paper_of_its_own(drawing):
    root = parsed(drawing)
    assert root.tag == f"{SVG}svg"
    assert (root.get("role"), root.find(f"{SVG}title").text) == ("img", "A title")
    assert (root.get("viewBox"), root.get("width"), root.get("height")) == ("0 0 200 100", "200", "100")
    paper = root.find(f"{SVG}rect")
    assert (paper.get("width"), paper.get("height"), paper.get("fill")) == ("200", "100", "#ffffff")


def test_box_circle_and_line_have_their_style(drawing):
    drawing.box((10, 20.25), (30, 40), LINE)
    box = last(drawing)
    assert [box.get(name) for name in ("x", "y", "width", "height")] == ["10", "20.2", "30", "40"]
    assert [box.get(name) for name in ("fill", "stroke", "stroke-width", "stroke-dasharray")] == [
        "#e6f4ea",
        "#1a7f37",
        "2.5",
        "6 4",
    ]
    drawing.circle((1, 2), 3, Style("", "", "#000000", "#ffffff"))
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
    assert head.get("fill") == LINE.stroke


def test_curved_arrow_leaves_and_enters_vertically(drawing):
    drawing.arrow(((10, 10), (50, 60), (90, 20)), LINE, curved=True)
    *_, path, head = parsed(drawing)
    assert numbers(path.get("d")) == [10, 10, 10, 35, 50, 35, 50, 60, 50, 40, 90, 40, 90, 20]
    assert numbers(head.get("points")) == [90, 20, 94.5, 29, 85.5, 29]  # it goes up at its end


def test_arrow_of_no_length_is_drawn_all_the_same(drawing):
    drawing.arrow(((10, 10), (10, 10)), LINE)
    assert numbers(last(drawing).get("points"))[:2] == [10, 10]


def test_text_is_escaped_wherever_it_comes_in(drawing):
    drawing = Drawing(200, 100, HOSTILE)
    drawing.text((0, 0), HOSTILE)
    expected = HOSTILE.translate({0: "�", 0x1B: "�", 0xD800: "�"})
    root = parsed(drawing)
    assert [element.text for element in root if element.tag != f"{SVG}rect"] == [expected, expected]
    assert "<script" not in drawing.svg()


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
        drawing = Drawing(200, 100, "A title")
        drawing.arrow(((0, 0), (1 / 3, 2 / 3)), LINE)
        drawing.text((1 / 3, 2 / 3), "größe")
        return drawing.svg()

    assert draw() == draw()


def test_svg_may_be_asked_for_while_it_is_drawn(drawing):
    before = drawing.svg()
    drawing.box((0, 0), (10, 10), LINE)
    assert drawing.svg().count("<rect") == before.count("<rect") + 1


def test_bold_text_and_long_text_are_wider():
    assert text_width("ab") < text_width("ab", bold=True) < text_width("abc")
    assert text_width("ab", 11) < text_width("ab", 13)


@pytest.fixture
def picture(drawing):
    drawing.text((0, 0), "größe ✓")
    return Picture(drawing.svg(), "A title\n  größe ✓")


def test_picture_shows_itself_as_svg_and_in_words(picture):
    assert picture._repr_mimebundle_(include=None) == {"text/plain": picture.text, "image/svg+xml": picture.svg}
    assert str(picture) == "A title\n  größe ✓"


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
    root = ElementTree.fromstring(picture.html())
    assert root.find(".//*[@role='region']").get("aria-label") == "A title"
    assert [text.text for text in root.iter(f"{SVG}text")] == ["größe ✓"]
