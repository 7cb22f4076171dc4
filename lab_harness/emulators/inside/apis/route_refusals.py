"""Refuses the parts of an HTTP or WebSocket API that AWS refuses when they are made; MiniStack takes them.

A route or a stage that is there already, a route key of no form, a route to no integration, an integration of a kind
that such an API has not, a deployment without routes, and a WebSocket API that does not say how it chooses a route.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html (2026); the words are those of
AWS's answers where these are known: https://github.com/serverless/serverless/issues/7260 and 6533,
https://github.com/aws/serverless-application-model/issues/2512.
"""

import re
from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside.constraints import Problem, refuse

Asked = Mapping[str, Any]
SOCKETS, DEFAULT = "WEBSOCKET", "$default"
HTTP_KEY = re.compile(r"(ANY|GET|POST|PUT|DELETE|HEAD|OPTIONS|PATCH) /\S*")
TARGET = "integrations/"
KINDS = {"HTTP": ("AWS_PROXY", "HTTP_PROXY"), SOCKETS: ("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK")}

ROUTE_EXISTS = "Route with key {} already exists for this API"
STAGE_EXISTS = "Stage already exists"
NO_KEY = "Route key is required"
KEY_FORM = (
    'The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD> '
    '/<RESOURCE PATH>" or "$default"'
)
NO_INTEGRATION = "Unable to find Integration by Id {} within the provided Target"
NO_SELECTION = "RouteSelectionExpression is required for WEBSOCKET protocol"
NO_KIND = "Invalid integration type specified"
NO_ROUTES = "At least one route is required before deploying the Api"
NO_STAGE = "Unable to find Stage by name {} within the provided Deployment"


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports API Gateway."""
    problems: dict[str, Problem] = {
        "_create_api": _api,
        "_create_route": _route,
        "_update_route": _changed_route,
        "_create_integration": _integration,
        "_create_stage": _stage,
        "_create_deployment": _deployment,
    }
    refuse({"apigateway": problems})


def _no(words: str, code: str = "BadRequestException", status: int = 400) -> Any:
    from ministack.services import apigateway

    return apigateway._apigw_error(code, words, status)


def _kept(store: str, api: str) -> Mapping[str, Any]:
    """What is kept of an API: its routes, stages, integrations or deployments, by their ids."""
    from ministack.services import apigateway

    found: Mapping[str, Any] = getattr(apigateway, store).get(api) or {}
    return found


def _protocol(api: str) -> str:
    """HTTP or WEBSOCKET; empty where there is no such API, which MiniStack says itself."""
    return str(_kept("_apis", api).get("protocolType", ""))


def _api(asked: Asked) -> Any:
    silent = asked.get("protocolType") == SOCKETS and not asked.get("routeSelectionExpression")
    return _no(NO_SELECTION) if silent else None


def _route(api: str, asked: Asked) -> Any:
    if not _protocol(api):
        return None
    return _no(NO_KEY) if not asked.get("routeKey") else _changed_route(api, "", asked)


def _changed_route(api: str, route: str, asked: Asked) -> Any:
    key, target = asked.get("routeKey"), str(asked.get("target") or "")
    if key and _protocol(api) == "HTTP" and key != DEFAULT and not HTTP_KEY.fullmatch(key):
        return _no(KEY_FORM)
    if key and any(each["routeKey"] == key for name, each in _kept("_routes", api).items() if name != route):
        return _no(ROUTE_EXISTS.format(key), "ConflictException", 409)
    integration = target.removeprefix(TARGET)
    if target and _protocol(api) and integration not in _kept("_integrations", api):
        return _no(NO_INTEGRATION.format(integration), "NotFoundException", 404)
    return None


def _integration(api: str, asked: Asked) -> Any:
    kind, kinds = asked.get("integrationType"), KINDS.get(_protocol(api))
    return _no(NO_KIND) if kind and kinds and kind not in kinds else None


def _stage(api: str, asked: Asked) -> Any:
    there = asked.get("stageName", DEFAULT) in _kept("_stages", api)
    return _no(STAGE_EXISTS, "ConflictException", 409) if there else None


def _deployment(api: str, asked: Asked) -> Any:
    if not _protocol(api):
        return None
    name = asked.get("stageName")
    if name and name not in _kept("_stages", api):
        return _no(NO_STAGE.format(name), "NotFoundException", 404)
    return None if _kept("_routes", api) else _no(NO_ROUTES)
