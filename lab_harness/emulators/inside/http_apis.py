"""Makes the CORS settings of HTTP APIs work if CloudFormation made the API.

MiniStack keeps the names of the template (AllowOrigins) and looks for those of API Gateway (allowOrigins). So such an
API would refuse every preflight request.
"""

from typing import Any

import wrapt


def install() -> None:
    """Make MiniStack read both names. This takes effect when it imports API Gateway."""
    wrapt.register_post_import_hook(_change_apigateway, "ministack.services.apigateway")


def _change_apigateway(apigateway: Any) -> None:
    for name in ("_cors_response_headers", "_cors_preflight_response"):
        wrapt.wrap_function_wrapper(apigateway, name, _with_either_name)


def _with_either_name(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    settings, *rest = args
    named = {name[:1].lower() + name[1:]: value for name, value in settings.items()}
    return original(named, *rest, **kwargs)
