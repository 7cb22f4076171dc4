"""What CloudFront itself answers: its error pages, redirections to HTTPS, and the headers that it adds.

There is no TLS, so `https.<id>.cloudfront.localhost` stands for a distribution by HTTPS, in a browser and as a Host. A
redirection names an https address, as on AWS; only a browser that follows a link or an address is sent to the stand-in,
because it could not open the other.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from lab_harness.emulators.inside.edge import header_rules
from lab_harness.emulators.inside.edge.events import EdgeResponse, Visit

HIT, MISS, REFRESHED, ERROR = (f"{each} from cloudfront" for each in ("Hit", "Miss", "RefreshHit", "Error"))
REDIRECTED = "Redirect from cloudfront"
WRONG_METHOD = (
    "This distribution is not configured to allow the HTTP request method that was used for this request. "
    "The distribution supports only cachable requests."
)
BAD_REQUEST = "Bad request."
TOO_LARGE = "The request is larger than this emulator takes."
BROKEN = "Internal error."
CLOSED = "The Amazon CloudFront distribution is configured to block access from your country."
STACKED = "This distribution is configured to serve another CloudFront distribution as its origin."


def error(status: int, sentence: str) -> EdgeResponse:
    """CloudFront's error page."""
    from ministack.services import cloudfront

    _, _, body = cloudfront._cf_error_response(status, escape(sentence, quote=False), ERROR)
    return EdgeResponse(status, {"content-type": "text/html", "server": "CloudFront"}, body)


def generated(response: EdgeResponse) -> str:
    """X-Cache of what a function has answered."""
    return f"{response.generated or 'Function'}GeneratedResponse from cloudfront"


def to_https(visit: Visit) -> EdgeResponse:
    """The redirection to the same by HTTPS."""
    asked = visit.request
    host = str(asked.headers.get("host", ""))
    browses = asked.headers.get("sec-fetch-mode") == "navigate"
    start = f"http://https.{host}" if browses else f"https://{host}"
    location = start + asked.uri + (f"?{asked.query}" if asked.query else "")
    body = b"<html>\r\n<head><title>301 Moved Permanently</title></head>\r\n<body></body>\r\n</html>\r\n"
    headers = {"content-type": "text/html", "server": "CloudFront", "location": location}
    return EdgeResponse(301 if asked.method in ("GET", "HEAD") else 307, headers, body)


def dressed(headers: Mapping[str, Any], x_cache: str, id: str) -> dict[str, Any]:
    """Headers that HTTP can carry to a viewer, with those that CloudFront adds to all that it answers."""
    from ministack.services import cloudfront

    dressed: dict[str, Any] = cloudfront._add_cloudfront_headers(
        header_rules.carried(headers), x_cache, id, edge_server=False
    )
    return dressed
