"""Checks on what most labs have, such as a role, a function and a queue, in the same words.

Each of these makes a check. A lab writes it where the check stands among its others, under the check's name:

    role_exists = standard_checks.role_exists(ROLE, "Section 1 of the notebook shows create_role.", task="role")
    role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="role", needs=role_exists)
"""

from collections.abc import Collection, Sequence
from typing import Any

from lab_harness.authors import expect
from lab_harness.authors.checks import CheckFunction, check
from lab_harness.authors.functions import log_permissions
from lab_harness.authors.policies import Needed

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


def role_permits(
    title: str,
    role: str,
    needed: Needed,
    functions: Collection[str],
    next_step: str,
    *,
    task: str | None = None,
    needs: Needs = (),
    points: int = 1,
) -> CheckFunction:
    """The check of this title: the role allows what is needed, and logging by functions; its Failure has what it lacks.

    `needed` are pairs of an action, or of several of which any will do, and the ARN of a resource.

        role_may_send = standard_checks.role_permits(
            "The role may send, and log", ROLE, [("sqs:SendMessage", QUEUE_ARN)], [FUNCTION], "Section 2 lists it."
        )
    """

    @check(title, task=task, needs=needs, points=points)
    def role_permits(iam: Any, logs: Any) -> None:
        expect.permissions(iam, role, [*needed, *log_permissions(logs, *functions)], next_step)

    return role_permits


def role_may_write_logs(
    role: str, function: str, next_step: str, *, task: str | None = None, needs: Needs = (), points: int = 1
) -> CheckFunction:
    """The check "The role may write logs", those of one function; its Failure has what it lacks.

    role_may_write_logs = standard_checks.role_may_write_logs(
        ROLE, FUNCTION, "Section 1 names the managed policy.", task="role", needs=role_exists
    )
    """
    title = "The role may write logs"
    return role_permits(title, role, [], [function], next_step, task=task, needs=needs, points=points)


def role_is_least_privilege(
    role: str,
    needed: Needed = (),
    *,
    task: str | None = None,
    needs: Needs = (),
    points: int = 1,
) -> CheckFunction:
    """The check "The role may do nothing more than it needs"; its Failure has what is too much.

    `needed` are the actions that a right function might use, besides those for logs, and the ARNs they are for.

        needed = [(("dynamodb:GetItem", "dynamodb:PutItem"), policies.arn("dynamodb", f"table/{TABLE}"))]
        role_is_least_privilege = standard_checks.role_is_least_privilege(ROLE, needed, task="role", needs=role_exists)
    """

    @check("The role may do nothing more than it needs", task=task, needs=needs, points=points)
    def role_is_least_privilege(iam: Any) -> None:
        expect.least_privilege(iam, role, needed)

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


def function_times_out(
    function: str, seconds: int, *, task: str | None = None, needs: Needs = (), points: int = 1
) -> CheckFunction:
    """The check "The function may run for <seconds> seconds"; its Failure has the timeout that it has.

    For example:

        function_times_out = standard_checks.function_times_out(FUNCTION, 10, task="function", needs=function_exists)
    """

    @check(f"The function may run for {seconds} seconds", task=task, needs=needs, points=points)
    def function_times_out(lambda_: Any) -> None:
        expect.timeout(lambda_, function, seconds)

    return function_times_out


def table_exists(
    table: str, key: str, next_step: str, *, task: str | None = None, needs: Needs = (), points: int = 1
) -> CheckFunction:
    """The check "The table <table> has the partition key <key>", which is a text; its Failure has the key that it has.

    For example:

        table_exists = standard_checks.table_exists(TABLE, "orderId", "Section 1 shows create_table.", task="table")
    """

    @check(f"The table {table} has the partition key {key}", task=task, needs=needs, points=points)
    def table_exists(dynamodb: Any) -> None:
        expect.table(dynamodb, table, f"{key} (HASH, S)", next_step)

    return table_exists


def table_is_on_demand(table: str, *, task: str | None = None, needs: Needs = (), points: int = 1) -> CheckFunction:
    """The check "The table's capacity is on demand"; its Failure has the billing mode.

    For example:

        table_is_on_demand = standard_checks.table_is_on_demand(TABLE, task="table", needs=table_exists)
    """

    @check("The table's capacity is on demand", task=task, needs=needs, points=points)
    def table_is_on_demand(dynamodb: Any) -> None:
        expect.on_demand(dynamodb, table)

    return table_is_on_demand


def queue_exists(queue: str, next_step: str, **how: Any) -> CheckFunction:
    """The check "The queue <queue> exists", with what `check` takes besides; its Failure names those that do.

    queue_exists = standard_checks.queue_exists(QUEUE, "Run the cell of section 1 that is given.", task="given")
    """

    @check(f"The queue {queue} exists", **how)
    def queue_exists(sqs: Any) -> None:
        expect.queue(sqs, queue, next_step)

    return queue_exists


def topic_exists(topic: str, next_step: str, **how: Any) -> CheckFunction:
    """The check "The topic <topic> exists", with what `check` takes besides; its Failure names those that do.

    topic_exists = standard_checks.topic_exists(TOPIC, "Run the cell of section 1 that is given.", task="given")
    """

    @check(f"The topic {topic} exists", **how)
    def topic_exists(sns: Any) -> None:
        expect.topic(sns, topic, next_step)

    return topic_exists


def bucket_exists(bucket: str, next_step: str, **how: Any) -> CheckFunction:
    """The check "The bucket <bucket> exists", with what `check` takes besides; its Failure names those that do.

    bucket_exists = standard_checks.bucket_exists(BUCKET, "Run the cell of section 1 that is given.", task="given")
    """

    @check(f"The bucket {bucket} exists", **how)
    def bucket_exists(s3: Any) -> None:
        expect.bucket(s3, bucket, next_step)

    return bucket_exists


def stream_exists(stream: str, next_step: str, **how: Any) -> CheckFunction:
    """The check "The stream <stream> exists", with what `check` takes besides; its Failure names those that do.

    stream_exists = standard_checks.stream_exists(STREAM, "Run the cell of section 1 that is given.", task="given")
    """

    @check(f"The stream {stream} exists", **how)
    def stream_exists(kinesis: Any) -> None:
        expect.exists(kinesis, "streams", [stream], next_step)

    return stream_exists
