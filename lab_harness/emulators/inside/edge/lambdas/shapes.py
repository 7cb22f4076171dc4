"""Events as functions at the edge get them, and the requests and responses that they may return.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html and
lambda-generating-http-responses.html (2026)
"""

import base64
import binascii
import re
from typing import Any, NamedTuple

from lab_harness.emulators.inside.edge import header_rules
from lab_harness.emulators.inside.edge.events import EdgeRequest, EdgeResponse, Visit
from lab_harness.emulators.inside.edge.lambdas.origins import apply_origin, described
from lab_harness.emulators.inside.edge.lambdas.runs import invalid

LARGEST = {"viewer": 40 * 1024, "origin": 1024 * 1024}  # bytes of a body that is told, and of a response that is made
STATUS = re.compile("[2-5][0-9]{2}")
STATUS_KEPT = "The function tried to change the status in a viewer response, which is read-only."


def _headers(headers: dict[str, Any]) -> dict[str, Any]:
    """Headers as a function gets them: by lower-case name a list, each with the name as it is usually spelt."""
    spelt = {name: "-".join(part.capitalize() for part in name.split("-")) for name in headers}
    return {
        name: [{"key": spelt[name], "value": value} for value in values]
        for name, values in header_rules.seen(headers).items()
    }


def _returned(given: Any, before: dict[str, Any], kind: str) -> dict[str, Any]:
    """Headers that a function returned, as a visit has them. The event's own that it does not see stay."""
    if not isinstance(given, dict):
        raise invalid("The headers must be an object.")
    found: dict[str, list[str]] = {}
    for name, values in given.items():
        if not header_rules.NAME.fullmatch(name) or not isinstance(values, list):
            raise invalid(f"The header {name} must be a list under its name in lower case.")
        if not all(isinstance(each, dict) and isinstance(each.get("value"), str) for each in values):
            raise invalid(f"The header {name} must have a text as each value.")
        if any(str(each.get("key", name)).lower() != name for each in values):
            raise invalid(f"The header {name} has another key.")
        if not all(header_rules.VALUE.fullmatch(each["value"]) for each in values):
            raise invalid(f"The header {name} has characters that no header may have.")
        if values:
            found[name] = [each["value"] for each in values]
    if wrong := header_rules.forbidden(kind, header_rules.seen(before), found, in_lambda=True):
        raise invalid(wrong)
    unseen = {name: value for name, value in before.items() if header_rules.hidden(name)}
    return header_rules.joined(found) | unseen


