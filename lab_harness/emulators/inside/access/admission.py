"""Decides about each request to the embedded emulator: it is admitted, with the name of its caller, or refused.

In this order: which user of the machine sends it (`peers`), where it says that it comes from (`guard`), whether its
target is public (`routes`, `links`), and if not, whose signature it has (`signatures`).
"""

from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from lab_harness.emulators.credentials import ACCESS_KEY_ID, Credentials, of_checks
from lab_harness.emulators.exchange import TOKEN_HEADER
from lab_harness.emulators.inside.access import guard, refusals, routes, signatures
from lab_harness.emulators.inside.access.keys import CHECKS, LEARNER, Keys
from lab_harness.emulators.inside.access.links import Links
from lab_harness.emulators.inside.access.peers import Peers
from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.asgi import Receive, Scope
from lab_harness.emulators.inside.sites import is_site

SMALL = 65_536  # bytes of a form; it is read to find out in which format it must be refused
ANOTHER_USER = "this emulator belongs to another user of this computer; start your own with: lab start"


class Admitted(NamedTuple):
    """An admitted request. Its caller is "learner", "checks" or "function <name>"; `signed` with a key that counts."""

    request: Request
    receive: Receive
    caller: str
    signed: bool = True


class Access:
    """Decides for one emulator. `token` is for its administration; the learner's calls are signed with `secret`."""

    def __init__(self, token: str, secret: str) -> None:
        self.keys = Keys(Credentials(ACCESS_KEY_ID, secret), of_checks(token))
        self.links = Links()
        self._token = token
        self._peers = Peers()

    async def admit(self, scope: Scope, receive: Receive) -> Admitted | refusals.Response:
        """Admit a request, or return the answer that refuses it."""
        from ministack.core.sigv4 import decode_header_value

        fields = [(name.decode("latin-1").lower(), decode_header_value(value)) for name, value in scope["headers"]]
        site = scope["type"] == "http" and is_site(dict(fields).get("host", ""))
        source = guard.source(scope.get("method", "GET"), scope["path"], fields, self._token, site)
        if not self._peers.trusted(scope["client"], scope["server"]):
            source = ANOTHER_USER
        if isinstance(source, str):
            return refusals.plainly(source)
        request = _request(scope, fields)
        if routes.is_public_socket(request) if scope["type"] == "websocket" else self._is_open(request):
            return await self._admit_anybody(request, receive)
        signed = signatures.is_signed(request) and (source is guard.Source.PROGRAM or signatures.is_link(request))
        if scope["type"] == "http" and (signed or _is_small_form(request)):
            request, receive = await _with_body(request, receive)
        caller = signatures.verify(request, self.keys) if signed else signatures.without_signature(request)
        if isinstance(caller, str):
            # A check may use a key that the account has issued, to see what that allows.
            return Admitted(request, receive, CHECKS if TOKEN_HEADER in request.headers else caller)
        return refusals.answer(request, caller)

    async def _admit_anybody(self, request: Request, receive: Receive) -> Admitted:
        """Admit a request to what is public. An API may ask who signed it all the same."""
        caller, signed = CHECKS if TOKEN_HEADER in request.headers else LEARNER, False
        if signatures.is_signed(request):
            request, receive = await _with_body(request, receive)
            signed = isinstance(signatures.verify(request, self.keys), str)
        return Admitted(request, receive, caller, signed)

    def _is_open(self, request: Request) -> bool:
        """Whether it needs no signature: its target is public, it follows a signed link, or it has the token."""
        path = request.path
        host = request.headers["host"]
        if guard.is_administration(path) or path in guard.OPEN_ADMIN_PATHS or is_site(host):
            return True
        if request.headers.get("authorization", "").startswith("AWS4-") and not routes.may_be_public(request):
            return False
        if routes.is_public(request) or routes.reads_an_object(request):
            return True
        return self.links.good(request.method, path, request.query)


def _is_small_form(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return form and length.isdecimal() and int(length) <= SMALL


def _request(scope: Scope, fields: list[tuple[str, str]]) -> Request:
    headers: dict[str, str] = {}
    for name, value in fields:  # A header that is sent twice is signed as one, with a comma between.
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    raw_query = scope["query_string"].decode("latin-1")
    query = parse_qs(raw_query, keep_blank_values=True)
    raw_path = scope["raw_path"].decode("latin-1")
    return Request(scope.get("method", "GET"), raw_path, scope["path"], query, headers, raw_query=raw_query)


async def _with_body(request: Request, receive: Receive) -> tuple[Request, Receive]:
    """The request with its whole body, and a `receive` that replays it."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    replay = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive_again() -> dict[str, Any]:
        return next(replay, None) or await receive()

    return replace(request, body=body), receive_again
