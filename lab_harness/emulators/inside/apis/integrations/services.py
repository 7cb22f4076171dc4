"""Integrations with AWS's services: a request is sent to one as the integration's role, which must be allowed to.

An address names an action, `…:states:action/StartExecution`, or a path, `…:sqs:path/000000000000/pets`. How a service
is told of an action botocore's model of it says.

https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html (2026)
"""

import json
import os
import re
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

import defusedxml.ElementTree

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside.apis.integrations.requests import Sent
from lab_harness.emulators.inside.apis.integrations.responses import BackendResponse, failure
from lab_harness.emulators.inside.permissions.asking import answers

ADDRESS = re.compile(r"arn:aws:apigateway:[\w-]*:(?:[\w-]+\.)?(?P<service>[\w-]+):(?P<kind>action|path)/(?P<rest>.*)")
SESSION = "apigateway.amazonaws.com/BackplaneAssumeRoleSession"
FORM = "application/x-www-form-urlencoded"
UNTRUSTED = "is not authorized to assume the role"
UNNAMED = "Unable to determine service/operation name to be authorized"


async def ask(integration: Mapping[str, Any], sent: Sent) -> Any:
    """The service's answer; a failure of API Gateway's own where it cannot even be asked."""
    from ministack import app

    found = ADDRESS.fullmatch(sent.address)
    handler = app.SERVICE_HANDLERS.get(found["service"]) if found else None
    if not found or not handler:
        return failure(f"{sent.address} is no service's address")
    service = found["service"]
    prepared = _prepared(service, found["kind"], found["rest"], sent)
    if prepared is None:
        return failure(f"{service} has no action {found['rest']}")
    path, query, headers, body = prepared
    headers["host"] = f"localhost:{os.environ.get('GATEWAY_PORT', '')}"
    role = str(integration.get("credentials") or "")
    refused = _refused(role, service, sent.method, path, query, headers, body)
    if refused and UNTRUSTED in refused:
        return failure(refused)
    if refused:
        return _denied(service, refused)
    if service == "s3":  # which would ask again who signed it
        handler = partial(app._get_module("s3").handle_request, internal=True)
    with answers.acting(role, SESSION):
        status, fields, answered = await handler(sent.method, path, headers, body, query)
    text = answered.decode("utf-8", "replace") if isinstance(answered, bytes) else str(answered)
    if _is_query(service):  # API Gateway asks them for JSON
        text = _as_json(text)
    return BackendResponse(status, text, str(status), {str(key): str(value) for key, value in (fields or {}).items()})


def _model(service: str) -> Any:
    from ministack.core.responses import _service_model

    return _service_model(service)


def _is_query(service: str) -> bool:
    """Whether a service reads forms, as API Gateway sends them. SQS still does, and botocore does not say so."""
    return service == "sqs" or _model(service).metadata.get("protocol") == "query"


def _prepared(
    service: str, kind: str, rest: str, sent: Sent
) -> tuple[str, dict[str, list[str]], dict[str, str], bytes] | None:
    """Path, query, headers and body; None where the service has no such action."""
    headers, body = dict(sent.headers), sent.body
    query = {key: [value] for key, value in sent.query.items()}
    if kind == "path":
        path, _, own = rest.partition("?")
        query = parse_qs(own, keep_blank_values=True) | query
        return f"/{unquote(path).lstrip('/')}", query, headers, body.encode()
    model, action = _model(service), rest.partition("&")[0]
    if action not in model.operation_names:
        return None
    if _is_query(service):
        form = {key: values[-1] for key, values in parse_qs(body).items()} | sent.query | {"Action": action}
        return "/", {}, {**headers, "content-type": FORM}, urlencode(form).encode()
    target = model.metadata.get("targetPrefix")
    if not target:
        return None
    kind_of_json = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"
    return "/", query, {**headers, "x-amz-target": f"{target}.{action}", "content-type": kind_of_json}, body.encode()


def _refused(
    role: str, service: str, method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str], body: bytes
) -> str:
    """Why the role may not do this; empty where it may."""
    from ministack.app import _routing_params
    from ministack.core.iam_actions import extract_iam_action

    asked = (service, method, path, headers, body, _routing_params(method, path, dict(headers), body, dict(query)))
    if service != "sqs" or path == "/":
        return answers.request(role, SESSION, *asked)
    action = extract_iam_action(*asked)
    found = (answers.role(role, SESSION, action, each) for each in _queues(path, query, headers, body) if action)
    return next(filter(None, found), "" if action else UNNAMED)


def _queues(path: str, query: Mapping[str, Any], headers: Mapping[str, str], body: bytes) -> list[str]:
    """The ARNs of the queues that a request could be for: of its path, unless it names another, as a client may."""
    text = body.decode("utf-8", "replace")
    named = [*query.get("QueueUrl", []), *parse_qs(text).get("QueueUrl", [])]
    if headers.get("x-amz-target"):
        try:
            named = [*named, str(json.loads(text).get("QueueUrl") or path)]
        except (ValueError, AttributeError):
            named = [*named, path]
    parts = [each.rstrip("/").split("/") for each in named or [path]]
    return [f"arn:aws:sqs:{REGION}:{each[-2] if len(each) > 1 else ACCOUNT}:{each[-1]}" for each in parts]


def _denied(service: str, words: str) -> BackendResponse:
    if service == "s3":
        return BackendResponse(403, f"<Error><Code>AccessDenied</Code><Message>{words}</Message></Error>", "403")
    if _is_query(service):
        told: dict[str, Any] = {"Error": {"Code": "AccessDenied", "Message": words, "Type": "Sender"}}
        return BackendResponse(403, json.dumps(told), "403")
    return BackendResponse(400, json.dumps({"__type": "AccessDeniedException", "Message": words}), "400")


def _as_json(text: str) -> str:
    """What a service that answers XML would say in JSON."""
    try:
        root = defusedxml.ElementTree.fromstring(text)
    except defusedxml.ElementTree.ParseError:
        return text
    found = _value(root)
    name = _name(root)
    return json.dumps(found if name == "ErrorResponse" else {name: found})


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _value(element: Any) -> Any:
    children = list(element)
    if not children:
        return element.text
    made: dict[str, Any] = {}
    for each in children:
        name, value = _name(each), _value(each)
        if name in made:
            there = made[name] if isinstance(made[name], list) else [made[name]]
            made[name] = [*there, value]
        else:
            made[name] = value
    return made
