"""Scheduler's universal targets: any call of AWS's, `arn:aws:scheduler:::aws-sdk:sqs:sendMessage`, made with the role.

A target's input has the call's members, each with a capital, as botocore's model of the service calls them. A schedule
that names no such call, one that only reads, or an input that lacks what the call needs, is refused when it is made.
What the service answers with an error is tried again, and kept, as `dead_letters` does with all that fails.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html (2026); the refusals' words are
those of AWS's answers, but for members that the call does not have.
"""

import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.rules.api_destinations import Failure, failed

MARK = ":aws-sdk:"
UNIVERSAL = re.compile(r"arn:aws:scheduler:::aws-sdk:(?P<service>[a-z0-9]+):(?P<call>\w+)")
KEYWORD = re.compile(r"<aws\.scheduler\.[\w-]+>")  # what an input asks to be told
SERVICE = "scheduler.amazonaws.com"
# Where AWS's SDK, and so a target, calls a service otherwise than boto3 does.
NAMES = {
    "applicationautoscaling": "application-autoscaling",
    "cloudwatchlogs": "logs",
    "cognitoidentity": "cognito-identity",
    "cognitoidentityprovider": "cognito-idp",
    "elasticloadbalancingv2": "elbv2",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}
READING = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover",
    "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList", "testMigration",
    "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel",
)  # fmt: skip
NO_INPUT = "You must provide an input to set this target for your schedule"
INVALID = "Invalid RequestJson provided. Reason "
UNREACHED = "InternalFailure"  # the code of a call that fails before the service answers


class UniversalTarget(NamedTuple):
    """A call of AWS's: botocore's model of the operation, and how the service is called here."""

    model: Any
    service: str


class InputError(ValueError):
    """An input that is none for its call."""


def install() -> None:
    """Make schedules call. This takes effect when MiniStack imports EventBridge and Scheduler."""
    hooks.change({"eventbridge": {"_invoke_target": _to_target}})
    refuse({"scheduler": {"_create_schedule": _problem, "_update_schedule": _problem}})


def call_of(arn: str) -> UniversalTarget | None:
    """The call that a target's ARN names; None where there is none of that name."""
    found = UNIVERSAL.fullmatch(arn)
    model = _model(found["service"]) if found else None
    if not found or model is None:
        return None
    named = {each[0].lower() + each[1:]: each for each in model.operation_names}
    operation = named.get(found["call"][0].lower() + found["call"][1:])
    return UniversalTarget(model.operation_model(operation), model.endpoint_prefix) if operation else None


@lru_cache(maxsize=8)  # reading one takes a while, and some are large
def _model(service: str) -> Any:
    """Botocore's model of a service that a target names; None where it knows none by that name."""
    from ministack.core.responses import _service_model

    model = _service_model(NAMES.get(service, service))
    named = re.sub(r"[ -]", "", model.service_id).lower() if model else ""
    return model if named == service else None


def _problem(_name: str, body: Mapping[str, Any]) -> Any:
    """The refusal of a schedule whose universal target AWS does not take."""
    from ministack.services import scheduler

    target = body.get("Target") or {}
    arn = str(target.get("Arn") or "")
    words = _words(arn, str(target.get("Input") or "")) if MARK in arn else ""
    return scheduler._error(400, "ValidationException", words) if words else None


def _words(arn: str, text: str) -> str:
    """What is wrong with a target and its input; empty where nothing is."""
    found = UNIVERSAL.fullmatch(arn)
    if not found:
        return f"{arn.split(':')[2] if arn.count(':') > 1 else arn} is not a supported service for a target."
    name = found["call"][0].lower() + found["call"][1:]
    call = call_of(arn)
    if _model(found["service"]) is None:
        return f"{found['service']} is not a supported service for a target."
    if call is None or name.startswith(READING):
        return f"{found['call']} API is not supported"
    if not text:
        return NO_INPUT
    try:
        _members(call, KEYWORD.sub("0", text))
    except InputError as error:
        return f"{INVALID}{error}"
    return ""


