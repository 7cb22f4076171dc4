"""Tests for the picture of a lab's architecture: its states, its words, and where its arrows end."""

import os
import re
from dataclasses import replace
from xml.etree import ElementTree

import boto3
import msgspec
import pytest

from lab_harness.aws import replace_environment
from lab_harness.lab.file import Diagram
from lab_harness.lab.labs import all_labs
from lab_harness.notebook import OpenLab, open_lab
from lab_harness.render.architecture import (
    MISSING,
    RIGHT,
    UNCHECKED,
    UNSEEN,
    UNSUPPORTED,
    WRONG,
    architecture,
    state_of,
)
from lab_harness.render.blueprint import FRAME
from lab_harness.render.symbols import PATHS
from lab_harness.results import CheckResult, LabReport, Outcome
from tests.pictures import assert_stands_alone

SVG = "{http://www.w3.org/2000/svg}"
STATES = (RIGHT, WRONG, MISSING, UNSEEN, UNSUPPORTED, UNCHECKED)
HOSTILE = "<script>alert('x')</script> & \"quoted\" </text>"


def result(name, outcome):
    """A result with an outcome by the word that a report has for it."""
    if outcome == "absent":
        return CheckResult(name, name, None, Outcome.FAILED, there=False)
    return CheckResult(name, name, None, Outcome(outcome))


def report(**outcomes):
    results = tuple(result(name, outcome) for name, outcome in outcomes.items())
    return LabReport("sample", "A sample", "embedded", results)


def diagram(nodes, arrows=()):
    """A diagram of nodes (id, column, row, check …) and arrows (source, target, label, check …)."""
    return msgspec.convert(
        {
            "nodes": [
                {"id": id, "label": f"the {id}", "kind": f"kind of {id}", "at": at, "checks": checks}
                for id, at, *checks in nodes
            ],
            "arrows": [
                {"source": source, "target": target, "label": label, "checks": checks}
                for source, target, label, *checks in arrows
            ],
        },
        Diagram,
    )


TWO = diagram([("queue", (0, 0), "a", "b"), ("table", (1, 0), "c")], [("queue", "table", "an item", "d")])


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        (["passed", "passed"], RIGHT),
        (["passed", "failed"], WRONG),
        (["passed", "blocked"], WRONG),
        (["absent", "blocked"], MISSING),
        (["absent", "passed"], MISSING),
        (["failed", "blocked"], WRONG),
        (["blocked", "blocked"], UNSEEN),
        (["blocked", "unsupported"], UNSEEN),
        (["blocked", "absent"], MISSING),
        (["blocked", "passed"], WRONG),
        (["blocked", "failed"], WRONG),
        (["passed", "broken"], WRONG),
        (["broken", "blocked"], WRONG),
        (["unsupported", "unsupported"], UNSUPPORTED),
        (["passed", "unsupported"], RIGHT),
        (["unsupported", "passed"], RIGHT),
    ],
)
def test_state_is_told_by_the_outcomes_and_the_first_says_whether_it_is_there(outcomes, state):
    assert state_of(["one", "two"], report(one=outcomes[0], two=outcomes[1])) is state


def test_what_is_there_but_wrong_is_not_right_yet():
    found = report(one="failed", two="blocked")
    for there, state in ((True, WRONG), (False, MISSING), (None, WRONG)):
        results = tuple(replace(result, there=there) for result in found)
        assert state_of(["one", "two"], replace(found, results=results)) is state


def test_what_has_no_checks_has_no_state_and_of_checks_that_did_not_run_nothing_is_known():
    assert state_of([], report(one="failed")) is UNCHECKED
    assert state_of(["one", "two"], report()) is UNSEEN
    assert state_of(["one", "two"], report(one="passed")) is WRONG


def test_states_are_told_apart_without_colour():
    looks = {(style.symbol, style.word, style.dash, style.width) for style in STATES}
    assert len(looks) == len({style.symbol for style in STATES}) == len({style.word for style in STATES}) == len(STATES)
    assert len({(style.dash, style.width) for style in STATES[:5]}) == 5  # arrows have no word


