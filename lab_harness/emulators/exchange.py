"""Short HTTP exchanges with an emulator on this machine, with the standard library alone."""

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError, URLError

from lab_harness.errors import EmulatorNotReady, WrongEmulator

TOKEN_HEADER = "x-lab-token"  # noqa: S105  the header's name
# Emulators are local, so a proxy from the environment is never asked.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call_json(url: str, method: str = "GET", headers: dict[str, str] | None = None, timeout: float = 5.0) -> Any:
    """The JSON that a local URL answers with; `timeout` is in seconds.

    Raises EmulatorNotReady when nothing answers, WrongEmulator when the answer is an error or no JSON.
    """
    request = urllib.request.Request(url, method=method, headers=headers or {})  # noqa: S310  built from our own parts
    try:
        with _opener.open(request, timeout=timeout) as response:
            return json.load(response)
    except HTTPError as error:
        raise WrongEmulator(f"{url} answered {error.code} {error.reason}.") from error
    except (URLError, OSError) as error:
        raise EmulatorNotReady(f"Nothing answers at {url}: {getattr(error, 'reason', error)}.") from error
    except ValueError as error:
        raise WrongEmulator(f"{url} answered, but not with JSON: this is no emulator of ours.") from error
