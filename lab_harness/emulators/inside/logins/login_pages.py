"""The pages of a user pool's hosted login, which put no text of a request on a page but escaped."""

import secrets
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qs, urlsplit

HttpResponse = tuple[int, dict[str, str], bytes]
COOKIE = "XSRF-TOKEN"  # AWS's name of it; the form must send the same value
STYLE = """
body { font-family: sans-serif; background: #f2f3f3; color: #16191f; margin: 0; padding: 3rem 1rem; }
main { background: #fff; border: 1px solid #d5dbdb; border-radius: 8px; max-width: 22rem; margin: auto;
  padding: 2rem; }
h1 { font-size: 1.4rem; margin: 0 0 1.2rem; }
label { display: block; margin: 1rem 0 0.3rem; }
input { box-sizing: border-box; width: 100%; padding: 0.6rem; border: 1px solid #687078; border-radius: 4px;
  font: inherit; }
button { width: 100%; margin-top: 1.5rem; padding: 0.7rem; border: 0; border-radius: 4px; font: inherit; color: #fff;
  background: #0a58a8; }
[role=alert] { border-left: 4px solid #b3200d; background: #fdf3f1; padding: 0.7rem; }
"""
# The inputs of each form: its name, what the page says, its type, what browsers fill in, and how long it may be.
USERNAME = ("username", "Username", "text", "username")
PASSWORD = ("password", "Password", "password", "current-password")
CODE = ("code", "Code from your authenticator", "text", "one-time-code")
NEW_PASSWORD = ("new_password", "New password", "password", "new-password")


def form(
    title: str,
    inputs: list[tuple[str, str, str, str]],
    kept: Mapping[str, str],
    message: str = "",
    redirect: str = "",
) -> HttpResponse:
    """A page with a form that sends these inputs, and what it keeps, to /login; then to the address `redirect`."""
    token = secrets.token_urlsafe(24)
    hidden = "".join(_hidden(name, value) for name, value in {**kept, "_csrf": token}.items())
    shown = "".join(_input(*each) for each in inputs)
    body = (
        f'{_alert(message)}<form method="post" action="/login">{hidden}{shown}<button>{escape(title)}</button></form>'
    )
    status, headers, page = _page(200, title, body, redirect)
    return status, headers | {"set-cookie": f"{COOKIE}={token}; Path=/login; HttpOnly; SameSite=Strict"}, page


def problem(message: str, status: int = 400) -> HttpResponse:
    """A page that says why there is nothing to fill in."""
    return _page(status, "An error was encountered with the requested page.", _alert(message))


def filled_in(body: bytes) -> dict[str, str]:
    """The fields of a form that was sent; none where it cannot be read."""
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def _input(name: str, label: str, kind: str, fills: str) -> str:
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" autocomplete="{fills}" maxlength="2048" required>'
    )


def _alert(message: str) -> str:
    return f'<p role="alert">{escape(message)}</p>' if message else ""


def _page(status: int, title: str, body: str, redirect: str = "") -> HttpResponse:
    nonce = secrets.token_urlsafe(16)
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style nonce="{nonce}">{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    # Browsers hold what a form leads to by redirection to form-action, too.
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {_origin(redirect)}".rstrip()
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": f"{policy}; frame-ancestors 'none'; base-uri 'none'",
        "cache-control": "no-store",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    return status, headers, text.encode()


def _origin(address: str) -> str:
    """The origin of a page's address; empty where it has none that a policy could name."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    plain = parts.scheme in ("http", "https") and all(each.isalnum() or each in ".-" for each in host) and host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}" if plain else ""
