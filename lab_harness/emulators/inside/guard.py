"""What a request itself says about where it comes from: a program, a page of ours, a link that was followed.

Creating a Lambda function is running code on the learner's machine, and any web page can let a browser send requests to
a loopback port. So what a browser sends for a page of somebody else's is refused, before anything else looks at it: a
foreign `Origin` or `Referer`, a `Host` that is no name of ours (DNS rebinding), whatever is loaded ahead. A link, or an
address that is typed, may open a website, an API or a function's URL. What is left must be public by nature (`routes`)
or be signed (`signatures`); the emulator's administration needs the token that only the process which started it knows.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from enum import Enum

from lab_harness.emulators.http import TOKEN_HEADER

OPEN_ADMIN_PATHS = frozenset({"/_lab/health", "/_ministack/health", "/_localstack/health", "/health"})
# Not administration: a page's or function's own traffic, and downloads and callbacks whose links AWS calls hand out.
DATA_PATHS = re.compile(r"/_aws/(execute-api|lambda-url)/|/_ministack/(lambda-code|lambda-layers|cfn-)")
LOCAL_NAME = re.compile(
    r"(localhost|([a-z0-9-]+\.)+localhost|127\.0\.0\.1|\[::1\])(:(?P<port>\d{1,5}))?", re.IGNORECASE
)
ALLOWED_ONCE = frozenset(
    {"host", "origin", "referer", "authorization", "content-type", "x-amz-target", "x-amz-date", TOKEN_HEADER}
    | {"x-amz-security-token", "x-amz-content-sha256", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"}
)
LOADED_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")  # prefetch, prerender, preview
NO_PAGES = "web pages may not use this emulator, except those that it serves itself"


class Source(Enum):
    """Where a request comes from that is not refused."""

    PROGRAM = "a program, or a page that the emulator serves"
    LINK = "a link that was followed, or an address that was typed"


def source(method: str, path: str, fields: Iterable[tuple[str, str]], token: str) -> Source | str:
    """Where a request comes from, or why it is refused. Header names are lower case; the path is decoded."""
    headers: dict[str, str] = {}
    for name, value in fields:
        if name in headers and name in ALLOWED_ONCE:
            return f"there are two headers {name}"
        headers[name] = value
    host = headers.get("host", "")
    own = LOCAL_NAME.fullmatch(host)
    if not own:
        return f"the Host {host!r} is not a name of this emulator; use localhost or 127.0.0.1"
    if not path.startswith("/"):
        return "the path does not begin with a slash"
    # A wrong token is refused everywhere: by that a command knows that another emulator has the port of its own.
    given = headers.get(TOKEN_HEADER, "" if is_administration(path) else token)
    found = _sender(method, headers, own["port"])
    if isinstance(found, Source) and not secrets.compare_digest(given.encode(), token.encode()):
        return "the emulator's administration is reserved to the lab command"
    return found


def is_administration(path: str) -> bool:
    """Whether a path belongs to the emulator's administration, which takes the token."""
    return path.startswith("/_") and path not in OPEN_ADMIN_PATHS and not DATA_PATHS.match(path)


def _sender(method: str, headers: Mapping[str, str], port: str | None) -> Source | str:
    if any(name in headers for name in LOADED_AHEAD):
        return NO_PAGES
    origin, referer = headers.get("origin"), headers.get("referer")
    if origin is not None and not _is_ours(origin, port):
        return NO_PAGES
    ours = origin is not None or (referer is not None and _is_ours(referer, port))
    site, mode, kind = (headers.get(f"sec-fetch-{name}") for name in ("site", "mode", "dest"))
    # Browsers say where a request comes from; "none" is what somebody typed, or what Chromium loads ahead for a page.
    if ours or (site == "same-origin" and referer is None) or not (site or mode or kind or referer is not None):
        return Source.PROGRAM
    document = mode == "navigate" and kind == "document"
    return Source.LINK if document and method in ("GET", "HEAD") else NO_PAGES


def _is_ours(address: str, port: str | None) -> bool:
    """Whether an origin, or a page's address, is of a page that the emulator serves."""
    scheme, _, rest = address.partition("://")
    name = LOCAL_NAME.fullmatch(rest.partition("/")[0])
    return scheme == "http" and name is not None and name["port"] == port
