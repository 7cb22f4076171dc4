"""The statements of policies as IAM reads them: what each is about, and whether its conditions hold.

A policy that is none has no statements: MiniStack and LocalStack keep what AWS would have refused.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lab_harness.iam.conditions import Context, Verdict, filled, holds, like
from lab_harness.iam.contexts import of_service
from lab_harness.iam.grammar import as_list

WITH_VARIABLES = "2012-10-17"  # the version of policies in which ${...} is a variable


@dataclass(frozen=True)
class Statement:
    """One statement of a role's policies, its single values made into tuples. `policy` is the policy's name.

    With NotAction or NotResource it is about everything but `other_actions` or `other_resources`. `condition` is as it
    stands in the policy.
    """

    policy: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    other_actions: tuple[str, ...] = ()
    other_resources: tuple[str, ...] = ()
    condition: Any = None

    @property
    def asks_more(self) -> bool:
        """Whether it asks for more of a call than its action and its resource: by conditions, or variables."""
        return bool(self.condition) or any("${" in each for each in (*self.resources, *self.other_resources))

    def names_action(self, action: str) -> bool:
        """Whether it is about this action, on whatever."""
        return _names(self.actions, self.other_actions, action)

    def is_about(self, action: str, resource: str, context: Context | None = None) -> bool:
        """Whether it allows or denies this action on this resource; conditions are not read.

        The variables in its resources have their values from the context of a call, if one is given.
        """
        return self.names_action(action) and self.names_resource(resource, context)

    def names_resource(self, resource: str, context: Context | None = None) -> bool:
        """Whether it is about this resource, whatever is done with it."""
        ours, others = ((_filled(each, context)) for each in (self.resources, self.other_resources))
        return _any_match(ours, resource) and not _any_match(others, resource)

    def applies(self, context: Context) -> Verdict:
        """Whether its conditions hold for a call; None where only the call itself can tell."""
        return holds(self.condition, context)


@dataclass(frozen=True)
class Grant(Statement):
    """One statement of a resource's own policy. `sources` are the patterns of its SourceArn; `conditional`, any at all.

    `principals` are services and ARNs, or `*`; with NotPrincipal all but `other_principals`. `services` are those that
    it names as services.
    """

    principals: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    conditional: bool = False
    other_principals: tuple[str, ...] = ()
    services: tuple[str, ...] = ()

    def covers(self, principal: str, action: str, resource: str) -> bool:
        """Whether it is about this principal doing this; conditions are not read."""
        named = principal in self.principals or "*" in self.principals
        return named and principal not in self.other_principals and self.is_about(action, resource)

    def comes_from(self, source: str, service: str = "") -> bool:
        """Whether it is for what calls, by the ARN of that: its SourceArn fits it, and its other conditions hold."""
        return bool(self.sources) and self.applies(of_service(service, source)) is True


def read_statements(policy: str, document: Any) -> list[Statement]:
    """The statements of a policy of this name, from its decoded document."""
    return [Statement(policy, **_said(statement)) for statement in _statements_of(document)]


def read_grants(document: Any) -> list[Grant]:
    """The statements of a resource's policy, from its decoded document."""
    return [_grant(statement) for statement in _statements_of(document)]


def verdict(relevant: Collection[Statement], context: Context) -> bool:
    """Whether statements that are about a call allow it: an explicit deny wins.

    A condition that only the call itself can tell neither takes an Allow away nor makes a Deny.
    """
    denied = any(each.applies(context) for each in relevant if not each.allows)
    return not denied and any(each.applies(context) is not False for each in relevant if each.allows)


def _grant(statement: dict[str, Any]) -> Grant:
    conditions, principal = statement.get("Condition"), statement.get("Principal")
    tests = [test for operator, test in _items(conditions) if "Not" not in operator]
    sources = [patterns for test in tests for key, patterns in _items(test) if key.lower() == "aws:sourcearn"]
    return Grant(
        "",
        **_said(statement),
        principals=("*",) if "NotPrincipal" in statement else _principals(principal),
        other_principals=_principals(statement.get("NotPrincipal")),
        services=tuple(_texts(principal.get("Service"))) if isinstance(principal, dict) else (),
        sources=tuple(source for patterns in sources for source in _texts(patterns)),
        conditional=bool(conditions),
    )


def _principals(principal: Any) -> tuple[str, ...]:
    named = principal.values() if isinstance(principal, dict) else [principal]
    return tuple(name for names in named for name in _texts(names))


def _statements_of(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, dict) and document.get("Version") != WITH_VARIABLES:
        document = json.loads(json.dumps(document).replace("${", "${$}{"))  # There, or in none, it stands for itself.
    listed = as_list(document.get("Statement", [])) if isinstance(document, dict) else []
    return [statement for statement in listed if isinstance(statement, dict)]


def _said(statement: dict[str, Any]) -> dict[str, Any]:
    """What every statement says. What is allowed except for some things is as wide as everything."""
    return {
        "allows": statement.get("Effect") == "Allow",
        "actions": tuple(_texts(statement.get("Action", "*" if "NotAction" in statement else None))),
        "resources": tuple(_texts(statement.get("Resource", "*"))),
        "other_actions": tuple(_texts(statement.get("NotAction"))),
        "other_resources": tuple(_texts(statement.get("NotResource"))),
        "condition": statement.get("Condition"),
    }


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _texts(value: Any) -> list[str]:
    return [each for each in as_list(value) if isinstance(each, str)]


@lru_cache(4096)
def _names(actions: tuple[str, ...], others: tuple[str, ...], action: str) -> bool:
    """Whether an action is one of these, and none of the others; the same few are asked about all the time."""
    return _any_match(actions, action, re.IGNORECASE) and not _any_match(others, action, re.IGNORECASE)


def _filled(patterns: tuple[str, ...], context: Context | None) -> Iterable[str]:
    """The patterns with the values of their variables; without those of which one has no value."""
    if context is None:
        return patterns
    return [pattern for each in patterns if (pattern := filled(each, context)) is not None]


def _any_match(patterns: Iterable[str], text: str, flags: int = 0) -> bool:
    return any(like(pattern, text, flags) for pattern in patterns)
