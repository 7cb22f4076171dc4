"""Lets services do with a role only what it allows: state machines, event source mappings, and Lambda with its logs.

MiniStack does all of this with the account's own rights.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import wrapt

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.permissions.authorization.authority import Authority, arn
from lab_harness.emulators.inside.permissions.authorization.needs import Request, acting, refusal
from lab_harness.emulators.inside.scopes import within
from lab_harness.iam.contexts import service_of
from lab_harness.states_language import RESOURCE

LAMBDA, STATES = "lambda.amazonaws.com", "states.amazonaws.com"
# What a mapping does with its source, by the service in the source's ARN, or with a stream's consumer.
OF_MAPPINGS = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "consumer": ("kinesis:SubscribeToShard",),
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

# The role, and the name, of the machine that is executing; both empty where nobody knows it any more.
executing: ContextVar[tuple[str, str] | None] = ContextVar("executing", default=None)
SDK = ":aws-sdk:"  # in a task's resource: it sends a request of its own, which is judged as such


class ServiceRoles:
    """Decides about what services do with roles in one emulator."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._waiting: set[str] = set()  # mappings that may not read

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        hooks.change(
            {
                "stepfunctions": {
                    "_execute_task": _with_role,
                    "_test_state": _with_given_role,
                    "_read_map_items": self._items,
                    "_s3_object_text": self._object,
                    "_invoke_resource": self._task,
                    "_invoke_with_callback": self._task,
                },
                "lambda_svc": {
                    "_iter_all_esms": self._mappings,
                    "_emit_lambda_logs": self._log,
                },
            }
        )
        wrapt.register_post_import_hook(
            lambda app: wrapt.wrap_function_wrapper(app, "call_service_handler_sync", self._sent), "ministack.app"
        )
        refuse({"lambda_svc": {"_create_esm": self._new_mapping}})

    def _task(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A task of a state machine. One whose machine, and so whose role, nobody knows any more may do nothing."""
        from ministack.services.stepfunctions import _ExecutionError

        if not RESOURCE.fullmatch(args[0]):  # MiniStack finds services' names anywhere in it
            raise _ExecutionError("States.Runtime", f"{args[0]} is not a valid resource ARN")
        if SDK not in args[0] and (needed := _needed(*args[:2])):
            self._insist(*needed)
        return original(*args, **kwargs)

    def _sent(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A request that a task sends to another service."""
        from ministack.app import _routing_params

        _, method, path, headers, body, query = args[:6]
        if not (machine := executing.get()):
            return original(*args, **kwargs)
        role, by = machine[0], f"{STATES}/{machine[1]}"
        service, sent = headers["authorization"].split("/")[-2], body.encode() if isinstance(body, str) else body
        path = path.partition("?")[0]
        parameters = _routing_params(method, path, headers, sent, dict(query))
        _fail(service, refusal(self._authority, role, by, Request(service, method, path, headers, sent, parameters)))
        with acting(role, by):
            return original(*args, **kwargs)

    def _items(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """What a Map reads its items from: a bucket's list, or an object."""
        from ministack.services import stepfunctions

        reader, effective, ctx = args
        with _as_machine(ctx["StateMachine"]["Id"]):
            if reader.get("Resource", "").endswith("listObjectsV2"):
                given = reader.get("Parameters") or reader.get("Arguments") or {}
                bucket = stepfunctions._resolve_params_obj(given, effective, ctx).get("Bucket")
                self._insist("s3:ListBucket", f"arn:aws:s3:::{bucket}")
            return original(*args, **kwargs)

    def _object(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        bucket, key = args
        self._insist("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        return original(*args, **kwargs)

    def _insist(self, action: str, resource: str) -> None:
        """Fail the state of the machine that is executing unless its role allows this."""
        role, machine = executing.get() or ("", "")
        _fail(action.partition(":")[0], self._authority.role_may(role, f"{STATES}/{machine}", action, resource))

    def _new_mapping(self, asked: dict[str, Any]) -> Any:
        """The refusal of a mapping whose role may not read its source."""
        from ministack.services import lambda_svc

        name, _, failed = lambda_svc._resolve_existing_esm_function(asked.get("FunctionName", ""))
        words = "" if failed else self._unread(name, asked.get("EventSourceArn", ""))
        return lambda_svc.error_response_json("InvalidParameterValueException", words, 400) if words else None

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
        service = service_of(source)
        role = _role_of(function)
        fan_out = service == "kinesis" and "/consumer/" in source
        actions = OF_MAPPINGS.get("consumer" if fan_out else service, ()) if role else ()
        if not (refused := self._authority.refused_of(role, f"{LAMBDA}/{function}", actions, source, note=note)):
            return ""
        operation = refused[0].partition(":")[2]
        return CANNOT_CALL.format(operation=operation) if service == "sqs" else CANNOT_READ.format(source=source)

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
        denied = self._authority.refused_of(config.get("Role", ""), f"{LAMBDA}/{name}", actions, stream)
        return None if denied else original(*args, **kwargs)


def _fail(service: str, denied: str) -> None:
    """Fail the state that is executing, if AWS refuses what it does."""
    from ministack.services.stepfunctions import _ExecutionError

    if denied:
        raise _ExecutionError(ERRORS.get(service, f"{service.title()}.{service.title()}Exception"), denied)


def _with_role(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    with _as_machine((args[2] or {}).get("stateMachineArn", "")):
        return original(*args, **kwargs)


@contextmanager
def _as_machine(arn: str) -> Iterator[None]:
    """Within it tasks are done with the role of a machine; a Map's own executions name it with a label."""
    from ministack.services import stepfunctions

    machine = stepfunctions._state_machines.get(arn.partition("/")[0]) or {}
    with within(executing, (machine.get("roleArn", ""), machine.get("name", ""))):
        yield


def _with_given_role(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A state that is tested acts with the role that the call names."""
    with within(executing, (args[0].get("roleArn") or "", "TestState")):
        return original(*args, **kwargs)


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
    service, operation = resource.partition(".")[0].split(":")[5:7]
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
