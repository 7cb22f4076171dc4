"""A request on its way through a CloudFront distribution, and the four events at which functions may change it.

    viewer → viewer_request → cache → origin_request → origin → origin_response → cache → viewer_response → viewer

`edge` takes requests this way; who runs functions puts itself into `events`. On a hit the origin's two events do not
happen. What origin_response leaves is what the cache keeps; what viewer_response changes is not kept. Neither
viewer_response happens where the origin answered with 400 or more, nor anything after a function failed.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html (2026)
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Headers = dict[str, Any]  # by lower-case name a text, or a list of texts, as MiniStack's helpers have them


@dataclass
class EdgeRequest:
    """What is asked: `uri` is the path as it was sent, percent-encoded, and `query` what stood after its "?"."""

    method: str
    uri: str
    query: str
    headers: Headers
    body: bytes = b""


@dataclass
class EdgeResponse:
    """What is answered. `generated` says by what, "Function" or "Lambda", where the origin was not asked for it."""

    status: int
    headers: Headers = field(default_factory=dict)
    body: bytes = b""
    reason: str = ""
    generated: str = ""


@dataclass
class Visit:
    """One request of a viewer's to a distribution.

    `distribution` is MiniStack's record, `behavior` the cache behavior as MiniStack reads it, with its XML under
    "element". The event viewer_request may change `request`. At the origin's events `origin_request` is what the origin
    gets, and `origin` which one that is, as MiniStack reads it, with its XML under "element"; origin_request may
    change both.
    """

    distribution: Mapping[str, Any]
    behavior: Mapping[str, Any]
    request: EdgeRequest
    client_ip: str
    https: bool
    id: str  # the request's, which the viewer finds in X-Amz-Cf-Id
    origin: dict[str, Any] = field(default_factory=dict)
    origin_request: EdgeRequest | None = None


class EdgeError(Exception):
    """The visit ends with CloudFront's own error page: its status, its sentence, and the first word of X-Cache."""

    def __init__(self, status: int, sentence: str, told: str = "Error") -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.told = told


async def _nothing(_visit: Visit) -> EdgeResponse | None:
    return None


async def _unchanged(_visit: Visit, _response: EdgeResponse) -> None:
    return None


@dataclass
class Events:
    """What happens at each event; nothing until somebody is put there. All may raise EdgeError.

    A request's event may answer itself: then the cache, or the origin, is not asked. A response's event changes the
    response that it is given.
    """

    viewer_request: Callable[[Visit], Awaitable[EdgeResponse | None]] = _nothing
    origin_request: Callable[[Visit], Awaitable[EdgeResponse | None]] = _nothing
    origin_response: Callable[[Visit, EdgeResponse], Awaitable[None]] = _unchanged
    viewer_response: Callable[[Visit, EdgeResponse], Awaitable[None]] = _unchanged


events = Events()
