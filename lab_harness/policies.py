"""What policies say, a role's and a resource's own, read as IAM reads them.

Neither emulator enforces permissions by default, so a check reads the policies instead of trying an action.
"""

import json
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


@dataclass(frozen=True)
class Grant:
    """One statement of a resource's own policy. `sources` are the patterns of its SourceArn; `conditional`, any at all.

    `principals` are services and ARNs, or `*`.
    """

    allows: bool
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    sources: tuple[str, ...]
    conditional: bool

    def covers(self, principal: str, action: str, resource: str) -> bool:
        """Whether it is about this principal doing this; conditions are not read."""
        matches = _any_action(self.actions, action) and _any_match(self.resources, resource)
        return matches and (principal in self.principals or "*" in self.principals)

    def comes_from(self, source: str) -> bool:
        """Whether one of its SourceArn patterns fits the ARN of what calls."""
        return _any_match(self.sources, source)


def role_statements(iam: Any, role: str) -> list[Statement]:
    """All statements of the policies that a role carries, inline and attached."""
    found = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found += _statements(name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        found += _attached(iam, policy["PolicyName"], policy["PolicyArn"])
    return found


def grants(policy: str) -> list[Grant]:
    """The statements of a resource's policy, such as a function's or a bucket's, from its JSON text."""
    return [_grant(statement) for statement in _listed(json.loads(policy).get("Statement", []))]


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


def _grant(statement: dict[str, Any]) -> Grant:
    principal, conditions = statement.get("Principal", {}), statement.get("Condition", {})
    principals = principal.values() if isinstance(principal, dict) else [principal]
    tests = [test for operator, test in conditions.items() if "Not" not in operator]
    sources = [test[key] for test in tests for key in test if key.lower() == "aws:sourcearn"]
    return Grant(
        statement.get("Effect") == "Allow",
        tuple(name for names in principals for name in _listed(names)),
        tuple(_listed(statement.get("Action", ["*"]))),
        tuple(_listed(statement.get("Resource", ["*"]))),
        tuple(source for patterns in sources for source in _listed(patterns)),
        bool(conditions),
    )


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
