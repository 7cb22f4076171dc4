"""Ends refresh tokens of Cognito when they have been valid for as long as the app client says, or are revoked by it.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html and
https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html (2026). MiniStack takes them for
ever, and has anybody's tokens revoked by a made-up one that names them.
"""

from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock


def install() -> None:
    """Make MiniStack end them. This takes effect when it imports Cognito."""
    hooks.change({"cognito": {"_refresh_auth_user": _refresh, "_revoke_token": _revoke}})


def _refresh(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import cognito

    *_, token = args
    user, error = original(*args, **kwargs)
    if not error and cognito._token_claims(token).get("exp", float("inf")) <= clock.now():
        return None, cognito.error_response_json("NotAuthorizedException", "Refresh Token has expired", 400)
    return user, error


def _revoke(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Revoke a refresh token for the client that has got it; what is no token of the pool's ends nothing."""
    from ministack.services import cognito

    (data,) = args
    claims = cognito._token_claims(data.get("Token", ""))
    if not claims or not cognito._signature_valid(data["Token"]):
        return cognito.json_response({})
    if claims.get("token_use") != "refresh":
        return cognito.error_response_json("UnsupportedTokenTypeException", "Unsupported token type", 400)
    if claims.get("client_id") != data.get("ClientId"):
        return cognito.error_response_json("UnauthorizedException", "The token belongs to another client.", 400)
    return original(*args, **kwargs)
