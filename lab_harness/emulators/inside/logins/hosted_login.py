"""Serves the login of a user pool's domain, at `http://<domain>.auth.localhost:<port>/`, with OAuth's code flow.

MiniStack's page belongs to no domain, has no token against forged requests, knows no second factor, no locked users and
none of the pool's functions, and its /logout leads to any address.
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html (2026)
"""

import hmac
import json
import re
from collections.abc import Mapping
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlencode

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.asgi import Receive, body_of
from lab_harness.emulators.inside.logins import login_pages, oauth_endpoints
from lab_harness.emulators.inside.logins.login_pages import CODE, COOKIE, NEW_PASSWORD, PASSWORD, USERNAME, HttpResponse
from lab_harness.emulators.inside.logins.pool_functions import CognitoError
from lab_harness.emulators.inside.scopes import within

HOST = re.compile(
    r"(?P<domain>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.auth(?:\.(?!s3-website)[a-z0-9-]+)?\.localhost(?::\d+)?"
)
LARGEST = 65_536  # bytes of a form
ASKED = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method"),
)
TOTP, RENEW = "SOFTWARE_TOKEN_MFA", "NEW_PASSWORD_REQUIRED"
# What a challenge asks for: the form's title and input, and how the API calls the answer.
STEPS = {
    TOTP: ("Continue", CODE, "SOFTWARE_TOKEN_MFA_CODE"),
    RENEW: ("Change password", NEW_PASSWORD, "NEW_PASSWORD"),
}
SET_UP_FIRST = "This pool wants a second factor, which this page cannot set up: use AssociateSoftwareToken."

_proving: ContextVar[bool] = ContextVar("proving", default=False)  # the page wants to know who it is, and no tokens yet


class _SignInError(Exception):
    """A request that is answered otherwise."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__()
        self.answer = answer


def install() -> None:
    """Let a sign-in at the page make no tokens: the code is given for them. It takes effect at Cognito's import."""
    hooks.change({"cognito": {"_build_auth_result": _without_tokens}})


