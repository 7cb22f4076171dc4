"""Tests for bar plots by the minute: their words, their bars and their axis."""

from xml.etree import ElementTree

import pytest

from lab_harness.render.plot import BAR, Series, bars, short

SVG = "{http://www.w3.org/2000/svg}"
START = 1_700_000_040  # 22:14:00 UTC
HOSTILE = "<script>alert('x')</script> & </text>\x00"
INVOCATIONS = Series("Invocations", {START: 2.0, START + 60: 4.0, START + 180: 0.0})


def elements(picture, tag):
    return list(ElementTree.fromstring(picture.svg).iter(SVG + tag))


def texts(picture):
    return [element.text for element in elements(picture, "text")]


def drawn(picture):
    """Each bar's place and size."""
    found = [bar for bar in elements(picture, "rect") if bar.get("fill") == BAR.fill.plain]
    return [tuple(float(bar.get(name)) for name in ("x", "y", "width", "height")) for bar in found]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.004, "0"), (0.06, "0.06"), (0.5, "0.5"), (0.994, "0.99"), (0.996, "1"), (1, "1"), (2.04, "2"),
        (9.94, "9.9"), (9.96, "10"), (171.98, "172"), (999.4, "999"), (999.6, "1k"), (1499, "1.5k"), (14_990, "15k"),
        (900_000, "900k"), (999_600, "1M"), (2_500_000, "2.5M"),
    ],
)  # fmt: skip
def test_value_fits_above_a_bar(value, text):
    assert short(value) == text
    assert len(text) <= 4


def test_plot_in_words_has_each_minutes_value():
    errors, duration = Series("Errors", {}, "none measured"), Series("Duration", {START + 120: 171.98})
    picture = bars("hello-world", [INVOCATIONS, errors, duration], START, 5)
    assert str(picture) == (
        "hello-world, by the minute (UTC)\n"
        "  Invocations: 22:14 2, 22:15 4, 22:17 0\n"
        "  Errors: none measured\n"
        "  Duration: 22:16 172"
    )
    assert "none measured" in texts(picture)


def test_each_value_stands_above_its_bar():
    picture = bars("hello-world", [INVOCATIONS], START, 5)
    labels = {text.text: text for text in elements(picture, "text")}
    for value, (x, y, width, _) in zip(("2", "4"), drawn(picture), strict=True):  # 0 has no bar
        assert float(labels[value].get("x")) == pytest.approx(x + width / 2)
        assert y - 10 < float(labels[value].get("y")) < y
    assert "0" in labels


def test_bars_are_as_high_as_their_values_and_stand_on_one_floor():
    first, second = drawn(bars("hello-world", [INVOCATIONS], START, 5))
    assert second[3] == 2 * first[3]
    assert first[1] + first[3] == second[1] + second[3]


def test_series_are_drawn_one_above_the_other_each_to_its_own_scale():
    many = Series("Invocations", {START: 1000.0})
    first, second = drawn(bars("hello-world", [many, Series("Errors", {START: 1.0})], START, 5))
    assert (first[0], first[3]) == (second[0], second[3])
    assert first[1] + first[3] < second[1]


def test_axis_names_every_fifth_minute_of_the_clock():
    picture = bars("hello-world", [INVOCATIONS], START, 30)
    labels = [text for text in texts(picture) if ":" in text]
    assert labels == ["22:15", "22:20", "22:25", "22:30", "22:35", "22:40"]
    assert "minutes in UTC" in texts(picture)


def test_what_is_outside_the_minutes_is_left_out():
    series = Series("Invocations", {START - 60: 9.0, START: 1.0, START + 300: 9.0})
    picture = bars("hello-world", [series], START, 5)
    assert len(drawn(picture)) == 1
    assert "9" not in str(picture).split("UTC")[1]


def test_nothing_is_drawn_outside_the_paper():
    picture = bars("a title that is longer than two minutes are wide", [INVOCATIONS], START, 2)
    root = ElementTree.fromstring(picture.svg)
    width, height = float(root.get("width")), float(root.get("height"))
    assert all(min(x, y) >= 0 and x + w <= width and y + h <= height for x, y, w, h in drawn(picture))
    assert all(0 <= float(text.get("y")) <= height for text in elements(picture, "text"))


def test_titles_are_escaped():
    picture = bars(HOSTILE, [Series(HOSTILE, {}, HOSTILE)], START, 5)
    assert "<script" not in picture.svg + picture.html()
    assert texts(picture).count(HOSTILE.replace("\x00", "�")) == 3


def test_plot_is_the_same_each_time():
    assert bars("a", [INVOCATIONS], START, 5) == bars("a", [INVOCATIONS], START, 5)
