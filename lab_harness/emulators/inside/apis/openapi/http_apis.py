"""ImportApi, ReimportApi and ExportApi: an OpenAPI 3.0 definition makes an HTTP API, replaces one, or is made of one.

MiniStack knows none of them, and takes no `Body` of a stack's API.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html (2026)
"""

import asyncio
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import wrapt

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.openapi.definitions import NONE, read, roles_in
from lab_harness.emulators.inside.apis.openapi.http_exports import export
from lab_harness.emulators.inside.apis.openapi.reading import ANY, AUTHORIZER, DEFAULT, INTEGRATION, OURS, VERBS
from lab_harness.emulators.inside.constraints import refusal

Asked = Mapping[str, Any]
IMPORTED = re.compile(r"/v2/apis(?:/(?P<api>[\w-]+))?/?")
EXPORTED = re.compile(r"/v2/apis/(?P<api>[\w-]+)/exports/(?P<kind>\w+)/?")
REFERENCE = re.compile(rf"#/components/{OURS}integrations/(\w+)")


def install() -> None:
    """Teach MiniStack these calls. This takes effect when it imports API Gateway and CloudFormation."""
    hooks.change({"apigateway": {"handle_request": _request}})
    wrapt.register_post_import_hook(_change_stacks, "ministack.services.cloudformation.provisioners")


def _change_stacks(provisioners: Any) -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    handler["create"] = wrapt.FunctionWrapper(handler["create"], _made_by_stack)


def _made_by_stack(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A stack's API, with what its `Body` says."""
    _, properties, *_ = args
    api, *more = original(*args, **kwargs)
    body = properties.get("Body")
    if body and (answer := _fill(api, read(json.dumps(body)), properties)):
        raise ValueError(json.loads(answer[2])["message"])
    return api, *more


async def _request(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    method, path, _, body, query = args
    if method == "GET" and (asked := EXPORTED.fullmatch(path)):
        return export(asked["api"], asked["kind"], {name: _one(value) for name, value in query.items()})
    changed = IMPORTED.fullmatch(path) if method == "PUT" else None
    if not changed:
        return await original(*args, **kwargs)
    definition = await asyncio.to_thread(_sent, body)  # a large one takes seconds, in which others are answered
    return _replace(changed["api"], definition) if changed["api"] else _make(definition)


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _sent(body: bytes) -> Any:
    try:
        return read(json.loads(body or b"{}").get("body"))
    except (ValueError, AttributeError):
        return None


def _make(definition: Any) -> Any:
    from ministack.services import apigateway

    _, _, body = apigateway._create_api({"name": "unnamed", "protocolType": "HTTP"})
    api = json.loads(body)["apiId"]
    if answer := _fill(api, definition):
        apigateway._delete_api(api)
        return answer
    return apigateway._apigw_response(apigateway._apis[api], 201)


def _replace(api: str, definition: Any) -> Any:
    from ministack.services import apigateway

    if api not in apigateway._apis:
        return apigateway._api_not_found(api)
    tried = _make(definition)
    if tried[0] != HTTPStatus.CREATED:
        return tried  # So a definition that fails leaves the API as it was.
    made = json.loads(tried[2])["apiId"]
    for store in (apigateway._routes, apigateway._integrations, apigateway._authorizers):
        store[api] = store.get(made) or {}
    for name in ("name", "description", "version", "corsConfiguration"):
        apigateway._apis[api].pop(name, None)
        if name in apigateway._apis[made]:
            apigateway._apis[api][name] = apigateway._apis[made][name]
    apigateway._delete_api(made)
    return apigateway._apigw_response(apigateway._apis[api], 201)


def _fill(api: str, definition: Any, named: Asked | None = None) -> Any:
    """Give an API what a definition has; returns the refusal of one that is none, or whose roles may not be given."""
    from ministack.services import apigateway

    if not definition or "openapi" not in definition:
        return apigateway._apigw_error("BadRequestException", NONE, 400)
    for role in roles_in(definition):
        if refused := refusal("apigateway", "_create_integration", api, {"credentialsArn": role}):
            return refused
    info = definition.get("info") or {}
    said = {"name": info.get("title"), "description": info.get("description"), "version": info.get("version")}
    said["corsConfiguration"] = definition.get(f"{OURS}cors")
    apigateway._apis[api] |= {key: each for key, each in said.items() if each and key.title() not in (named or {})}
    try:
        schemes = (definition.get("components") or {}).get("securitySchemes") or {}
        authorizers = {name: _authorizer(api, name, each) for name, each in schemes.items()}
        for path, item in definition["paths"].items():
            for verb, operation in item.items():
                if verb in VERBS or verb == ANY:
                    key = DEFAULT if path == f"/{DEFAULT}" else f"{'ANY' if verb == ANY else verb.upper()} {path}"
                    _route(api, key, operation, definition, authorizers)
    except (AttributeError, KeyError, TypeError, ValueError):  # what stands in it is of another kind than it must be
        return apigateway._apigw_error("BadRequestException", NONE, 400)
    return None


def _authorizer(api: str, name: str, scheme: Asked) -> dict[str, Any]:
    """How a route is protected that names this scheme."""
    from ministack.services import apigateway

    if scheme.get(f"{OURS}authtype") == "awsSigv4":
        return {"authorizationType": "AWS_IAM"}
    given = scheme.get(f"{OURS}authorizer")
    if not given:
        return {}
    kind = "JWT" if str(given["type"]).lower() == "jwt" else "REQUEST"
    asked = {own: given[each] for own, each in AUTHORIZER.items() if each in given}
    source = given.get("identitySource", "$request.header.Authorization")
    source = [each.strip() for each in source.split(",")] if isinstance(source, str) else source
    _, _, body = apigateway._create_authorizer(
        api, {**asked, "name": name, "authorizerType": kind, "identitySource": source}
    )
    return {"authorizationType": "JWT" if kind == "JWT" else "CUSTOM", "authorizerId": json.loads(body)["authorizerId"]}


def _route(api: str, key: str, operation: Asked, definition: Asked, authorizers: Mapping[str, Any]) -> None:
    from ministack.services import apigateway

    asked: dict[str, Any] = {"routeKey": key}
    if operation.get("operationId"):
        asked["operationName"] = operation["operationId"]
    given = operation.get(f"{OURS}integration")
    if given and (shared := REFERENCE.fullmatch(str(given.get("$ref", "")))):
        given = definition["components"][f"{OURS}integrations"][shared[1]]
    if given:
        made = {own: given[each] for own, each in INTEGRATION.items() if each in given}
        made["integrationType"] = str(given["type"]).upper()
        _, _, body = apigateway._create_integration(api, made)
        asked["target"] = f"integrations/{json.loads(body)['integrationId']}"
    for name, scopes in next(iter(operation.get("security", definition.get("security")) or []), {}).items():
        asked |= authorizers[name] | ({"authorizationScopes": scopes} if scopes else {})
    apigateway._create_route(api, asked)
