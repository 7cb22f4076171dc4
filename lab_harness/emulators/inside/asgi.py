"""The types of an ASGI application, and what reads a request's body and sends an answer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


# Headers of one connection alone, which nobody passes on.
HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})


async def body_of(receive: Receive, most: int) -> bytes | None:
    """The body of a request; None where it has more bytes than that."""
    parts, size, more = [], 0, True
    while more and size <= most:
        message = await receive()
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
    return b"".join(parts) if size <= most else None


async def respond(send: Send, status: int, headers: Mapping[str, str | list[str]], body: bytes) -> None:
    """Send a whole answer; a header with several values is sent once for each."""
    fields = {"content-length": str(len(body)), **headers}
    values = {name: [value] if isinstance(value, str) else value for name, value in fields.items()}
    encoded = [(name.encode(), _encoded(each)) for name, several in values.items() for each in several]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _encoded(value: str) -> bytes:
    return value.encode("latin-1") if max(value, default="") <= "\xff" else value.encode()
