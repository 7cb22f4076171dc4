"""What else it takes to make, change or delete an identity or a policy: each that is attached, or that gets it.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html (2026)
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lab_harness.emulators.base import ACCOUNT

Properties = Mapping[str, Any]
HOLDERS = {"Users": "User", "Groups": "Group", "Roles": "Role"}
DELETE = 2  # the verb's number
VERBS = {"policies": ("Put", "Put", "Delete"), "managed": ("Attach", "Attach", "Detach")}  # make, change, delete


def permissions(kind: str, name: str, properties: Properties, verb: int) -> Iterator[tuple[str, str]]:
    """The actions, each with its resource, for a resource of a stack's, by its type and name."""
    inline, managed = (f"iam:{VERBS[each][verb]}{{}}Policy" for each in ("policies", "managed"))
    if kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        action = inline if kind == "AWS::IAM::Policy" else managed
        for member, holder in HOLDERS.items():
            yield from ((action.format(holder), _arn(holder, each)) for each in properties.get(member) or [])
    if kind in ("AWS::IAM::Role", "AWS::IAM::User"):
        holder = kind.rpartition(":")[2]
        if properties.get("Policies"):
            yield inline.format(holder), _arn(holder, name)
        if properties.get("ManagedPolicyArns"):
            yield managed.format(holder), _arn(holder, name)
        joins = "iam:RemoveUserFromGroup" if verb == DELETE else "iam:AddUserToGroup"
        yield from ((joins, _arn("Group", each)) for each in properties.get("Groups") or [])


def _arn(holder: str, name: Any) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{holder.lower()}/{name}"
