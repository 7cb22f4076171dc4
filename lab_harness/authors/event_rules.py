"""What checks ask of EventBridge: a rule of the default bus, which events it matches, and what comes over the bus."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.authors import customers
from lab_harness.authors.checks import Failure
from lab_harness.authors.made import owe


def pattern(events: Any, rule: str) -> str:
    """The pattern of a rule, as JSON text; "" where there is no such rule, or it has none.

    For example:

        asked = json.loads(event_rules.pattern(events, RULE))
    """
    rules = events.list_rules(NamePrefix=rule)["Rules"]
    return next((str(each.get("EventPattern", "")) for each in rules if each["Name"] == rule), "")


def elsewhere(events: Any, rule: str) -> str:
    """The sentence that says where a rule of this name is, if not with a pattern on the default bus; "" if nowhere.

    For example:

        next_step = event_rules.elsewhere(events, RULE) or "Section 3 of the notebook shows put_rule."
    """
    for bus in [each["Name"] for each in events.list_event_buses()["EventBuses"]]:
        for found in events.list_rules(NamePrefix=rule, EventBusName=bus)["Rules"]:
            if found["Name"] == rule and bus != "default":
                return f"{rule} is on the bus {bus}: AWS sends the events of its services to the default bus alone."
            if found["Name"] == rule and not found.get("EventPattern"):
                return f"{rule} is a schedule, {found.get('ScheduleExpression')}: put_rule gives it an EventPattern."
    return ""


def targets(events: Any, rule: str) -> list[dict[str, Any]]:
    """The targets of a rule, which is there.

    For example:

        arns = [target["Arn"] for target in event_rules.targets(events, RULE)]
    """
    found: list[dict[str, Any]] = events.list_targets_by_rule(Rule=rule)["Targets"]
    return found


def matches(events: Any, pattern: str, event: Any) -> bool:
    """Whether EventBridge finds that an event matches a pattern; Failure with its reason, where it cannot read it.

    For example:

        too_many = [event for event in others if event_rules.matches(events, pattern, event)]
    """
    try:
        return bool(events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"])
    except ClientError as error:
        raise Failure(
            expected="an event pattern that EventBridge can read",
            found=f"{error.response['Error']['Message']} The pattern is {pattern}",
            next_step="put_rule replaces the pattern; json.dumps makes JSON text of a dictionary.",
        ) from None


@contextmanager
def probe_rule(events: Any, pattern: Any, target_arn: str) -> Iterator[None]:
    """Send the events of the default bus that match a pattern to a queue, for a while.

    For example:

        with queues.probe_queue(sqs) as queue, event_rules.probe_rule(events, {"source": ["aws.ec2"]}, queue.arn):
            ...  # do what sends events
            heard = [each["detail"] for each in queue.objects()]
    """
    owed = owe("AWS::Events::Rule", customers.resource_name())
    name = owed.name
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    try:
        events.put_targets(Rule=name, Targets=[{"Id": "probe", "Arn": target_arn}])
        try:
            yield
        finally:
            events.remove_targets(Rule=name, Ids=["probe"])
    finally:
        owed.take_away(events.delete_rule, Name=name)
