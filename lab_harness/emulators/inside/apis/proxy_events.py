"""What a function gets of a request, field by field as on AWS: from REST APIs, HTTP APIs in both formats, and its URL.

MiniStack leaves out cookies, stage variables, a stage in its path and much of who asks; it knows no format 1.0 of HTTP
APIs, and tells clients the error of a function that fails.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html (2026)
"""

import json
import secrets
from contextvars import ContextVar
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.serving import serving
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.scopes import within

PROXY, URL = "ministack-apigw-invoke", "ministack-lambda-url"  # MiniStack's names for the threads that run functions
OLDER = "1.0"
WHO = (  # what is known of who has signed, None of who has not
    *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
)
UNKNOWN = dict.fromkeys(WHO)
FAILED = {
    "statusCode": 500,
    "headers": {"Content-Type": "application/json"},
    "body": json.dumps({"message": "Internal Server Error"}),
}

BROKEN = {"statusCode": 502, "headers": FAILED["headers"], "body": "Internal Server Error"}  # a function behind its URL

_asked: ContextVar[tuple[Any, ...] | None] = ContextVar("asked", default=None)  # what an HTTP API's function is asked


def install() -> None:
    """Make MiniStack's events so. It takes effect when it imports API Gateway and Lambda."""
    hooks.change(
        {
            "apigateway_v1": {"_build_lambda_event_v1": _rest, "_invoke_authorizer_lambda": _authorizer},
            "apigateway": {"_invoke_lambda_proxy": _http, "run_reentrant": _run},
            "lambda_svc": {"_build_function_url_event": _url, "run_reentrant": _run_url},
        }
    )


def _rest(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """The event of a REST API. Of a parameter that is sent several times the last counts where one is asked for."""
    event, served, query = original(*args, **kwargs), serving.get(), args[8]
    del event["version"]
    if query:
        event["queryStringParameters"] = {name: values[-1] for name, values in query.items()}
    event["headers"] = _forwarded(event["headers"])
    event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()} | event[
        "multiValueHeaders"
    ]
    asked = event["requestContext"]
    asked |= _domain(asked["apiId"])
    asked["identity"] = UNKNOWN | asked["identity"] | _api_key(event["headers"])
    if served and "request_id" in served.request:
        asked["requestId"] = served.request["request_id"]  # as $context has it
    return event


