"""Which hosts count as this machine. Nothing else is ever sent a request."""

import os
import re
from urllib.parse import urlsplit

from lab_harness.errors import ForeignEndpoint

LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1|([a-z0-9-]+\.)+localhost")
# Names that resolve to 127.0.0.1 by their owner's promise, and the name of our docker-compose service.
KNOWN_NAMES = re.compile(r"([a-z0-9-]+\.)*localhost\.localstack\.cloud|localstack")
NETLOC = re.compile(r"[A-Za-z0-9._:\[\]-]+")
ALLOW_VARIABLE = "LAB_ALLOWED_HOSTS"


def is_local(url: str) -> bool:
    """Whether a URL's host is this machine, or one that LAB_ALLOWED_HOSTS names (separated by commas)."""
    host = _host(url)
    allowed = {name.strip().lower() for name in os.environ.get(ALLOW_VARIABLE, "").split(",")} - {""}
    return bool(LOOPBACK.fullmatch(host) or KNOWN_NAMES.fullmatch(host) or host in allowed)


def _host(url: str) -> str:
    """The host of an HTTP URL, in lower case; empty where two readers of the URL could take two for it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    clear = parts.scheme in ("http", "https") and NETLOC.fullmatch(parts.netloc)
    return parts.hostname or "" if clear else ""


def require_local(url: str) -> None:
    """Raise ForeignEndpoint unless `is_local`: the course must never reach, or cost money on, real AWS."""
    if not is_local(url):
        raise ForeignEndpoint(
            f"{url} is not on this machine, so nothing was sent there: the labs never talk to real AWS. "
            f"If it is an emulator of yours, allow its host: {ALLOW_VARIABLE}={_host(url) or 'HOST'}"
        )
