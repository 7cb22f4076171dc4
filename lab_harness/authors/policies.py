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
    """One statement of a role's policies, its single values made into tuples. `policy` is the policy's name.

    With NotAction or NotResource it is about everything but `other_actions` or `other_resources`.
    """

    policy: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    other_actions: tuple[str, ...] = ()
    other_resources: tuple[str, ...] = ()

    def is_about(self, action: str, resource: str) -> bool:
        """Whether it allows or denies this action on this resource; conditions are not read."""
        named = _any_action(self.actions, action) and _any_match(self.resources, resource)
        return named and not (_any_action(self.other_actions, action) or _any_match(self.other_resources, resource))


@dataclass(frozen=True)
class Grant(Statement):
    """One statement of a resource's own policy. `sources` are the patterns of its SourceArn; `conditional`, any at all.

    `principals` are services and ARNs, or `*`; with NotPrincipal all but `other_principals`.
    """

    principals: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    conditional: bool = False
    other_principals: tuple[str, ...] = ()

    def covers(self, principal: str, action: str, resource: str) -> bool:
        """Whether it is about this principal doing this; conditions are not read."""
        named = principal in self.principals or "*" in self.principals
        return named and principal not in self.other_principals and self.is_about(action, resource)

    def comes_from(self, source: str) -> bool:
        """Whether one of its SourceArn patterns fits the ARN of what calls."""
        return _any_match(self.sources, source)


def role_statements(iam: Any, role: str) -> list[Statement]:
    """All statements of the policies that a role carries, inline and attached.

    For example:

        statements = policies.role_statements(iam, ROLE)
    """
    found = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found += _statements(name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        found += _attached(iam, policy["PolicyName"], policy["PolicyArn"])
    return found


def grants(policy: str) -> list[Grant]:
    """The statements of a resource's policy, such as a function's or a bucket's, from its JSON text.

    For example:

        given = [grant for grant in policies.grants(policy) if grant.covers("*", "s3:GetObject", object_arn)]
    """
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError):
        return []  # MiniStack takes any text for a policy; AWS would have refused.
    return [_grant(statement) for statement in _statements_of(document)]


def allowed(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """Whether the statements allow an action on a resource; an explicit deny wins. Conditions are not read.

    For example:

        if not policies.allowed(policies.role_statements(iam, ROLE), "sns:Publish", topic_arn): ...
    """
    relevant = [statement for statement in statements if statement.is_about(action, resource)]
    return bool(relevant) and all(statement.allows for statement in relevant)


def permits(policy: str, service: str, action: str, resource: str, source: str) -> bool:
    """Whether a resource's policy lets a service do this for a source, such as a rule, by the ARN of that.

    Its conditions may ask for that ARN, or for the account in it. Raises no Failure.

        policies.permits(policy, "events.amazonaws.com", "sns:Publish", topics.arn(sns, TOPIC), rule_arn)
    """
    account = re.escape(json.dumps({"StringEquals": {"aws:SourceAccount": source.split(":")[4]}}))
    by_source = json.dumps({"ArnEquals": {"aws:SourceArn": source}})
    try:
        text = re.sub(account, by_source, json.dumps(json.loads(policy)), flags=re.IGNORECASE)
    except ValueError:
        return False  # MiniStack takes any text for a policy; AWS would have refused.
    about = [grant for grant in grants(text) if grant.covers(service, action, resource)]
    verdicts = {grant.allows for grant in about if not grant.conditional or grant.comes_from(source)}
    return verdicts == {True}


def wide_actions(statements: Iterable[Statement]) -> list[str]:
    """The allowed actions that contain a wildcard, each with the policy that allows it.

    For example:

        too_much = policies.wide_actions(policies.role_statements(iam, ROLE))
    """
    return [f"{a} in {s.policy}" for s in statements if s.allows for a in s.actions if "*" in a or "?" in a]


def wide_resources(statements: Iterable[Statement], services: Iterable[str]) -> list[str]:
    """The policies that allow actions of these services on every resource (`*`).

    For example:

        too_much = policies.wide_resources(policies.role_statements(iam, ROLE), ["dynamodb"])
    """
    prefixes = tuple(f"{service}:" for service in services)
    return [
        f'Resource "*" for {", ".join(s.actions)} in {s.policy}'
        for s in statements
        if s.allows and "*" in s.resources and any(action.lower().startswith(prefixes) for action in s.actions)
    ]


def trusts(role: dict[str, Any], service: str) -> bool:
    """Whether a role's trust policy lets a service, such as lambda.amazonaws.com, assume it.

    For example:

        if not policies.trusts(iam.get_role(RoleName=ROLE)["Role"], "events.amazonaws.com"): ...
    """
    for statement in _statements_of(role["AssumeRolePolicyDocument"]):
        principals = statement.get("Principal", {})
        services = _listed(principals.get("Service", [])) if isinstance(principals, dict) else []
        if (
            statement.get("Effect") == "Allow"
            and service in services
            and _any_action(_texts(statement.get("Action")), "sts:AssumeRole")
        ):
            return True
    return False


def _grant(statement: dict[str, Any]) -> Grant:
    conditions = statement.get("Condition")
    tests = [test for operator, test in _items(conditions) if "Not" not in operator]
    sources = [patterns for test in tests for key, patterns in _items(test) if key.lower() == "aws:sourcearn"]
    return Grant(
        "",
        **_said(statement),
        principals=("*",) if "NotPrincipal" in statement else _principals(statement.get("Principal")),
        other_principals=_principals(statement.get("NotPrincipal")),
        sources=tuple(source for patterns in sources for source in _texts(patterns)),
        conditional=bool(conditions),
    )


def _principals(principal: Any) -> tuple[str, ...]:
    named = principal.values() if isinstance(principal, dict) else [principal]
    return tuple(name for names in named for name in _texts(names))


def _attached(iam: Any, name: str, arn: str) -> list[Statement]:
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return []  # MiniStack attaches a policy that does not exist; AWS would have refused.
        raise
    return _statements(name, document)


def _statements(policy: str, document: Any) -> list[Statement]:
    return [Statement(policy, **_said(statement)) for statement in _statements_of(document)]


def _statements_of(document: Any) -> list[dict[str, Any]]:
    """A policy's statements; none of what is no policy or no statement: MiniStack takes it, AWS would have refused."""
    listed = _listed(document.get("Statement", [])) if isinstance(document, dict) else []
    return [statement for statement in listed if isinstance(statement, dict)]


def _said(statement: dict[str, Any]) -> dict[str, Any]:
    """What every statement says. What is allowed except for some things is as wide as everything."""
    return {
        "allows": statement.get("Effect") == "Allow",
        "actions": tuple(_texts(statement.get("Action", "*"))),
        "resources": tuple(_texts(statement.get("Resource", "*"))),
        "other_actions": tuple(_texts(statement.get("NotAction"))),
        "other_resources": tuple(_texts(statement.get("NotResource"))),
    }


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    return [each for each in _listed(value) if isinstance(each, str)]


def _any_action(patterns: Iterable[str], action: str) -> bool:
    return _any_match(patterns, action, re.IGNORECASE)


def _any_match(patterns: Iterable[str], text: str, flags: int = 0) -> bool:
    """Whether any of IAM's patterns, in which `*` and `?` are wildcards, fits the text."""
    for pattern in patterns:
        expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        if re.fullmatch(expression, text, flags):
            return True
    return False
