"""Requests and responses as CloudFront Functions get them, and what they may return.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html (2026)
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside.edge import header_rules
from lab_harness.emulators.inside.edge.events import EdgeRequest, EdgeResponse, Visit
from lab_harness.emulators.inside.edge.functions.calls import invalid

LONGEST_URI = 8192  # characters
LARGEST_BODY = 40 * 1024  # bytes of what a function answers
STATUSES = range(200, 600)
Fields = dict[str, Any]


def event_of(kind: str, visit: Visit, response: EdgeResponse | None = None) -> Fields:
    """The event for a function."""
    domain, id = visit.distribution["DomainName"], visit.distribution["Id"]
    context = {"distributionDomainName": domain, "distributionId": id, "eventType": kind, "requestId": visit.id}
    event: Fields = {"version": "1.0", "context": context, "viewer": {"ip": visit.client_ip}}
    event["request"] = _of_request(visit.request)
    return event | ({"response": _of_response(response)} if response else {})


def _field(values: list[str]) -> Fields:
    return {"value": values[0]} | ({"multiValue": [{"value": each} for each in values]} if len(values) > 1 else {})


def _grouped(pairs: list[tuple[str, str]]) -> Fields:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return {name: _field(values) for name, values in grouped.items()}


def _pairs(text: str, between: str) -> list[tuple[str, str]]:
    parts = (each.strip().partition("=") for each in text.split(between) if each.strip())
    return [(name, value) for name, _, value in parts]


def _of_request(request: EdgeRequest) -> Fields:
    headers = header_rules.seen(request.headers)
    cookies = "; ".join(headers.pop("cookie", []))
    return {
        "method": request.method,
        "uri": request.uri,
        "querystring": _grouped(_pairs(request.query, "&")),
        "headers": {name: _field(values) for name, values in headers.items()},
        "cookies": _grouped(_pairs(cookies, ";")),
    }


def _of_response(response: EdgeResponse) -> Fields:
    headers = header_rules.seen(response.headers)
    cookies: Fields = {}
    for line in headers.pop("set-cookie", []):
        first, _, attributes = line.partition(";")
        name, _, value = first.strip().partition("=")
        field = {"value": value} | ({"attributes": attributes.strip()} if attributes.strip() else {})
        if name in cookies:
            known = cookies[name]
            several = known.setdefault("multiValue", [{key: known[key] for key in known if key != "multiValue"}])
            several.append(field)
        else:
            cookies[name] = field
    fields = {name: _field(values) for name, values in headers.items()}
    return {"statusCode": response.status, "statusDescription": response.reason, "headers": fields, "cookies": cookies}


def checked(value: Any, where: str) -> Fields:
    """An object whose members each have a text as `value`. Raises EdgeError where it is none."""
    if not isinstance(value, dict):
        raise invalid(f"{where} is not an object.")
    for name, field in value.items():
        more = field.get("multiValue") or [] if isinstance(field, dict) else []
        several = [field, *(more if isinstance(more, list) else [None])]
        if not all(isinstance(each, dict) and isinstance(each.get("value"), str) for each in several):
            raise invalid(f"{where}['{name}'] has no text as its 'value'.")
        texts = [name, *(each["value"] for each in several), *(str(each.get("attributes", "")) for each in several)]
        if not all(header_rules.VALUE.fullmatch(each) for each in texts):
            raise invalid(f"{where}['{name}'] has characters that no header may have.")
    return value


def _values(field: Fields, before: Any) -> list[Fields]:
    """All values of a member. Where only the first was set anew, the others stay."""
    several = field.get("multiValue") or [field]
    old = before.get("multiValue") if isinstance(before, dict) else None
    return [field, *several[1:]] if several == old else several


def _headers(value: Any, where: str, kind: str, before: Fields) -> dict[str, Any]:
    """Headers that a function returned, as a visit has them."""
    given = checked(value, where)
    if wrong := next((name for name in given if not header_rules.NAME.fullmatch(name)), None):
        raise invalid(f"{where} has '{wrong}'; a name is in lower case, without spaces.")
    if kind and (wrong := header_rules.forbidden(kind, before, given)):
        raise invalid(wrong)
    found = {name: [each["value"] for each in _values(field, before.get(name))] for name, field in given.items()}
    return header_rules.joined(found)


def _line(fields: Fields, before: Fields, between: str) -> str:
    each = [(name, one["value"]) for name, field in fields.items() for one in _values(field, before.get(name))]
    return between.join(f"{name}={value}" for name, value in each)


def apply_request(returned: Any, event: Fields, request: EdgeRequest) -> None:
    """Change a request into the one that a function returned. Raises EdgeError where it may not."""
    before = event["request"]
    if not isinstance(returned, dict):
        raise invalid("It is neither a request nor a response.")
    uri, query = returned.get("uri"), returned.get("querystring", {})
    if returned.get("method") != before["method"]:
        raise invalid("request.method is read-only.")
    if (
        not isinstance(uri, str)
        or not uri.startswith("/")
        or len(uri) > LONGEST_URI
        or not header_rules.LINK.fullmatch(uri)
    ):
        raise invalid("request.uri is no path that begins with a slash, and is percent-encoded.")
    headers = _headers(returned.get("headers", {}), "request.headers", "viewer-request", before["headers"])
    cookies = checked(returned.get("cookies", {}), "request.cookies")
    unseen = {name: value for name, value in request.headers.items() if header_rules.hidden(name)}
    line = _line(cookies, before["cookies"], "; ")
    request.headers = {**headers, **unseen, **({"cookie": line} if line else {})}
    request.uri = uri
    if isinstance(query, str):
        request.query = query
    elif query != before["querystring"]:
        request.query = _line(checked(query, "request.querystring"), before["querystring"], "&")
    if not header_rules.LINK.fullmatch(request.query):
        raise invalid("request.querystring is not percent-encoded.")


def _status(returned: Any) -> int:
    status = returned.get("statusCode")
    if not isinstance(status, int) or isinstance(status, bool) or status not in STATUSES:
        raise invalid("response.statusCode is no whole number from 200 to 599.")
    return status


def _body(returned: Fields) -> bytes | None:
    body = returned.get("body")
    if body is None:
        return None
    data, encoding = (body.get("data"), body.get("encoding", "text")) if isinstance(body, dict) else (body, "text")
    if not isinstance(data, str) or encoding not in ("text", "base64"):
        raise invalid("response.body has no text as its data, or an encoding that is neither text nor base64.")
    try:
        found = base64.b64decode(data, validate=True) if encoding == "base64" else data.encode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise invalid("response.body is not in base64.") from None
    if len(found) > LARGEST_BODY:
        raise invalid("response.body is larger than 40 KB.")
    return found


def _with_cookies(returned: Fields, headers: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    lines = []
    for name, field in checked(returned.get("cookies", {}), "response.cookies").items():
        for each in _values(field, before.get(name)):
            attributes = each.get("attributes")
            lines.append(f"{name}={each['value']}" + (f"; {attributes}" if attributes else ""))
    return headers | header_rules.joined({"set-cookie": lines})


def generated(returned: Fields) -> EdgeResponse:
    """The response that a function made itself."""
    headers = _headers(returned.get("headers", {}), "response.headers", "", {})
    if added := header_rules.forbidden("viewer-response", {}, headers):
        raise invalid(added)
    described = str(returned.get("statusDescription") or "")
    headers = {"server": "CloudFront", **_with_cookies(returned, headers, {})}
    return EdgeResponse(_status(returned), headers, _body(returned) or b"", described, generated="Function")


def apply_response(returned: Any, event: Fields, response: EdgeResponse) -> None:
    """Change a response into the one that a function returned. Raises EdgeError where it may not."""
    if not isinstance(returned, dict):
        raise invalid("It is no response.")
    before = event["response"]
    headers = _headers(returned.get("headers", {}), "response.headers", "viewer-response", before["headers"])
    unseen = {name: value for name, value in response.headers.items() if header_rules.hidden(name)}
    response.status = _status(returned)
    response.headers = {**_with_cookies(returned, headers, before["cookies"]), **unseen}
    body = _body(returned)
    if body is not None:
        response.body = body
        response.headers.pop("content-length", None)
        response.headers.pop("content-encoding", None)
