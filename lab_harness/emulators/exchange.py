"""Short HTTP exchanges with an emulator on this machine, with the standard library alone."""

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError, URLError

from lab_harness.errors import EmulatorNotReady, WrongEmulator

TOKEN_HEADER = "x-lab-token"  # noqa: S105  the header's name
LARGEST_ANSWER = 64 * 1024 * 1024  # bytes; a full call log has a hundredth of it
ANSWER_DEADLINE = 15.0  # seconds; where nothing listens, that is told at once, so only a busy emulator is waited for


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it could lead away from this machine, and the token would go along."""

    def redirect_request(self, *_: Any) -> None:
        """Take the redirect for the answer, which is an error."""


# Emulators are local, so a proxy from the environment is never asked.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())


def call_json(
    url: str, method: str = "GET", headers: dict[str, str] | None = None, timeout: float = ANSWER_DEADLINE
) -> Any:
    """The JSON that a local URL answers with; `timeout` is in seconds.

    Raises EmulatorNotReady when nothing answers, WrongEmulator when the answer is an error or no JSON.
    """
    request = urllib.request.Request(url, method=method, headers=headers or {})  # noqa: S310  built from our own parts
    try:
        with _opener.open(request, timeout=timeout) as response:
            answer = response.read(LARGEST_ANSWER + 1)
        if len(answer) > LARGEST_ANSWER:
            raise WrongEmulator(f"{url} answered with more than {LARGEST_ANSWER >> 20} MiB: no emulator of ours does.")
        return json.loads(answer)
    except HTTPError as error:
        raise WrongEmulator(f"{url} answered {error.code} {error.reason}.") from error
    except (URLError, OSError) as error:
        raise EmulatorNotReady(f"Nothing answers at {url}: {getattr(error, 'reason', error)}.") from error
    except (ValueError, RecursionError) as error:
        raise WrongEmulator(f"{url} answered, but not with JSON: this is no emulator of ours.") from error
