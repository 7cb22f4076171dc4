"""Requests about several resources by their names, which need the permission on each of them.

MiniStack judges them as if they were about all resources there are, so that who may do it to each is refused.
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html (2026)
"""

from collections.abc import Callable, Mapping
from typing import Any

from lab_harness.emulators.inside.permissions.authorization.authority import arn
from lab_harness.emulators.inside.permissions.authorization.bodies import asked
from lab_harness.emulators.inside.permissions.authorization.foreign import sent


def _alarm(name: str) -> str:
    return arn("cloudwatch", f"alarm:{name}")


def parameter(name: str) -> str:
    """The ARN of Systems Manager's parameter of a name, which may name a version, or be an ARN."""
    return name if name.startswith("arn:") else arn("ssm", f"parameter/{name.partition(':')[0].lstrip('/')}")


# For each action the member that lists names, and whose they are.
LISTS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "ssm:GetParameters": ("Names", parameter),
    "ssm:DeleteParameters": ("Names", parameter),
    "cloudwatch:DeleteAlarms": ("AlarmNames", _alarm),
    "cloudwatch:EnableAlarmActions": ("AlarmNames", _alarm),
    "cloudwatch:DisableAlarmActions": ("AlarmNames", _alarm),
}


def resources(action: str, resource: str) -> list[str]:
    """The ARNs of all that the request which is being answered is about; else the one that is known already."""
    if action not in LISTS:
        return [resource]
    member, of = LISTS[action]
    _, given = asked(*sent.get())
    listed = given.get(member) or [value for name, value in given.items() if name.startswith(f"{member}.")]
    return [of(str(each)) for each in _texts(listed)] or [resource]


def _texts(listed: Any) -> list[Any]:
    return listed if isinstance(listed, list) else [listed]