def test_text_is_exactly_this():
    found = architecture("A queue", TWO, report(a="passed", b="failed", c="passed", d="unsupported"))
    assert found.text == (
        "A queue: the architecture\n"
        "  ✗ the queue: not right yet (kind of queue)\n"
        "      – an item → the table: not on this emulator\n"
        "  ✓ the table: right (kind of table)"
    )


def test_what_has_no_state_is_said_plainly():
    found = architecture("A", diagram([("you", (0, 0)), ("it", (0, 1), "a")], [("you", "it", "x")]), report(a="passed"))
    assert found.text == (
        "A: the architecture\n    the you (kind of you)\n        x → the it\n  ✓ the it: right (kind of it)"
    )


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def test_picture_says_what_the_text_says():
    for outcome in Outcome:
        found = architecture("A", TWO, report(a="passed", b=outcome, c=outcome, d=outcome))
        said = texts(found)
        assert said[:2] == ["your AWS account", "region us-east-1"] or said[0] == "your AWS account, region us-east-1"
        for line in said[2:]:
            for part in line.split():
                assert part in found.text
    root = ElementTree.fromstring(found.svg)
    assert root.find(f"{SVG}title").text == "A: the architecture"
    assert root.find(f"{SVG}desc").text == found.text.split("\n", 1)[1]


def rects(picture, dashed):
    """The frame around what is in the account, which has dots of its own, or the boxes."""
    found = [
        each
        for each in ElementTree.fromstring(picture.svg).iter(f"{SVG}rect")
        if each.get("stroke") and (each.get("stroke-dasharray") == FRAME.dash) is dashed
    ]
    return [tuple(float(element.get(name)) for name in ("x", "y", "width", "height")) for element in found]


def boxes(picture):
    return rects(picture, dashed=False)


def arrows(picture):
    found = [element.get("d") for element in ElementTree.fromstring(picture.svg).findall(f"{SVG}path")]
    return [[float(number) for number in re.findall(r"-?[\d.]+", path)] for path in found]


@pytest.mark.parametrize("at", [(x, y) for x in range(4) for y in range(4) if (x, y) != (1, 1)])
def test_arrow_goes_from_the_edge_of_one_box_to_the_edge_of_the_other(at):
    found = architecture("A", diagram([("one", (1, 1)), ("two", at)], [("one", "two", "a label")]), report())
    [(x1, y1, x2, y2)] = arrows(found)
    for (x, y), (left, top, width, height) in zip([(x1, y1), (x2, y2)], boxes(found), strict=True):
        on_side = min(abs(x - left), abs(x - left - width)) < 0.1 and top - 0.1 <= y <= top + height + 0.1
        on_top = min(abs(y - top), abs(y - top - height)) < 0.1 and left - 0.1 <= x <= left + width + 0.1
        assert on_side or on_top
    left, top, width, height = boxes(found)[0]
    centre = [left + width / 2, top + height / 2]
    along = (x2 - centre[0]) * (y1 - centre[1]) - (x1 - centre[0]) * (y2 - centre[1])
    assert abs(along) < 100  # the line points at the middles of both


def test_boxes_do_not_touch_and_all_is_on_the_paper():
    places = [(f"n{x}{y}", (x, y)) for x in range(3) for y in range(3)]
    labels = [("n20", "n21", "a label that is so long that it reaches far beyond the box"), ("n00", "n10", "short")]
    found = architecture("A", diagram(places, labels), report())
    root = ElementTree.fromstring(found.svg)
    width, height = float(root.get("width")), float(root.get("height"))
    for x, y, wide, high in boxes(found):
        assert x > 0 and y > 0 and x + wide < width and y + high < height
        others = [box for box in boxes(found) if box != (x, y, wide, high)]
        assert all(x + wide < left or left + w < x or y + high < top or top + h < y for left, top, w, h in others)
    for text in root.iter(f"{SVG}text"):
        if text.get("text-anchor") == "start":
            assert float(text.get("x")) + 6.6 * len(text.text) <= width + 1


def test_label_of_an_arrow_between_columns_fits_between_the_boxes_in_lines():
    found = architecture("A", diagram([("a", (0, 0)), ("b", (1, 0))], [("a", "b", "x" * 40)]), report())
    left, right = boxes(found)
    room = right[0] - left[0] - left[2]
    lines = [said for said in texts(found) if "x" in said]
    assert "".join(lines).count("x") == 40
    assert max(map(len, lines)) * 7.2 <= room