def _api_key(headers: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import apigateway_v1

    told = next((value for name, value in headers.items() if name.lower() == "x-api-key"), None)
    known = apigateway_v1._resolve_api_key(told)
    return {"apiKey": told, "apiKeyId": known["id"]} if known else {}


def _authorizer(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What an authorizer of the type REQUEST is told besides."""
    _, event, *_ = args
    if served := serving.get() if event.get("type") == "REQUEST" else None:
        asked = event["requestContext"]
        asked |= {"path": f"/{served.name}{served.path}", "protocol": "HTTP/1.1", **_domain(asked["apiId"])}
        asked["requestId"] = served.request.get("request_id", "")
        asked["identity"] = UNKNOWN | asked["identity"] | _api_key(event["headers"])
    return original(*args, **kwargs)


async def _http(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A route of an HTTP API that calls a function."""
    with within(_asked, args):
        return await original(*args, **kwargs)


async def _run(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Run an HTTP API's function with the event of its integration's format, and read its answer by that."""
    asked = _asked.get()
    if asked is None or kwargs.get("thread_name") != PROXY:
        return await original(*args, **kwargs)
    call, record, event = args
    older = asked[0].get("payloadFormatVersion") == OLDER
    event = _newest(event, asked)
    result = await original(call, record, _older(event, asked) if older else event, **kwargs)
    if result.get("throttle"):
        return result
    answer = result.get("body")
    if result.get("error") or (older and not (isinstance(answer, dict) and "statusCode" in answer)):
        return {**result, "error": True, "body": FAILED}
    return {**result, "body": _with_all_headers(answer)} if older else result


def _newest(event: dict[str, Any], asked: tuple[Any, ...]) -> dict[str, Any]:
    """Format 2.0 whole: what is not there is left out, never null."""
    from ministack.services import apigateway

    _, api, stage, path, *_ = asked
    headers = _forwarded(event["headers"])
    cookie = headers.pop("cookie", "")
    where = path if stage == "$default" else f"/{stage}{path}"
    more = {"cookies": _cookies(cookie), "stageVariables": apigateway._get_stage_variables(api, stage)}
    event = {name: value for name, value in {**event, **more}.items() if value is not None and value not in ({}, [])}
    context = event["requestContext"]
    context |= {"domainPrefix": context["domainName"].partition(".")[0]}
    context["http"]["path"] = where
    return {**event, "headers": headers, "rawPath": where}


def _older(event: dict[str, Any], asked: tuple[Any, ...]) -> dict[str, Any]:
    """The same request in format 1.0, that of REST APIs."""
    _, api, stage, _path, method, _headers, _body, query, *more = asked
    context, http = event["requestContext"], event["requestContext"]["http"]
    resource = (more[0] if more else "$default").rpartition(" ")[2]
    headers = event["headers"] | ({"cookie": "; ".join(event["cookies"])} if "cookies" in event else {})
    identity = {**UNKNOWN, "sourceIp": http["sourceIp"], "userAgent": http["userAgent"]}
    return {
        "version": OLDER,
        "resource": resource,
        "path": event["rawPath"],
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": {name: list(values) for name, values in query.items()} if query else None,
        "requestContext": {
            "accountId": context["accountId"],
            "apiId": api,
            **_domain(api),
            "extendedRequestId": context["requestId"],
            "httpMethod": method,
            "identity": identity,
            "path": event["rawPath"],
            "protocol": "HTTP/1.1",
            "requestId": context["requestId"],
            "requestTime": context["time"],
            "requestTimeEpoch": context["timeEpoch"],
            "resourceId": None,
            "resourcePath": resource,
            "stage": stage,
            "authorizer": _older_authorizer(context.get("authorizer"), identity),
        },
        "pathParameters": event.get("pathParameters"),
        "stageVariables": event.get("stageVariables"),
        "body": event.get("body"),
        "isBase64Encoded": event["isBase64Encoded"],
    }


def _older_authorizer(told: dict[str, Any] | None, identity: dict[str, Any]) -> dict[str, Any]:
    """What an authorizer has said, where format 1.0 has it; of who has signed `identity` tells."""
    told = told or {}
    names = {"caller": "callerId", "user": "userId"}
    identity |= {name: told["iam"].get(names.get(name, name)) for name in WHO} if "iam" in told else {}
    return dict(told.get("jwt") or told.get("lambda") or {"claims": None, "scopes": None})


def _with_all_headers(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of format 1.0: what `multiValueHeaders` names takes the place of the same in `headers`."""
    several = {name.lower(): list(values) for name, values in (answer.get("multiValueHeaders") or {}).items() if values}
    single = {name: value for name, value in (answer.get("headers") or {}).items() if name.lower() not in several}
    return {**answer, "headers": single | several, "cookies": None}


def _url(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """The event of a function's URL, which is in format 2.0."""
    from ministack.services import apigateway

    headers, query = args[5], args[7]
    event = original(*args, **kwargs)
    if cookies := _cookies(event["headers"].get("cookie", "")):
        event["cookies"] = cookies
    if not kwargs.get("anonymous") and (who := apigateway._iam_caller_identity_v2(headers, query)):
        event["requestContext"]["authorizer"] = {"iam": {"cognitoIdentity": None, **who}}
    return event


async def _run_url(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Run a function behind its URL; who asked is not told why it failed."""
    result = await original(*args, **kwargs)
    if kwargs.get("thread_name") != URL or result.get("throttle") or not result.get("error"):
        return result
    return {**result, "body": BROKEN}


def _cookies(header: str) -> list[str]:
    return [each.strip() for each in header.split(";") if each.strip()]


def _domain(api: str) -> dict[str, str]:
    from ministack.services import apigateway

    return {"domainName": f"{api}.execute-api.{apigateway._HOST}", "domainPrefix": api}


def _forwarded(headers: dict[str, Any]) -> dict[str, Any]:
    """Headers with those that API Gateway adds, where the request has none."""
    told = {name.lower() for name in headers}
    trace = f"Root=1-{int(clock.now()):08x}-{secrets.token_hex(12)}"
    added = {"x-forwarded-for": "127.0.0.1", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
    return headers | {name: value for name, value in {**added, "x-amzn-trace-id": trace}.items() if name not in told}
