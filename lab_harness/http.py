"""Plain HTTP requests to what a learner built: APIs and websites that the emulator serves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from lab_harness.checks import Failure
from lab_harness.emulators.base import HARNESS_TOKEN
from lab_harness.errors import EmulatorNotReady
from lab_harness.local import require_local

CONNECT_TIMEOUT, READ_TIMEOUT = 3.0, 30.0  # seconds; API Gateway itself waits at most 29 for an integration


@dataclass(frozen=True)
class Answer:
    """One HTTP response: header names are lower case."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.status} {self.text}" if self.text else f"{self.status} with no body"


class Http:
    """Sends requests to one emulator: what a check gets that has a parameter `http`.

    Redirects are answers, not followed. Names like `<bucket>.s3-website.localhost` resolve in browsers but not
    on every machine, so requests go to the emulator's own address with the name as their Host.
    """

    def __init__(self, endpoint: str) -> None:
        require_local(endpoint)
        self._endpoint = endpoint
        self._pool = PoolManager(retries=False, timeout=Timeout(CONNECT_TIMEOUT, READ_TIMEOUT))

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        host: str | None = None,
    ) -> Answer:
        """The answer to one request.

        `body` is sent as it is when it is text, as JSON otherwise; `host` is a name without a port.
        Raises Failure when no answer comes in time, EmulatorNotReady when the emulator is gone.
        """
        sent = {"User-Agent": HARNESS_TOKEN, **(headers or {})}
        if host:
            sent["Host"] = f"{host}:{urlsplit(self._endpoint).port}"
        if body is not None and not isinstance(body, str):
            sent.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        try:
            response = self._pool.request(method, self._endpoint + path, body=body, headers=sent, redirect=False)
        except ReadTimeoutError:
            raise Failure(
                expected=f"an answer to {method} {path}",
                found=f"no answer within {READ_TIMEOUT:g} s",
                next_step="Look in the function for an endless loop or a long wait.",
            ) from None
        except HTTPError as error:
            raise EmulatorNotReady(
                f"The emulator stopped answering at {self._endpoint}. Start it with: lab start"
            ) from error
        text = response.data.decode("utf-8", "replace")
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, text)

    def api(
        self,
        api_id: str,
        stage: str,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer of an API of API Gateway's; `path` begins with a slash. `$default` is no part of the URL."""
        base = f"/_aws/execute-api/{api_id}" + ("" if stage == "$default" else f"/{stage}")
        return self.request(method, base + path, body, headers)
