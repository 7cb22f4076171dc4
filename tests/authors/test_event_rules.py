"""Tests for what checks ask of EventBridge."""

import json

import pytest

from lab_harness.authors import Failure, event_rules, queues
from lab_harness.authors.made import is_made
from tests.waiting import wait_until

PATTERN = {"source": ["pet-shop"]}
EVENT = {
    "version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": "order placed", "source": "pet-shop",
    "account": "000000000000", "time": "2026-11-11T21:29:54Z", "region": "us-east-1", "resources": [], "detail": {},
}  # fmt: skip


@pytest.fixture
def events(clients):
    """EventBridge with the rule orders on its default bus, and one with a longer name."""
    for name, pattern in (("orders", PATTERN), ("orders-2", {"source": ["another"]})):
        clients["events"].put_rule(Name=name, EventPattern=json.dumps(pattern))
    return clients["events"]


def test_a_rules_pattern_is_found_by_its_own_name(events):
    assert json.loads(event_rules.pattern(events, "orders")) == PATTERN
    assert event_rules.pattern(events, "order") == ""
    events.put_rule(Name="daily", ScheduleExpression="rate(1 day)")
    assert event_rules.pattern(events, "daily") == ""


def test_a_rule_that_is_elsewhere_or_a_schedule_is_told(events):
    assert event_rules.elsewhere(events, "orders") == event_rules.elsewhere(events, "order") == ""
    events.put_rule(Name="daily", ScheduleExpression="rate(1 day)")
    assert event_rules.elsewhere(events, "daily").startswith("daily is a schedule, rate(1 day): put_rule gives it")
    events.create_event_bus(Name="pet-shop")
    try:
        events.put_rule(Name="mine", EventBusName="pet-shop", EventPattern=json.dumps(PATTERN))
        assert event_rules.elsewhere(events, "mine").startswith("mine is on the bus pet-shop: AWS sends the events")
    finally:
        events.delete_rule(Name="mine", EventBusName="pet-shop")
        events.delete_event_bus(Name="pet-shop")


def test_a_rules_targets_are_told(events):
    assert event_rules.targets(events, "orders") == []
    arn = "arn:aws:sqs:us-east-1:000000000000:orders"
    events.put_targets(Rule="orders", Targets=[{"Id": "queue", "Arn": arn}])
    assert [target["Arn"] for target in event_rules.targets(events, "orders")] == [arn]


def test_eventbridge_itself_says_what_matches(events):
    pattern = event_rules.pattern(events, "orders")
    assert event_rules.matches(events, pattern, EVENT)
    assert not event_rules.matches(events, pattern, EVENT | {"source": "another"})


def test_a_pattern_that_cannot_be_read_is_shown_with_the_reason(events):
    with pytest.raises(Failure) as caught:
        event_rules.matches(events, '{"source": [{"begins-with": "t"}]}', EVENT)
    assert "begins-with" in caught.value.found
    assert caught.value.expected == "an event pattern that EventBridge can read"


def test_events_that_match_are_heard_for_a_while(events, clients):
    with queues.probe_queue(clients["sqs"]) as queue:
        with event_rules.probe_rule(events, PATTERN, queue.arn):
            (probe,) = [each["Name"] for each in events.list_rules()["Rules"] if each["Name"][:6] != "orders"]
            assert is_made(probe)
            for source in ("another", "pet-shop"):
                events.put_events(Entries=[{"Source": source, "DetailType": "x", "Detail": "{}"}])
            wait_until(lambda: [json.loads(body)["source"] for body in queue.hear()] == ["pet-shop"])
        assert {each["Name"] for each in events.list_rules()["Rules"]} == {"orders", "orders-2"}


def test_a_probes_rule_is_gone_when_the_check_fails(events, clients):
    arn = "arn:aws:sqs:us-east-1:000000000000:orders"
    with pytest.raises(ValueError), event_rules.probe_rule(events, PATTERN, arn):
        raise ValueError
    assert {each["Name"] for each in events.list_rules()["Rules"]} == {"orders", "orders-2"}
