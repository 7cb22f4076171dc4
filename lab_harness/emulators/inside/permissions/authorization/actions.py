"""Which action a request needs a permission for: that of the operation which is going to be done, and no other.

MiniStack believes the parameter Action before all else, then the header X-Amz-Target, whatever a service goes by. It
tells Lambda's operations apart in part, and asks for nothing where it does not know an operation's path.
"""

from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside.permissions.authorization import bodies
from lab_harness.emulators.inside.permissions.authorization.bodies import FORM, named_by_path, read_form
from lab_harness.emulators.inside.permissions.authorization.foreign import NOTHING, sent
from lab_harness.emulators.inside.records.call_log import rest_operation

BY_PATH = frozenset({"lambda", "s3", "s3-control", "scheduler", "pipes"})  # whose requests name no operation
DURABLE = "/2025-12-01/durable-execution"  # what an execution is called has slashes; `durable_calls` reads it
UNKNOWN = "UnknownOperation"
# Operations that do for many what another does for one, and need that one's permission.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html (2026)
SINGLES = {f"sqs:{each}Batch": f"sqs:{each}" for each in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}
SINGLES |= {"sns:PublishBatch": "sns:Publish"}
SINGLES |= {"kms:ReEncrypt": "kms:ReEncryptFrom"}  # and kms:ReEncryptTo for the new key, which `encryption` asks for
SEVERAL = "several operations at once"  # in place of an action
# What begins the header that names an operation, of the services that read forms, too. The others know no such header.
TARGETS = {"monitoring": "GraniteServiceVersion20100801", "sqs": "AmazonSQS"}
# Lambda's operations that need a permission of another name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html (2026)
LAMBDAS = {
    "Invoke": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
    "GetLayerVersionByArn": "GetLayerVersion",
}


def the_one_action(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """The action of a request; None where none is needed."""
    service, method, path, headers, body, query = args
    if service not in BY_PATH:
        form, target = read_form(headers, body), _target(headers)
        sent.set((service, path, headers, body, query))
        by_parameter, by_path = {*_named_in(query), *_named_in(form)}, named_by_path(service, path)
        named = {*by_parameter, *target, *filter(None, [by_path])}
        is_form = headers.get("content-type", "").startswith(FORM)
        unclear = bool(by_parameter and form) and (_differ(query, form) or not is_form)
        unclear = unclear or _is_overlooked(service, headers)
        action: str | None = original(*args, **kwargs) or (f"cloudwatch:{by_path}" if by_path else None)
        return SEVERAL if unclear or len(named) > 1 else SINGLES.get(action or "", action)
    sent.set(NOTHING)  # of an operation's members
    if service == "lambda" and not path.startswith(DURABLE):
        path = f"/{'/'.join(filter(None, path.split('/')))}"  # as MiniStack reads it
        bodies.path.set(path)
        operation = rest_operation(service, method, path, query.keys() | headers.keys()) or UNKNOWN
        return f"lambda:{LAMBDAS.get(operation, operation)}"
    plain = {name: value for name, value in headers.items() if name not in ("x-amz-target", "content-type")}
    query = {name: value for name, value in query.items() if name != "Action"}
    return original(service, method, path, plain, b"", query) or f"{service}:{UNKNOWN}"


def _named_in(parameters: Mapping[str, Any]) -> list[str]:
    return _listed(parameters.get("Action", []))


def _differ(query: Mapping[str, Any], form: Mapping[str, list[str]]) -> bool:
    """Whether a parameter is given twice, in different words, of which MiniStack would judge one and use the other."""
    return any(len({*values, *_listed(query.get(name, []))}) > 1 for name, values in form.items())


def _listed(values: Any) -> list[str]:
    return [values] if isinstance(values, str) else list(values)


def _is_overlooked(service: str, headers: Mapping[str, str]) -> bool:
    """Whether the header that is to name an operation names none, or is none of this service's, which reads forms, too.

    A request would be judged by it, or by nothing, and MiniStack do what the form says, or read JSON, as AWS would not.
    """
    from ministack.core.iam_actions import _SERVICE_PROTOCOL

    if "x-amz-target" not in headers:
        return False
    prefix, dot, _ = headers["x-amz-target"].rpartition(".")
    reads_forms = service in TARGETS or service in _SERVICE_PROTOCOL  # where those are whose answers are XML
    return not dot or (reads_forms and prefix != TARGETS.get(service))


def _target(headers: Mapping[str, str]) -> list[str]:
    _, dot, operation = headers.get("x-amz-target", "").rpartition(".")
    return [operation] if dot else []
