"""Integrations of REST APIs that are no proxies: templates make the request, and the answer of the response.

MiniStack reads a part of Velocity's language and for requests to queues only, and takes a MOCK's status from its text.
`responses` chooses and makes what the client gets, by templates in `velocity` with the names of `mapping`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html (2026)
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.integrations.budget import TemplateError
from lab_harness.emulators.inside.apis.integrations.endpoints import Answered, fetch
from lab_harness.emulators.inside.apis.integrations.mapping import Exchange
from lab_harness.emulators.inside.apis.integrations.requests import Sent, made, passed_on
from lab_harness.emulators.inside.apis.integrations.responses import (
    BackendResponse,
    failure,
    given,
    mapped,
    unsupported,
)
from lab_harness.emulators.inside.apis.integrations.services import ask
from lab_harness.emulators.inside.apis.serving import serving
from lab_harness.emulators.inside.scopes import within

STATUS = re.compile(r"\"?statusCode\"?\s*:\s*\"?(\d{3})\b")  # AWS reads keys without quotes, too
LAMBDA = re.compile(r":lambda:path/|:function:")
UNAVAILABLE = {"message": "Service Unavailable"}  # what an HTTP API says where no server answers
NO_JSON = {"message": "Could not parse request body into json: the template makes no JSON", "Type": "User"}

_event: ContextVar[list[Any] | None] = ContextVar("event", default=None)  # what a function gets; then its result


def install() -> None:
    """Make MiniStack's integrations work so. It takes effect when it imports API Gateway."""
    hooks.change(
        {
            "apigateway_v1": {
                "_invoke_mock_v1": _mock,
                "_invoke_lambda_custom_v1": _function,
                "_invoke_sqs_v1": _service,
                "_invoke_http_proxy_v1": _endpoint,
                "_build_lambda_event_v1": _build_event,
                "_call_lambda_raw": _keep_result,
            },
            "apigateway": {"_invoke_http_proxy": _http_endpoint},
        }
    )


def _mock(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """An integration that answers by itself: with the status that its template makes."""
    (integration,), served = args, serving.get()
    assert served is not None
    exchange = Exchange(served)
    try:
        body = given(integration, exchange)
        if body is None:
            return unsupported()
        status = STATUS.search(body)
        if not status:
            return failure("the template of a MOCK makes no statusCode")
        return mapped(integration, BackendResponse(int(status[1]), "", told=status[1]), exchange)
    except TemplateError as error:
        return failure(str(error))


async def _function(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A function that gets what the template makes; its error's message chooses the integration response."""
    integration = args[0]
    if not LAMBDA.search(str(integration.get("uri"))):
        return await _service(original, _instance, args, kwargs)

    async def answer(exchange: Exchange, body: str) -> Any:
        try:
            event = json.loads(body or "{}")
        except (ValueError, RecursionError):
            return mapped(integration, BackendResponse(400, json.dumps(NO_JSON)), exchange)
        held = [event]
        with within(_event, held):
            answered = await original(*args, **kwargs)
        result = held[1] if len(held) > 1 else None
        if result is None or result.get("throttle"):
            return answered  # refused, or not called
        found = result.get("body")
        error = found.get("errorMessage") if result.get("error") and isinstance(found, dict) else None
        told = "" if not result.get("error") else str(error or found)
        answered = BackendResponse(200, json.dumps(found, ensure_ascii=False), told)
        return await asyncio.to_thread(mapped, integration, answered, exchange)

    return await _with_body(integration, answer)


async def _service(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """Another service of AWS's, which is asked as the integration's role."""
    return await _backend(args[0], partial(ask, args[0]))


async def _endpoint(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """Somebody's server: as a proxy it gets the request as it is, and its answer is the client's."""
    integration, served = args[0], serving.get()
    assert served is not None
    if str(integration.get("type")).upper() == "HTTP_PROXY":
        exchange = Exchange(served)
        answer = await fetch(passed_on(integration, exchange), served.body)
        return answer if not isinstance(answer, Answered) else (answer.status, answer.headers, answer.body)

    async def get(sent: Sent) -> Any:
        answer = await fetch(sent, sent.body.encode())
        if not isinstance(answer, Answered):
            return answer
        text = answer.body.decode("utf-8", "replace")
        return BackendResponse(answer.status, text, str(answer.status), answer.headers)

    return await _backend(integration, get)


async def _http_endpoint(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """Somebody's server behind an HTTP API: reached as one behind a REST API is, and no file of this machine."""
    integration, path, method, headers, body, query = args
    address = integration.get("integrationUri", "").rstrip("/") + path
    known = {name.lower(): str(value) for name, value in headers.items()}
    answer = await fetch(Sent(method, address, query or {}, known, ""), body)
    return (
        (answer.status, answer.headers, answer.body)
        if isinstance(answer, Answered)
        else (503, {"Content-Type": "application/json"}, json.dumps(UNAVAILABLE).encode())
    )


async def _backend(integration: Any, send: Callable[[Sent], Awaitable[Any]]) -> Any:
    """What the client gets of a backend's answer to what the template makes."""

    async def answer(exchange: Exchange, body: str) -> Any:
        answered = await send(made(integration, exchange, body))
        if not isinstance(answered, BackendResponse):
            return answered
        return await asyncio.to_thread(mapped, integration, answered, exchange)  # which may look for a pattern

    return await _with_body(integration, answer)


async def _with_body(integration: Any, answer: Callable[[Exchange, str], Awaitable[Any]]) -> Any:
    """An answer to the body that the template makes; API Gateway's own where it makes none, or breaks."""
    served = serving.get()
    assert served is not None  # integrations are called within a request
    exchange = Exchange(served)
    try:
        body = given(integration, exchange)
        return unsupported() if body is None else await answer(exchange, body)
    except TemplateError as error:
        return failure(str(error))


def _build_event(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    held = _event.get()
    return held[0] if held is not None else original(*args, **kwargs)


async def _keep_result(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    held = _event.get()
    result, error = await original(*args, **kwargs)
    if held is not None and result is not None:
        held.append(result)
    return result, error
