"""Where MiniStack takes a request, and which places are public by nature.

What is public on AWS is public here: websites, stages of APIs, function URLs, and the links that AWS itself hands out.
For all else a request must be signed. So this must never call a request public that MiniStack takes to an AWS service:
it asks MiniStack's own router, in MiniStack's own order.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from lab_harness.emulators.inside.requests import Request

API, FUNCTION_URL, CONNECTIONS = "execute-api", "lambda-url", "connections"
ADMINISTRATION, HEALTH, USER_POOL = "administration", "health", "user-pool"
KEY_SET = re.compile(r"/(?P<pool>[^/]+)/\.well-known/(jwks\.json|openid-configuration)")
DATA_PATHS = ("/_aws/execute-api/", "/_aws/lambda-url/", "/_alb/")
CALLBACK = re.compile(r"/_ministack/cfn-(response|signal)/[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


def destination(request: Request) -> str:
    """The service that MiniStack takes a request to, by its name for it; or what else it takes it to."""
    from ministack.app import _routing_params
    from ministack.core.router import detect_service

    for place, taken in _places(request):
        if taken:
            return place
    method, path, headers = request.method, request.path, request.headers
    return str(
        detect_service(method, path, headers, _routing_params(method, path, headers, request.body, request.query))
    )


def _places(request: Request) -> Iterator[tuple[str, object]]:
    """What MiniStack looks at before it asks which service a request names, in its order; and whether that is it."""
    from ministack import app

    host, path = request.headers.get("host", ""), request.path
    yield HEALTH, path in app._HEALTH_PATHS
    yield ADMINISTRATION, path.startswith("/_") and not path.startswith(DATA_PATHS)
    yield USER_POOL, request.method == "GET" and _names_a_user_pool(path)
    yield "cognito-idp", path.startswith("/oauth2/") or path in ("/login", "/logout")
    yield "s3-object-lambda", path == "/WriteGetObjectResponse"
    yield "s3tables", path.startswith("/iceberg")
    yield "s3-control", path.startswith(app._S3_CONTROL_PREFIX)
    yield "rds-data", path in app._RDS_DATA_PATHS
    yield "ses", path.startswith(app._SES_V2_PREFIX)
    yield "ecr", app._is_ecr_registry_path(path)
    yield "cloudfront", app._parse_cloudfront_dataplane_host(host)
    yield "opensearchserverless", app._AOSS_COLLECTION_HOST_RE.match(host)
    api = app._parse_execute_api_url(host, path) or app._resolve_custom_domain_request(host, path)
    yield CONNECTIONS if "/@connections/" in path else API, api
    yield FUNCTION_URL, app._parse_lambda_url(host, path)
    bucket = app._extract_s3_vhost_bucket(host)
    yield "s3", bucket and not app._S3_VHOST_EXCLUDE_RE.search(host) and bucket not in app._NON_S3_VHOST_NAMES
    yield "alb", app._is_potential_alb_request(host, path)


def _names_a_user_pool(path: str) -> bool:
    """Whether it is where a Cognito user pool shows the keys that its tokens are signed with."""
    from ministack import app

    match = KEY_SET.fullmatch(path)
    return bool(match and app._get_module("cognito")._get_pool_unscoped(match["pool"]))


def signed_for(request: Request, scope: str) -> str:
    """The service that a presigned URL may reach, whose signature names this one."""
    from ministack.core.router import detect_service

    if scope == "s3":
        return "s3"
    headers = {"host": request.headers.get("host", ""), "authorization": f"Credential=key/date/region/{scope}/end"}
    return str(detect_service(request.method, request.path, headers, {}))


def is_public(request: Request) -> bool:
    """Whether anybody may send it. Signed links (`links`) and websites are decided elsewhere."""
    if request.method == "PUT" and CALLBACK.fullmatch(request.path):
        return True
    place = destination(request)
    if place in (API, FUNCTION_URL, HEALTH, USER_POOL):
        return True
    if request.method == "OPTIONS":
        return place != ADMINISTRATION and not _has_own_preflights(request)
    return place in ("cognito-idp", "cognito-identity") and _is_unsigned_operation(request)


def is_public_socket(request: Request) -> bool:
    """Whether anybody may open a WebSocket there. By Host alone MiniStack takes all others to IoT or AppSync."""
    from ministack import app

    return bool(app._parse_execute_api_url(request.headers.get("host", ""), request.path))


def may_be_public(request: Request) -> bool:
    """Whether a look is needed: not for most AWS calls, which name no API by Host or path."""
    plain = "." not in request.headers["host"].removeprefix("127.0.0.1")
    return not plain or request.path.startswith(("/_aws/", "/restapis/"))


def _has_own_preflights(request: Request) -> bool:
    """Whether MiniStack passes a preflight on, instead of giving it the answer that it gives to all others."""
    from ministack import app

    host, path = request.headers.get("host", ""), request.path
    return bool(
        app._parse_execute_api_url(host, path)
        or app._parse_lambda_url(host, path)
        or app._resolve_custom_domain_request(host, path)
        or app._parse_cloudfront_dataplane_host(host)
        or app._is_potential_alb_request(host, path)
    )


def _is_unsigned_operation(request: Request) -> bool:
    """Whether an application's users call it, who have no key. It is named by a header that no page sends unasked."""
    return request.method == "POST" and request.path == "/" and request.headers.get("x-amz-target") in _unsigned()


@cache
def _unsigned() -> frozenset[str]:
    """The operations of Cognito that AWS's own description of it says are not signed, by their targets.

    But for the one that gives out keys: permissions are not enforced here, so with such a key one may do everything.
    """
    from botocore.loaders import Loader

    models = [Loader().load_service_model(name, "service-2") for name in ("cognito-idp", "cognito-identity")]
    return frozenset(
        f"{model['metadata']['targetPrefix']}.{name}"
        for model in models
        for name, operation in model["operations"].items()
        if operation.get("authtype") == "none" and not _gives_keys(model, operation)
    )


def _gives_keys(model: dict[str, Any], operation: dict[str, Any]) -> bool:
    answer = model["shapes"].get(operation.get("output", {}).get("shape"), {})
    return "Credentials" in answer.get("members", {})