def _members(call: UniversalTarget, text: str) -> dict[str, Any]:
    """The call's members, as botocore calls them, from an input."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The request payload is no JSON: {error}.") from None
    if not isinstance(given, dict):
        raise InputError("The request payload is no JSON object.")
    shape = call.model.input_shape
    needed = {_capital(each) for each in shape.required_members} if shape else set[str]()
    if missing := sorted(needed - given.keys()):
        raise InputError(f"Request payload is missing the following field(s): {', '.join(missing)}.")
    return dict(_named(shape, given)) if shape else {}


def _named(shape: Any, value: Any) -> Any:
    """A value with its structures' members called as the model does."""
    if shape.type_name == "structure" and isinstance(value, dict):
        known = {_capital(each): (each, member) for each, member in shape.members.items()}
        if unknown := sorted(value.keys() - known.keys()):
            raise InputError(f"Request payload has unknown field(s): {', '.join(unknown)}.")
        return {known[key][0]: _named(known[key][1], each) for key, each in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_named(shape.member, each) for each in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _named(shape.value, each) for key, each in value.items()}
    return value


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _to_target(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Make the call of a universal target; `dead_letters` reads what came of it."""
    target, _event, record, *_ = args
    arn = target.get("Arn", "")
    if MARK not in arn:
        return original(*args, **kwargs)
    try:
        failed.set(_called(arn, target, f"{SERVICE}/{record.get('Name')}"))
    except Exception as error:
        failed.set(Failure(f"{arn} could not be called: {error}", UNREACHED))
    return None


def _called(arn: str, target: Mapping[str, Any], by: str) -> Failure | None:
    """Make a call with the target's role; why it failed, or None."""
    from botocore import parsers
    from ministack import app

    call = call_of(arn)
    if call is None or call.service not in app.SERVICE_HANDLERS:
        return Failure(f"{arn} is no call that there is here.", UNREACHED, again=False)
    protocol = call.model.service_model.resolved_protocol
    method, path, headers, body, query = _request(call, protocol, _members(call, target.get("Input") or "{}"))
    role = str(target.get("RoleArn") or "")
    parameters = app._routing_params(method, path, headers, body, query)
    if words := answers.request(role, by, call.service, method, path, headers, body, parameters):
        return Failure(words, "AccessDeniedException", again=False)
    handler = app.SERVICE_HANDLERS[call.service]
    if call.service == "s3":  # which would ask again who signed it
        handler = partial(app._get_module("s3").handle_request, internal=True)
    with answers.acting(role, by):
        status, fields, answered = app.call_service_handler_sync(handler, method, path, headers, body, query)
    if int(status) < HTTPStatus.BAD_REQUEST:
        return None
    text = answered if isinstance(answered, bytes) else str(answered).encode()
    told = {"status_code": int(status), "headers": {str(key): str(fields[key]) for key in fields or {}}, "body": text}
    error = parsers.create_parser(protocol).parse(told, call.model.output_shape).get("Error") or {}
    return Failure(str(error.get("Message") or text.decode("utf-8", "replace")), str(error.get("Code") or status))


def _request(call: UniversalTarget, protocol: str, members: Mapping[str, Any]) -> tuple[Any, ...]:
    """Method, path, headers, body and query, as an SDK would send them."""
    from botocore import serialize

    made = serialize.create_serializer(protocol, include_validation=False).serialize_to_request(members, call.model)
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    if body is None or isinstance(body, str):
        body = (body or "").encode()
    headers = {str(key).lower(): str(value) for key, value in made["headers"].items()}
    headers["host"] = f"localhost:{os.environ.get('GATEWAY_PORT', '')}"
    path, _, own = str(made["url_path"]).partition("?")
    query = {**parse_qs(own, keep_blank_values=True), **_lists(made["query_string"])}
    return made["method"], path, headers, body, query


def _lists(given: Any) -> dict[str, list[str]]:
    """A query with a list of values for each name."""
    pairs = given.items() if isinstance(given, Mapping) else given or ()
    return {str(key): [str(each) for each in (value if isinstance(value, list) else [value])] for key, value in pairs}
