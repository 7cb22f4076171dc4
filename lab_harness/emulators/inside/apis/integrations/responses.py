"""From a backend's answer to the client's: which integration response it gets, and what that makes of it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-response.html
(2026)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab_harness.emulators.inside.apis.integrations.budget import TemplateError
from lab_harness.emulators.inside.apis.integrations.mapping import Exchange
from lab_harness.emulators.inside.apis.integrations.patterns import fits
from lab_harness.emulators.inside.apis.integrations.velocity import render
from lab_harness.emulators.inside.apis.serving import serving

JSON, HEADER = "application/json", "method.response.header."
FAILED = "Internal server error"


@dataclass
class BackendResponse:
    """What a backend answered. `told` is what patterns are compared with: its status, or a function's error."""

    status: int
    body: str
    told: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def given(integration: Mapping[str, Any], exchange: Exchange) -> str | None:
    """The body that an integration sends: what its template makes of the request; None where it takes no such type."""
    kind = (exchange.header("content-type") or JSON).partition(";")[0].strip().lower()
    templates = integration.get("requestTemplates") or {}
    found = [each for key, each in templates.items() if key.partition(";")[0].strip().lower() == kind]
    if found:
        made = render(str(found[0] or ""), exchange.names(exchange.body))
        exchange.served.tell(f"Endpoint request body after transformations: {made}")
        return made
    passes = str(integration.get("passthroughBehavior") or "WHEN_NO_MATCH").upper()
    refused = passes == "NEVER" or (passes == "WHEN_NO_TEMPLATES" and templates)
    return None if refused else exchange.body


def mapped(integration: Mapping[str, Any], answer: BackendResponse, exchange: Exchange) -> Any:
    """The client's answer, in MiniStack's form; a failure where no integration response is for this one."""
    exchange.served.tell(f"Received response. Status: {answer.status}")
    exchange.served.tell(f"Endpoint response body before transformations: {answer.body}")
    chosen = _chosen(integration.get("integrationResponses") or {}, answer)
    if chosen is None:
        told = f"Endpoint Response Status Code: {answer.status}"
        return failure(f"No match for output mapping and no default output mapping configured. {told}")
    headers = {"Content-Type": JSON}
    body, templates = answer.body, chosen.get("responseTemplates") or {}
    if templates:
        wanted = exchange.header("accept").partition(",")[0].partition(";")[0].strip().lower()
        kind = next((each for each in (wanted, JSON) if each in templates), next(iter(templates)))
        headers["Content-Type"] = kind
        body = render(templates[kind], exchange.names(body)) if templates[kind] else body
    known = {"headers": answer.headers, "body": answer.body}
    for target, source in (chosen.get("responseParameters") or {}).items():
        value = exchange.mapped(source, known)
        if target.startswith(HEADER) and value is not None:
            _set(headers, target.removeprefix(HEADER), value)
    for name, value in exchange.answered["header"].items():
        _set(headers, name, str(value))
    return _status(exchange, chosen), headers, body.encode()


def _status(exchange: Exchange, chosen: Mapping[str, Any]) -> int:
    status = exchange.answered.get("status", chosen.get("statusCode") or 200)
    try:
        found = int(status)
    except (TypeError, ValueError) as error:
        raise TemplateError(f"{status} is no status") from error
    if not 100 <= found <= 599:
        raise TemplateError(f"{status} is no status")
    return found


def _set(headers: dict[str, str], name: str, value: str) -> None:
    """Set a header, however the one that is there is spelt. A line's end in it would begin another header."""
    for there in [each for each in headers if each.lower() == name.lower()]:
        del headers[there]
    headers[name] = value.replace("\r", " ").replace("\n", " ")


def _chosen(responses: Mapping[str, Any], answer: BackendResponse) -> Mapping[str, Any] | None:
    """The response whose pattern is all that is told; else that without a pattern."""
    every = [each for each in responses.values() if each]
    fitting = [each for each in every if each.get("selectionPattern") and fits(each["selectionPattern"], answer.told)]
    usual = [each for each in every if not each.get("selectionPattern")]
    own = [each for each in fitting or usual if str(each.get("statusCode")) == str(answer.status)]
    return next(iter([*own, *fitting, *usual]), None)


def failure(reason: str, kind: str = "API_CONFIGURATION_ERROR", message: str = FAILED) -> Any:
    """An error of API Gateway's own. The client is not told why; the execution log is."""
    from ministack.services import apigateway_v1

    if served := serving.get():
        served.tell(f"Execution failed due to configuration error: {reason}")
    return apigateway_v1._gw_error(kind, message)


def unsupported() -> Any:
    """The answer where an integration takes no request of this type."""
    return failure("no template is for the content type", "UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
