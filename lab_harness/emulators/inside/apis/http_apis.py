"""Makes HTTP APIs keep what MiniStack loses: the role of an integration, and CORS settings made by CloudFormation.

Of a template's settings it keeps the names (AllowOrigins) and looks for those of API Gateway (allowOrigins), so such an
API would refuse every preflight request.
"""

import json
from http import HTTPStatus
from typing import Any

import wrapt


def install() -> None:
    """Make MiniStack read both names, and keep the role. This takes effect when it imports API Gateway."""
    wrapt.register_post_import_hook(_change_apigateway, "ministack.services.apigateway")


def _change_apigateway(apigateway: Any) -> None:
    for name in ("_cors_response_headers", "_cors_preflight_response"):
        wrapt.wrap_function_wrapper(apigateway, name, _with_either_name)
    for name in ("_create_integration", "_update_integration"):
        wrapt.wrap_function_wrapper(apigateway, name, _with_role)


def _with_either_name(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    settings, *rest = args
    named = {name[:1].lower() + name[1:]: value for name, value in settings.items()}
    return original(named, *rest, **kwargs)


def _with_role(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import apigateway

    api, *_, asked = args
    status, _headers, body = answer = original(*args, **kwargs)
    if status >= HTTPStatus.BAD_REQUEST or "credentialsArn" not in asked:
        return answer
    integration = apigateway._integrations[api][json.loads(body)["integrationId"]]
    integration["credentialsArn"] = asked["credentialsArn"]
    return apigateway._apigw_response(integration, status)
