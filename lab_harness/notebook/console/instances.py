"""EC2's instances."""

from functools import partial
from typing import Any

from lab_harness.answers import pages
from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.parts import Blocks, nothing, part, rest
from lab_harness.notebook.console.words import clock
from lab_harness.render.blocks import Table

COLUMNS = ("instance", "name", "type", "state", "launched (UTC)")
SYMBOLS = {"running": "▶", "stopped": "■", "terminated": "✗"}  # any other is on its way
MOST_INSTANCES = 50


def show(_lab: Lab, clients: Clients) -> Blocks:
    """All instances of the account, the newest first."""
    return part("Instances", partial(_instances, clients["ec2"]))


def _instances(ec2: Any) -> Blocks:
    reservations = list(pages(ec2, "describe_instances", "Reservations"))
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    if not instances:
        return nothing("Instances appear here, each with its state: pending, running, stopping, stopped, terminated.")
    newest = sorted(instances, key=lambda instance: instance["LaunchTime"], reverse=True)[:MOST_INSTANCES]
    return [Table("Instances", COLUMNS, [_row(each) for each in newest], note=rest(len(instances), len(newest)))]


def _row(instance: dict[str, Any]) -> tuple[str, ...]:
    names = [tag["Value"] for tag in instance.get("Tags", []) if tag["Key"] == "Name"]
    state = instance["State"]["Name"]
    shown = f"{SYMBOLS.get(state, '…')} {state}"
    launched = clock(instance["LaunchTime"].timestamp())
    return instance["InstanceId"], "".join(names), instance.get("InstanceType", ""), shown, launched
