"""`EC2 Instance State-change Notification` events, which neither emulator emits.

AWS sends one event for each state an instance enters. An emulator jumps straight to the final state, so
the state in between is announced too. Used by the embedded emulator and by the relay for LocalStack.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html
"""

import json
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, TypeVar

from lab_harness.emulators.inside.records.probes import probed, probing

Key = TypeVar("Key", bound=Hashable)

WAY_TO = {"running": "pending", "stopped": "stopping", "terminated": "shutting-down"}


def state_changes(before: Mapping[Key, str], after: Mapping[Key, str]) -> Iterator[tuple[Key, str]]:
    """Yield each (instance, state) entered between two looks at the instances, in the order entered."""
    for instance, state in after.items():
        old = before.get(instance)
        if old == state:
            continue
        way = WAY_TO.get(state)
        if way is not None and old != way:
            yield instance, way
        yield instance, state


def state_change_entry(instance_id: str, state: str, account: str, region: str) -> dict[str, Any]:
    """The PutEvents entry that announces one state of one instance."""
    return {
        "Source": "aws.ec2",
        "DetailType": "EC2 Instance State-change Notification",
        "Detail": json.dumps({"instance-id": instance_id, "state": state}),
        "Resources": [f"arn:aws:ec2:{region}:{account}:instance/{instance_id}"],
    }


class InstanceWatch:
    """Sends the embedded emulator's instance states to its event bus as they change."""

    def __init__(self) -> None:
        self._known = self._states()
        self._probes: set[str] = set()  # the instances that checks have launched

    def announce(self) -> None:
        """Send an event for each state entered since the last call."""
        states = self._states()
        if states == self._known:
            return
        from ministack.core.responses import request_scope
        from ministack.services import eventbridge

        changes = list(state_changes(self._known, states))
        if probing.get():
            self._probes.update(instance_id for _, _, instance_id in states.keys() - self._known.keys())
        self._known = states
        for (account, region, instance_id), state in changes:
            with request_scope(account, region):
                entry = state_change_entry(instance_id, state, account, region)
                with probed(probing.get() or instance_id in self._probes):
                    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    @staticmethod
    def _states() -> dict[tuple[str, str, str], str]:
        from sys import modules

        ec2 = modules.get("ministack.services.ec2")
        if ec2 is None:  # Nobody has used EC2 yet; importing it only to look would cost memory.
            return {}
        return {key: instance["State"]["Name"] for key, instance in list(ec2._instances._data.items())}