class EdgeEvent(NamedTuple):
    """One event of a visit, with the body of its request or without."""

    kind: str
    visit: Visit
    with_body: bool = False

    @property
    def _request(self) -> EdgeRequest:
        visit = self.visit
        return visit.origin_request if self.kind.startswith("origin-") and visit.origin_request else visit.request

    def payload(self, response: EdgeResponse | None = None) -> dict[str, Any]:
        """What the function gets."""
        domain, id = self.visit.distribution["DomainName"], self.visit.distribution["Id"]
        config = {"distributionDomainName": domain, "distributionId": id, "eventType": self.kind}
        told = {"config": config | {"requestId": self.visit.id}, "request": self._told()}
        if response:
            status = {"status": str(response.status), "statusDescription": response.reason}
            told["response"] = status | {"headers": _headers(response.headers)}
        return {"Records": [{"cf": told}]}

    def _told(self) -> dict[str, Any]:
        asked, most = self._request, LARGEST[self.kind.partition("-")[0]]
        told: dict[str, Any] = {"clientIp": self.visit.client_ip, "headers": _headers(self._with_host())}
        told |= {"method": asked.method, "querystring": asked.query, "uri": asked.uri}
        if self.with_body:
            data = base64.b64encode(asked.body[:most]).decode()
            truncated = len(asked.body) > most
            told["body"] = {"inputTruncated": truncated, "action": "read-only", "encoding": "base64", "data": data}
        if self.kind.startswith("origin-"):
            told["origin"] = described(self.visit.origin)
        return told

    def _with_host(self) -> dict[str, Any]:
        """The headers; an origin's Host is its own, which CloudFront sets where the viewer's is not passed on."""
        own = {"host": self.visit.origin["domain_name"]} if self.kind.startswith("origin-") else {}
        return own | self._request.headers

    def apply(self, returned: Any) -> None:
        """Change the request into the one that a function returned. Raises EdgeError where it may not."""
        asked = self._request
        if not isinstance(returned, dict):
            raise invalid("The JSON output must be an object type.")
        uri, query = returned.get("uri"), returned.get("querystring", "")
        if returned.get("method", asked.method) != asked.method:
            raise invalid("The method is read-only.")
        if not isinstance(uri, str) or not uri.startswith("/") or not header_rules.LINK.fullmatch(uri):
            raise invalid("The uri must be a path that begins with a slash, percent-encoded.")
        if not isinstance(query, str) or not header_rules.LINK.fullmatch(query):
            raise invalid("The querystring must be a text, percent-encoded.")
        headers = _returned(returned.get("headers", {}), self._with_host(), self.kind)
        if self.kind == "origin-request":
            self.visit.origin = apply_origin(returned.get("origin"), self.visit.origin)
            if headers.get("host") == self.visit.origin["domain_name"]:
                del headers["host"]
        asked.uri, asked.query, asked.headers = uri, query, headers
        body = returned.get("body") if self.with_body else None
        if isinstance(body, dict) and body.get("action") == "replace":
            asked.body = _decoded(body.get("data", ""), body.get("encoding", "text"))
            if len(asked.body) > LARGEST[self.kind.partition("-")[0]]:
                raise invalid("The body is larger than it may be.")


def _decoded(data: Any, encoding: Any) -> bytes:
    if not isinstance(data, str) or encoding not in ("text", "base64"):
        raise invalid("The body must be a text, its encoding text or base64.")
    try:
        return base64.b64decode(data, validate=True) if encoding == "base64" else data.encode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise invalid("The body is not valid base64.") from None


def _status(returned: dict[str, Any]) -> int:
    status = str(returned.get("status", ""))
    if not STATUS.fullmatch(status):
        raise invalid("The status must be a number from 200 to 599.")
    return int(status)


def _size_checked(kind: str, headers: dict[str, Any], body: bytes) -> None:
    texts = (
        f"{name}{value}"
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    )
    most = LARGEST[kind.partition("-")[0]]
    if len(body) + sum(map(len, texts)) > most:
        raise invalid(f"The response is larger than {most // 1024} KB.")


def generated(returned: dict[str, Any], kind: str) -> EdgeResponse:
    """The response that a function made itself, at a request's event."""
    headers = _returned(returned.get("headers", {}), {}, kind.replace("request", "response"))
    body = _decoded(returned.get("body", ""), returned.get("bodyEncoding", "text"))
    _size_checked(kind, headers, body)
    reason = str(returned.get("statusDescription") or "")
    return EdgeResponse(_status(returned), {"server": "CloudFront", **headers}, body, reason, generated="Lambda")


def apply_response(returned: Any, kind: str, response: EdgeResponse) -> None:
    """Change a response into the one that a function returned. Raises EdgeError where it may not."""
    if not isinstance(returned, dict):
        raise invalid("The JSON output must be an object type.")
    status = _status(returned)
    headers = _returned(returned.get("headers", {}), response.headers, kind)
    if kind == "viewer-response":
        if status != response.status:
            raise invalid(STATUS_KEPT)
    elif "body" in returned:
        response.body = _decoded(returned["body"], returned.get("bodyEncoding", "text"))
        _size_checked(kind, headers, response.body)
        for name in ("content-length", "content-encoding", "etag", "accept-ranges"):  # of the origin's body
            if headers.get(name) == response.headers.get(name):
                headers.pop(name, None)
    response.status, response.headers = status, headers
    response.reason = str(returned.get("statusDescription") or "")
