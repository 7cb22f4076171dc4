"""Finds out where MiniStack sends a request, and whether that place is public.

What is public on AWS is public here: websites, stages of APIs, function URLs, and links that AWS itself gives out. All
other requests must be signed. So a request that MiniStack sends to an AWS service must never be called public: this
module asks MiniStack's own router, in MiniStack's own order.
"""

import re
from collections.abc import Iterator
from functools import cache

from lab_harness.emulators.inside.access.requests import Request

API, FUNCTION_URL, CONNECTIONS = "execute-api", "lambda-url", "connections"
ADMINISTRATION, HEALTH, USER_POOL = "administration", "health", "user-pool"
KEY_SET = re.compile(r"/(?P<pool>[^/]+)/\.well-known/(jwks\.json|openid-configuration)")
DATA_PATHS = ("/_aws/execute-api/", "/_aws/lambda-url/", "/_alb/")
OF_BROWSERS = ("origin", "referer", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest")
CALLBACK = re.compile(r"/_ministack/cfn-(response|signal)/[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


def destination(request: Request) -> str:
    """The place to which MiniStack sends a request: its own name for a service, or one of the names above."""
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
    """The places that MiniStack tries before it looks for a service, in its order; each with whether it matches."""
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
    """Whether the path is the address of a Cognito user pool's public keys."""
    from ministack import app

    match = KEY_SET.fullmatch(path)
    return bool(match and app._get_module("cognito")._get_pool_unscoped(match["pool"]))


def signed_for(request: Request, scope: str) -> str:
    """The service that a presigned URL may reach if its signature is for `scope`."""
    from ministack.core.router import detect_service

    if scope == "s3":
        return "s3"
    headers = {"host": request.headers.get("host", ""), "authorization": f"Credential=key/date/region/{scope}/end"}
    return str(detect_service(request.method, request.path, headers, {}))


def is_public(request: Request) -> bool:
    """Whether anybody may send this request. `links` and `access` decide about signed links and websites."""
    if request.method == "PUT" and CALLBACK.fullmatch(request.path):
        return True
    place = destination(request)
    if place in (API, FUNCTION_URL, HEALTH, USER_POOL):
        return True
    if request.method == "OPTIONS":
        return place != ADMINISTRATION and not _has_own_preflights(request)
    return place in ("cognito-idp", "cognito-identity") and _is_unsigned_operation(request)


def reads_an_object(request: Request) -> bool:
    """Whether a program only asks S3 for an object, unsigned: S3 decides whether everybody may read it.

    Nothing else may be asked of S3 so, not even for a version of an object, and no page may.
    """
    from ministack import app

    unsigned = request.headers.keys().isdisjoint(("authorization", *OF_BROWSERS))
    if request.method not in ("GET", "HEAD") or request.query or not unsigned or destination(request) != "s3":
        return False
    bucket, _, key = request.path.lstrip("/").partition("/")
    return bool(bucket if app._extract_s3_vhost_bucket(request.headers["host"]) else key)


def is_public_socket(request: Request) -> bool:
    """Whether anybody may open a WebSocket there: only to APIs. MiniStack sends all others to IoT or AppSync."""
    from ministack import app

    return bool(app._parse_execute_api_url(request.headers.get("host", ""), request.path))


def may_be_public(request: Request) -> bool:
    """Whether `is_public` must be asked. For most AWS calls it need not, because they name no API."""
    plain = "." not in request.headers["host"].removeprefix("127.0.0.1")
    return not plain or request.path.startswith(("/_aws/", "/restapis/"))


def _has_own_preflights(request: Request) -> bool:
    """Whether MiniStack passes a preflight request on, instead of answering it itself."""
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
    """Whether this is an operation for an application's users, who have no key.

    A header names it, and no page can send that header without a preflight request.
    """
    return request.method == "POST" and request.path == "/" and request.headers.get("x-amz-target") in _unsigned()


@cache
def _unsigned() -> frozenset[str]:
    """The targets of Cognito's unsigned operations, as AWS's description names them."""
    from botocore.loaders import Loader

    models = [Loader().load_service_model(name, "service-2") for name in ("cognito-idp", "cognito-identity")]
    return frozenset(
        f"{model['metadata']['targetPrefix']}.{name}"
        for model in models
        for name, operation in model["operations"].items()
        if operation.get("authtype") == "none"
    )
