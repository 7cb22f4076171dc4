"""Sends EC2 state-change events to LocalStack, which emits none: `python -m lab_harness.relay`.

Looks at the instances twice a second and calls PutEvents, which LocalStack, unlike AWS, accepts for
sources that begin with `aws.`. docker-compose.yml runs one beside LocalStack; run only one.
"""

import sys
import time
from typing import Any

from lab_harness.answers import pages
from lab_harness.aws import UNREACHABLE, Clients
from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside.rules.ec2_events import state_change_entry, state_changes
from lab_harness.emulators.localstack import LocalStack

INTERVAL = 0.5  # seconds


def instance_states(ec2: Any) -> dict[str, str]:
    """Each instance's state by its id."""
    reservations = pages(ec2, "describe_instances", "Reservations")
    return {item["InstanceId"]: item["State"]["Name"] for entry in reservations for item in entry["Instances"]}


def relay(clients: Clients, before: dict[str, str]) -> dict[str, str]:
    """Send an event for each state entered since `before`; returns the states now."""
    now = instance_states(clients["ec2"])
    for instance_id, state in state_changes(before, now):
        clients["events"].put_events(Entries=[state_change_entry(instance_id, state, ACCOUNT, REGION)])
    return now


def main() -> None:
    """Relay until interrupted, waiting for LocalStack whenever it does not answer."""
    localstack = LocalStack()
    clients = Clients(localstack)
    states: dict[str, str] | None = None
    while True:
        try:
            if states is None:
                states = instance_states(clients["ec2"])
                print(f"Relaying EC2 events of {localstack.endpoint}", flush=True)
            states = relay(clients, states)
        except UNREACHABLE:
            states = None
        time.sleep(INTERVAL)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
