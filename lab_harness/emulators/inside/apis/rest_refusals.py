"""Refuses the parts of a REST API that AWS refuses when they are made; MiniStack takes them.

A method or a stage that is there already, a stage of a deployment that is not, an integration whose address leads
nowhere, an authorizer that is none of the API's, a path that is none, and a deployment of methods that lead to nothing.

https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html, API_PutIntegration.html, API_CreateStage.html and
API_CreateDeployment.html (2026); the words are those of AWS's answers.
"""

import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

import wrapt

from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.scopes import within

OF_SERVICES = ("AWS", "AWS_PROXY")
OF_SERVERS = ("HTTP", "HTTP_PROXY")
WITH_AUTHORIZER = ("CUSTOM", "COGNITO_USER_POOLS")
AUTHORIZATIONS = ("NONE", "AWS_IAM", *WITH_AUTHORIZER)
FUNCTIONS = re.compile(r"path/\d{4}-\d\d-\d\d/functions/.+")  # one date for whole answers, another for streamed ones
SERVER = re.compile(r"https?://\S+")
PATH_PART = re.compile(r"[\w.:-]+|\{[\w.-]+\+?\}", re.ASCII)
STAGE = re.compile(r"[\w-]+", re.ASCII)
IDENTITY = ("RestApiId", "ResourceId", "HttpMethod")  # what CloudFormation replaces a method for

METHOD_EXISTS = "Method already exists for this resource"
RESPONSE_EXISTS = "Response already exists for this resource"
STAGE_EXISTS = "Stage already exists"
NO_TYPE = "Invalid authorization type specified"
NO_AUTHORIZER = (
    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid "
    "authorizer."
)
NO_VERB = "Enumeration value for HttpMethod must be non-empty"
NO_SERVER = "Invalid HTTP endpoint specified for URI"
NO_ARN = "Invalid ARN specified in the request"
NO_ADDRESS = "AWS ARN for integration must contain path or action"
NO_FUNCTION = (
    "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
)
TIMEOUT = "Timeout should be between 50 ms and 29000 ms"
NO_DEPLOYMENT = "Deployment id does not exist"
STAGE_NAME = "Stage name only allows a-zA-Z0-9_-"
NO_METHODS = "The REST API doesn't contain any methods"
NO_INTEGRATION = "No integration defined for method"
NO_PATH = (
    "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning "
    "and the end."
)
SIBLING = "A sibling ({}) of this resource already has a variable path part -- only one is allowed"
NO_STAGE = "API Stage not found: {}"

_anew: ContextVar[bool] = ContextVar("anew", default=False)  # whether a stack writes a method that is there anew


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports API Gateway."""
    problems: dict[str, Callable[..., Any]] = {
        "_put_method": _method,
        "_put_method_response": _response,
        "_put_integration": _integration,
        "_create_resource": _resource,
        "_create_stage": _stage,
        "_update_stage": _moved_stage,
        "_create_deployment": _deployment,
        "_create_usage_plan": lambda data: _plan(data.get("apiStages") or []),
        "_update_usage_plan": lambda _plan_id, data: _plan(_added(data)),
    }
    refuse({"apigateway_v1": problems})
    wrapt.register_post_import_hook(_change_stacks, "ministack.services.cloudformation.provisioners")


def _change_stacks(provisioners: Any) -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::Method"]
    handler["update"] = wrapt.FunctionWrapper(handler["update"], _written_anew)


def _written_anew(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A method that a stack changes is put once more, unless it becomes another."""
    _, before, after, *_ = args
    with within(_anew, all(before.get(each) == after.get(each) for each in IDENTITY)):
        return original(*args, **kwargs)


def refusal(words: str, code: str = "BadRequestException", status: int = 400) -> Any:
    """What API Gateway answers to what it refuses of a REST API, a key or a usage plan."""
    from ministack.services import apigateway_v1

    return apigateway_v1._v1_error(code, words, status)


def _gateway() -> Any:
    from ministack.services import apigateway_v1

    return apigateway_v1


def _methods(api: str, resource: str) -> dict[str, Any]:
    found = _gateway()._resources.get(api, {}).get(resource) or {}
    return dict(found.get("resourceMethods") or {})


