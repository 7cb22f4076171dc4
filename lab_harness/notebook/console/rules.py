"""EventBridge's rules, bus by bus."""

import json
from functools import partial
from typing import Any

from lab_harness.answers import pages
from lab_harness.authors.made import is_made
from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.parts import Blocks, nothing, own_first, part, rest
from lab_harness.notebook.console.words import resource, shortened
from lab_harness.render.blocks import Table

COLUMNS = ("bus", "rule", "state", "pattern or schedule", "targets")
STATES = {"ENABLED": "✓ enabled", "DISABLED": "– disabled"}
DEFAULT = "default"
MOST_RULES, MOST_CHARACTERS = 30, 2000


def show(lab: Lab, clients: Clients) -> Blocks:
    """All rules of the account, the default bus's first, on each bus the lab's first."""
    return part("Rules", partial(_rules, lab, clients["events"]))


def _rules(lab: Lab, events: Any) -> Blocks:
    there = [bus["Name"] for bus in events.list_event_buses()["EventBuses"]]  # has no pages in boto3
    own = [bus for bus in own_first(lab, "AWS::Events::EventBus", there) if bus != DEFAULT]
    rows = [row for bus in (DEFAULT, *own) for row in _rows(lab, events, bus)]
    if not rows:
        return nothing("Rules appear here, each with its pattern or schedule and its targets.")
    shown = rows[:MOST_RULES]
    return [Table("Rules", COLUMNS, shown, note=rest(len(rows), len(shown)))]


def _rows(lab: Lab, events: Any, bus: str) -> list[tuple[str, ...]]:
    try:
        rules = {rule["Name"]: rule for rule in pages(events, "list_rules", "Rules", EventBusName=bus)}
    except events.exceptions.ResourceNotFoundException:
        return []  # The bus was deleted while we looked.
    names = own_first(lab, "AWS::Events::Rule", rules)
    if not names and bus != DEFAULT:
        return [(bus, "", "", "no rules yet", "")]
    return [_row(events, bus, rules[name]) for name in names]


def _row(events: Any, bus: str, rule: dict[str, Any]) -> tuple[str, ...]:
    state, name = rule.get("State", ""), rule["Name"]
    what = rule.get("ScheduleExpression") or _pretty(rule.get("EventPattern", ""))
    return bus, name, STATES.get(state, state), shortened(what, MOST_CHARACTERS), _targets(events, bus, name)


def _targets(events: Any, bus: str, rule: str) -> str:
    try:
        targets = list(pages(events, "list_targets_by_rule", "Targets", Rule=rule, EventBusName=bus))
    except events.exceptions.ResourceNotFoundException:
        return "the rule was just deleted"
    return (
        "\n".join(resource(target["Arn"]) for target in targets if not is_made(target["Arn"].rpartition(":")[2]))
        or "none"
    )


def _pretty(pattern: str) -> str:
    """A pattern's JSON over several lines; as it is where it is none."""
    try:
        return json.dumps(json.loads(pattern), indent=2, ensure_ascii=False)
    except ValueError:
        return pattern
