"""The embedded emulator's call log: which AWS calls were made, when, by whom, and with what result."""

import asyncio
import re
from collections import deque
from collections.abc import Mapping, Set
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from lab_harness.emulators.base import MINISTACK_NAMES, WORD
from lab_harness.emulators.inside.moving_time import clock

MAX_CALLS = 5000
MAX_WAIT = 30.0  # seconds; then it is noticed who has hung up meanwhile
MAX_WORDS, MAX_READ = 60, 100_000  # of a call: words that are kept, bytes that are read for them
MAX_WORD, MAX_TEXT = 255, 2000  # characters: no name is longer; of a path, an action or a refusal that is kept
SHORT_TEXT = re.compile(rb"(?<![^\"&=\s])[\w.:/%+-]{3,250}(?![^\"&=\s])", re.ASCII)  # a value of JSON's, or of a form's
API_HOSTS = re.compile(r"([^.]+)\.(?:execute-api|lambda-url)\.")
API_PATHS = re.compile(r"/_aws/(?:execute-api|lambda-url)/([^/]+)|/restapis/([^/]+)/[^/]+/_user_request_")
BOTO3_NAMES = {ministack: boto3 for boto3, ministack in MINISTACK_NAMES.items()}
# Services that MiniStack's router does not tell from their second version, and where the second one's paths begin.
SECOND_VERSIONS = {"apigateway": "/v2/", "ses": "/v2/email/"}


class CallLog:
    """The latest calls, oldest first. Each call has the next number, beginning above `last`.

    If a number is missing, calls were dropped.
    """

    def __init__(self, last: int = 0) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=MAX_CALLS)
        self._last = last
        self._news = asyncio.Event()  # set with the next call, when another takes its place
        self._closed = False

    def add(self, call: dict[str, Any], seconds: float) -> None:
        """Record a finished call, described by `describe_call`, that took so many seconds."""
        self._last += 1
        kept = {name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in call.items()}
        self._calls.append({"number": self._last, **kept, "seconds": round(seconds, 4)})
        self._wake()

    def since(self, number: int) -> list[dict[str, Any]]:
        """The calls after the one with this number; 0 gives all. The number may be from an earlier log."""
        if number > self._last:  # of an emulator before this one; the clock was set back since
            number = 0
        newer = min(max(0, self._last - number), len(self._calls))
        return list(islice(self._calls, len(self._calls) - newer, None))

    async def later(self, number: int, wait: float) -> list[dict[str, Any]]:
        """The calls after the one with this number. If there are none, wait for the next one.

        It waits at most `wait` seconds, and at most MAX_WAIT; then there may still be none.
        """
        if not (self._closed or self.since(number)):
            with suppress(TimeoutError):
                async with asyncio.timeout(min(wait, MAX_WAIT)):
                    await self._news.wait()
        return self.since(number)

    def clear(self) -> None:
        """Forget all calls. The numbers go on, but one is left out, so that a reader notices."""
        self._calls.clear()
        self._last += 1

    def close(self) -> None:
        """End all waiting for calls."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def describe_call(
    method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, caller: str
) -> dict[str, Any]:
    """The time, service, operation and caller of a request, and what it names.

    Its path is as sent; its header names are lower case.
    """
    service, operation = _operation(method, path, query, headers, body)
    about = named(path, query, headers.get("host", ""), b"" if service == "s3" else body)
    return {"time": clock.now(), "service": service, "operation": operation, "caller": caller, "about": about}


def named(path: str, query: str, host: str, body: bytes) -> list[str]:
    """The words of a request that may be a resource's name, without those of long texts such as a function's code."""
    said = (found.decode() for found in SHORT_TEXT.findall(body, 0, MAX_READ))
    texts = (path, query, host.partition(".")[0], *said)
    words = dict.fromkeys(word for text in texts for word in WORD.findall(unquote(text)))
    return [word for word in words if len(word) <= MAX_WORD][:MAX_WORDS]


def api_id(path: str, headers: Mapping[str, str]) -> str:
    """The id of the API or function URL that a request is for; empty if it is an AWS call."""
    found = API_PATHS.match(path) or API_HOSTS.match(headers.get("host", ""))
    return next(filter(None, found.groups()), "") if found else ""


def _operation(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    from ministack.core.router import detect_service

    if api_id(path, headers):
        return "execute-api", f"{method} {unquote(API_PATHS.sub('', path)) or '/'}"
    parameters = parse_qs(query, keep_blank_values=True)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        parameters |= parse_qs(body.decode("utf-8", "replace"))
    service = _boto3_name(detect_service(method, unquote(path), dict(headers), parameters), path)
    if target := headers.get("x-amz-target"):
        return service, target.rpartition(".")[2]
    if action := parameters.get("Action"):
        return service, action[0]
    if rpc := re.fullmatch(r"/service/[^/]+/operation/(\w+)", path):
        return service, rpc[1]
    named = rest_operation(service, method, path, parameters.keys() | headers.keys())
    return service, named or f"{method} {unquote(path)}"


def _boto3_name(service: str, path: str) -> str:
    """boto3's name for the service that MiniStack's router has found."""
    for name, start in SECOND_VERSIONS.items():
        if service == name and path.startswith(start):
            return f"{service}v2"
    return BOTO3_NAMES.get(service, service)


class RestOperation(NamedTuple):
    """How one operation is called. `required` has the names of the query parameters and headers that it needs."""

    name: str
    method: str
    path: re.Pattern[str]
    required: frozenset[str]
    deprecated: bool

    def fit(self) -> tuple[int, int, bool]:
        """How well it fits: /functions/{name}/code says more than /functions/{name}, so it is greater."""
        return len(self.required), len(self.path.pattern), not self.deprecated


def rest_operation(service: str, method: str, path: str, given: Set[str]) -> str | None:
    """The operation that a REST request calls, from botocore's description of the service; None if there is none.

    `given` has the names of the request's query parameters and headers.
    """
    fitting = [
        operation
        for operation in rest_operations(service)
        if operation.method == method and operation.required <= given and operation.path.fullmatch(path)
    ]
    return max(fitting, key=RestOperation.fit).name if fitting else None


@lru_cache
def rest_operations(service: str) -> list[RestOperation]:
    """How a service's operations are called; empty if botocore does not know the service."""
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import Loader

    try:
        model = Loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return []
    return [
        _rest_operation(name, operation, model["shapes"].get(operation.get("input", {}).get("shape"), {}))
        for name, operation in model["operations"].items()
    ]


def _rest_operation(name: str, operation: dict[str, Any], parameters: dict[str, Any]) -> RestOperation:
    uri, _, query = operation["http"]["requestUri"].partition("?")
    path = re.sub(r"\\\{[\w\\-]+\\\+\\\}", "(.+)", re.escape(uri.rstrip("/") or "/"))
    path = re.sub(r"\\\{[\w\\-]+\\\}", "([^/]+)", path)
    required = {part.partition("=")[0] for part in query.split("&") if part}
    for member in parameters.get("required", []):
        place = parameters["members"][member]
        if place.get("location") == "querystring":
            required.add(place["locationName"])
        elif place.get("location") == "header":
            required.add(place["locationName"].lower())
    pattern = re.compile(f"{path}/?")
    return RestOperation(name, operation["http"]["method"], pattern, frozenset(required), "deprecated" in operation)
