"""From an HTTP API as it stands to an OpenAPI definition, of which the same API can be made again."""

import json
from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside.apis.openapi.reading import ANY, AUTHORIZER, DEFAULT, INTEGRATION, OURS, VERBS
from lab_harness.emulators.inside.apis.openapi.writing import SIGNED

Asked = Mapping[str, Any]


def export(api: str, kind: str, asked: Asked) -> Any:
    """The answer to ExportApi."""
    import yaml
    from ministack.services import apigateway

    stage, form = asked.get("stageName"), asked.get("outputType")
    if api not in apigateway._apis:
        return apigateway._api_not_found(api)
    if kind != "OAS30" or form not in ("JSON", "YAML"):
        return apigateway._apigw_error("BadRequestException", "Only OAS30 is exported, as JSON or as YAML.", 400)
    if stage and stage not in apigateway._stages.get(api, {}):
        return apigateway._apigw_error("NotFoundException", "Invalid stage identifier specified", 404)
    made = _definition(api, str(asked.get("includeExtensions")).lower() != "false")
    text = json.dumps(made) if form == "JSON" else yaml.safe_dump(made, sort_keys=False)
    return 200, {"Content-Type": f"application/{str(form).lower()}"}, text.encode()


def _definition(api: str, extensions: bool) -> dict[str, Any]:
    from ministack.services import apigateway

    about = apigateway._apis[api]
    paths: dict[str, Any] = {}
    authorizers = {each["authorizerId"]: each for each in apigateway._authorizers.get(api, {}).values()}
    for route in apigateway._routes.get(api, {}).values():
        verb, _, path = route["routeKey"].partition(" ")
        operation = {"responses": {"default": {"description": f"Default response for {route['routeKey']}"}}}
        operation |= _protected(route, authorizers) | (_integrated(api, route) if extensions else {})
        paths.setdefault(path or f"/{DEFAULT}", {})[verb.lower() if verb.lower() in VERBS else ANY] = operation
    made: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {"title": about["name"], "version": about.get("version") or about["createdDate"]},
        "servers": [{"url": about["apiEndpoint"]}],
        "paths": paths,
    }
    if about.get("description"):
        made["info"]["description"] = about["description"]
    schemes = {each["name"]: _scheme(each, extensions) for each in authorizers.values()}
    if any(route["authorizationType"] == "AWS_IAM" for route in apigateway._routes.get(api, {}).values()):
        schemes["sigv4"] = {key: each for key, each in SIGNED.items() if extensions or not key.startswith(OURS)}
    if schemes:
        made["components"] = {"securitySchemes": schemes}
    if extensions and about.get("corsConfiguration"):
        made[f"{OURS}cors"] = about["corsConfiguration"]
    return made | ({f"{OURS}importexport-version": "1.0"} if extensions else {})


def _protected(route: Asked, authorizers: Mapping[str, Asked]) -> dict[str, Any]:
    if route["authorizationType"] == "AWS_IAM":
        return {"security": [{"sigv4": []}]}
    named = authorizers.get(route.get("authorizerId", ""))
    return {"security": [{named["name"]: route.get("authorizationScopes") or []}]} if named else {}


def _integrated(api: str, route: Asked) -> dict[str, Any]:
    from ministack.services import apigateway

    kept = apigateway._integrations.get(api, {}).get(route["target"].rpartition("/")[2])
    if not kept:
        return {}
    told = {each: kept[own] for own, each in INTEGRATION.items() if kept.get(own)}
    return {f"{OURS}integration": told | {"type": told["type"].lower()}}


def _scheme(authorizer: Asked, extensions: bool) -> dict[str, Any]:
    jwt = authorizer["authorizerType"] == "JWT"
    made = {"type": "oauth2", "flows": {}} if jwt else {"type": "apiKey", "name": "Unused", "in": "header"}
    told = {each: authorizer[own] for own, each in AUTHORIZER.items() if authorizer.get(own)}
    source = ",".join(authorizer["identitySource"] or [])
    given = {**told, "type": "jwt" if jwt else "request", "identitySource": source}
    return made | ({f"{OURS}authorizer": given} if extensions else {})
