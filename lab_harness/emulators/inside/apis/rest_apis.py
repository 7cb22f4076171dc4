"""Makes REST APIs behave as on AWS, where MiniStack loses settings or answers differently.

* An API's endpoint is edge-optimised where nothing is said of it; MiniStack's is regional then.
  https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-endpoint-types.html (2026)
* An endpoint's type is `Types` in CloudFormation, `types` in the API. MiniStack stores the first and reads the second.
* An update of a usage plan names a stage as `<api id>:<stage>`, and has every value as text. MiniStack would replace
  the list of stages by that text, after which no usage plan can be read, and would take "false" for true. The same
  happens where a plan throttles a method of a stage.
* A patch's path has `~1` for a slash in a name, such as application/json; MiniStack would keep it in the name.
* A function must answer a proxy integration in a certain form. AWS answers anything else with 502, without a reason.
* An authorizer's address is API Gateway's of a function's invocations, not the function's ARN.
* A custom domain is a name, never an address. With the emulator's own address as a custom domain, an API would receive
  every AWS call, even those of the checks.
"""

import ipaddress
import re
from contextlib import suppress
from typing import Any

import wrapt

from lab_harness.emulators.inside.constraints import refuse

BOOLEANS = frozenset({"/enabled", "/apiKeyRequired"})  # an API key's and a method's
INVOCATIONS = re.compile(r"arn:aws:apigateway:[\w-]+:lambda:path/2015-03-31/functions/.+/invocations")
PROXY_FIELDS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


def install() -> None:
    """Make MiniStack behave like this. It takes effect when it imports API Gateway."""
    wrapt.register_post_import_hook(_change_apigateway, "ministack.services.apigateway_v1")
    refuse({"apigateway_v1": {"_create_authorizer": _bad_authorizer, "_update_authorizer": _bad_change}})


def _change_apigateway(apigateway: Any) -> None:
    @wrapt.patch_function_wrapper(apigateway, "_create_rest_api")
    def be_edge_optimised(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
        (data,) = args
        return original({**data, "endpointConfiguration": data.get("endpointConfiguration") or {"types": ["EDGE"]}})

    @wrapt.patch_function_wrapper(apigateway, "_rest_api_view")
    def spell_as_the_api_does(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        view = original(*args, **kwargs)
        endpoint = view.get("endpointConfiguration") or {}
        return {**view, "endpointConfiguration": {name[0].lower() + name[1:]: endpoint[name] for name in endpoint}}

    @wrapt.patch_function_wrapper(apigateway, "_apply_patch")
    def keep_types(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
        target, operations = args
        for operation in operations:
            if operation.get("path") == "/apiStages" and operation.get("value"):
                _change_stages(target, operation["op"], operation["value"])
            elif str(operation.get("path")).startswith("/apiStages/"):
                _throttle_method(target, operation)
            elif "~" in str(operation.get("path")):
                _change_at(target, operation)
            else:
                original(target, [_with_boolean(operation)])
        return target

    @wrapt.patch_function_wrapper(apigateway, "_lambda_proxy_response")
    def refuse_malformed(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        (result,) = args
        if result.get("throttle") or (not result.get("error") and _is_proxy_response(result.get("body"))):
            return original(*args, **kwargs)
        return None, "Internal server error"

    @wrapt.patch_function_wrapper(apigateway, "find_domain_scope")
    def find_names_only(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
        (name,) = args
        return None if _is_address(name) else original(name)


def _bad_authorizer(_api: str, data: dict[str, Any]) -> Any:
    return _bad_address(data.get("authorizerUri")) if data.get("type") in ("TOKEN", "REQUEST") else None


def _bad_change(_api: str, _authorizer: str, data: dict[str, Any]) -> Any:
    changes = [each.get("value") for each in data.get("patchOperations", []) if each.get("path") == "/authorizerUri"]
    return next(filter(None, map(_bad_address, changes)), None)


def _bad_address(uri: Any) -> Any:
    from ministack.services import apigateway_v1

    if INVOCATIONS.fullmatch(str(uri)):
        return None
    words = (
        f"Invalid Authorizer URI: {uri or 'null'}. Authorizer URI should be a valid API Gateway ARN that represents a "
        "Lambda function invocation."
    )
    return apigateway_v1._v1_error("BadRequestException", words, 400)


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        return bool(ipaddress.ip_address(name))
    return False


def _is_proxy_response(answer: Any) -> bool:
    return (
        isinstance(answer, dict)
        and answer.keys() <= PROXY_FIELDS
        and isinstance(answer.get("body") or "", str)
        and str(answer.get("statusCode", 200)).isdigit()
    )


def _change_stages(plan: dict[str, Any], operation: str, value: str) -> None:
    """Add a stage to a usage plan, or remove it."""
    api_id, _, stage = value.partition(":")
    others = [each for each in plan.get("apiStages", []) if (each["apiId"], each["stage"]) != (api_id, stage)]
    plan["apiStages"] = others if operation == "remove" else [*others, {"apiId": api_id, "stage": stage}]


def _throttle_method(plan: dict[str, Any], operation: dict[str, Any]) -> None:
    """Set, or remove, a usage plan's limit for one method: /apiStages/API:STAGE/throttle/~1pets~1GET/rateLimit."""
    _, _, stage, _, *method = (part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/"))
    api_id, _, name = stage.partition(":")
    for each in plan.get("apiStages", []):
        if (each["apiId"], each["stage"]) == (api_id, name) and method:
            limits = each.setdefault("throttle", {})
            if operation.get("op") == "remove":
                limits.pop(method[0], None)
            elif len(method) > 1:
                number = float if method[1] == "rateLimit" else int
                limits.setdefault(method[0], {})[method[1]] = number(operation["value"])


def _change_at(target: dict[str, Any], operation: dict[str, Any]) -> None:
    """Set, or remove, what a path with escaped slashes in it leads to."""
    *way, last = (part.replace("~1", "/").replace("~0", "~") for part in operation["path"].strip("/").split("/"))
    for name in way:
        if not isinstance(target.get(name), dict):
            target[name] = {}
        target = target[name]
    if operation.get("op") == "remove":
        target.pop(last, None)
    else:
        target[last] = operation.get("value")


def _with_boolean(operation: dict[str, Any]) -> dict[str, Any]:
    if operation.get("path") not in BOOLEANS:
        return operation
    return {**operation, "value": str(operation.get("value")).lower() == "true"}
