"""Makes an HTTP API in one call: with a `Target`, it has an integration, a route to it and a stage that deploys itself.

MiniStack makes the API alone, so that every request to it is answered by 404.
https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html (2026)
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from lab_harness.emulators.inside import hooks

DEFAULT = "$default"
MANAGED = {"apiGatewayManaged": True}  # what is made so says it
ALONE = "Target is not supported for WEBSOCKET protocol"


def install() -> None:
    """Change MiniStack. This takes effect when it imports API Gateway."""
    hooks.change({"apigateway": {"_create_api": _create}})


def _create(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import apigateway

    (asked,) = args
    if not asked.get("target"):
        return original(*args, **kwargs)
    if asked.get("protocolType") == "WEBSOCKET":
        return apigateway._apigw_error("BadRequestException", ALONE, 400)
    answer = original(*args, **kwargs)
    if answer[0] != HTTPStatus.CREATED:
        return answer
    api = json.loads(answer[2])["apiId"]
    if refused := _fill(api, asked):
        apigateway._delete_api(api)
        return refused
    return answer


def _fill(api: str, asked: Mapping[str, Any]) -> Any:
    """Give an API its integration, route and stage; returns the refusal of one of them."""
    from ministack.services import apigateway

    target = str(asked["target"])
    kind = "AWS_PROXY" if target.startswith("arn:") else "HTTP_PROXY"
    made = {"integrationType": kind, "integrationUri": target, "payloadFormatVersion": "2.0"}
    if kind == "HTTP_PROXY":
        made |= {"integrationMethod": "ANY", "payloadFormatVersion": "1.0"}
    if asked.get("credentialsArn"):
        made["credentialsArn"] = asked["credentialsArn"]
    integration = apigateway._create_integration(api, made)
    if integration[0] != HTTPStatus.CREATED:
        return integration
    to = f"integrations/{json.loads(integration[2])['integrationId']}"
    route = apigateway._create_route(api, {"routeKey": asked.get("routeKey") or DEFAULT, "target": to})
    if route[0] != HTTPStatus.CREATED:
        return route
    apigateway._create_stage(api, {"stageName": DEFAULT, "autoDeploy": True})
    for store in (apigateway._integrations, apigateway._routes, apigateway._stages):
        for each in store[api].values():
            each.update(MANAGED)
    return None
