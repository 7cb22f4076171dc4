"""Tests for the picture of steps on a time axis: its words, its bars, and that it says the same twice."""

from xml.etree import ElementTree

import pytest

from lab_harness.account.trace import Step
from lab_harness.render.trace import AXIS, FAILED, MOST_ROWS, STYLES, trace_picture
from tests.pictures import assert_stands_alone

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('x')</script> & \"quoted\" </text>\x00"
STEPS = [
    Step(1000.0, "learner", "sqs SendMessage", 0.004),
    Step(1000.05, "process-order", "invoked, cold start 120 ms", 0.2, "cold"),
    Step(1000.2, "process-order", "dynamodb PutItem", 0.0004),
    Step(1001.5, "process-order", "invoked, warm", 0.01, "warm", failed=True),
    Step(1003.0, "inbox", "mail to ada@example.com: Hello", kind="mail"),
]


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def bars(picture):
    """Where each step's bar begins, and how long it is."""
    found = list(ElementTree.fromstring(picture.svg).iter(f"{SVG}rect"))[1:]
    return [(float(bar.get("x")), float(bar.get("width"))) for bar in found]


def test_text_is_exactly_this():
    assert trace_picture("What happened", STEPS, "A note.").text == (
        "What happened\n"
        "    0 ms  learner        → sqs SendMessage (4 ms)\n"
        "   50 ms  process-order  ❄ invoked, cold start 120 ms (200 ms)\n"
        "  200 ms  process-order  → dynamodb PutItem (<1 ms)\n"
        "   1.5 s  process-order  ✗ invoked, warm (10 ms), failed\n"
        "   3.0 s  inbox          ✉ mail to ada@example.com: Hello\n"
        "  A note."
    )


def test_picture_says_what_the_text_says():
    found = trace_picture("What happened", STEPS, "A note.")
    lines = found.text.splitlines()
    shown = texts(found)
    assert shown[0] == lines[0] == "What happened"
    for step, line in zip(STEPS, lines[1:], strict=False):
        assert shown.count(step.who) == sum(each.who == step.who for each in STEPS)
        assert line.split(step.who, 1)[1].strip() in shown
    assert shown[-1] == "A note."
    assert ElementTree.fromstring(found.svg).find(f"{SVG}title").text == "What happened"


def test_bars_stand_at_their_times():
    found = bars(trace_picture("What happened", STEPS))
    begin, whole = found[0][0], AXIS
    for (x, width), step in zip(found, STEPS, strict=True):
        assert x == pytest.approx(begin + whole * (step.time - 1000) / 3, abs=0.1)
        assert width == pytest.approx(max(3, whole * step.seconds / 3), abs=0.1)


def test_axis_counts_from_the_first_step_to_the_end_of_the_last():
    assert texts(trace_picture("What happened", STEPS))[1:6] == ["0 ms", "750 ms", "1.5 s", "2.2 s", "3.0 s"]
    long = [Step(5, "a", "b", 4.0), Step(6, "a", "c")]
    assert texts(trace_picture("What happened", long))[5] == "4.0 s"


def test_one_step_of_no_length_is_drawn():
    found = trace_picture("What happened", [Step(5, "inbox", "mail", kind="mail")])
    assert bars(found)[0][1] == 3
    assert found.text == "What happened\n  0 ms  inbox  ✉ mail"


def test_nothing_is_a_title():
    found = trace_picture("What happened", [])
    assert (found.text, bars(found)) == ("What happened", [])


def test_of_many_steps_the_first_are_shown_and_the_others_counted():
    steps = [Step(number, "work", f"step {number}", 0.1) for number in range(MOST_ROWS + 3)]
    all_shown, cut = trace_picture("T", steps[:MOST_ROWS]), trace_picture("T", steps, "A note.")
    assert "more" not in all_shown.text
    assert cut.text.splitlines()[MOST_ROWS:] == [
        f"  39.0 s  work  → step {MOST_ROWS - 1} (100 ms)",
        "  and 3 more",
        "  A note.",
    ]
    assert len(bars(cut)) == MOST_ROWS
    assert texts(cut)[-2:] == ["and 3 more", "A note."]


def test_kinds_are_told_apart_without_colour():
    assert len({style.symbol for style in [*STYLES.values(), FAILED]}) == len(STYLES) + 1
    for kind, style in STYLES.items():
        assert f"{style.symbol} x" in texts(trace_picture("T", [Step(0, "a", "x", kind=kind)]))
        assert "✗ x, failed" in texts(trace_picture("T", [Step(0, "a", "x", kind=kind, failed=True)]))


def test_all_is_drawn_on_the_paper():
    long = [Step(0, "w" * 60, "x" * 90, 2.0), Step(2, "a", "y" * 90, 0.0)]
    for found in (
        trace_picture("T", long),
        trace_picture("T" * 200, STEPS, "n" * 300),
        trace_picture("T", [], "n" * 300),
    ):
        root = ElementTree.fromstring(found.svg)
        width, height = float(root.get("width")), float(root.get("height"))
        for text in root.iter(f"{SVG}text"):
            x, y, size = (float(text.get(name)) for name in ("x", "y", "font-size"))
            length = len(text.text) * size * 0.6 if text.get("text-anchor") == "start" else 0
            assert x + length <= width + 1
            assert y <= height


def test_everything_is_escaped_and_the_picture_stands_alone():
    found = trace_picture(HOSTILE, [Step(0, HOSTILE, HOSTILE)], HOSTILE)
    clean = HOSTILE.replace("\x00", "�")
    assert [clean in text for text in texts(found)].count(True) == 4
    assert_stands_alone(found)


def test_picture_is_the_same_each_time():
    assert trace_picture("What happened", STEPS) == trace_picture("What happened", STEPS)
