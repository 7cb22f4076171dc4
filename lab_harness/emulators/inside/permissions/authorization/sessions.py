"""What is known of a temporary key: whose it is, and the policies that it was asked for with."""

from collections.abc import Mapping, Sequence
from typing import Any

from lab_harness.emulators.inside.permissions.authorization import principals
from lab_harness.emulators.inside.permissions.authorization.principals import SESSION
from lab_harness.iam.statements import Statement


def of_key(access_key_id: str) -> Mapping[str, Any]:
    """What STS noted of a temporary key as it gave it; nothing of another key."""
    from ministack.services import sts

    return sts._sessions.get(access_key_id) or {}


def is_of_another(about: Mapping[str, Any]) -> bool:
    """Whether a session was begun by a user, or with a role, after whose end another of the same name was made.

    A function's session, which has no end, goes on: Lambda takes the role anew.
    """
    from ministack.services import iam

    whose = str(about.get("UserId", "")).partition(":")[0]
    if "Expiration" not in about or not whose.startswith(("AIDA", "AROA")):
        return False
    of_role = about.get("PrincipalType") == "AssumedRole"
    known, name = (iam._roles, about["Arn"].split("/")[1]) if of_role else (iam._users, about.get("PrincipalName"))
    found = known.get(name)
    return found is not None and found.get("RoleId" if of_role else "UserId") != whose


def limits(about: Mapping[str, Any]) -> dict[str, Sequence[Statement]]:
    """What the policies allow with which a session was asked for; nothing beyond them, if there are any."""
    given = about.get("SessionPolicies")
    if not given:
        return {}
    passed = principals.statements("the session's", given["Policy"]) if given.get("Policy") else ()
    return {SESSION: [*passed, *(each for arn in given.get("PolicyArns", []) for each in principals.managed(arn))]}
