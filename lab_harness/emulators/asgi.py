"""What an ASGI application takes and gives, and the little that the embedded emulator needs for it."""

from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def form_body(headers: dict[str, str], receive: Receive) -> tuple[bytes, Receive]:
    """The body of a form, where AWS's query protocol names the operation, and a `receive` that replays it."""
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return b"", receive
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    replay = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive_again() -> dict[str, Any]:
        return next(replay, None) or await receive()

    return body, receive_again


async def respond(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    """Send an answer whole."""
    fields = {"content-length": str(len(body)), **headers}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
