"""What several labs ask in the same words: each raises `Failure` unless it is so."""

import json
from collections.abc import Collection
from typing import Any

from lab_harness.checks import Failure
from lab_harness.policies import role_statements, trusts, wide_actions, wide_resources

SHOWN_NAMES = 5


def names(kind: str, wanted: Collection[str], there: Collection[str], next_step: str) -> None:
    """Every wanted name is among the names that are there. `kind` is the plural: "tables"."""
    if all(name in there for name in wanted):
        return
    shown = ", ".join(sorted(there)[:SHOWN_NAMES])
    more = f" and {len(there) - SHOWN_NAMES} more" if len(there) > SHOWN_NAMES else ""
    raise Failure(
        expected=f"{kind}: {', '.join(wanted)}",
        found=f"{kind}: {shown}{more}" if there else f"no {kind}",
        next_step=next_step,
    )


def value(what: str, wanted: Any, found: Any, next_step: str) -> None:
    """A setting has the value asked for."""
    if found != wanted:
        raise Failure(expected=f"{what} {wanted}", found=f"{what} {found}", next_step=next_step)


def role(iam: Any, role: str, next_step: str) -> None:
    """A role of this name exists."""
    roles = [each["RoleName"] for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"]]
    names("roles", [role], roles, next_step)


def function(lambda_: Any, function: str, next_step: str) -> None:
    """A function of this name exists."""
    pages = lambda_.get_paginator("list_functions").paginate()
    names("functions", [function], [each["FunctionName"] for page in pages for each in page["Functions"]], next_step)


def trust(iam: Any, role: str, service: str) -> None:
    """A service may take on the role."""
    found = iam.get_role(RoleName=role)["Role"]
    if not trusts(found, service):
        raise Failure(
            expected=f"a trust policy that allows sts:AssumeRole to {service}",
            found=f"the trust policy {json.dumps(found['AssumeRolePolicyDocument'])}",
            next_step="Compare its Principal and Action with the trust policy that the notebook shows.",
        )


def least_privilege(iam: Any, role: str, services: Collection[str] = ()) -> None:
    """The role allows only these services and logs, no action by wildcard, Resource `*` for logs only."""
    statements = role_statements(iam, role)
    actions = [action for statement in statements if statement.allows for action in statement.actions]
    used = {action.split(":")[0].lower() for action in actions}
    others = sorted(used - {"logs", "*", *services})
    too_much = wide_actions(statements) + wide_resources(statements, [*services, *others])
    too_much += [f"actions of {service}" for service in others]
    if too_much:
        raise Failure(
            expected="only the actions it needs, each on the resource it needs",
            found="; ".join(too_much[:SHOWN_NAMES]),
            next_step="Find it with list_attached_role_policies or list_role_policies; narrow it or take it off.",
        )


def function_role(lambda_: Any, iam: Any, function: str, role: str) -> None:
    """The function uses the role."""
    wanted = iam.get_role(RoleName=role)["Role"]["Arn"]
    used = lambda_.get_function_configuration(FunctionName=function)["Role"]
    value("the role", wanted, used, "update_function_configuration changes Role; compare the two ARNs.")
