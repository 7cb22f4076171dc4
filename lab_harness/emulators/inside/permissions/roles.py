"""Refuses a managed policy that does not exist, and a session that is longer than its role lets it be, as AWS does.

MiniStack attaches any policy, whose permissions are then none. It knows the most used of AWS's own only, so the answer
says where these are listed. Sessions of a role last as long as they are asked for.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (2026)
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse

USUAL = 3600  # seconds of a session, unless its role lets it last longer; at most where a role assumes a role
TOO_LONG = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
TOO_LONG_CHAINED = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports IAM and STS."""
    hooks.change({"sts": {"handle_request": _short_enough}})
    attaching = ("_attach_role_policy", "_attach_user_policy", "_attach_group_policy")
    refuse({"iam": dict.fromkeys(attaching, _unknown)})


def _unknown(params: dict[str, Any]) -> Any:
    from ministack.services import iam

    policy = iam._p(params, "PolicyArn")
    if iam._policy_exists(policy):
        return None
    ours = " Of AWS's own, this emulator knows those that list_policies names." if ":aws:policy/" in policy else ""
    return iam._error(404, "NoSuchEntity", f"Policy {policy} does not exist or is not attachable.{ours}", ns="iam")


async def _short_enough(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import iam

    _, _, headers, body, query = args
    asked = {**query, **parse_qs((body or b"").decode("utf-8", "replace"))}
    words = _too_long(asked, headers, query) if iam._p(asked, "Action").startswith("AssumeRole") else ""
    return iam._error(400, "ValidationError", words, ns="sts") if words else await original(*args, **kwargs)


def _too_long(asked: Mapping[str, Any], headers: Mapping[str, str], query: Mapping[str, Any]) -> str:
    from ministack.core.router import extract_access_key_id
    from ministack.services import iam, sts

    given = iam._p(asked, "DurationSeconds")
    role = iam._roles.get(iam._p(asked, "RoleArn").rpartition("/")[2])
    if not given.isdecimal() or role is None:
        return ""
    by = sts._sessions.get(extract_access_key_id(headers, query) or "") or {}
    if by.get("PrincipalType") == "AssumedRole" and int(given) > USUAL:
        return TOO_LONG_CHAINED
    return TOO_LONG if int(given) > int(role.get("MaxSessionDuration") or USUAL) else ""
