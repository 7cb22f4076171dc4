"""Asks for the permissions to note and to read what durable executions do, and knows AWS's own policy for them.

MiniStack asks nobody about these calls.
https://docs.aws.amazon.com/lambda/latest/dg/durable-security.html (2026)
"""

import json
from typing import Any
from urllib.parse import unquote

import wrapt

POLICY = "service-role/AWSLambdaBasicDurableExecutionRolePolicy"
NOTES = ("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState")  # what each durable function must do
LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
EXECUTIONS, CALLBACKS = "/2025-12-01/durable-executions/", "/2025-12-01/durable-execution-callbacks/"
ACTIONS = {
    "checkpoint": "CheckpointDurableExecution",
    "state": "GetDurableExecutionState",
    "history": "GetDurableExecutionHistory",
    "stop": "StopDurableExecution",
    "succeed": "SendDurableExecutionCallbackSuccess",
    "fail": "SendDurableExecutionCallbackFailure",
    "heartbeat": "SendDurableExecutionCallbackHeartbeat",
}  # by the last part of a path


def install() -> None:
    """Make MiniStack ask. This takes effect when it imports what it asks with, and IAM."""
    wrapt.register_post_import_hook(_change_actions, "ministack.core.iam_actions")
    wrapt.register_post_import_hook(_change_iam, "ministack.services.iam")


def _change_actions(iam_actions: Any) -> None:
    wrapt.wrap_function_wrapper(iam_actions, "_lambda_action", _action)
    wrapt.wrap_function_wrapper(iam_actions, "extract_resource_arn", _resource)


def action_of(path: str) -> str:
    """The operation that a path asks for, by IAM's name without `lambda:`; empty where it is about no execution."""
    if path.startswith((EXECUTIONS, CALLBACKS)):
        return ACTIONS.get(path.rpartition("/")[2], "GetDurableExecution")
    return "ListDurableExecutionsByFunction" if path.endswith("/durable-executions") else ""


def execution_in(path: str) -> str:
    """The ARN of the execution that a path names; empty where it names none."""
    if not path.startswith(EXECUTIONS):
        return ""
    whole, _, last = unquote(path.removeprefix(EXECUTIONS)).rpartition("/")
    return whole if last in ACTIONS else f"{whole}/{last}"


def _action(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    _method, path = args
    return action_of(path) or original(*args, **kwargs)


def _resource(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    service, _method, path, *_ = args
    return (service == "lambda" and execution_in(path)) or original(*args, **kwargs)


def _change_iam(iam: Any) -> None:
    wrapt.wrap_function_wrapper(iam, "_seed_aws_managed_policies", _seed)
    _know_policy(iam)


def _seed(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    from ministack.services import iam

    original(*args, **kwargs)
    _know_policy(iam)


def _know_policy(iam: Any) -> None:
    allowed = {"Effect": "Allow", "Action": [*LOGS, *NOTES], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    arn = f"{iam._AWS_MANAGED_POLICY_PREFIX}{POLICY}"
    what = "Lets a durable function write its logs, and note and read what its executions have done."
    iam._aws_managed_policies[arn] = iam._make_aws_managed_record(POLICY, document, what)
