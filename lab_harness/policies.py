"""What a role's policies say, read as IAM reads them: for the checks of roles.

Neither emulator enforces permissions by default, so a check reads the policies instead of trying an action.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Statement:
    """One statement of a role's policies, its single values made into tuples. `policy` is the policy's name."""

    policy: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]


def role_statements(iam: Any, role: str) -> list[Statement]:
    """All statements of the policies that a role carries, inline and attached."""
    found = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found += _statements(name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        found += _attached(iam, policy["PolicyName"], policy["PolicyArn"])
    return found


def allowed(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """Whether the statements allow an action on a resource; an explicit deny wins. Conditions are not read."""
    relevant = [s for s in statements if _any_action(s.actions, action) and _any_match(s.resources, resource)]
    return bool(relevant) and all(statement.allows for statement in relevant)


def wide_actions(statements: Iterable[Statement]) -> list[str]:
    """The allowed actions that contain a wildcard, each with the policy that allows it."""
    return [f"{a} in {s.policy}" for s in statements if s.allows for a in s.actions if "*" in a or "?" in a]


def wide_resources(statements: Iterable[Statement], services: Iterable[str]) -> list[str]:
    """The policies that allow actions of these services on every resource (`*`)."""
    prefixes = tuple(f"{service}:" for service in services)
    return [
        f'Resource "*" for {", ".join(s.actions)} in {s.policy}'
        for s in statements
        if s.allows and "*" in s.resources and any(action.lower().startswith(prefixes) for action in s.actions)
    ]


def trusts(role: dict[str, Any], service: str) -> bool:
    """Whether a role's trust policy lets a service, such as lambda.amazonaws.com, assume it."""
    document = role["AssumeRolePolicyDocument"]
    for statement in _listed(document.get("Statement", []) if isinstance(document, dict) else []):
        if not isinstance(statement, dict):
            continue  # MiniStack takes any trust policy; AWS would have refused.
        principals = statement.get("Principal", {})
        services = _listed(principals.get("Service", [])) if isinstance(principals, dict) else []
        if (
            statement.get("Effect") == "Allow"
            and service in services
            and _any_action(_listed(statement.get("Action", [])), "sts:AssumeRole")
        ):
            return True
    return False


def _attached(iam: Any, name: str, arn: str) -> list[Statement]:
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return []  # MiniStack attaches a policy that does not exist; AWS would have refused.
        raise
    return _statements(name, document)


def _statements(policy: str, document: dict[str, Any]) -> list[Statement]:
    return [
        Statement(
            policy,
            statement.get("Effect") == "Allow",
            # What is allowed except for some things is as wide as everything.
            tuple(_listed(statement.get("Action", ["*"]))),
            tuple(_listed(statement.get("Resource", ["*"]))),
        )
        for statement in _listed(document.get("Statement", []))
    ]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _any_action(patterns: Iterable[str], action: str) -> bool:
    return _any_match(patterns, action, re.IGNORECASE)


def _any_match(patterns: Iterable[str], text: str, flags: int = 0) -> bool:
    """Whether any of IAM's patterns, in which `*` and `?` are wildcards, fits the text."""
    for pattern in patterns:
        expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        if re.fullmatch(expression, text, flags):
            return True
    return False
