"""Makes REST APIs behave as on AWS, where MiniStack loses settings or answers differently.

* An endpoint's type is `Types` in CloudFormation, `types` in the API. MiniStack stores the first and reads the second.
* An update of a usage plan names a stage as `<api id>:<stage>`, and has every value as text. MiniStack would replace
  the list of stages by that text, after which no usage plan can be read, and would take "false" for true.
* A MOCK integration may answer with a template of any content type. MiniStack only reads those for application/json.
* A function must answer a proxy integration in a certain form. AWS answers anything else with 502, without a reason.
* A definition that is imported makes resources, methods, integrations and their responses. MiniStack knows how for
  CloudFormation, but makes an empty API of one that is imported by the API, and forgets the responses.
* A custom domain is a name, never an address. With the emulator's own address as a custom domain, an API would receive
  every AWS call, even those of the checks.
"""

import ipaddress
from contextlib import suppress
from typing import Any

import wrapt

BOOLEANS = frozenset({"/enabled", "/apiKeyRequired"})  # an API key's and a method's
PROXY_FIELDS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


def install() -> None:
    """Make MiniStack behave like this. It takes effect when it imports API Gateway."""
    wrapt.register_post_import_hook(_change_apigateway, "ministack.services.apigateway_v1")
    wrapt.register_post_import_hook(_import_definitions, "ministack.services.apigateway_v1")


def _change_apigateway(apigateway: Any) -> None:
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
            else:
                original(target, [_with_boolean(operation)])
        return target

    @wrapt.patch_function_wrapper(apigateway, "_invoke_mock_v1")
    def answer_any_content_type(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
        (integration,) = args
        responses = integration.get("integrationResponses", {})
        usable = {code: _with_template(response) for code, response in responses.items()}
        return original({**integration, "integrationResponses": usable})

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


def _import_definitions(apigateway: Any) -> None:
    @wrapt.patch_function_wrapper(apigateway, "_create_rest_api")
    def create_what_is_defined(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
        (data,) = args
        if not {"openapi", "swagger"} & data.keys():
            return original(data)
        _, headers, body = apigateway._get_rest_api(apigateway._import_rest_api(data))
        return 201, headers, body

    @wrapt.patch_function_wrapper(apigateway, "_import_operation")
    def import_responses_too(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        original(*args, **kwargs)
        *method, operation = args[:4]
        for status, response in _responses(operation):
            apigateway._put_method_response(*method, status, {"responseParameters": {}})
            apigateway._put_integration_response(*method, status, response)


def _responses(operation: Any) -> list[tuple[str, dict[str, Any]]]:
    """The integration's responses in one operation of an OpenAPI definition, each with its status."""
    integration = (operation or {}).get("x-amazon-apigateway-integration") or {}
    responses = (integration.get("responses") or {}).values()
    return [(str(response.get("statusCode", 200)), response) for response in responses]


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


def _with_boolean(operation: dict[str, Any]) -> dict[str, Any]:
    if operation.get("path") not in BOOLEANS:
        return operation
    return {**operation, "value": str(operation.get("value")).lower() == "true"}


def _with_template(response: dict[str, Any]) -> dict[str, Any]:
    """An integration response whose first template is also used for application/json, if that has none."""
    templates = response.get("responseTemplates") or {}
    if not templates:
        return response
    return {**response, "responseTemplates": {"application/json": next(iter(templates.values())), **templates}}