def _method(api: str, resource: str, verb: str, data: dict[str, Any]) -> Any:
    kind = data.get("authorizationType", "NONE")
    if verb in _methods(api, resource) and not _anew.get():
        return refusal(METHOD_EXISTS, "ConflictException", 409)
    if kind not in AUTHORIZATIONS:
        return refusal(NO_TYPE)
    lacks = data.get("authorizerId") not in _gateway()._authorizers_v1.get(api, {})
    return refusal(NO_AUTHORIZER) if kind in WITH_AUTHORIZER and lacks else None


def _response(api: str, resource: str, verb: str, status: str, _data: dict[str, Any]) -> Any:
    there = (_methods(api, resource).get(verb) or {}).get("methodResponses") or {}
    return refusal(RESPONSE_EXISTS, "ConflictException", 409) if status in there else None


def _integration(_api: str, _resource: str, _verb: str, data: dict[str, Any]) -> Any:
    words = _problem(data.get("type"), data.get("httpMethod"), str(data.get("uri") or ""))
    if not words and not 50 <= int(data.get("timeoutInMillis") or 50) <= 29_000:
        words = TIMEOUT
    return refusal(words) if words else None


def _problem(kind: Any, verb: Any, uri: str) -> str:
    """What is wrong with an integration's address; empty where nothing is."""
    if kind in OF_SERVERS + OF_SERVICES and not verb:
        return NO_VERB
    if kind in OF_SERVERS:
        return "" if SERVER.fullmatch(uri) or "${stageVariables." in uri else NO_SERVER
    if kind not in OF_SERVICES:
        return ""
    parts = uri.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return NO_ARN
    if parts[2] != "apigateway" or not parts[5].startswith(("path/", "action/")):
        return NO_ADDRESS
    is_function = parts[4] == "lambda" and FUNCTIONS.fullmatch(parts[5])
    return NO_FUNCTION if kind == "AWS_PROXY" and not is_function else ""


def _resource(api: str, parent: str, data: dict[str, Any]) -> Any:
    part = str(data.get("pathPart") or "")
    if not PATH_PART.fullmatch(part):
        return refusal(NO_PATH)
    siblings = [each for each in _gateway()._resources.get(api, {}).values() if each.get("parentId") == parent]
    variable = next((each["pathPart"] for each in siblings if str(each.get("pathPart")).startswith("{")), part)
    return refusal(SIBLING.format(variable)) if part.startswith("{") and variable != part else None


def _stage(api: str, data: dict[str, Any]) -> Any:
    name = str(data.get("stageName") or "")
    if name in _gateway()._stages_v1.get(api, {}):
        return refusal(STAGE_EXISTS, "ConflictException", 409)
    if name and not STAGE.fullmatch(name):
        return refusal(STAGE_NAME)
    return _no_deployment(api, data.get("deploymentId"))


def _moved_stage(api: str, _name: str, data: dict[str, Any]) -> Any:
    moved = [each.get("value") for each in data.get("patchOperations") or [] if each.get("path") == "/deploymentId"]
    return next(filter(None, (_no_deployment(api, each) for each in moved)), None)


def _no_deployment(api: str, deployment: Any) -> Any:
    lacks = api in _gateway()._rest_apis and deployment not in _gateway()._deployments_v1.get(api, {})
    return refusal(NO_DEPLOYMENT) if lacks else None


def _deployment(api: str, _data: dict[str, Any]) -> Any:
    if api not in _gateway()._rest_apis:
        return None
    resources = _gateway()._resources.get(api, {})
    methods = [each for resource in resources for each in _methods(api, resource).values()]
    if all(each.get("methodIntegration") for each in methods):
        return None if methods else refusal(NO_METHODS)
    return refusal(NO_INTEGRATION)


def _added(data: dict[str, Any]) -> list[dict[str, str]]:
    """The stages that an update adds to a usage plan."""
    changes = [each for each in data.get("patchOperations") or [] if each.get("path") == "/apiStages"]
    named = [str(each.get("value") or "").partition(":") for each in changes if each.get("op") == "add"]
    return [{"apiId": api, "stage": stage} for api, _, stage in named]


def _plan(stages: Iterable[dict[str, Any]]) -> Any:
    for each in stages:
        api, stage = each.get("apiId"), each.get("stage")
        if stage not in _gateway()._stages_v1.get(api, {}):
            return refusal(NO_STAGE.format(f"{api}:{stage}"), "NotFoundException", 404)
    return None
