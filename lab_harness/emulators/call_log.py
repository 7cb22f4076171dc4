"""Which AWS calls were made, when, by whom and with what result: the embedded emulator's call log."""

import re
import time
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, unquote

from lab_harness.emulators.runtime import FUNCTION_TOKEN_PREFIX

MAX_CALLS = 5000
HARNESS_TOKEN = "lab-harness"  # noqa: S105  marks whose call it is, opens nothing
API_PATHS = re.compile(r"/_aws/(?:execute-api|lambda-url)/[^/]+|/restapis/[^/]+/[^/]+/_user_request_")


class CallLog:
    """The latest calls, oldest first. Each has a number that grows by one with every call."""

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=MAX_CALLS)
        self._count = 0

    def add(self, call: dict[str, Any], seconds: float) -> None:
        """Record a finished call, described by `describe_call`, that took so many seconds."""
        self._count += 1
        self._calls.append({"number": self._count, **call, "seconds": round(seconds, 4)})

    def since(self, number: int) -> list[dict[str, Any]]:
        """The calls after the one with this number (0 for all that are kept)."""
        newer = min(max(0, self._count - number), len(self._calls))
        return list(islice(self._calls, len(self._calls) - newer, None))

    def clear(self) -> None:
        """Forget all calls; numbers go on growing."""
        self._calls.clear()


def describe_call(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Service, operation and caller of one request. Header names are lower case."""
    service, operation = _operation(method, path, query, headers, body)
    return {"time": time.time(), "service": service, "operation": operation, "caller": _caller(headers)}


def _caller(headers: Mapping[str, str]) -> str:
    token = headers.get("x-amz-security-token", "")
    if token.startswith(FUNCTION_TOKEN_PREFIX):
        return f"function {token.removeprefix(FUNCTION_TOKEN_PREFIX)}"
    return "checks" if token == HARNESS_TOKEN else "learner"


def _operation(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    from ministack.core.router import detect_service

    if API_PATHS.match(path) or ".execute-api." in headers.get("host", ""):
        return "execute-api", f"{method} {API_PATHS.sub('', path) or '/'}"
    parameters = parse_qs(query, keep_blank_values=True)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        parameters |= parse_qs(body.decode("utf-8", "replace"))
    service: str = detect_service(method, path, dict(headers), parameters)
    if target := headers.get("x-amz-target"):
        return service, target.rpartition(".")[2]
    if action := parameters.get("Action"):
        return service, action[0]
    if rpc := re.fullmatch(r"/service/[^/]+/operation/(\w+)", path):
        return service, rpc[1]
    return service, rest_operation(service, method, path, frozenset(parameters)) or f"{method} {path}"


def rest_operation(service: str, method: str, path: str, parameters: frozenset[str]) -> str | None:
    """The operation that a REST request calls, found in botocore's own description of the service."""
    best, best_score = None, -1
    for operation, verb, pattern, required in _rest_operations(service):
        if verb == method and required <= parameters and pattern.fullmatch(unquote(path)):
            # The more a description fixes, the better it fits: /functions/{name} against /functions/{name}/code.
            score = len(required) * 1000 + len(pattern.pattern)
            if score > best_score:
                best, best_score = operation, score
    return best


@lru_cache
def _rest_operations(service: str) -> list[tuple[str, str, re.Pattern[str], frozenset[str]]]:
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import Loader

    try:
        model = Loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return []
    found = []
    for name, operation in model["operations"].items():
        uri, _, query = operation["http"]["requestUri"].partition("?")
        pattern = re.sub(r"\\\{\w+\\\+\\\}", "(.+)", re.escape(uri.rstrip("/") or "/"))
        pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", pattern)
        required = frozenset(part.partition("=")[0] for part in query.split("&") if part)
        found.append((name, operation["http"]["method"], re.compile(f"{pattern}/?"), required))
    return found
