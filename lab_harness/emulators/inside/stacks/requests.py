"""The requests that a stack's resource makes: of the right types, permitted, and refused in CloudFormation's words."""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import unescape
from http import HTTPStatus
from typing import Any

from lab_harness.emulators.inside import constraints
from lab_harness.emulators.inside.permissions.asking import answers

CODES = {HTTPStatus.FORBIDDEN: "AccessDenied", HTTPStatus.NOT_FOUND: "NotFound"}


VALUES: Mapping[str, Callable[[Any], Any]] = {
    "boolean": lambda value: str(value).lower() == "true",
    **dict.fromkeys(("integer", "long"), lambda value: int(str(value))),
    **dict.fromkeys(("double", "float"), float),
    "timestamp": lambda value: _moment(value) if isinstance(value, str) else value,
}


def _moment(text: str) -> float:
    """A moment in seconds since 1970; one without a time zone is UTC's."""
    told = datetime.fromisoformat(text)
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


class HandlerError(Exception):
    """A resource that is not made, changed or deleted."""


def typed(service: str, operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What of a resource's properties an operation takes, with numbers as such: a template's parameters are texts."""
    asked: dict[str, Any] = _typed(constraints.input_shape(service, operation), properties)
    return asked


def _typed(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return {name: _typed(member, value[name]) for name, member in shape.members.items() if name in value}
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {key: _typed(shape.value, each) for key, each in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_typed(shape.member, each) for each in value]
    return VALUES[shape.type_name](value) if shape.type_name in VALUES else value


def changed(before: Mapping[str, Any], after: Mapping[str, Any], *names: str) -> bool:
    """Whether a template has changed any of these properties."""
    return any(before.get(name) != after.get(name) for name in names)


def refused(service: str, words: str, status: int) -> HandlerError:
    """CloudFormation's error, with a service as CloudFormation names it, and that service's words and status."""
    about = f"Service: {service}, Status Code: {status:d}, Request ID: {uuid.uuid4()}"
    told = f'Resource handler returned message: "{words} ({about}) (SDK Attempt Count: 1)"'
    code = CODES.get(HTTPStatus(status), "InvalidRequest")
    return HandlerError(f"{told} (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})")


def permit(service: str, action: str, arn: str) -> None:
    """Raise that error where whoever changes the stack may not do this action on a resource."""
    if words := answers.caller(action, arn):
        raise refused(service, words, HTTPStatus.FORBIDDEN)


def refusal(answer: Any) -> tuple[str, int] | None:
    """The words and the status of what MiniStack's function has answered; None where it is no refusal."""
    if not isinstance(answer, tuple) or answer[0] < HTTPStatus.BAD_REQUEST:
        return None
    status, _, body = answer
    text = body.decode() if isinstance(body, bytes) else body
    if found := re.search("<Message>(.*?)</Message>", text, re.DOTALL):
        return unescape(found[1]), status
    told = {key.lower(): value for key, value in json.loads(text).items()}
    return str(told.get("message", text)), status


def insist(service: str, answer: Any) -> None:
    """Raise CloudFormation's error where MiniStack's function has refused."""
    if found := refusal(answer):
        raise refused(service, *found)
