"""EC2's instances, whose names are their Name tags."""

from collections.abc import Iterator
from typing import Any

from lab_harness.account.service import Listing, Part, Row, Rows, Service, ServiceTab
from lab_harness.answers import pages
from lab_harness.aws import Clients

ALIVE = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
SYMBOLS = {"running": "▶", "stopped": "■", "terminated": "✗"}  # any other is on its way


def _instances(clients: Clients, *filters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for reservation in pages(clients["ec2"], "describe_instances", "Reservations", Filters=list(filters)):
        yield from reservation["Instances"]


def _terminate(clients: Clients, name: str) -> bool:
    named = {"Name": "tag:Name", "Values": [name]}
    ids = [instance["InstanceId"] for instance in _instances(clients, named, ALIVE)]
    if ids:
        clients["ec2"].terminate_instances(InstanceIds=ids)
    return bool(ids)


def _rows(clients: Clients) -> Rows:
    for instance in _instances(clients):
        what = {name: instance.get(name) for name in ("State", "Tags")}
        # Somebody did it, and an event tells others of it.
        yield Row(Part.BUILT, instance["InstanceId"], what)
        yield Row(Part.LEFT, instance["InstanceId"], what)


def _newest_first(clients: Clients) -> list[tuple[object, ...]]:
    newest = sorted(_instances(clients), key=lambda instance: instance["LaunchTime"], reverse=True)
    return [_row(instance) for instance in newest]


def _row(instance: dict[str, Any]) -> tuple[object, ...]:
    names = [tag["Value"] for tag in instance.get("Tags", []) if tag["Key"] == "Name"]
    state = instance["State"]["Name"]
    shown = f"{SYMBOLS.get(state, '…')} {state}"
    return instance["InstanceId"], "".join(names), instance.get("InstanceType", ""), shown, instance["LaunchTime"]


INSTANCES = Listing(
    ("instance", "name", "type", "state", "launched (UTC)"),
    _newest_first,
    "Instances appear here, each with its state: pending, running, stopping, stopped, terminated.",
)
SERVICE = Service(
    name="ec2",
    deleters={"AWS::EC2::Instance": _terminate},
    rows=_rows,
    sets_going=("RunInstances", "StartInstances", "StopInstances", "RebootInstances", "TerminateInstances"),
    tabs=(ServiceTab("instances", "Instances", 30, INSTANCES),),
)
