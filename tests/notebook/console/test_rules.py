"""Tests for the tab of EventBridge's rules."""

import json

import pytest

from lab_harness.authors.made import remember

from .helpers import HOSTILE, Partly, Refusing, look, rows, words

LABS = ["termination_alert"]
MAIL = "arn:aws:sns:us-east-1:000000000000:myEmailNotification"
BUSES = {"pet-shop", "empty"}
RULES = {"EC2StateChange", "cron-job", "another", "big-orders", remember("ec2-events-19")}
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:cron-job"


@pytest.fixture
def events(account):
    """A client; the buses and rules that the tests create are deleted afterwards."""
    client = account["events"]
    yield client
    there = {bus["Name"] for bus in client.list_event_buses()["EventBuses"]}
    for bus in there & {"default", *BUSES}:
        for rule in {rule["Name"] for rule in client.list_rules(EventBusName=bus)["Rules"]} & RULES:
            of = {"Rule": rule, "EventBusName": bus}
            ids = [target["Id"] for target in client.list_targets_by_rule(**of)["Targets"]]
            if ids:
                client.remove_targets(**of, Ids=ids)
            client.delete_rule(Name=rule, EventBusName=bus)
        if bus in BUSES:
            client.delete_event_bus(Name=bus)


def shown(clients):
    [table] = look("termination_alert", "rules", clients)
    return rows(table)


def test_rule_has_its_pattern_over_several_lines_and_its_targets(account, events):
    pattern = {"source": ["aws.ec2"], "detail": {"state": ["größe"]}}
    events.put_rule(Name="EC2StateChange", EventPattern=json.dumps(pattern))
    targets = [{"Id": "a", "Arn": MAIL}, {"Id": "b", "Arn": FUNCTION}]
    events.put_targets(Rule="EC2StateChange", Targets=targets)
    assert shown(account) == [
        {
            "bus": "default",
            "rule": "EC2StateChange",
            "state": "✓ enabled",
            "pattern or schedule": json.dumps(pattern, indent=2, ensure_ascii=False),
            "targets": "SNS myEmailNotification\nLambda cron-job",
        }
    ]


def test_schedule_that_is_disabled_and_leads_nowhere_says_so(account, events):
    events.put_rule(Name="cron-job", ScheduleExpression="rate(5 minutes)", State="DISABLED")
    [row] = shown(account)
    assert (row["state"], row["pattern or schedule"], row["targets"]) == ("– disabled", "rate(5 minutes)", "none")


def test_labs_rules_come_first_and_custom_buses_below_the_default_one(account, events):
    events.create_event_bus(Name="pet-shop")
    events.create_event_bus(Name="empty")
    for bus, name in (("default", "another"), ("default", "cron-job"), ("pet-shop", "big-orders")):
        events.put_rule(Name=name, EventBusName=bus, EventPattern='{"source": ["a"]}')
    assert [(row["bus"], row["rule"], row["pattern or schedule"][:12]) for row in shown(account)] == [
        ("default", "cron-job", '{\n  "source"'),
        ("default", "another", '{\n  "source"'),
        ("pet-shop", "big-orders", '{\n  "source"'),
        ("empty", "", "no rules yet"),
    ]


def test_what_checks_add_for_themselves_is_left_out(account, events):
    events.put_rule(Name="cron-job", EventPattern='{"source": ["a"]}')
    events.put_rule(Name="ec2-events-19", EventPattern='{"source": ["a"]}')
    listener = MAIL.replace("sns", "sqs").replace("myEmailNotification", "ec2-events-19")
    events.put_targets(Rule="cron-job", Targets=[{"Id": "probe", "Arn": listener}, {"Id": "a", "Arn": FUNCTION}])
    assert [(row["rule"], row["targets"]) for row in shown(account)] == [("cron-job", "Lambda cron-job")]


def test_pattern_is_escaped(account, events):
    events.put_rule(Name="cron-job", EventPattern=json.dumps({"source": [HOSTILE]}))
    [table] = look("termination_alert", "rules", account)
    assert "<img" not in table.html()
    assert "<img src=x onerror=alert(1)>" in " ".join(words([table]))


def test_bus_or_rule_that_is_deleted_meanwhile_hides_no_other(account, events):
    events.create_event_bus(Name="pet-shop")
    events.put_rule(Name="cron-job", EventPattern='{"source": ["a"]}')
    code = "ResourceNotFoundException"
    bus = Refusing(events, "list_rules", code, when=lambda asked: asked["EventBusName"] == "pet-shop")
    assert [row["bus"] for row in shown(Partly(account, events=bus))] == ["default"]
    rule = Refusing(events, "list_targets_by_rule", code)
    assert next(row["targets"] for row in shown(Partly(account, events=rule))) == "the rule was just deleted"
