"""Reads from a request where it comes from: a program, a page of the emulator, or a link that was followed.

To create a Lambda function is to run code on the learner's machine, and any web page can make a browser send requests
to a loopback port. So requests for other pages are refused before anything else looks at them: those with a foreign
`Origin` or `Referer`, with a `Host` that is not a name of the emulator (DNS rebinding), and all that a browser loads
ahead. A link, or a typed address, may open a website, an API or a function URL. Everything else must be public
(`routes`) or signed (`signatures`). The administration needs the token, which only the process that started the
emulator knows.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from enum import Enum
from urllib.parse import unquote

from lab_harness.emulators.exchange import TOKEN_HEADER

OPEN_ADMIN_PATHS = frozenset({"/_lab/health", "/_ministack/health", "/_localstack/health", "/health"})
# Not administration: a page's or function's own traffic, and downloads and callbacks whose links AWS calls hand out.
DATA_PATHS = re.compile(r"/_aws/(execute-api|lambda-url)/|/_ministack/(lambda-code|lambda-layers|cfn-)")
LOCAL_NAME = re.compile(
    r"(localhost|([a-z0-9-]+\.)+localhost|127\.0\.0\.1|\[::1\])(:(?P<port>\d{1,5}))?", re.IGNORECASE
)
SHARED_NAME = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)  # by all APIs, and by JupyterLab
# A page in the zone of the logins could set cookies for them: only a login's own name, of one label, is there.
BESIDE_LOGINS = re.compile(r".*\..*\.auth(\.(?!s3-website)[a-z0-9-]+)?\.localhost(:\d+)?", re.IGNORECASE)
ALLOWED_ONCE = frozenset(
    {"host", "origin", "referer", "authorization", "content-type", "x-amz-target", "x-amz-date", TOKEN_HEADER}
    | {"x-amz-security-token", "x-amz-content-sha256", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"}
)
LOADED_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")  # prefetch, prerender, preview
NO_PAGES = "web pages may not use this emulator, except those that it serves itself"


class Source(Enum):
    """Where an acceptable request comes from."""

    PROGRAM = "a program, or a page that the emulator serves"
    LINK = "a link that was followed, or an address that was typed"


def source(method: str, path: str, fields: Iterable[tuple[str, str]], token: str, site: bool = False) -> Source | str:
    """Where a request comes from, or why it is refused. Give lower-case header names and the decoded path.

    All paths of a `site` are its own: `/_app/start.js` as well.
    """
    headers: dict[str, str] = {}
    for name, value in fields:
        if name in headers and name in ALLOWED_ONCE:
            return f"there are two headers {name}"
        headers[name] = value
    host = headers.get("host", "")
    own = LOCAL_NAME.fullmatch(host)
    if not own or BESIDE_LOGINS.fullmatch(host):
        return f"the Host {host!r} is not a name of this emulator; use localhost or 127.0.0.1"
    if not path.startswith("/"):
        return "the path does not begin with a slash"
    if "service-worker" in headers and SHARED_NAME.fullmatch(host):
        return "a service worker here would keep all for itself that this address serves, now and later"
    # A wrong token is refused everywhere: so a command notices that another emulator has its port.
    given = headers.get(TOKEN_HEADER, "" if is_administration(path) and not site else token)
    found = _sender(method, headers, own["port"])
    if isinstance(found, Source) and not secrets.compare_digest(given.encode(), token.encode()):
        return "the emulator's administration is reserved to the lab command"
    return found


def is_administration(path: str) -> bool:
    """Whether a path belongs to the emulator's administration, which needs the token."""
    return path.startswith("/_") and path not in OPEN_ADMIN_PATHS and not DATA_PATHS.match(path)


def may_lead_to_administration(path: str) -> bool:
    """Whether a path, as it is written, may become one of the administration's on its way here."""
    decoded = "/" + unquote(path).lstrip("/")
    return is_administration(decoded) or not {".", ".."}.isdisjoint(decoded.split("/"))  # which urllib3 resolves


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
    """Whether an origin, or a page's address, belongs to a page of the emulator."""
    scheme, _, rest = address.partition("://")
    name = LOCAL_NAME.fullmatch(rest.partition("/")[0])
    return scheme == "http" and name is not None and name["port"] == port
