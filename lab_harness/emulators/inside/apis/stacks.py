"""Stacks' REST APIs have all that their templates say: validators, canaries, caches, access logs.

MiniStack's CloudFormation leaves these out as it makes methods, deployments and stages, and of a validator makes its id
alone. A request that API Gateway refuses fails the stack's resource.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ApiGateway.html (2026)
"""

import json
from collections.abc import Mapping
from contextvars import ContextVar
from functools import partial
from http import HTTPStatus
from typing import Any

import wrapt

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.scopes import within

Properties = Mapping[str, Any]
ACCESS, CANARY = "AccessLogSetting", "CanarySetting"
CANARYS = ("PercentTraffic", "StageVariableOverrides", "UseStageCache", "DeploymentId")

_making: ContextVar[Properties | None] = ContextVar("making", default=None)  # the properties of what a stack makes


def install() -> None:
    """Make MiniStack's CloudFormation heed them. It takes effect when CloudFormation and API Gateway are imported."""
    wrapt.register_post_import_hook(_change, "ministack.services.cloudformation.provisioners")
    made = {"_put_method": _method, "_create_deployment": _deployment, "_create_stage": _stage}
    hooks.change({"apigateway_v1": {name: partial(_completed, more) for name, more in made.items()}})


def _change(provisioners: Any) -> None:
    for kind in ("Method", "Deployment", "Stage"):
        handler = provisioners._RESOURCE_HANDLERS[f"AWS::ApiGateway::{kind}"]
        handler["create"] = wrapt.FunctionWrapper(handler["create"], partial(_within, 1))
        handler["update"] = wrapt.FunctionWrapper(handler["update"], partial(_within, 2))
        if kind == "Stage":
            handler["update"] = wrapt.FunctionWrapper(handler["update"], _update_stage)
    validators = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RequestValidator"]
    for verb, ours in {"create": _validator, "update": _update_validator, "delete": _delete_validator}.items():
        if verb in validators:
            validators[verb] = wrapt.FunctionWrapper(validators[verb], ours)


def _within(place: int, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What is made meanwhile has these properties, which are the handler's argument at this place."""
    with within(_making, args[place]):
        return original(*args, **kwargs)


def _completed(more: Any, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A request of API Gateway's that a stack makes, with what MiniStack leaves out."""
    properties = _making.get()
    if properties is None:
        return original(*args, **kwargs)
    *named, data = args
    answer = original(*named, {**data, **more(properties)}, **kwargs)
    _insist(answer)
    return answer


def _insist(answer: Any) -> None:
    if int(answer[0]) >= HTTPStatus.BAD_REQUEST:
        raise ValueError(answer[2].decode() if isinstance(answer[2], bytes) else str(answer[2]))


def _kinds(properties: Properties) -> dict[str, bool]:
    names = ("ValidateRequestBody", "ValidateRequestParameters")
    return {name[0].lower() + name[1:]: _is_true(properties.get(name)) for name in names}


def _validator(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    from ministack.services import apigateway_v1

    logical, properties, *_ = args
    given = {"name": properties.get("Name") or logical, **_kinds(properties)}
    answer = apigateway_v1._create_request_validator(properties.get("RestApiId", ""), given)
    _insist(answer)
    made = json.loads(answer[2])["id"]
    return made, {"RequestValidatorId": made}


def _update_validator(original: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import apigateway_v1

    physical, before, after, stack = args
    if any(after.get(key) != before.get(key) for key in ("RestApiId", "Name")):
        return _validator(original, instance, (physical, after, stack), kwargs)
    found = apigateway_v1._request_validators.get(after.get("RestApiId", ""), {}).get(physical)
    if found:
        found.update(_kinds(after))
    return physical, {"RequestValidatorId": physical}


def _delete_validator(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import apigateway_v1

    physical, properties, *_ = args
    apigateway_v1._request_validators.get(properties.get("RestApiId", ""), {}).pop(physical, None)
    return original(*args, **kwargs)


def _method(properties: Properties) -> dict[str, Any]:
    validator = properties.get("RequestValidatorId")
    return {"requestValidatorId": validator} if validator else {}


def _deployment(properties: Properties) -> dict[str, Any]:
    canary = _canary(properties.get("DeploymentCanarySettings"))
    return {"canarySettings": canary} if canary else {}


def _stage(properties: Properties) -> dict[str, Any]:
    canary, access = _canary(properties.get(CANARY)), _access(properties)
    return {
        "cacheClusterEnabled": _is_true(properties.get("CacheClusterEnabled")),
        "cacheClusterSize": properties.get("CacheClusterSize"),
        **({"accessLogSettings": access} if access else {}),
        **({"canarySettings": canary} if canary else {}),
    }


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"  # a template's parameters are texts


def _access(properties: Properties) -> dict[str, str]:
    given = properties.get(ACCESS) or {}
    return {name[0].lower() + name[1:]: str(given[name]) for name in ("DestinationArn", "Format") if given.get(name)}


def _canary(given: Any) -> dict[str, Any]:
    given = given or {}
    return {name[0].lower() + name[1:]: given[name] for name in CANARYS if given.get(name) is not None}


def _update_stage(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A stage that is there gets what the template has changed of these."""
    from ministack.services import apigateway_v1

    answer = original(*args, **kwargs)
    _, before, after, *_ = args
    api, name = after.get("RestApiId", ""), after.get("StageName", "")
    changes = [
        {"op": "replace", "path": f"/{key[0].lower()}{key[1:]}", "value": value}
        for key in ("CacheClusterSize", "CacheClusterEnabled")
        if (value := after.get(key)) is not None and value != before.get(key)
    ]
    changes += [
        {"op": "replace", "path": f"/accessLogSettings/{key}", "value": value}
        for key, value in _access(after).items()
        if after.get(ACCESS) != before.get(ACCESS)
    ]
    if changes:
        _insist(apigateway_v1._update_stage(api, name, {"patchOperations": changes}))
    if after.get(CANARY) != before.get(CANARY) and (stage := apigateway_v1._stages_v1.get(api, {}).get(name)):
        stage.pop("canarySettings", None)
        if canary := _canary(after.get(CANARY)):
            stage["canarySettings"] = {"deploymentId": stage["deploymentId"], "stageVariableOverrides": {}, **canary}
            stage["canarySettings"]["percentTraffic"] = float(canary.get("percentTraffic", 0))
    return answer