def kinds(*kinds):
    """A diagram of boxes of these kinds in a row."""
    nodes = [{"id": f"n{column}", "label": "it", "kind": kind, "at": [column, 0]} for column, kind in enumerate(kinds)]
    return architecture("A", msgspec.convert({"nodes": nodes}, Diagram), report())


def test_frame_goes_around_what_is_in_the_account_and_around_nothing_else():
    found = kinds("you, a person", "SQS queue", "DynamoDB table", "your inbox")
    [(left, top, width, height)] = rects(found, dashed=True)
    inside = [x > left and x + w < left + width and y > top and y + h < top + height for x, y, w, h in boxes(found)]
    assert inside == [False, True, True, False]


def test_where_somebody_stands_among_the_resources_there_is_no_frame_that_would_say_otherwise():
    assert rects(kinds("SQS queue", "you, a person", "DynamoDB table"), dashed=True) == []
    assert rects(kinds("you, a person"), dashed=True) == []


def test_each_kind_has_its_symbol():
    found = [symbol.get("d") for symbol in ElementTree.fromstring(kinds("SQS queue", "what?").svg).iter(f"{SVG}path")]
    assert found == [PATHS["queue"], PATHS["thing"]]


@pytest.mark.parametrize("lab", [lab for lab in all_labs() if lab.file.diagram], ids=lambda lab: lab.id)
def test_each_lab_is_drawn_with_symbols_in_a_frame_that_is_read_beside_the_panel(lab):
    """At 1366 pixels with the panel and the list of files open an output has 554 pixels; no text is below 10."""
    outcomes = report(**dict.fromkeys(lab.file.diagram.checks, "passed"))
    found = architecture(lab.title, lab.file.diagram, outcomes)
    root = ElementTree.fromstring(found.svg)
    assert float(root.get("width")) * 10 / 12 < 580
    assert [path for path in root.iter(f"{SVG}path") if path.get("d") == PATHS["thing"]] == []
    assert len(rects(found, dashed=True)) == 1


def test_everything_is_escaped_and_the_picture_stands_alone():
    hostile = msgspec.convert(
        {
            "nodes": [{"id": id, "label": HOSTILE, "kind": HOSTILE, "at": [x, 0]} for x, id in enumerate("ab")],
            "arrows": [{"source": "a", "target": "b", "label": HOSTILE}],
        },
        Diagram,
    )
    found = architecture(HOSTILE, hostile, report())
    assert "".join(texts(found)).replace(" ", "").count(HOSTILE.replace(" ", "")) == 5
    assert_stands_alone(found)


@pytest.mark.parametrize("lab", [lab for lab in all_labs() if lab.file.diagram], ids=lambda lab: lab.id)
def test_diagram_of_each_lab_is_drawn_the_same_each_time(lab):
    outcomes = report(**dict.fromkeys(lab.file.diagram.checks, "passed"))
    first, second = (architecture(lab.title, lab.file.diagram, outcomes) for _ in range(2))
    assert first == second
    assert ElementTree.fromstring(first.svg).tag == f"{SVG}svg"


# In a notebook


@pytest.fixture
def opened(sample_course, in_use):
    sample_course("apart")
    before = dict(os.environ)
    yield open_lab("apart")
    replace_environment(before)


def test_diagram_follows_what_is_in_the_account_and_counts_no_try(opened):
    sqs = boto3.client("sqs")
    assert str(opened.diagram()) == (
        "A queue, and no more queue: the architecture\n"
        "  ○ sample-queue: not there yet (SQS queue)\n"
        "      · starts → a job: not looked at yet\n"
        "  – a job: not on this emulator (quantum job)"
    )
    url = sqs.create_queue(QueueName="sample-queue")["QueueUrl"]
    assert "✓ sample-queue: right" in str(opened.diagram())
    assert "✗ starts → a job: not right yet" in str(opened.diagram())  # its check stands apart, and runs here
    sqs.delete_queue(QueueUrl=url)
    assert opened.progress.of("apart").tries == {}


def test_lab_without_a_diagram_says_so(opened, sample_course):
    sample_course("queue")
    other = OpenLab(open_lab("queue").lab, opened.emulator, opened.progress)
    assert str(other.diagram()) == "This lab has no picture."
