"""Plain HTTP requests to what a learner built: APIs and websites that the emulator serves."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from socket import create_connection
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, Timeout, connection_from_url
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from lab_harness.authors.checks import Failure
from lab_harness.authors.customers import chance
from lab_harness.authors.http_clients import CLIENTS, URLLIB3, HttpClient
from lab_harness.authors.words import as_json
from lab_harness.errors import EmulatorNotReady
from lab_harness.local import require_local

if TYPE_CHECKING:
    from websocket import WebSocket

# A file that a page or script names: in quotes, or bare behind src= and href=.
SITE_FILE = re.compile(
    r"""(?P<quote>["'`])(?P<quoted>(?!//)[\w./-]+\.(?:m?js|css|json))(?:[?#][^"'`]*)?(?P=quote)"""
    r"""|(?:src|href)=(?P<bare>(?!//)[\w./-]+\.(?:m?js|css|json))(?=[?#\s>])"""
)
SHOWN_TEXT = 300  # characters of an answer's body in messages
CONNECT_TIMEOUT, READ_TIMEOUT = 3.0, 30.0  # seconds; API Gateway itself waits at most 29 for an integration
LONGEST_ANSWER = 40.0  # seconds until a whole body is there, however it trickles
LARGEST_BODY = 10 * 1024 * 1024  # bytes: API Gateway passes on no more (2026)
CHUNK = 1 << 16


@dataclass(frozen=True)
class Response:
    """One HTTP response: header names are lower case; `body` is what `text` was read from."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        return as_json(self.text)

    def fields(self) -> dict[str, Any]:
        """The fields of the JSON object that the body is; none where it is no object, whoever has written it."""
        return told if isinstance(told := self.json(), dict) else {}

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= SHOWN_TEXT else self.text[:SHOWN_TEXT] + "…"
        return f"{self.status} {shown}" if shown else f"{self.status} with no body"


def api_path(api_id: str, stage: str) -> str:
    """Where both emulators serve a stage of an API; `$default` is no part of it."""
    return f"/_aws/execute-api/{api_id}" + ("" if stage == "$default" else f"/{stage}")


class Http:
    """Sends requests to one emulator, each as some client would: what a check gets that has a parameter `http`.

    Redirects are answers, not followed. Names like `<bucket>.s3-website.localhost` resolve in browsers but not
    on every machine, so requests go to the emulator's own address with the name as their Host.
    """

    def __init__(self, endpoint: str, marks: Callable[[], Mapping[str, str]] = dict) -> None:
        """`marks` gives the headers by which the emulator, and nobody behind it, knows the checks' requests."""
        require_local(endpoint)
        self._endpoint, self._marks = endpoint, marks
        timeout = Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
        # The pool of one host: no path leads to another, not even one that a learner made up.
        self._pool = connection_from_url(endpoint, retries=False, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        host: str | None = None,
        client: HttpClient | None = None,
    ) -> Response:
        """The answer to one request; `path` begins with a slash.

        `body` is sent as it is when it is text or bytes, as JSON otherwise; `host` is a name without a port. Without a
        `client` it is sent as by any of them.
        Raises Failure when no whole answer comes in time, EmulatorNotReady when the emulator is gone.
        """
        response, data = self._exchange(method, path, body, headers or {}, host, client=client)
        received = {name.lower(): value for name, value in response.headers.itermerged()}
        return Response(response.status, received, data.decode("utf-8", "replace"), data)

    def download(self, path: str, most: int) -> bytes:
        """The bytes at a path; Failure where they are more than `most`."""
        return self._exchange("GET", path, None, {}, None, most)[1]

    def _exchange(
        self,
        method: str,
        path: str,
        body: Any,
        headers: Mapping[str, str],
        host: str | None,
        most: int = LARGEST_BODY,
        client: HttpClient | None = None,
    ) -> tuple[BaseHTTPResponse, bytes]:
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is no path: it does not begin with a slash")
        content, sent = self._as_sent(method, body, headers, host, client or chance.choice(CLIENTS))
        deadline = time.monotonic() + LONGEST_ANSWER
        try:
            response = self._pool.request(
                method, path, body=content, headers=sent, redirect=False, preload_content=False
            )
            return response, _whole_body(response, f"{method} {path}", deadline, most)
        except HTTPError as error:
            raise self._trouble(f"{method} {path}", error) from error

    def _as_sent(
        self, method: str, body: Any, headers: Mapping[str, str], host: str | None, client: HttpClient
    ) -> tuple[bytes | None, HTTPHeaderDict]:
        """A request's body and headers as a client would send them."""
        sent, is_json = HTTPHeaderDict(client.headers), body is not None and not isinstance(body, str | bytes)
        text = json.dumps(body, separators=client.separators) if is_json else body
        content = text.encode() if isinstance(text, str) else text
        if client.length_last and (content is not None or method not in ("GET", "HEAD")):
            sent["Content-Length"] = str(len(content or b""))
        if host:
            port = urlsplit(self._endpoint).port
            sent["Host"] = f"{host}:{port}" if port else host
        sent.update(headers)
        if is_json:
            sent.setdefault("Content-Type", "application/json")
        sent.update(self._marks())
        return content, sent

    def _trouble(self, request: str, error: HTTPError) -> Failure | EmulatorNotReady:
        """What it means that there is no answer: a mistake in what the learner built, or an emulator that is gone."""
        causes = [part for part in error.args if isinstance(part, HTTPException | OSError)]
        if isinstance(error, ReadTimeoutError):
            found = f"no answer within {READ_TIMEOUT:g} s"
            step = "Look in the function for an endless loop or a long wait."
        elif isinstance(error, DecodeError) or any(isinstance(part, IncompleteRead) for part in causes):
            found = f"a body that does not fit its headers: {error.args[0]}"
            step = "See which headers are sent with it."
        elif any(isinstance(part, HTTPException) and not isinstance(part, RemoteDisconnected) for part in causes):
            found = f"what is no HTTP response: {causes[0]}"
            step = "See which status and headers are sent."
        elif causes and self._listens():
            found = "a connection that was closed before the answer"
            step = "See which status, headers and body are sent."
        else:
            return EmulatorNotReady.stopped(self._endpoint)
        return Failure(expected=f"an answer to {request}", found=found, next_step=step)

    def _listens(self) -> bool:
        """Whether the emulator is there, though it has closed a connection: some answers it cannot send."""
        address = urlsplit(self._endpoint)
        try:
            create_connection((address.hostname, address.port or 80), CONNECT_TIMEOUT).close()
        except OSError:
            return False
        return True

    def api(
        self,
        api_id: str,
        stage: str,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The answer of an API of API Gateway's; `path` begins with a slash."""
        return self.request(method, api_path(api_id, stage) + path, body, headers)

    def connect(self, api_id: str, stage: str, query: str = "", *, timeout: float) -> "WebSocket":
        """A connection to a WebSocket API of API Gateway's, which waits for each message so many seconds.

        Raises what websocket-client does: WebSocketBadStatusException where the API refuses it, by a redirect as well.
        """
        from websocket import WebSocket, WebSocketBadStatusException, WebSocketException  # for one lab

        where = f"ws{self._endpoint.removeprefix('http')}{api_path(api_id, stage)}{query}"
        connection = WebSocket()
        connection.settimeout(timeout)
        try:
            # A redirect could lead anywhere, and the marks would go along.
            sent = {"header": dict(self._marks()), "suppress_origin": True, "redirect_limit": 0}
            connection.connect(where, **sent)  # type: ignore[no-untyped-call]
        except WebSocketException as error:
            answer = connection.handshake_response
            if answer is None or isinstance(error, WebSocketBadStatusException):
                raise
            raise WebSocketBadStatusException(f"Handshake status {answer.status}", answer.status) from error
        return connection

    def edge(
        self,
        domain: str,
        path: str = "/",
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        https: bool = False,
    ) -> Response:
        """The answer of a CloudFront distribution, by its domain name; with `https` what a viewer gets by HTTPS.

        It is asked by one kind of client: the edge keeps answers by what a client accepts.
        """
        host = f"{'https.' if https else ''}{domain.partition('.')[0]}.cloudfront.localhost"
        return self.request(method, path, body, headers, host, URLLIB3)

    def site(self, host: str) -> dict[str, Response]:
        """A website's first page and the scripts, styles and data of its own that it and they name, by path."""
        files: dict[str, Response] = {}
        waiting = ["/"]
        while waiting:
            path = waiting.pop(0)
            if path not in files:
                files[path] = self.request("GET", path, host=host)
                # An error page that names files relative to itself would lead on for ever.
                text = re.sub("(?s)<!--.*?-->", "", files[path].text)
                found = SITE_FILE.finditer(text if files[path].status == 200 else "")
                named = [urljoin(path, match["quoted"] or match["bare"]) for match in found]
                waiting += [f"/{each.lstrip('/')}" for each in named]  # of "/" and "../a.js" urljoin makes "a.js"
        return files


def _whole_body(response: BaseHTTPResponse, request: str, deadline: float, most: int) -> bytes:
    """A response's body. Raises Failure where it is too long, or takes too long."""
    parts, size, found = [], 0, ""
    while not found and (part := response.read1(CHUNK, decode_content=True)):
        parts.append(part)
        size += len(part)
        if size > most:
            found = f"a body of more than {most // 1024 // 1024} MiB"
        elif time.monotonic() > deadline:
            found = f"a body that was not whole within {LONGEST_ANSWER:g} s"
    if found:
        response.close()
        raise Failure(expected=f"an answer to {request}", found=found, next_step="See what is sent, and how fast.")
    response.release_conn()
    return b"".join(parts)
