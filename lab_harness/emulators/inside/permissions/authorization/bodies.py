"""What a request says, for those who decide about it before the service reads it."""

import json
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

FORM = "application/x-www-form-urlencoded"
OPERATION = re.compile(r"/operation/([^/?]+)")

# The path of the request that is being answered, where it says what is asked.
path: ContextVar[str] = ContextVar("path", default="")
# The body that was read last, and its members: the same request is asked about again and again.
_last: ContextVar[tuple[bytes, Mapping[str, Any]]] = ContextVar("last", default=(b"", {}))


def read_json(body: bytes) -> Mapping[str, Any]:
    """The members of a body in JSON, which nobody may change; none where it is none."""
    last, members = _last.get()
    if body is not last:
        members = _members(body)
        _last.set((body, members))
    return members


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def named_by_path(service: str, path: str) -> str:
    """The operation that a request to CloudWatch names in its path, which MiniStack reads before `Action`."""
    found = OPERATION.search(path) if service == "monitoring" else None
    return found[1] if found else ""


def read_form(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """The parameters in a body, which some services read as a form whatever its type is said to be."""
    form = FORM in headers.get("content-type", "") or "x-amz-target" not in headers
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True) if form else {}


def asked(
    service: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any]]:
    """The operation that a request names, in a header or by a parameter, and its members; empty for a REST API's."""
    if operation := headers.get("x-amz-target", "").rpartition(".")[2] or named_by_path(service, path):
        return operation, read_json(body)
    given = {**query, **read_form(headers, body)}
    members = {name: value[0] if isinstance(value, list) and value else value for name, value in given.items()}
    return str(members.get("Action") or ""), members
