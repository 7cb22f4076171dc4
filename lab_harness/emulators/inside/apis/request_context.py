"""What API Gateway knows of a request, by the names that templates and access logs have for it: `$context`."""

from typing import Any

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.inside.apis.serving import Serving
from lab_harness.emulators.inside.moving_time import clock


def last(value: Any) -> str:
    """A header's or a parameter's value, where it is sent several times the last."""
    return str(value[-1] if isinstance(value, list | tuple) and value else value)


def context(served: Serving) -> dict[str, Any]:
    """What is known of a request.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html (2026)
    """
    from ministack.services import apigateway_v1

    request, now = served.request, clock.today()
    headers = {key.lower(): last(value) for key, value in request["headers"].items()}
    signed = apigateway_v1._iam_caller_identity(request["headers"], request["query_params"]) or {}
    address = headers.get("x-forwarded-for", "127.0.0.1").partition(",")[0].strip()
    identity = {"sourceIp": address, "userAgent": headers.get("user-agent", ""), "apiKey": headers.get("x-api-key")}
    return {
        "accountId": ACCOUNT,
        "apiId": served.api,
        "authorizer": dict(served.authorizer),
        "domainName": headers.get("host", ""),
        "extendedRequestId": request["request_id"],
        "httpMethod": served.method,
        "identity": {**identity, **{key: value for key, value in signed.items() if value is not None}},
        "isCanaryRequest": str(served.canary).lower(),
        "path": f"/{served.name}{served.path}",
        "protocol": "HTTP/1.1",
        "requestId": request["request_id"],
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "resourceId": served.resource.get("id", ""),
        "resourcePath": request["resource_path"],
        "stage": served.name,
    }
