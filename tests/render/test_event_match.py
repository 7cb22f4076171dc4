"""Tests for how an event beside a rule's pattern is shown: TestEventPattern decides, and it is said why."""

import json
from xml.etree import ElementTree

import pytest

from lab_harness.authors.event_patterns import compare
from lab_harness.aws import Clients
from lab_harness.notebook import OpenLab
from lab_harness.render.blocks import Note
from lab_harness.render.event_match import PatternMatch, match_rule

EVENT = {"source": "aws.ec2", "detail": {"state": "terminated", "count": 7}}


@pytest.fixture
def events(emulator):
    return Clients(emulator)["events"]


def shown(pattern, answer, event=EVENT):
    return PatternMatch("EC2StateChange", pattern, event, answer, compare(pattern, event))


def test_it_is_readable_as_text():
    event = {"source": "aws.ec2", "detail": {"state": "stopped"}}
    assert str(shown({"source": ["aws.ec2"], "detail": {"state": ["terminated"]}}, False, event)) == (
        "The event does not match the rule EC2StateChange, says TestEventPattern.\n"
        "  event                   pattern\n"
        "  {                       {\n"
        '    "source": "aws.ec2",    "source": ["aws.ec2"],\n'
        '    "detail": {             "detail": {\n'
        '      "state": "stopped"      "state": ["terminated"]\n'
        "    }                       }\n"
        "  }                       }\n"
        "Field by field\n"
        "  result     field         the pattern asks  the event has  why\n"
        '  ✓ matches  source        ["aws.ec2"]       "aws.ec2"      is the same\n'
        '  ✗ differs  detail.state  ["terminated"]    "stopped"      is not "terminated"\n'
        "  A field that the pattern does not name may hold anything."
    )


def test_it_is_well_formed_html_without_scripts_whatever_the_event_holds():
    hostile = "<script>alert(1)</script> & [bold]"
    match = shown({"source": [hostile]}, True, {"source": hostile})
    html = match._repr_mimebundle_()["text/html"]
    words = list(ElementTree.fromstring(html).itertext())
    assert "<script" not in html
    assert words[0] == "The event matches the rule EC2StateChange, says TestEventPattern."
    assert words.count(json.dumps(hostile)) == 1
    assert "✓ matches" in words


def test_text_that_no_message_can_carry_is_shown_as_a_replacement():
    match = shown({"source": ["\ud83d"]}, True, {"source": "half of \ud83d", "\x00": 1})
    for text in match._repr_mimebundle_().values():
        text.encode()
        assert "half of �" in text


def test_several_ways_are_shown_the_nearest_first():
    pattern = {"$or": [{"source": [str(number)]} for number in range(5)] + [{"source": ["aws.ec2"]}]}
    text = str(shown(pattern, True))
    assert text.index("Way 1 of 6") < text.index("✓ matches") < text.index("Way 2 of 6")
    assert "Way 5 of 6" not in text
    assert "$or leaves 6 ways to match; one is enough." in text


def test_test_event_pattern_decides_where_the_explanation_does_not():
    assert "Why cannot be said for certain here." in str(shown({"detail": {"count": [7.0]}}, True))
    text = str(shown({"tags.Owner": ["Ana"]}, False))
    assert "The field name 'tags.Owner' has a dot in it" in text


def test_a_rules_pattern_is_read_from_the_account(emulator, events):
    events.create_event_bus(Name="lab-test-bus")
    try:
        for bus, source in (("default", "aws.ec2"), ("lab-test-bus", "pet-shop")):
            events.put_rule(Name="lab-test", EventBusName=bus, EventPattern=json.dumps({"source": [source]}))
        assert OpenLab(None, emulator, None).match("lab-test", EVENT).answer is True
        assert match_rule(events, "lab-test", json.dumps(EVENT), "default").answer is True
        assert match_rule(events, "lab-test", EVENT, "lab-test-bus").answer is False
    finally:
        for bus in ("default", "lab-test-bus"):
            events.delete_rule(Name="lab-test", EventBusName=bus)
        events.delete_event_bus(Name="lab-test-bus")


def test_a_rule_that_cannot_be_tried_is_said_to_be_so(events):
    note = match_rule(events, "no-such-rule", EVENT, "default")
    assert isinstance(note, Note)
    assert "no-such-rule does not exist" in note.sentences[0]
    note = match_rule(events, "no-such-rule", "{'source': 1}", "default")
    assert note.sentences[0].startswith("The event is no JSON: Expecting property name")
    events.put_rule(Name="lab-test", ScheduleExpression="rate(1 day)")
    try:
        assert match_rule(events, "lab-test", EVENT, "default").sentences == (
            "It is started by its schedule: rate(1 day).",
        )
    finally:
        events.delete_rule(Name="lab-test")
