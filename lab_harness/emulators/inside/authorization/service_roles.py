"""Lets services do with a role only what it allows: state machines, event source mappings, and Lambda with its logs.

MiniStack does all of this with the account's own rights.
"""

import json
from collections.abc import Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any

import wrapt

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside.authorization.authority import Authority, arn

LAMBDA, STATES = "lambda.amazonaws.com", "states.amazonaws.com"
# What a mapping does with its source, by the service in the source's ARN.
OF_MAPPINGS = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "kinesis": ("kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream"),
    "dynamodb": ("dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"),
}
CANNOT_READ = (
    "Cannot access stream {source}. Please ensure the role can perform the GetRecords, GetShardIterator, "
    "DescribeStream, and ListStreams Actions on your stream in IAM."
)
CANNOT_CALL = "The provided execution role does not have permissions to call {operation} on SQS"
# How a task names a service, where IAM does not, and the error of one that AWS refuses.
IAMS_NAMES = {"sfn": "states", "eventbridge": "events", "cloudwatchlogs": "logs", "ses": "ses"}
ERRORS = {
    "lambda": "Lambda.AWSLambdaException",
    "dynamodb": "DynamoDB.AmazonDynamoDBException",
    "sns": "SNS.AmazonSNSException",
    "sqs": "SQS.AmazonSQSException",
}

executing: ContextVar[tuple[str, str]] = ContextVar("executing", default=("", ""))  # the role, and the machine's name


class ServiceRoles:
    """Decides about what services do with roles in one emulator."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._waiting: set[str] = set()  # mappings that may not read

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        for name, changes in {
            "stepfunctions": {
                "_execute_task": _with_role,
                "_invoke_resource": self._task,
                "_invoke_with_callback": self._task,
            },
            "lambda_svc": {
                "_create_esm": self._new_mapping,
                "_iter_all_esms": self._mappings,
                "_emit_lambda_logs": self._log,
            },
        }.items():
            wrapt.register_post_import_hook(partial(_wrap, changes), f"ministack.services.{name}")

    def _task(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A task of a state machine."""
        from ministack.services.stepfunctions import _ExecutionError

        role, machine = executing.get()
        needed = _needed(*args[:2]) if role else None
        denied = needed and self._authority.role_may(role, f"{STATES}/{machine}", *needed)
        if needed and denied:
            service = needed[0].partition(":")[0]
            raise _ExecutionError(ERRORS.get(service, f"{service.title()}.{service.title()}Exception"), denied)
        return original(*args, **kwargs)

    def _new_mapping(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        from ministack.services import lambda_svc

        source = args[0].get("EventSourceArn", "")
        name, _, failed = lambda_svc._resolve_existing_esm_function(args[0].get("FunctionName", ""))
        if not failed and (words := self._unread(name, source)):
            return lambda_svc.error_response_json("InvalidParameterValueException", words, 400)
        return original(*args, **kwargs)

    def _mappings(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Iterator[Any]:
        """The mappings that may read their source now; of one that may not this is noted once."""
        for found in original(*args, **kwargs):
            mapping = found[2]
            key, source = mapping["UUID"], mapping.get("EventSourceArn", "")
            words = self._unread(mapping["FunctionName"], source, note=key not in self._waiting)
            if words:
                self._waiting.add(key)
                mapping["LastProcessingResult"] = f"PROBLEM: {words}"
                continue
            if key in self._waiting:
                self._waiting.discard(key)
                mapping["LastProcessingResult"] = "No records processed"
            yield found

    def _unread(self, function: str, source: str, note: bool = True) -> str:
        """Why a function's role may not read a source, in Lambda's words; empty where it may."""
        service = [*source.split(":"), "", ""][2]
        role = _role_of(function)
        for action in OF_MAPPINGS.get(service, ()) if role else ():
            if self._authority.role_may(role, f"{LAMBDA}/{function}", action, source, note=note):
                operation = action.partition(":")[2]
                return (
                    CANNOT_CALL.format(operation=operation) if service == "sqs" else CANNOT_READ.format(source=source)
                )
        return ""

    def _log(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A run's log, which Lambda writes with the function's role, or not at all."""
        from ministack.services import cloudwatch_logs

        config = args[0].get("config") or args[0]
        name = config.get("FunctionName", "")
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
        actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
        if group not in cloudwatch_logs._log_groups:
            actions.insert(0, "logs:CreateLogGroup")
        stream = arn("logs", f"log-group:{group}:log-stream:")
        may = self._authority.role_may
        denied = any(may(config.get("Role", ""), f"{LAMBDA}/{name}", action, stream) for action in actions)
        return None if denied else original(*args, **kwargs)


def _wrap(changes: dict[str, Any], module: Any) -> None:
    for name, change in changes.items():
        wrapt.wrap_function_wrapper(module, name, change)


def _with_role(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import stepfunctions

    machine = stepfunctions._state_machines.get((args[2] or {}).get("stateMachineArn", "")) or {}
    token = executing.set((machine.get("roleArn", ""), machine.get("name", "")))
    try:
        return original(*args, **kwargs)
    finally:
        executing.reset(token)


def _role_of(function: str) -> str:
    from ministack.services import lambda_svc

    return str((lambda_svc._functions.get(function) or {"config": {}})["config"].get("Role", ""))


def _needed(resource: str, given: Any) -> tuple[str, str] | None:
    """The action and the resource of a task; None where it calls nothing."""
    from ministack.core.iam_actions import extract_resource_arn

    given = given if isinstance(given, dict) else {}
    if ":activity:" in resource:
        return None
    if ":function:" in resource:
        return "lambda:InvokeFunction", resource
    parts = resource.partition(".")[0].split(":")
    if len(parts) < 7:
        return None
    service, operation = parts[6:8] if parts[5] == "aws-sdk" else parts[5:7]
    service = IAMS_NAMES.get(service, service)
    action = f"{service}:{operation[:1].upper()}{operation[1:]}"
    if service == "states" and (machine := given.get("StateMachineArn") or given.get("stateMachineArn")):
        return action, machine
    path = {
        "lambda": f"/2015-03-31/functions/{given.get('FunctionName', '')}",
        "s3": f"/{given.get('Bucket', '')}/{given.get('Key', '')}",
    }.get(service, "/")
    asked = {key: [str(value)] for key, value in given.items()}
    body = json.dumps(given, default=str).encode()
    target = str(extract_resource_arn(service, "POST", path, {}, body, asked, REGION, ACCOUNT))
    return ("lambda:InvokeFunction" if action == "lambda:Invoke" else action), target
