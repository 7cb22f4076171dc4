"""A stage's canary: made by a deployment or with the stage, changed and promoted by patches, gone when it is removed.

MiniStack forgets `canarySettings` and knows no patch that copies. Which requests a canary gets `deployments` decides.
https://docs.aws.amazon.com/apigateway/latest/developerguide/canary-release.html (2026)
"""

import copy
import json
from http import HTTPStatus
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse

SETTINGS = "canarySettings"
INVALID = "Invalid deployment content specified."
ENABLED = f"{INVALID}Non canary deployment not supported on stage {{}} because Canary is enabled. " + (
    "Provide CanarySettings in deploymentInput."
)
NO_STAGE = f"{INVALID}Stage {{}} must already be created before making a canary release deployment"
OUT_OF_RANGE = "Invalid percentTraffic: it must be from 0.0 to 100.0."
NO_PERCENT = "Invalid percentTraffic: it must be a number."


def install() -> None:
    """Teach MiniStack canaries. This takes effect when it imports API Gateway."""
    hooks.change(
        {"apigateway_v1": {"_create_deployment": _deploy, "_create_stage": _with_canary, "_update_stage": _patch}}
    )
    refuse({"apigateway_v1": {"_create_deployment": _bad_deployment, "_update_stage": _bad_patch}})


def _stage(api_id: str, name: Any) -> Any:
    from ministack.services import apigateway_v1

    return apigateway_v1._stages_v1.get(api_id, {}).get(name)


def _bad(words: str) -> Any:
    from ministack.services import apigateway_v1

    return apigateway_v1._v1_error("BadRequestException", words, 400) if words else None


def _bad_deployment(api_id: str, data: dict[str, Any]) -> Any:
    canary, name = data.get(SETTINGS), data.get("stageName")
    stage = _stage(api_id, name)
    if canary is None:
        return _bad(ENABLED.format(name) if (stage or {}).get(SETTINGS) else "")
    return _bad(_percent_problem(canary.get("percentTraffic", 0)) if stage else NO_STAGE.format(name or ""))


def _bad_patch(_api_id: str, _name: str, data: dict[str, Any]) -> Any:
    for each in data.get("patchOperations", []):
        if each.get("path") == f"/{SETTINGS}/percentTraffic" and each.get("op") != "remove":
            return _bad(_percent_problem(each.get("value")))
    return None


def _percent_problem(value: Any) -> str:
    try:
        return "" if 0 <= float(value) <= 100 else OUT_OF_RANGE
    except (TypeError, ValueError):
        return NO_PERCENT


def _settings(deployment_id: str, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "deploymentId": deployment_id,
        "percentTraffic": float(given.get("percentTraffic") or 0),
        "stageVariableOverrides": dict(given.get("stageVariableOverrides") or {}),
        "useStageCache": bool(given.get("useStageCache")),
    }


def _deploy(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A deployment: to a stage's canary, where it has canary settings; variables of a stage that is there change."""
    api_id, data = args
    stage, canary = _stage(api_id, data.get("stageName")), data.get(SETTINGS)
    if canary is not None:  # the stage keeps its own deployment
        data = {key: value for key, value in data.items() if key not in ("stageName", "variables")}
    status, _, body = answer = original(api_id, data, **kwargs)
    if status >= HTTPStatus.BAD_REQUEST:
        return answer
    if stage and data.get("variables"):
        stage["variables"] = (stage.get("variables") or {}) | data["variables"]
    if stage and canary is not None:
        stage[SETTINGS] = _settings(json.loads(body)["id"], canary)
    return answer


def _with_canary(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import apigateway_v1

    api_id, data = args
    status, *_ = answer = original(*args, **kwargs)
    canary = data.get(SETTINGS)
    if status >= HTTPStatus.BAD_REQUEST or canary is None:
        return answer
    stage = _stage(api_id, data["stageName"])
    stage[SETTINGS] = _settings(canary.get("deploymentId") or stage["deploymentId"], canary)
    return apigateway_v1._v1_response(stage, status)


def _patch(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Patches of a stage, one after another: a copy takes what the one before it has left."""
    from ministack.services import apigateway_v1

    api_id, name, data = args
    stage = _stage(api_id, name)
    answer = original(api_id, name, {**data, "patchOperations": []}, **kwargs) if stage else original(*args, **kwargs)
    for each in data.get("patchOperations", []) if stage else ():
        operation = _typed(_copied(stage, each) if each.get("op") == "copy" else each)
        answer = original(api_id, name, {"patchOperations": [operation]}, **kwargs)
        if int(answer[0]) >= HTTPStatus.BAD_REQUEST:
            return answer
    if stage and not stage.get(SETTINGS):
        stage.pop(SETTINGS, None)
        answer = apigateway_v1._v1_response(stage, 200)
    return answer


def _copied(stage: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """The replacement that a copy is. Variables that a canary does not have stay."""
    value: Any = stage
    for key in operation.get("from", "").strip("/").split("/"):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value = {**(stage.get(operation["path"].strip("/")) or {}), **value}
    return {"op": "replace", "path": operation["path"], "value": copy.deepcopy(value)}


def _typed(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation whose value is a number or a truth, where the setting is one: a patch has texts."""
    _, _, name = operation.get("path", "").rpartition("/")
    value = operation.get("value")
    if name == "percentTraffic" and value is not None:
        return {**operation, "value": float(value)}
    if name == "useStageCache":
        return {**operation, "value": str(value).lower() == "true"}
    return operation
