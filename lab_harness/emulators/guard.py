"""Who may talk to the embedded emulator: programs on this machine, and pages that it serves itself.

Creating a Lambda function is running code on the learner's machine, and MiniStack answers any web page
with `Access-Control-Allow-Origin: *`. So requests that a foreign page could have caused are refused
before MiniStack sees them: a foreign `Origin`, a `Host` that is not a name of ours (DNS rebinding), and
what a browser itself calls cross-site. The emulator's administration needs the token that only the
process which started it knows.
"""

import re
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

TOKEN_HEADER = "x-lab-token"  # noqa: S105  the header's name
OPEN_ADMIN_PATHS = frozenset({"/_lab/health", "/_ministack/health", "/_localstack/health", "/health"})
# Not administration: a page's or function's own traffic, and downloads whose links AWS calls hand out.
DATA_PATHS = re.compile(r"/_aws/(execute-api|lambda-url)/|/_ministack/(lambda-code|lambda-layers|cfn-)")
LOCAL_NAME = re.compile(
    r"(localhost|([a-z0-9-]+\.)+localhost|127\.0\.0\.1|\[::1\])(:(?P<port>\d{1,5}))?", re.IGNORECASE
)


def refusal(method: str, path: str, query: str, headers: Mapping[str, str], token: str) -> str | None:
    """Why a request is refused, or None when it may pass. Header names are lower case."""
    host = headers.get("host", "")
    name = LOCAL_NAME.fullmatch(host)
    if not name:
        return f"the Host {host!r} is not a name of this emulator; use localhost or 127.0.0.1"
    if not _from_ourselves(method, query, headers, name["port"]):
        return "web pages may not use this emulator, except those that it serves itself"
    # A wrong token is refused everywhere: by that a command knows that another emulator has the port of its own.
    given = headers.get(TOKEN_HEADER, "" if _is_administration(path) else token)
    if not secrets.compare_digest(given.encode(), token.encode()):
        return "the emulator's administration is reserved to the lab command"
    return None


def _is_administration(path: str) -> bool:
    return path.startswith("/_") and path not in OPEN_ADMIN_PATHS and not DATA_PATHS.match(path)


def _from_ourselves(method: str, query: str, headers: Mapping[str, str], port: str | None) -> bool:
    origin = headers.get("origin")
    if origin is not None:
        scheme, _, host = origin.partition("://")
        name = LOCAL_NAME.fullmatch(host)
        return scheme == "http" and name is not None and name["port"] == port
    # Browsers send no Origin with a plain GET, but say where it came from. A link that somebody follows may
    # open a page of ours; an image, a frame or a script may not, nor a link that is an AWS call in disguise.
    site = headers.get("sec-fetch-site", "none")
    if site in ("none", "same-origin"):
        return True
    link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return link and method in ("GET", "HEAD") and "Action" not in parse_qs(query, keep_blank_values=True)
