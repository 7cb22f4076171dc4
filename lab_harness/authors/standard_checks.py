"""Checks on a role and on a function that most labs have, in the same words.

Each of these makes a check. A lab writes it where the check stands among its others, under the check's name:

    role_exists = standard_checks.role_exists(ROLE, "Section 1 of the notebook shows create_role.", task="role")
    role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="role", needs=role_exists)
"""

from collections.abc import Collection, Sequence
from typing import Any

from lab_harness.authors import expect
from lab_harness.authors.checks import CheckFunction, check

Needs = CheckFunction | Sequence[CheckFunction]


def role_exists(
    role: str, next_step: str, *, task: str | None = None, needs: Needs = (), points: int = 1
) -> CheckFunction:
    """The check "The role <role> exists"; its Failure has the names of the roles that do.

    For example:

        role_exists = standard_checks.role_exists(ROLE, "Section 1 of the notebook shows create_role.", task="role")
    """

    @check(f"The role {role} exists", task=task, needs=needs, points=points)
    def role_exists(iam: Any) -> None:
        expect.role(iam, role, next_step)

    return role_exists


def role_trusts_lambda(role: str, *, task: str | None = None, needs: Needs = (), points: int = 1) -> CheckFunction:
    """The check "Lambda may assume the role"; its Failure has the role's trust policy.

    For example:

        role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="role", needs=role_exists)
    """

    @check("Lambda may assume the role", task=task, needs=needs, points=points)
    def role_trusts_lambda(iam: Any) -> None:
        expect.trust(iam, role, "lambda.amazonaws.com")

    return role_trusts_lambda


def role_is_least_privilege(
    role: str,
    services: Collection[str] = (),
    *,
    task: str | None = None,
    needs: Needs = (),
    points: int = 1,
) -> CheckFunction:
    """The check "The role may do nothing more than it needs"; its Failure has what is too much.

    `services` are those that it needs besides logs.

        role_is_least_privilege = standard_checks.role_is_least_privilege(
            ROLE, ["sqs", "dynamodb"], task="role", needs=role_exists
        )
    """

    @check("The role may do nothing more than it needs", task=task, needs=needs, points=points)
    def role_is_least_privilege(iam: Any) -> None:
        expect.least_privilege(iam, role, services)

    return role_is_least_privilege


def function_exists(
    function: str, next_step: str, *, task: str | None = None, needs: Needs = (), points: int = 1
) -> CheckFunction:
    """The check "The function <function> exists"; its Failure has the names of the functions that do.

    For example:

        function_exists = standard_checks.function_exists(FUNCTION, "Section 5 asks for it.", task="function")
    """

    @check(f"The function {function} exists", task=task, needs=needs, points=points)
    def function_exists(lambda_: Any) -> None:
        expect.function(lambda_, function, next_step)

    return function_exists


def function_uses_role(
    function: str, role: str, *, task: str | None = None, needs: Needs = (), points: int = 1
) -> CheckFunction:
    """The check "The function uses the role"; its Failure has the ARNs of both roles.

    function_uses_role = standard_checks.function_uses_role(
        FUNCTION, ROLE, task="function", needs=(function_exists, role_exists)
    )
    """

    @check("The function uses the role", task=task, needs=needs, points=points)
    def function_uses_role(lambda_: Any, iam: Any) -> None:
        expect.function_role(lambda_, iam, function, role)

    return function_uses_role
