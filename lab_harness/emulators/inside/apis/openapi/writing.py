"""From what a stage of a REST API serves to an OpenAPI definition, of which the same API can be made again."""

import json
import re
from contextvars import ContextVar
from typing import Any

from lab_harness.emulators.inside.apis.openapi.reading import MODELS, OURS, gateway_module
from lab_harness.emulators.inside.apis.serving import KEPT, with_names
from lab_harness.emulators.inside.scopes import within

SIGNED = {"type": "apiKey", "name": "Authorization", "in": "header", f"{OURS}authtype": "awsSigv4"}
USUAL = {
    "uri": "",
    "connectionType": "INTERNET",
    "timeoutInMillis": 29_000,
    "requestParameters": {},
    "requestTemplates": {},
    "cacheKeyParameters": [],
}

_exported: ContextVar[str] = ContextVar("exported", default="")  # the API whose definition is being written


def export(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """MiniStack's definition, of what a stage serves."""
    gateway, (api_id, stage, kind, integrations, *_) = gateway_module(), args
    served = gateway._stages_v1[api_id][stage].get("deploymentId")
    deployment = gateway._deployments_v1.get(api_id, {}).get(served) or {}
    resources = deployment.get(KEPT) or gateway._resources.get(api_id, {})
    with within(_exported, api_id):
        function = with_names(original, _resources={api_id: resources})
        document: dict[str, Any] = function(*args, **kwargs)
    methods = [each for resource in resources.values() for each in resource.get("resourceMethods", {}).values()]
    if any(each.get("authorizationType") == "AWS_IAM" for each in methods):
        holder = document["components"] if kind == "oas30" else document
        holder.setdefault("securitySchemes" if kind == "oas30" else "securityDefinitions", {})["sigv4"] = SIGNED
    text = re.sub(MODELS.format(api=api_id, name=r"(\w+)").replace(".", r"\."), _local(kind), json.dumps(document))
    document = json.loads(text)
    if integrations:
        document |= _extensions(api_id)
    return document


def _local(kind: str) -> str:
    return r"#/components/schemas/\1" if kind == "oas30" else r"#/definitions/\1"


def _extensions(api_id: str) -> dict[str, Any]:
    gateway = gateway_module()
    kinds = ("validateRequestBody", "validateRequestParameters")
    validators = {
        each["name"]: {key: each[key] for key in kinds} for each in gateway._request_validators.get(api_id, {}).values()
    }
    responses = {
        kind: {
            key: value
            for key, value in each.items()
            if key in ("statusCode", "responseParameters", "responseTemplates")
        }
        for kind, each in gateway._gateway_responses.get(api_id, {}).items()
    }
    found = {f"{OURS}request-validators": validators, f"{OURS}gateway-responses": responses}
    return {key: value for key, value in found.items() if value}


def operation(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """One method in the definition, with its validator, and without what is usual."""
    method = args[0]
    made = original(*args, **kwargs)
    named = gateway_module()._request_validators.get(_exported.get(), {}).get(method.get("requestValidatorId")) or {}
    if named:
        made[f"{OURS}request-validator"] = named["name"]
    if method.get("authorizationType") == "AWS_IAM":
        made["security"] = [{**(made.get("security") or [{}])[0], "sigv4": []}]
    integration = made.get(f"{OURS}integration")
    if integration:
        kept = {key: value for key, value in integration.items() if USUAL.get(key) != value and key != "cacheNamespace"}
        made[f"{OURS}integration"] = {**kept, "passthroughBehavior": str(integration["passthroughBehavior"]).lower()}
    return made
