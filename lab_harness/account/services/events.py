"""EventBridge's buses and rules."""

from lab_harness.account.service import Part, Row, Rows, Service, ServiceTab
from lab_harness.answers import pages, there
from lab_harness.aws import Clients


def _delete_rule(clients: Clients, name: str, bus: str = "default") -> bool:
    events = clients["events"]
    targets = there(events.list_targets_by_rule, Rule=name, EventBusName=bus)
    if targets is None or there(events.describe_rule, Name=name, EventBusName=bus) is None:
        return False
    if targets["Targets"]:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=[target["Id"] for target in targets["Targets"]])
    events.delete_rule(Name=name, EventBusName=bus)
    return True


def _delete_bus(clients: Clients, name: str) -> bool:
    events = clients["events"]
    if there(events.describe_event_bus, Name=name) is None:
        return False
    for rule in events.list_rules(EventBusName=name)["Rules"]:
        _delete_rule(clients, rule["Name"], name)
    events.delete_event_bus(Name=name)
    return True


def _rows(clients: Clients) -> Rows:
    events = clients["events"]
    for bus in events.list_event_buses()["EventBuses"]:
        yield Row(Part.BUILT, bus["Name"], bus)
        for rule in pages(events, "list_rules", "Rules", EventBusName=bus["Name"]):
            yield Row(Part.BUILT, rule["Name"], rule)
            targets = pages(events, "list_targets_by_rule", "Targets", Rule=rule["Name"], EventBusName=bus["Name"])
            yield Row(Part.BUILT, rule["Name"], list(targets))


SERVICE = Service(
    name="events",
    deleters={"AWS::Events::EventBus": _delete_bus, "AWS::Events::Rule": _delete_rule},
    rows=_rows,
    configured=True,
    sets_going=("PutEvents",),
    tabs=(ServiceTab("rules", "Rules", 40, "lab_harness.notebook.console.rules:show"),),
)
