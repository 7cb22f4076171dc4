"""Who makes a call: a user, a role's session, a service, or the account itself, with the policies that it carries."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lab_harness.emulators.base import ACCOUNT
from lab_harness.iam.statements import Grant, Statement, read_grants, read_statements

IDENTITIES = "cognito-identity.amazonaws.com"  # who lets in identities of identity pools
BOUNDARY, SESSION = "permissions boundary", "session policy"  # what limits a principal, in AWS's words


@dataclass(frozen=True)
class Principal:
    """Who calls. `policies` is None for who may do everything: the account's root, so the learner and the checks.

    `names` are those by which a resource's policy may mean it, without its account. `own` is the one for which no
    limit counts: a user's, or a session's. `limits` are the statements of each kind of limit.
    """

    arn: str
    names: frozenset[str]
    policies: Sequence[Statement] | None = ()
    limits: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    own: str = ""
    keys: Mapping[str, Any] = field(default_factory=dict)
    role: str = ""  # its ARN, where it is a role's session


ROOT = Principal(f"arn:aws:iam::{ACCOUNT}:root", frozenset(), None)
OF_ACCOUNT = frozenset({ACCOUNT, ROOT.arn})  # a policy that names these leaves it to the account's own policies


def service(name: str) -> Principal:
    """A service that calls for itself, such as sns.amazonaws.com; it has no policies."""
    return Principal(name, frozenset({name}))


def account() -> Principal:
    """The account itself, where no policy of its own stands in its way: only a resource's own may deny it something."""
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    return Principal(ROOT.arn, OF_ACCOUNT, statements("", everything), own=ROOT.arn)


def anybody(arn: str = "*") -> Principal:
    """Somebody of whom only the ARN is known, or nothing."""
    if arn == ROOT.arn:
        return Principal(arn, OF_ACCOUNT)
    names = {arn, _role_arn(arn.split("/")[1])} if ":assumed-role/" in arn else {arn}
    return Principal(arn, frozenset(names), own=arn if "/" in arn else "")


def session(role: str, name: str, limits: Mapping[str, Sequence[Statement]] | None = None) -> Principal:
    """The session in which somebody uses a role, by the role's ARN and the session's name."""
    short = role.rpartition("/")[2]
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{short}/{name}"
    found = _role(short)
    of = str(found.get("Arn") or f"arn:aws:iam::{ACCOUNT}:role/{short}")
    return Principal(
        arn,
        frozenset({arn, of}),
        list(_carried(found.get("InlinePolicies"), found.get("AttachedPolicies"))),
        _boundary(found) | dict(limits or {}),
        own=arn,
        keys={"aws:principalarn": of, "aws:principaltype": "AssumedRole"} | tags(found.get("Tags")),
        role=of,
    )


def _role(name: str) -> dict[str, Any]:
    return _iam()._roles.get(name) or {}


def _role_arn(name: str) -> str:
    return str(_role(name).get("Arn") or f"arn:aws:iam::{ACCOUNT}:role/{name}")


def user(name: str, limits: Mapping[str, Sequence[Statement]] | None = None) -> Principal:
    """A user of the account, with what its groups carry."""
    iam = _iam()
    found = iam._users.get(name) or {}
    arn = str(found.get("Arn") or f"arn:aws:iam::{ACCOUNT}:user/{name}")
    carried = [*_carried(iam._user_inline_policies.get(name), found.get("AttachedPolicies"))]
    for group, about in list(iam._groups.items()):
        if name in about.get("Users", []):
            carried += _carried(iam._group_inline_policies.get(group), about.get("AttachedPolicies"))
    keys = {"aws:principalarn": arn, "aws:principaltype": "User", "aws:username": name} | tags(found.get("Tags"))
    return Principal(arn, frozenset({arn}), carried, _boundary(found) | dict(limits or {}), own=arn, keys=keys)


def tags(listed: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """The condition keys of a principal's tags."""
    return {f"aws:principaltag/{tag['Key'].lower()}": tag["Value"] for tag in listed or ()}


def _iam() -> Any:
    from ministack.services import iam

    return iam


def _carried(inline: Mapping[str, Any] | None, attached: Iterable[str] | None) -> Iterable[Statement]:
    for name, document in dict(inline or {}).items():
        yield from statements(name, document)
    for arn in list(attached or ()):
        yield from managed(arn)


def managed(arn: str) -> tuple[Statement, ...]:
    """The statements of a managed policy; none where there is no such policy."""
    from ministack.core.iam_evaluator import _resolve_managed_policy_document

    return statements(arn.rpartition("/")[2], _resolve_managed_policy_document(arn, ACCOUNT))


def _boundary(found: Mapping[str, Any]) -> dict[str, Sequence[Statement]]:
    arn = found.get("PermissionsBoundary")
    return {BOUNDARY: managed(arn)} if arn else {}


def statements(name: str, document: Any) -> tuple[Statement, ...]:
    """The statements of a policy of this name, as it is stored."""
    return _statements(name, document if isinstance(document, str) else json.dumps(document))


def grants(document: Any) -> tuple[Grant, ...]:
    """The statements of a resource's policy, as it is stored."""
    return _grants(document if isinstance(document, str) else json.dumps(document))


@lru_cache(512)
def _statements(name: str, document: str) -> tuple[Statement, ...]:
    return tuple(read_statements(name, _parsed(document)))


@lru_cache(512)
def _grants(document: str) -> tuple[Grant, ...]:
    return tuple(read_grants(_parsed(document)))


def _parsed(document: str) -> Any:
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None  # MiniStack takes any text for a policy; AWS would have refused.
