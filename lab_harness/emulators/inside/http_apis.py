"""HTTP APIs' CORS settings where CloudFormation made them.

MiniStack keeps a template's CorsConfiguration under CloudFormation's names (AllowOrigins) and looks for API Gateway's
(allowOrigins), so that such an API refuses every preflight.
"""

from typing import Any

import wrapt


def install() -> None:
    """Make MiniStack read them; takes effect when it imports API Gateway."""
    wrapt.register_post_import_hook(_change_apigateway, "ministack.services.apigateway")


def _change_apigateway(apigateway: Any) -> None:
    for name in ("_cors_response_headers", "_cors_preflight_response"):
        wrapt.wrap_function_wrapper(apigateway, name, _with_either_name)


def _with_either_name(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    settings, *rest = args
    named = {name[:1].lower() + name[1:]: value for name, value in settings.items()}
    return original(named, *rest, **kwargs)
