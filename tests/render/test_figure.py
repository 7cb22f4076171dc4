"""Tests for figures of Matplotlib: in the page's colours, named, alone in their ids, and harmless."""

import base64
import re
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from lab_harness.render.colours import INK, PAPER
from lab_harness.render.figure import DATA, LEAST, STYLE, plot
from tests.pages import read_page
from tests.render.test_colours import THEMES, contrast

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert('x')</script> & \"quoted\" \u202e onload=alert(1)"


def drawn(name="Rex", title="standard queue"):
    """A figure of two plots with all that the notebooks draw: lines, bars, hatches, markers, texts, a legend."""
    figure = Figure(figsize=(6, 2), layout="constrained")
    above, below = figure.subplots(2, 1)
    above.plot([1, 2, 3], [0, 1, 2], "o:", label=name)
    above.bar([1, 2], [1, 2], color="none", edgecolor="black", hatch="///", label="refused")
    above.set(title=title, xlabel="seconds", ylabel="messages")
    above.legend()
    below.scatter([1], [1], s=200, color="#d9620b")
    below.text(1, 1, "M1", color="white")
    below.set_title("FIFO queue")
    return figure


def page(html):
    """The picture's elements in a notebook's page, with the image that is seen where there is no SVG."""
    root = read_page(html)
    (svg,) = root.iter("svg")
    (image,) = root.iter("img")
    return svg, image


def colours(svg):
    return {name for each in svg.iter() for name in re.findall(r"(?:fill|stroke): ([^;]+)", each.get("style", ""))}


def test_figure_is_named_by_its_titles_axes_and_legends():
    svg, image = page(plot(drawn()).html())
    said = "Plot. standard queue; 1 line, 2 bars; x: seconds; y: messages; legend: Rex, refused. FIFO queue; 1 point"
    assert (svg.get("role"), svg.get("aria-label"), image.get("alt")) == ("img", said, said)
    assert str(plot(drawn())) == said


def test_title_and_legend_of_the_whole_figure_are_told_and_a_figure_without_words_is_a_plot():
    figure = Figure()
    assert plot(figure).text == "Plot"
    figure.subplots().plot([1], [1], label="a")
    figure.suptitle("A day\nin the shop")
    figure.legend()
    assert plot(figure).text == "Plot. A day in the shop. 1 line. legend: a"


def test_figure_without_a_title_is_named_by_what_is_drawn_and_what_its_ticks_are_called():
    figure = Figure()
    axes = figure.subplots()
    axes.barh(["cold: first call", "warm: second call"], [1, 2])
    axes.set_xlabel("seconds")
    assert plot(figure).text == "Plot. 2 bars; x: seconds; y: cold: first call, warm: second call"
    axes.plot([1, 2], [0, 1])
    axes.plot([1, 2, 3], [0, 1, 2], "x")
    axes.set_yticks(range(8), ["refused: 429", *"abcdefg"])
    assert plot(figure).text == "Plot. 1 line, 2 bars, 3 points; x: seconds; y: refused: 429, a, b, c, d, and 3 more"


def test_ink_and_paper_are_the_pages_and_data_keep_their_colours():
    svg, _ = page(plot(drawn()).html())
    assert f"color:{INK.themed};background:none" in svg.get("style")
    assert svg.get("fill") == "currentColor"
    assert {"#000000", "#ffffff"} & colours(svg) == {"#ffffff"}
    assert {"currentColor", PAPER.themed, "#d9620b"} <= colours(svg)
    white = [each for each in svg.iter() if "#ffffff" in each.get("style", "")]
    assert [(each.tag, each.text) for each in white] == [("text", "M1")]  # on its own orange
    assert not [each for each in svg.iter() if "font-family" in each.get("style", "")]


def test_it_has_the_width_of_its_place_and_at_most_its_own():
    svg, _ = page(plot(drawn()).html())
    width = float(svg.get("width"))
    assert 550 < width < 600
    assert f"width:100%;height:auto;min-width:{width * LEAST:.0f}px;max-width:{width:.0f}px" in svg.get("style")
    assert [round(float(size) * 4 / 3) for size in svg.get("viewbox").split()[2:]] == [width, float(svg.get("height"))]


def test_two_pictures_of_the_same_figure_share_no_id_and_each_refers_to_its_own():
    first, second = (page(plot(drawn())._repr_mimebundle_()["text/html"])[0] for _ in range(2))
    ids = [{each.get("id") for each in svg.iter() if each.get("id")} for svg in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
    assert all(re.fullmatch(r"lab-[0-9a-f]{8}-\d+-\w+", each) for each in ids[0] | ids[1])
    for svg, own in zip((first, second), ids, strict=True):
        values = " ".join(value for each in svg.iter() for value in each.attrib.values())
        assert set(re.findall(r"#(lab-[\w-]+)", values)) == own  # a clip, a hatch, a marker
        assert {each.tag for each in svg.iter() if each.get("id")} == {"clippath", "pattern", "path"}


def test_the_same_figure_is_the_same_picture_and_small():
    assert plot(drawn()) == plot(drawn())
    assert plot(drawn()) != plot(drawn(title="another"))
    assert not re.search("metadata|Matplotlib|DOCTYPE|[0-9]{4}-[0-9]{2}-", plot(drawn()).themed)
    assert len(plot(drawn()).themed) < 12_000


def test_figure_stays_as_it_was():
    figure = drawn()
    before = figure.get_facecolor(), dict(matplotlib.rcParams)
    plot(figure)
    assert (figure.get_facecolor(), dict(matplotlib.rcParams)) == before


def test_without_the_svg_it_is_an_image_on_paper_of_its_own():
    picture = plot(drawn())
    _, image = page(picture.html())
    kind, _, content = image.get("src").partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(content).decode() == picture.svg
    root = ElementTree.fromstring(picture.svg)
    assert f"color:{INK.plain};background:{PAPER.plain};" in root.get("style")
    assert "var(" not in picture.svg
    assert [each.text for each in root.iter(f"{SVG}text") if each.text == "M1"] == ["M1"]


def test_texts_become_neither_elements_nor_links():
    figure = drawn(HOSTILE, HOSTILE)
    figure.axes[0].title.set_url("https://example.com")
    picture = plot(figure)
    svg, image = page(picture.html())
    assert {each.tag for each in svg.iter()} <= {
        "svg",
        "defs",
        "clippath",
        "pattern",
        "path",
        "rect",
        "use",
        "g",
        "text",
    }
    for each in [*svg.iter(), image]:
        assert not [name for name in each.attrib if name.startswith("on")]
    assert "example.com" not in picture.html()
    assert "\u202e" not in picture.html()
    assert [each for each in svg.iter("text") if (each.text or "").startswith("</text><script>")]


def test_an_image_in_a_figure_stays():
    figure = Figure(figsize=(2, 2))
    figure.subplots().imshow([[1, 2], [3, 4]])
    (image,) = page(plot(figure).html())[0].iter("image")
    assert image.get("href").startswith("data:image/png;base64,iVBO")


@pytest.mark.parametrize("theme", THEMES)
def test_data_are_seen_on_either_paper(theme):
    _, paper = THEMES[theme]
    for colour in DATA:
        assert contrast([int(colour[start : start + 2], 16) for start in (1, 3, 5)], paper) >= 3, colour


def test_the_style_is_one_that_matplotlib_knows():
    with matplotlib.rc_context(STYLE):
        (line,) = Figure().subplots().plot([1, 2])
        assert line.get_color() == DATA[0]
