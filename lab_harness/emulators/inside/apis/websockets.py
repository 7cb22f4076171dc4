"""Functions of a WebSocket API run as all others do, so that what `$connect` answers counts; who goes is gone at once.

MiniStack gives their events to a worker by another way, on which ours is not understood: a `$connect` that answers 401
is let in, and what such a function logs is kept nowhere. It sees every half second only that nothing is left to be sent
to a connection that has ended, and until then says that it is there, and runs no `$disconnect`. It takes `$default` for
the route of those who come and go, too; on AWS that is for messages alone.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-develop-routes.html (2026)
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

import wrapt

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.route_failures import Failure

Message = dict[str, Any]
MOST_REMEMBERED = 10_000
MOMENTS = frozenset({"$connect", "$disconnect"})
connection: ContextVar[dict[str, Any] | None] = ContextVar(
    "connection", default=None
)  # what is kept of this task's own

_began: dict[str, int] = {}  # when each connection began, in milliseconds since 1970


def install() -> None:
    """Make MiniStack run them so. It takes effect when it imports what runs functions."""
    wrapt.register_post_import_hook(_change_runtime, "ministack.core.lambda_runtime")
    wrapt.register_post_import_hook(_change_connections, "ministack.services.apigateway")
    hooks.change({"apigateway": {"handle_websocket": end_at_once, "_match_ws_route": _match}})


def _change_runtime(lambda_runtime: Any) -> None:
    wrapt.wrap_function_wrapper(lambda_runtime, "get_or_create_worker", _run_as_others)


def _run_as_others(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> "Environment":
    _name, config, _code = args
    return Environment(config["FunctionArn"])


class Environment(NamedTuple):
    """What API Gateway takes for a worker."""

    function: str  # its ARN

    def invoke(self, event: dict[str, Any], _message: str) -> dict[str, Any]:
        """What the function answers, in a worker's words."""
        from ministack.services import lambda_svc

        _say_since_when(event["requestContext"])
        record, config, _ = lambda_svc._get_func_record_for_ref(self.function)
        result = lambda_svc._execute_function(lambda_svc._execution_record_for_config(record, config), event)
        if result.get("error"):
            return {"status": "ok", "result": Failure(statusCode=502)}
        return {"status": "ok", "result": result.get("body")}


def _say_since_when(about: dict[str, Any]) -> None:
    """Name the moment at which the connection began, which is the same in all its events; MiniStack names now."""
    name, moment = about["connectionId"], about["eventType"]
    if moment == "CONNECT":
        _began[name] = about["connectedAt"]
        if len(_began) > MOST_REMEMBERED:  # of which many were refused, or have no $disconnect
            _began.pop(next(iter(_began)))
    elif name in _began:
        about["connectedAt"] = _began.pop(name) if moment == "DISCONNECT" else _began[name]


class Connections(dict[str, dict[str, Any]]):
    """All connections; the task of one finds its own."""

    def __setitem__(self, name: str, kept: dict[str, Any]) -> None:
        connection.set(kept)
        super().__setitem__(name, kept)


def _change_connections(apigateway: Any) -> None:
    apigateway._ws_connections = Connections()


def end_at_once(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What a connection's whole life comes to, in which its end is told at once to what sends to it."""
    scope, receive, *rest = args
    return original(scope, _telling(receive), *rest, **kwargs)


def _telling(receive: Callable[[], Awaitable[Message]]) -> Callable[[], Awaitable[Message]]:
    """Receives as before, and tells what sends to the connection when that has ended."""

    async def hear() -> Message:
        message = await receive()
        if message["type"] == "websocket.disconnect" and (kept := connection.get()):
            kept["outbox"].put_nowait(None)
        return message

    return hear


def _match(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """The route of a message or a moment; `$default` is for messages that have none, and for no other moment."""
    _api, wanted = args
    found = original(*args)
    return found if found and (found["routeKey"] == wanted or wanted not in MOMENTS) else None
