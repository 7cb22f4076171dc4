"""What a client of a WebSocket API is told: why it is refused, that a function has failed, and what a route answers.

It is refused where there is no such stage, or nothing is deployed to it: MiniStack serves any.
MiniStack refuses every handshake with 403 that `$connect` does not let in, and with 500 where its authorizer asks for
401. It sends the error of a function that fails to the client, says nothing where no route fits, and sends back what a
function returns although nobody has asked for that by a route response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html (2026)
"""

import json
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.route_failures import Failure

AUTHORIZER = "ministack-apigw-authorizer"  # MiniStack's name for the thread that runs one
UNAUTHORIZED = "Unauthorized"  # the error by which an authorizer asks for 401
MISSING = "missing"  # the member of what stands for a route where there is none
FAILED, FORBIDDEN = "Internal server error", "Forbidden"
Refusal = tuple[int, bytes]
Send = Callable[[dict[str, Any]], Awaitable[None]]

refusal: ContextVar[Refusal | None] = ContextVar("refusal", default=None)  # of this task's handshake
unknown: ContextVar[bool] = ContextVar("unknown", default=False)  # whether this task's authorizer knows nobody


def install() -> None:
    """Make MiniStack tell it. This takes effect when it imports API Gateway."""
    hooks.change(
        {
            "apigateway": {
                "handle_websocket": _refuse_by_status,
                "_invoke_ws_lambda": _answer,
                "_match_ws_route": _match,
                "_authorize_ws_connect": _authorize,
                "_refuse_ws_handshake": _refuse_unauthorized,
                "run_reentrant": _notice,
            }
        }
    )


async def _refuse_by_status(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    scope, receive, send, api, *rest = args
    path = kwargs.get("path_override") or (rest[0] if rest else None) or scope.get("path", "")
    if not _is_served(api, path.lstrip("/").partition("/")[0]):
        await receive()  # the request for a connection
        await _refuse(send, HTTPStatus.FORBIDDEN.value, json.dumps({"message": FORBIDDEN}).encode())
        return
    await original(scope, receive, _refusing(send), api, *rest, **kwargs)


def _is_served(api: str, stage: str) -> bool:
    """Whether a WebSocket API has this stage, and something is deployed to it."""
    from ministack.services import apigateway

    if (apigateway._apis.get(api) or {}).get("protocolType") != "WEBSOCKET":
        return True  # MiniStack refuses it.
    found = apigateway._stages.get(api, {})
    settings = found.get(stage) or found.get("$default")
    deployed = apigateway._deployments.get(api)
    return bool(settings and (deployed or settings.get("autoDeploy") or settings.get("deploymentId")))


def _refusing(send: Send) -> Send:
    """Sends as before, and in place of a refused handshake's end the status of its refusal."""

    async def tell(message: dict[str, Any]) -> None:
        refused = refusal.get()
        if message["type"] != "websocket.close" or not refused:
            await send(message)
            return
        await _refuse(send, *refused)

    return tell


async def _refuse_unauthorized(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> None:
    """Refuse whom an authorizer refuses. MiniStack's answer has no length, so that clients cannot read it."""
    _scope, send, status, message, connection, request = args
    await _refuse(send, status, _told(message, connection, request).encode())


async def _refuse(send: Send, status: int, body: bytes) -> None:
    fields = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": fields})
    await send({"type": "websocket.http.response.body", "body": body})


async def _answer(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What a route answers: a status that refuses a handshake, or what the client gets."""
    api, _account, _region, route, _stage, connection, moment, request, *_ = args
    if MISSING in route:
        return {"body": _told(FORBIDDEN, connection, request)}
    found = _read(api, route, await original(*args, **kwargs))
    failed = isinstance(found, Failure)
    told = _told(FAILED, connection, request)
    if moment == "CONNECT" and (status := _status(found)) >= HTTPStatus.MULTIPLE_CHOICES:
        refusal.set((status, told.encode() if failed else str(found.get("body") or "").encode()))
    if moment == "MESSAGE":
        return {"body": told} if failed else found if _is_answered(api, route) else None
    return found


def _read(api: str, route: dict[str, Any], found: Any) -> Any:
    """A route's answer; a failure where a proxy integration's function answers without a status."""
    from ministack.services import apigateway

    target = route.get("target", "").rpartition("/")[2]
    integration = apigateway._integrations.get(api, {}).get(target) or {}
    if integration.get("integrationType") != "AWS_PROXY" or isinstance(found, Failure):
        return found
    return found if _status(found) else Failure(statusCode=HTTPStatus.BAD_GATEWAY.value)


def _status(found: Any) -> int:
    """The status of an answer; 0 where it has none that HTTP has."""
    status = str(found.get("statusCode")) if isinstance(found, dict) else ""
    return int(status) if len(status) == 3 and status.isdecimal() and "200" <= status < "600" else 0


def _is_answered(api: str, route: dict[str, Any]) -> bool:
    """Whether a route answers its messages: one way is all that it goes without a route response."""
    from ministack.services import apigateway

    found = apigateway._route_responses.get(api, {}).get(route.get("routeId"), {})
    return any(each.get("routeResponseKey") == "$default" for each in found.values())


def _told(message: str, connection: str, request: str) -> str:
    return json.dumps({"message": message, "connectionId": connection, "requestId": request})


def _match(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """The route of a message or a moment. For a message there is always one: that which says that there is none."""
    _api, wanted = args
    return original(*args) or (None if wanted in ("$connect", "$disconnect") else {MISSING: True, "routeKey": wanted})


async def _authorize(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What an authorizer decides: 401 where it fails by the error Unauthorized, 500 where by any other."""
    refused, context = await original(*args, **kwargs)
    if refused and refused[0] == HTTPStatus.INTERNAL_SERVER_ERROR:
        refused = (HTTPStatus.UNAUTHORIZED.value, UNAUTHORIZED) if unknown.get() else (refused[0], FAILED)
    return refused, context


async def _notice(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """The result of what MiniStack runs in a thread; of an authorizer it is kept whether it knows nobody."""
    result = await original(*args, **kwargs)
    if kwargs.get("thread_name") == AUTHORIZER:
        body = result.get("body") if result.get("error") else None
        unknown.set(isinstance(body, dict) and body.get("errorMessage") == UNAUTHORIZED)
    return result