def _without_tokens(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    return {} if _proving.get() else original(*args, **kwargs)


def domain(host: str) -> str | None:
    """The user pool's domain that has this Host; None if it is none of a login."""
    match = HOST.fullmatch(host.lower())
    return match["domain"] if match else None


async def serve(request: Request, receive: Receive) -> HttpResponse:
    """Answer a request to a domain."""
    from ministack.services import cognito

    pool = cognito._get_pool_unscoped(cognito._pool_domain_map.get(domain(request.headers["host"])))
    if pool is None:
        return login_pages.problem("There is no user pool with this domain.", 404)
    if request.path.startswith("/oauth2/") and request.path != "/oauth2/authorize":
        return await oauth_endpoints.answer(pool, request, await _body(receive))
    try:
        return await _page(pool, request, receive)
    except _SignInError as refused:
        return refused.answer


async def _page(pool: dict[str, Any], request: Request, receive: Receive) -> HttpResponse:
    """A page that somebody opens, or sends a form from."""
    given = {name: values[0] for name, values in request.query.items()}
    match (request.method, request.path):
        case ("GET", "/oauth2/authorize"):
            _checked(pool, given)
            return _to(f"/login?{urlencode({name: given[name] for name in ASKED if name in given})}")
        case ("GET", "/login"):
            return _sign_in_page(_checked(pool, given))
        case ("POST", "/login"):
            return await _submitted(pool, request, login_pages.filled_in(await _body(receive)))
        case ("GET", "/logout"):
            return _logout(pool, given)
    return login_pages.problem("There is no such page.", 404)


def _to(address: str) -> HttpResponse:
    return 302, {"location": address, "cache-control": "no-store"}, b""


async def _body(receive: Receive) -> bytes:
    """The body of a request, if it is no larger than a form can be."""
    return await body_of(receive, LARGEST) or b""


def _checked(pool: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """What an application asks the login for, if it may; only then anybody is sent to its address."""
    from ministack.services import cognito

    client = pool["_clients"].get(given.get("client_id"))
    asked = {name: given.get(name, "") for name in ASKED}
    if client is None:
        raise _SignInError(login_pages.problem("Client does not exist."))
    if asked["redirect_uri"] not in client.get("CallbackURLs", []):
        raise _SignInError(login_pages.problem("redirect_mismatch"))
    if "COGNITO" not in client.get("SupportedIdentityProviders", []):
        raise _SignInError(login_pages.problem("Login pages unavailable. Please contact an administrator."))
    allowed = client.get("AllowedOAuthFlowsUserPoolClient") and "code" in client.get("AllowedOAuthFlows", [])
    if asked["response_type"] != "code" or not allowed:
        raise _SignInError(_back(asked, "unauthorized_client"))
    refused = cognito._invalid_scope_redirect(client, asked["redirect_uri"], asked["scope"], asked["state"])
    refused = refused or cognito._pkce_error_redirect(
        asked["redirect_uri"], asked["code_challenge"], asked["code_challenge_method"], asked["state"]
    )
    if refused:
        raise _SignInError(refused)
    return asked


def _back(asked: Mapping[str, str], error: str) -> HttpResponse:
    """Back to the application with an error."""
    told = {"error": error} | ({"state": asked["state"]} if asked["state"] else {})
    address = asked["redirect_uri"]
    return _to(f"{address}{'&' if '?' in address else '?'}{urlencode(told)}")


def _sign_in_page(asked: dict[str, str], message: str = "") -> HttpResponse:
    return login_pages.form("Sign in", [USERNAME, PASSWORD], asked, message, asked["redirect_uri"])


async def _submitted(pool: dict[str, Any], request: Request, form: dict[str, str]) -> HttpResponse:
    """Take what somebody filled in: a name and a password, or the answer to a challenge."""
    if not _is_ours(request.headers.get("cookie", ""), form.get("_csrf", "")):
        raise _SignInError(login_pages.problem("The page was open for too long, or is not ours. Sign in again.", 403))
    asked, step = _checked(pool, form), form.get("step", "")
    call = {"UserPoolId": pool["Id"], "ClientId": asked["client_id"]}
    if step in STEPS:
        _, (field, *_), name = STEPS[step]
        call |= {"ChallengeName": step, "Session": form.get("session", "")}
        call["ChallengeResponses"] = {"USERNAME": form.get("username", ""), name: form.get(field, "")}
        told = await _ask("_admin_respond_to_auth_challenge", call)
    else:
        given = {"USERNAME": form.get("username", ""), "PASSWORD": form.get("password", "")}
        told = await _ask(
            "_admin_initiate_auth", {**call, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": given}
        )
    return _next(pool, asked, form, told)


def _is_ours(cookies: str, token: str) -> bool:
    """Whether a form was sent from our page, which has set a cookie with the form's token."""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return False
    return found is not None and bool(token) and hmac.compare_digest(found.value.encode(), token.encode())


async def _ask(handler: str, call: dict[str, Any]) -> dict[str, Any]:
    """What Cognito answers to a call of ours; a refusal is a `message`."""
    from ministack.core.concurrency import run_reentrant
    from ministack.services import cognito

    def ask() -> dict[str, Any]:
        try:
            with within(_proving, True):
                return dict(json.loads(getattr(cognito, handler)(call)[2]))
        except CognitoError as refused:
            return {"message": str(refused)}

    return dict(await run_reentrant(ask, thread_name="ministack-cognito-trigger"))


def _next(pool: dict[str, Any], asked: dict[str, str], form: dict[str, str], told: dict[str, Any]) -> HttpResponse:
    """The next page: another step, the same once more, or the application's, with a code."""
    from ministack.services import cognito

    name = form.get("username", "")
    challenge = told.get("ChallengeName")
    if challenge in STEPS:
        kept = {**asked, "username": name, "step": challenge, "session": told["Session"]}
        return _step(kept)
    if "AuthenticationResult" not in told:
        message = SET_UP_FIRST if challenge else str(told.get("message", ""))
        again = form.get("step") in STEPS and "session" not in message
        kept = {**asked, "username": name, "step": form.get("step", ""), "session": form.get("session", "")}
        return _step(kept, message) if again else _sign_in_page(asked, message)
    user, _ = cognito._resolve_user(pool, name)
    wanted = (asked["redirect_uri"], asked["scope"], user["Username"], asked["nonce"])
    proof = (asked["code_challenge"], asked["code_challenge_method"], asked["state"])
    status, headers, body = cognito._issue_auth_code_redirect(asked["client_id"], pool["Id"], *wanted, *proof)
    return status, headers, body


def _step(kept: dict[str, str], message: str = "") -> HttpResponse:
    title, field, _ = STEPS[kept["step"]]
    return login_pages.form(title, [field], kept, message, kept["redirect_uri"])


def _logout(pool: dict[str, Any], given: Mapping[str, str]) -> HttpResponse:
    client = pool["_clients"].get(given.get("client_id")) or {}
    if given.get("logout_uri") not in client.get("LogoutURLs", []):
        return login_pages.problem("redirect_mismatch")
    return _to(given["logout_uri"])
