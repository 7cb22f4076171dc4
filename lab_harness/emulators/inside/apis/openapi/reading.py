"""From an OpenAPI definition to a REST API: its resources, methods, models, validators and gateway responses."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

OURS = "x-amazon-apigateway-"
VERBS = ("get", "post", "put", "delete", "patch", "head", "options")
PLACES = {"query": "querystring", "header": "header", "path": "path"}
MODELS = "https://apigateway.amazonaws.com/restapis/{api}/models/{name}"
MOST_PARTS = 3000  # of all paths: AWS takes 300 resources, in 2026, and each keeps its whole path
ANY, DEFAULT = f"{OURS}any-method", "$default"
# What an integration is called in a definition, by API Gateway's own name.
INTEGRATION = {
    "integrationType": "type", "integrationUri": "uri", "integrationMethod": "httpMethod",
    "credentialsArn": "credentials",
    **{name: name for name in ("payloadFormatVersion", "connectionType", "connectionId", "timeoutInMillis",
                               "integrationSubtype", "requestParameters", "responseParameters")},
}  # fmt: skip
AUTHORIZER = {"authorizerCredentialsArn": "authorizerCredentials"} | {
    name: name
    for name in ("jwtConfiguration", "authorizerUri", "authorizerPayloadFormatVersion", "enableSimpleResponses",
                 "authorizerResultTtlInSeconds")
}  # fmt: skip
REFERENCE = re.compile(r"#/(?:components/schemas|definitions)/(\w+)")


def gateway_module() -> Any:
    """MiniStack's API Gateway, whose module is loaded with the first definition."""
    from ministack.services import apigateway_v1

    return apigateway_v1


def fill(api_id: str, spec: Mapping[str, Any]) -> None:
    """Give an API what a definition has."""
    if sum(path.count("/") for path in spec["paths"]) > MOST_PARTS:
        raise ValueError("the paths have more than 3,000 parts")
    gateway = gateway_module()
    settings = {"binaryMediaTypes": f"{OURS}binary-media-types", "policy": f"{OURS}policy"}
    settings |= {"apiKeySource": f"{OURS}api-key-source"}
    for key, named in settings.items():
        if named in spec:
            gateway._rest_apis[api_id][key] = json.dumps(spec[named]) if key == "policy" else spec[named]
    schemas = (spec.get("components") or {}).get("schemas") or spec.get("definitions") or {}
    for name, schema in schemas.items():
        gateway._create_model(api_id, {"name": name, "schema": _schema(api_id, schema)})
    for name, validator in (spec.get(f"{OURS}request-validators") or {}).items():
        gateway._create_request_validator(api_id, {"name": name, **validator})
    for kind, response in (spec.get(f"{OURS}gateway-responses") or {}).items():
        status = response.get("statusCode")
        gateway._put_gateway_response(api_id, kind, {**response, **({"statusCode": str(status)} if status else {})})
    schemes = gateway._import_security_schemes(api_id, spec)
    for path, item in spec["paths"].items():
        resource = _resource(api_id, path)
        for verb, operation in (item or {}).items():
            if verb.lower() in VERBS or verb == f"{OURS}any-method":
                method = (api_id, resource, verb.upper() if verb.lower() in VERBS else "ANY")
                shared = {
                    **operation,
                    "parameters": [*(item.get("parameters") or []), *(operation.get("parameters") or [])],
                }
                _method(method, shared, spec, schemes)


def _schema(api_id: str, schema: Any) -> str:
    """A model's schema, which names other models as API Gateway does."""
    return REFERENCE.sub(lambda found: MODELS.format(api=api_id, name=found[1]), json.dumps(schema))


def _resource(api_id: str, path: str) -> str:
    """The id of the resource of a path, which is made where there is none."""
    gateway, found = gateway_module(), ""
    by_path = {each["path"]: key for key, each in gateway._resources[api_id].items()}
    found = by_path["/"]
    made = ""
    for part in filter(None, path.split("/")):
        made += f"/{part}"
        if made not in by_path:
            _, _, body = gateway._create_resource(api_id, found, {"pathPart": part})
            by_path[made] = json.loads(body)["id"]
        found = by_path[made]
    return str(found)


def _method(method: tuple[str, str, str], operation: Any, spec: Any, schemes: Any) -> None:
    gateway, (api_id, *_) = gateway_module(), method
    security = operation.get("security", spec.get("security"))
    validator = operation.get(f"{OURS}request-validator", spec.get(f"{OURS}request-validator"))
    ids = {each["name"]: key for key, each in gateway._request_validators.get(api_id, {}).items()}
    parameters = {
        f"method.request.{PLACES[each['in']]}.{each['name']}": bool(each.get("required"))
        for each in operation["parameters"]
        if each.get("in") in PLACES
    }
    made = gateway._method_security(security, schemes)
    made |= {"requestParameters": parameters, "requestModels": dict(_models_of(api_id, operation))}
    made |= {"operationName": operation.get("operationId"), "requestValidatorId": ids.get(validator)}
    gateway._delete_method(*method)  # which a merged definition writes anew
    gateway._put_method(*method, {key: value for key, value in made.items() if value is not None})
    for status, response in (operation.get("responses") or {}).items():
        headers = {f"method.response.header.{name}": False for name in response.get("headers") or {}}
        models = dict(_models_in(response.get("content") or {"application/json": response}))
        gateway._put_method_response(*method, str(status), {"responseParameters": headers, "responseModels": models})
    integration = operation.get(f"{OURS}integration")
    if integration:
        _integration(method, integration)


def _models_of(api_id: str, operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of each content type of a request's body, the model; one that has no name is given one."""
    content = dict((operation.get("requestBody") or {}).get("content") or {})
    for each in operation["parameters"]:
        if each.get("in") == "body":
            content |= dict.fromkeys(operation.get("consumes") or ["application/json"], each)
    yield from _models_in(content)
    for kind, each in content.items():
        schema = each.get("schema") or {}
        if schema and "$ref" not in schema:
            gateway = gateway_module()
            name = f"MODEL{len(gateway._models.get(api_id, {}))}"
            gateway._create_model(api_id, {"name": name, "schema": _schema(api_id, schema), "contentType": kind})
            yield kind, name


def _models_in(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind, each in content.items():
        named = REFERENCE.fullmatch(str((each.get("schema") or {}).get("$ref", "")))
        if named:
            yield kind, named[1]


def _integration(method: tuple[str, str, str], given: Mapping[str, Any]) -> None:
    gateway = gateway_module()
    kind, verb = str(given.get("type") or "").upper(), given.get("httpMethod")
    passes = str(given.get("passthroughBehavior") or "WHEN_NO_MATCH").upper()
    gateway._put_integration(*method, {**given, "type": kind, "httpMethod": verb, "passthroughBehavior": passes})
    for pattern, response in (given.get("responses") or {}).items():
        status = str(response.get("statusCode", 200))
        chosen = {**response, "selectionPattern": "" if pattern == "default" else pattern}
        api_id, resource, named = method
        if status not in gateway._resources[api_id][resource]["resourceMethods"][named]["methodResponses"]:
            gateway._put_method_response(*method, status, {"responseParameters": {}})
        gateway._put_integration_response(*method, status, chosen)
