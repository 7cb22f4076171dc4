"""Members of a request that belong to other operations than its own, by botocore's models.

AWS overlooks them. MiniStack finds the resource of a call by them, so that one who may change a role alone could name
it beside the user that is changed.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any

from lab_harness.emulators.inside.permissions.authorization.bodies import asked

# Services whose models have another name than MiniStack gives the service.
MODELS = {
    "elasticloadbalancing": "elbv2", "elasticmapreduce": "emr", "monitoring": "cloudwatch", "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}  # fmt: skip

# A service, and the path, the headers, the body and the parameters of the request to it.
Sent = tuple[str, str, Mapping[str, str], bytes, Mapping[str, Any]]
NOTHING: Sent = ("", "", {}, b"", {})
sent: ContextVar[Sent] = ContextVar("sent", default=NOTHING)


def has_foreign_members() -> bool:
    """Whether the request that is being answered does."""
    service, *_, query = sent.get()
    operation, members = asked(*sent.get()) if service else ("", {})
    foreign = foreign_to(service, operation)
    return any(name.partition(".")[0] in foreign for name in (*members, *query))


@cache
def foreign_to(service: str, operation: str) -> frozenset[str]:
    """The members that other operations of a service have, and this one has not; none of one that nobody knows."""
    known = members_of(service) if operation else {}
    own = known.get(operation)
    return frozenset() if own is None else frozenset[str]().union(*known.values()) - own


@cache
def members_of(service: str) -> Mapping[str, frozenset[str]]:
    """What requests call the members of each of a service's operations; nothing of one that botocore does not know."""
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import Loader

    try:
        model = Loader().load_service_model(MODELS.get(service, service), "service-2")
    except UnknownServiceError:
        return {}
    named = _ec2s_name if model["metadata"]["protocol"] == "ec2" else lambda name, _member: name
    inputs = {
        name: model["shapes"].get(operation.get("input", {}).get("shape"), {}).get("members", {})
        for name, operation in model["operations"].items()
    }
    return {name: frozenset(named(*each) for each in members.items()) for name, members in inputs.items()}


def _ec2s_name(name: str, member: Mapping[str, Any]) -> str:
    """What a request to EC2 calls a member: `InstanceId` for each of the `InstanceIds`."""
    place = str(member.get("locationName", name))
    return str(member.get("queryName") or place[:1].upper() + place[1:])
