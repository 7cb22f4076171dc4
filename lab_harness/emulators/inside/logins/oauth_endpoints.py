"""Answers what applications ask a user pool's domain for: tokens for a code, who a token is about, its end.

https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html (2026)
"""

import json
from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.logins.login_pages import HttpResponse, filled_in
from lab_harness.emulators.inside.logins.pool_functions import CognitoError

FOR_PAGES = {"access-control-allow-origin": "*", "cache-control": "no-store"}
PREFLIGHT = {"access-control-allow-methods": "GET,POST", "access-control-allow-headers": "authorization,content-type"}


async def answer(pool: dict[str, Any], request: Request, body: bytes) -> HttpResponse:
    """Answer a program, or a page of the emulator's; the guard keeps out all others."""
    from ministack.services import cognito

    method, path, form = request.method, request.path, filled_in(body)
    if method == "OPTIONS":
        return 204, FOR_PAGES | PREFLIGHT, b""
    if path == "/oauth2/userInfo":
        status, headers, told = cognito.handle_oauth2_userinfo(method, path, request.headers, body, {})
        return status, _plain(headers) | FOR_PAGES, told
    client, _ = cognito._authenticate_client(request.headers, form)
    if method != "POST" or path not in ("/oauth2/token", "/oauth2/revoke") or client not in pool["_clients"]:
        return _error("invalid_client" if method == "POST" else "invalid_request")
    if path == "/oauth2/token":
        return await _tokens(request, body)
    return _revoked(str(client), form.get("token", ""))


def _revoked(client: str, token: str) -> HttpResponse:
    """What becomes of a refresh token that its client gives back."""
    from ministack.services import cognito

    if not token:
        return _error("invalid_request")
    status, _, told = cognito._revoke_token({"Token": token, "ClientId": client})
    if status == 200:
        return 200, dict(FOR_PAGES), b""
    return _error("unsupported_token_type" if b"UnsupportedTokenType" in told else "unauthorized_client")


async def _tokens(request: Request, body: bytes) -> HttpResponse:
    from ministack.services import cognito

    try:
        status, headers, told = await cognito.handle_oauth2_token("POST", request.path, request.headers, body, {})
    except CognitoError as refused:
        return _error("invalid_grant", str(refused))
    if status == 200:  # MiniStack's own list of refresh tokens knows no groups, so that it would forget them.
        cognito._refresh_tokens.pop(json.loads(told).get("refresh_token"), None)
    return status, _plain(headers) | FOR_PAGES, told


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _error(error: str, description: str = "") -> HttpResponse:
    told = {"error": error} | ({"error_description": description} if description else {})
    return 400, {"content-type": "application/json"} | FOR_PAGES, json.dumps(told).encode()
