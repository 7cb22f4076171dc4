"""Who may use the teacher's page: one browser of this machine's, which was given its address by the terminal.

What students hand in, and the websites that their functions serve on other ports of this machine, are hostile. To a
browser these are the same site, so a cookie that is kept from other sites still comes with their requests.
"""

import hmac
import secrets
from collections.abc import Mapping

from tornado.httputil import HTTPServerRequest

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none at all a form would not say where it comes from
    "Cache-Control": "no-store",
}
FORM = "application/x-www-form-urlencoded"
ENTER = "Open the address that `lab review` has printed: it lets your browser in."


class Guard:
    """The secrets of one run, and what is asked of each request."""

    def __init__(self, port: int) -> None:
        self.token, self._session, self.form_key = (secrets.token_urlsafe(32) for _ in range(3))
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self.cookie = f"lab-review-{port}"  # cookies are shared by all ports
        self.address = f"http://{self._hosts[0]}/enter?token={self.token}"

    @property
    def session(self) -> str:
        """What the cookie holds."""
        return self._session

    def opens(self, token: str) -> bool:
        """Whether this is the token of the address that the terminal shows."""
        return _same(token, self.token)

    def refusal(self, request: HTTPServerRequest, cookie: str) -> str:
        """Why a request is refused; empty for one that is the teacher's."""
        headers = request.headers
        if not self.is_for_us(request):
            return "This is no address of `lab review`."
        if headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return "Another page has asked for this."
        if not _same(cookie, self._session):
            return ENTER
        if request.method not in ("GET", "HEAD"):
            kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if headers.get("Origin", "") != f"http://{request.host}" or kind != FORM:
                return "Another page has sent this."
        return ""

    def is_for_us(self, request: HTTPServerRequest) -> bool:
        """Whether a request names this machine, as no page of another name can make it do."""
        return request.host in self._hosts

    def knows_form(self, key: str) -> bool:
        """Whether a form was made by this run's own page."""
        return _same(key, self.form_key)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
