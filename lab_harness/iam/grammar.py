"""The form that a policy must have when it is written, and what is wrong with one that has another.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html (2026)
"""

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

from lab_harness.iam.conditions import COMPARISONS, NEGATED, OPERATOR

VERSIONS = ("2008-10-17", "2012-10-17")
FIELDS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
KINDS_OF_PRINCIPALS = ("AWS", "Service", "Federated", "CanonicalUser")


class Fault(Enum):
    """What can be wrong with the form of a policy."""

    NO_JSON = "no JSON"
    VERSION = "an unknown version"
    EMPTY = "no statements"
    MISSING = "a field is missing"
    UNKNOWN = "a field is unknown"
    PROHIBITED = "a field that such a policy must not have"
    VALUE = "a field with a value that it cannot have"


class Flaw(NamedTuple):
    """One thing that is wrong with a policy, in which field, and the value there."""

    fault: Fault
    field: str = ""
    value: Any = None


def flaws(document: str, prohibited: str = "") -> Iterator[Flaw]:
    """What is wrong with a policy's form. `prohibited` is the field that such a policy must not have.

    That is "Resource" in a trust policy, "Principal" in an identity's; a resource's policy must have both.
    """
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict):
        yield Flaw(Fault.NO_JSON)
        return
    yield from (Flaw(Fault.UNKNOWN, field) for field in policy if field not in ("Version", "Id", "Statement"))
    if policy.get("Version", VERSIONS[0]) not in VERSIONS:
        yield Flaw(Fault.VERSION, "Version", policy["Version"])
    if "Statement" not in policy:
        yield Flaw(Fault.MISSING, "Statement")
    elif not policy["Statement"]:
        yield Flaw(Fault.EMPTY, "Statement")
    for statement in as_list(policy.get("Statement") or []):
        yield from _flaws(statement, prohibited)


def _flaws(statement: Any, prohibited: str) -> Iterator[Flaw]:
    if not isinstance(statement, dict):
        yield Flaw(Fault.VALUE, "Statement", statement)
        return
    yield from (Flaw(Fault.UNKNOWN, field) for field in statement if field not in FIELDS)
    if "Effect" not in statement:
        yield Flaw(Fault.MISSING, "Effect")
    elif statement["Effect"] not in ("Allow", "Deny"):
        yield Flaw(Fault.VALUE, "Effect", statement["Effect"])
    if not isinstance(statement.get("Sid", ""), str):
        yield Flaw(Fault.VALUE, "Sid", statement["Sid"])
    if f"Not{prohibited}" in statement or prohibited in statement:
        yield Flaw(Fault.PROHIBITED, prohibited)
    for field in ("Action", "Principal", "Resource"):
        given = [name for name in (field, f"Not{field}") if name in statement]
        if not given and field != prohibited:
            yield Flaw(Fault.MISSING, field)
        elif len(given) > 1 or any(not _fits(field, statement[name]) for name in given):
            yield Flaw(Fault.VALUE, field, statement[given[0]])
    if not _is_condition(statement.get("Condition", {})):
        yield Flaw(Fault.VALUE, "Condition", statement["Condition"])


def _fits(field: str, value: Any) -> bool:
    """Whether a field's value has the form that it must have."""
    if field == "Principal" and isinstance(value, dict):
        return bool(value) and all(kind in KINDS_OF_PRINCIPALS and _are_texts(named) for kind, named in value.items())
    return value == "*" if field == "Principal" else _are_texts(value)


def _are_texts(value: Any) -> bool:
    return bool(value) and all(isinstance(each, str) for each in as_list(value))


def _is_condition(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(tests, dict) and _is_operator(operator) for operator, tests in value.items()
    )


def _is_operator(operator: str) -> bool:
    parts = OPERATOR.fullmatch(operator)
    return parts is not None and (parts["name"] == "Null" or NEGATED.sub("", parts["name"]) in COMPARISONS)


def statements(document: str) -> list[Mapping[str, Any]]:
    """The statements of a policy that has no flaws."""
    return as_list(json.loads(document)["Statement"])


def listed(statement: Mapping[str, Any], field: str) -> list[str]:
    """The values of a field, or of what names all others: of Action or of NotAction."""
    return as_list(statement.get(field, statement.get(f"Not{field}", [])))


def as_list(value: Any) -> list[Any]:
    """A value that may stand alone, as a list."""
    return value if isinstance(value, list) else [value]
