"""TestInvokeMethod and TestInvokeAuthorizer: a REST API is tried as it stands, without a deployment, and tells its log.

MiniStack does not know them. As on AWS nobody asks for a key or for a permission of the caller's; functions are called
as the stage `test-invoke-stage`.

https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeMethod.html (2026)
"""

import json
import re
import time
from typing import Any
from urllib.parse import parse_qs

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.serving import Serving, serving
from lab_harness.emulators.inside.scopes import within

TEST = re.compile(r"/restapis/(?P<api>[\w-]+)/resources/(?P<resource>[\w-]+)/methods/(?P<verb>[A-Z]+)/?")
AUTHORIZER = re.compile(r"/restapis/(?P<api>[\w-]+)/authorizers/(?P<authorizer>[\w-]+)/?")
STAGE = "test-invoke-stage"
SOURCE = "method.request.header."


def install() -> None:
    """Teach MiniStack this call. It takes effect when it imports API Gateway."""
    hooks.change({"apigateway_v1": {"_check_api_key": _unasked, "handle_request": _test}})


def _unasked(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    served = serving.get()
    return (None, None) if served is not None and served.tested else original(*args, **kwargs)


async def _test(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """TestInvokeMethod and TestInvokeAuthorizer."""
    from ministack.services import apigateway_v1

    method, path, _, body, *_ = args
    if method == "POST" and (tried := AUTHORIZER.fullmatch(path)):
        return await _test_authorizer(tried["api"], tried["authorizer"], json.loads(body or b"{}"))
    found = TEST.fullmatch(path) if method == "POST" else None
    if not found:
        return await original(*args, **kwargs)
    resource = apigateway_v1._resources.get(found["api"], {}).get(found["resource"])
    if not resource or found["verb"] not in resource.get("resourceMethods", {}):
        return apigateway_v1._v1_error("NotFoundException", "Invalid Method identifier specified", 404)
    asked = json.loads(body or b"{}")
    where, _, query = str(asked.get("pathWithQueryString") or resource["path"]).partition("?")
    stage = {"variables": asked.get("stageVariables") or {}, "deploymentId": ""}
    served = Serving(found["api"], STAGE, stage, None, tested=True, lines=[])
    verb = "GET" if found["verb"] == "ANY" else found["verb"]
    headers, content = dict(asked.get("headers") or {}), str(asked.get("body") or "").encode()
    started, execute = time.perf_counter(), apigateway_v1.handle_execute
    with within(serving, served):
        status, fields, answer = await execute(found["api"], STAGE, verb, where, headers, content, parse_qs(query))
    latency = int((time.perf_counter() - started) * 1000)
    log = "\n".join(["Execution log for request", *(served.lines or [])])
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    several = {key: value if isinstance(value, list) else [str(value)] for key, value in fields.items()}
    single = {key: values[-1] for key, values in several.items()}
    told = {"status": int(status), "body": text, "headers": single, "multiValueHeaders": several, "log": log}
    return apigateway_v1._v1_response({**told, "latency": latency}, 200)


async def _test_authorizer(api: str, named: str, asked: dict[str, Any]) -> Any:
    """What an authorizer's function says of these headers; its policy is not applied, and not cached."""
    from ministack.services import apigateway_v1

    authorizer = apigateway_v1._authorizers_v1.get(api, {}).get(named)
    if not authorizer:
        return apigateway_v1._v1_error("NotFoundException", "Invalid Authorizer identifier specified", 404)
    headers = {key.lower(): str(value) for key, value in (asked.get("headers") or {}).items()}
    event = {"type": authorizer.get("type"), "methodArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/{STAGE}/GET/"}
    started = time.perf_counter()
    if authorizer.get("type") == "TOKEN":
        token = headers.get(str(authorizer.get("identitySource") or "").removeprefix(SOURCE).lower())
        if not token:
            return _said(401, started, "Authorization failed: there is no token")
        event["authorizationToken"] = token
    else:
        where, _, query = str(asked.get("pathWithQueryString") or "/").partition("?")
        parameters = {key: values[-1] for key, values in parse_qs(query).items()}
        event |= {"headers": headers, "queryStringParameters": parameters, "path": where, "httpMethod": "GET"}
    result = await apigateway_v1._invoke_authorizer_lambda(authorizer, event, ACCOUNT, REGION)
    said = (result or {}).get("body")
    if result is None or result.get("error") or not isinstance(said, dict):
        refused = isinstance(said, dict) and str(said.get("errorMessage", "")).strip().lower() == "unauthorized"
        return _said(401 if refused else 500, started, f"Execution failed: {said}")
    policy = json.dumps(said.get("policyDocument") or {})
    return _said(200, started, f"Using valid authorizer policy: {policy}", said.get("principalId"), policy)


def _said(status: int, started: float, log: str, principal: Any = None, policy: str | None = None) -> Any:
    from ministack.services import apigateway_v1

    told: dict[str, Any] = {"clientStatus": status, "log": log, "latency": int((time.perf_counter() - started) * 1000)}
    if policy is not None:
        told |= {"principalId": str(principal or ""), "policy": policy}
    return apigateway_v1._v1_response(told, 200)
