"""Tests for rules and schedules on the embedded emulator: what is refused, and that a bad one stops no other."""

import json
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.roles import ready

GOOD = [
    "rate(1 minute)", "rate(5 minutes)", "rate(12 hours)", "cron(0 8 ? * MON-FRI *)", "cron(*/5 * * * ? *)",
    "cron(0/15 8-17 * * ? 2026-2030)", "cron(0 0 L * ? *)", "cron(0 0 15W * ? *)", "cron(0 0 ? * 6L *)",
    "cron(0 0 ? JAN,jul TUE#2 *)", "cron(0 8 ? * FRI-MON *)",
]  # fmt: skip
BAD = [
    "rate(0 minutes)", "rate(2 minute)", "rate(30 seconds)", "every minute", "cron(61 12 * * ? *)",
    "cron(0 24 * * ? *)", "cron(0 12 * * * *)", "cron(0 12 ? * ? *)", "cron(0 12 * *)", "cron(0 12 32 * ? *)",
    "cron(0 12 ? * 8 *)", "cron(0 12 * 13 ? *)", "cron(0/0 12 * * ? *)", "cron(? 12 * * ? *)",
    "cron(0 12 * * ? 1969)", "cron(0 12 ? FOO MON *)",
]  # fmt: skip
ROLE = "arn:aws:iam::000000000000:role/scheduler"
TICK = """
import json, sys, time
from contextlib import suppress
from lab_harness.emulators.inside.rules import schedules
if sys.argv[1] == "True":
    schedules.install()
from ministack.services import eventbridge, scheduler
fired = []
eventbridge._invoke_target = lambda target, *_: fired.append(target["Id"])
for name, expression in (("bad", "cron(61 12 * * ? *)"), ("good", "rate(1 minute)")):
    arn = f"arn:aws:events:us-east-1:000000000000:rule/{name}"
    about = {"ScheduleExpression": expression, "State": "ENABLED", "CreationTime": 0, "CreationDate": 0, "Arn": arn}
    eventbridge._rules[name], eventbridge._targets[name] = about, [{"Id": "rule"}]
    scheduler._schedules[name] = {**about, "Target": {"Id": "schedule", "Arn": arn}}
    for tick in (eventbridge._tick_scheduled_rules, scheduler._tick_schedules):  # The first one only notes a cron.
        with suppress(ValueError):
            tick()
print(json.dumps(fired))
"""
QUEUE = "arn:aws:sqs:us-east-1:000000000000:told"


@pytest.fixture
def clients(embedded):
    embedded.reset()
    ready(embedded, ROLE)
    return Clients(embedded)


def schedule(clients, expression, **settings):
    return clients["scheduler"].create_schedule(
        Name="s", ScheduleExpression=expression, Target={"Arn": QUEUE, "RoleArn": ROLE},
        **{"FlexibleTimeWindow": {"Mode": "OFF"}, **settings},
    )  # fmt: skip


@pytest.mark.parametrize("expression", GOOD)
def test_schedule_that_aws_takes_is_taken(clients, expression):
    clients["events"].put_rule(Name="r", ScheduleExpression=expression)
    schedule(clients, expression)


@pytest.mark.parametrize("expression", BAD)
def test_schedule_that_can_never_be_is_refused(clients, expression):
    with pytest.raises(ClientError, match=r"ValidationException.*Parameter ScheduleExpression is not valid"):
        clients["events"].put_rule(Name="r", ScheduleExpression=expression)
    assert clients["events"].list_rules()["Rules"] == []
    if expression != "rate(2 minute)":  # Scheduler does not mind.
        with pytest.raises(ClientError) as refused:
            schedule(clients, expression)
        assert refused.value.response["Error"]["Message"] == f"Invalid Schedule Expression {expression}."


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "Europe"])
def test_time_zone_that_is_none_is_refused(clients, zone):
    with pytest.raises(ClientError, match=r"\(ValidationException\).*Invalid Schedule Expression Timezone"):
        schedule(clients, "rate(1 minute)", ScheduleExpressionTimezone=zone)
    schedule(clients, "rate(1 minute)", ScheduleExpressionTimezone="Europe/Berlin")


@pytest.mark.parametrize("moment", ["at(2026-02-30T08:00:00)", "at(2026-01-01T25:00:00)", "at(tomorrow)"])
def test_moment_that_is_none_is_refused(clients, moment):
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        schedule(clients, moment)


def test_a_moment_is_for_scheduler_alone(clients):
    schedule(clients, "at(2030-01-01T08:00:00)")
    clients["scheduler"].update_schedule(
        Name="s", ScheduleExpression="rate(1 minutes)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": QUEUE, "RoleArn": ROLE},
    )  # fmt: skip
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        schedule(clients, "at(tomorrow)")
    for expression in ("rate(1 minutes)", "at(2030-01-01T08:00:00)"):
        with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
            clients["events"].put_rule(Name="r", ScheduleExpression=expression)


def test_other_settings_are_looked_at_too(clients):
    with pytest.raises(ClientError, match="MaximumWindowInMinutes must be provided"):
        schedule(clients, "rate(1 hour)", FlexibleTimeWindow={"Mode": "FLEXIBLE"})
    with pytest.raises(ClientError, match=r"'flexibleTimeWindow.maximumWindowInMinutes' .* less than or equal to 1440"):
        schedule(clients, "rate(1 hour)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441})
    events = clients["events"]
    with pytest.raises(ClientError, match="EventPattern or ScheduleExpression must be specified"):
        events.put_rule(Name="r")
    events.create_event_bus(Name="shop")
    with pytest.raises(ClientError, match="supported only on the default event bus"):
        events.put_rule(Name="r", ScheduleExpression="rate(1 hour)", EventBusName="shop")


def test_rule_has_five_targets(clients):
    events = clients["events"]
    events.put_rule(Name="r", ScheduleExpression="rate(1 hour)")
    targets = [{"Id": str(number), "Arn": QUEUE} for number in range(6)]
    with pytest.raises(ClientError, match="LimitExceededException"):
        events.put_targets(Rule="r", Targets=targets)
    events.put_targets(Rule="r", Targets=targets[:5])
    events.put_targets(Rule="r", Targets=targets[:1])  # in place of itself
    with pytest.raises(ClientError, match="LimitExceededException"):
        events.put_targets(Rule="r", Targets=targets[5:])


def test_a_bad_rule_and_a_bad_schedule_that_are_there_already_stop_no_others(tmp_path):
    """In a process of its own, in which MiniStack is loaded with and without the change."""
    for changed, fired in ((False, []), (True, ["rule", "schedule"])):
        command = [sys.executable, "-c", TICK, str(changed)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
        assert json.loads(answer) == fired, f"changed: {changed}"
