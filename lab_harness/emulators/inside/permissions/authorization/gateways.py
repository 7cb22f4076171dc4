"""Lets API Gateway call functions only where these, or the role that it is given, let it.

Who may call which way: https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html (2026).
What an unsigned request is told: https://docs.aws.amazon.com/apigateway/latest/developerguide/
supported-gateway-response-types.html (2026).
MiniStack asks nobody.
"""

from typing import Any

import wrapt

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.route_failures import Failure
from lab_harness.emulators.inside.permissions.authorization.authority import Authority, arn
from lab_harness.emulators.inside.permissions.authorization.calls import verified

INVOKE, GATEWAY = "lambda:InvokeFunction", "apigateway.amazonaws.com"
SESSION = f"{GATEWAY}/BackplaneAssumeRoleSession"
MANAGE = "execute-api:ManageConnections"  # for which a call is signed in any case
MISSING = "MISSING_AUTHENTICATION_TOKEN"  # also where a path is not there
UNSIGNED = (403, {"Content-Type": "application/json"}, b'{"message":"Missing Authentication Token"}')
FAILED = (500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}')


class Gateways:
    """Decides about what the APIs of one emulator call."""

    def __init__(self, authority: Authority) -> None:
        self._may = authority.service_may
        self._role_may = authority.role_may

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        wrapt.register_post_import_hook(_ask_for_signatures, "ministack.app")
        hooks.change(
            {
                "apigateway_v1": {
                    "_invoke_lambda_proxy_v1": self._rest,
                    "_invoke_lambda_custom_v1": self._rest,
                    "_invoke_authorizer_lambda": self._authorizer,
                },
                "apigateway": {
                    "_invoke_lambda_proxy": self._http,
                    "_invoke_ws_lambda": self._websocket,
                    "_invoke_request_authorizer_lambda": self._authorizer,
                },
            }
        )

    async def _rest(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A method of a REST API that calls a function."""
        from ministack.services import apigateway_v1 as gateway

        integration, api, stage, _stage, resource, _path, method, *_ = args
        source = f"{api}/{stage}/{method}{resource['path']}"
        may = self._may_call(integration.get("uri", ""), source, integration.get("credentials"))
        return await original(*args, **kwargs) if may else _rest_failure(gateway)

    async def _http(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A route of an HTTP API that calls a function."""
        integration, api, stage, *more = args
        key = more[5] if len(more) > 5 else kwargs.get("route_key", "$default")
        method, _, path = key.partition(" ")
        source = f"{api}/{stage}/{more[1] if path else method}{path}"
        may = self._may_call(integration.get("integrationUri", ""), source, integration.get("credentialsArn"))
        return await original(*args, **kwargs) if may else FAILED

    async def _websocket(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A route of a WebSocket API: the answer to one that may not call its function is that of a failure."""
        from ministack.services import apigateway as gateway

        api, _account, _region, route, stage, *_ = args
        target = route.get("target", "").rpartition("/")[2]
        integration = gateway._integrations.get(api, {}).get(target) or {}
        uri, source = integration.get("integrationUri", ""), f"{api}/{stage}/{route.get('routeKey', '$default')}"
        if ":function:" not in uri or self._may_call(uri, source, integration.get("credentialsArn")):
            return await original(*args, **kwargs)
        return Failure(statusCode=500)

    async def _authorizer(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A function that decides who may call an API; a request that it cannot be asked about fails."""
        authorizer, event, *_ = args
        api = str(event.get("methodArn") or event.get("routeArn") or "").rpartition(":")[2].partition("/")[0]
        source = f"{api}/authorizers/{authorizer.get('authorizerId') or authorizer.get('id')}"
        role = authorizer.get("authorizerCredentials") or authorizer.get("authorizerCredentialsArn")
        may = self._may_call(authorizer.get("authorizerUri", ""), source, role)
        return await original(*args, **kwargs) if may else None

    def _may_call(self, uri: str, source: str, role: str | None) -> bool:
        """Whether a function lets an API's `source` call it, or the role does, if there is one."""
        from ministack.services import apigateway as gateway

        called = gateway._extract_lambda_ref_from_integration_uri(uri)
        function = called if called.startswith("arn:") else arn("lambda", f"function:{called}")
        if role:
            return not self._role_may(role, SESSION, INVOKE, function)
        return self._may(GATEWAY, INVOKE, function, arn("execute-api", source))


def _ask_for_signatures(app: Any) -> None:
    wrapt.wrap_function_wrapper(app, "_enforce_execute_api", _enforce)


def _enforce(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A route that asks for a signature: MiniStack is content with any that names no key, or with any header."""
    from ministack.services import apigateway, apigateway_v1

    refused, reached = original(*args, **kwargs), args[:4]  # the API, its stage, the method and the path
    if refused or verified.get() or kwargs.get("iam_action") == MANAGE:
        return refused
    if apigateway_v1.method_authorization_type(*reached) == "AWS_IAM":
        return _unsigned(apigateway_v1, *args)
    # An HTTP API answers OPTIONS itself, for browsers that send no signature then.
    asks = None if reached[2] == "OPTIONS" else apigateway.route_authorization_type(*reached)
    status, fields, body = UNSIGNED
    return (status, dict(fields), body) if asks == "AWS_IAM" else None  # MiniStack writes the body's length into them


def _unsigned(gateway: Any, api: str, stage: str, _method: str, _path: str, headers: Any, query: Any) -> Any:
    """What a REST API says where a signature is missing: the gateway response that its stage has for that."""
    from ministack.core.iam_evaluator import AuthError

    error = AuthError("MissingAuthenticationToken", "Missing Authentication Token")
    gateway._AUTHENTICATION_GATEWAY_ERRORS.setdefault(error.code, (MISSING, f"{error.code}Exception"))
    return gateway.authentication_error_response(api, stage, error, headers, query)


def _rest_failure(gateway: Any) -> Any:
    return gateway._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
