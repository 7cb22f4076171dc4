"""Proves who signs in to a Cognito user pool: each challenge has a session of its own, guessing is slowed down.

MiniStack answers a challenge without asking whose session it is, so that nobody needs a password, and lets all guess
for ever. https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html (2026): a session lasts for
`AuthSessionValidity` minutes, 3 unless set; after five wrong passwords a user is locked out for a second, which doubles
with each further one up to 15 minutes.
"""

import base64
import json
import secrets
from dataclasses import dataclass, replace
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock

FREE_TRIES, LONGEST = 5, 15 * 60
MINUTES = 3  # of a session, unless the app client says otherwise
NEW_PASSWORD, TOTP, SETUP = "NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"
CHALLENGES = (NEW_PASSWORD, TOTP, SETUP, "SMS_MFA", "EMAIL_OTP", "SELECT_MFA_TYPE")
WRONG = b"Incorrect username or password."
INVALID = "Invalid session for the user."
NO_TOTP = "Software Token MFA has not been enabled by the userPool"


@dataclass(frozen=True)
class Session:
    """A challenge that waits for its answer; `proven` where an authenticator was set up in it."""

    challenge: str
    pool: str
    client: str
    user: str
    until: float
    proven: bool = False


_sessions: dict[str, Session] = {}


def install() -> None:
    """Change MiniStack. This takes effect when it imports Cognito."""
    hooks.change(
        {
            "cognito": {
                "_initiate_auth": _slowly,
                "_admin_initiate_auth": _slowly,
                "_respond_to_auth_challenge": _respond,
                "_admin_respond_to_auth_challenge": _respond,
                "_password_auth_result": _challenge,
                "_associate_software_token": _associate,
                "_verify_software_token": _verify,
                "_set_user_mfa_preference": _prefer,
                "_admin_set_user_mfa_preference": _prefer,
            }
        }
    )


def _refused(message: str, code: str = "NotAuthorizedException") -> Any:
    from ministack.core.responses import error_response_json

    return error_response_json(code, message, 400)


def _pool_of(data: dict[str, Any]) -> dict[str, Any]:
    """The pool of a request that names its app client or the pool; empty where there is none."""
    from ministack.services import cognito

    named = cognito._user_pools.get(data.get("UserPoolId"))
    return named or cognito._pool_for_client(data.get("ClientId"))[0] or {}


def _user_of(pool: dict[str, Any], name: Any) -> Any:
    from ministack.services import cognito

    return cognito._resolve_user(pool, name)[0] if pool and isinstance(name, str) else None


def _slowly(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Let a user sign in who is not locked out."""
    data = args[0]
    return _counted(
        _user_of(_pool_of(data), (data.get("AuthParameters") or {}).get("USERNAME")), original, args, kwargs
    )


def _counted(user: Any, original: Any, args: Any, kwargs: Any) -> Any:
    if user is None:
        return original(*args, **kwargs)
    now = clock.now()
    failed = user.get("_failed") or {"count": 0, "until": 0.0, "last": now}
    if failed["until"] > now:
        return _refused("Password attempts exceeded")
    if now - failed["last"] >= LONGEST:
        failed = {"count": 0, "until": 0.0, "last": now}
    answer = original(*args, **kwargs)
    if answer[0] == 400 and WRONG in answer[2]:
        count = failed["count"] + 1
        locked = min(2 ** (count - FREE_TRIES), LONGEST) if count >= FREE_TRIES else 0
        user["_failed"] = {"count": count, "until": now + locked, "last": now}
    elif answer[0] == 200 and b"PASSWORD_VERIFIER" not in answer[2]:
        user.pop("_failed", None)
    return answer


def _challenge(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What follows a right password: tokens, or a challenge whose session is remembered."""
    pool, pool_id, client, user, *_ = args
    enrolled = TOTP in user.get("_mfa_enabled", [])
    if pool.get("MfaConfiguration") == "ON" and user["UserStatus"] == "CONFIRMED" and not enrolled:
        given = {"MFAS_CAN_SETUP": json.dumps([TOTP]), "USER_ID_FOR_SRP": user["Username"]}
        session = _remember(SETUP, pool_id, client, user)
        return _answer({"ChallengeName": SETUP, "Session": session, "ChallengeParameters": given})
    answer = original(*args, **kwargs)
    told = json.loads(answer[2])
    if answer[0] == 200 and "ChallengeName" in told:
        _remember(told["ChallengeName"], pool_id, client, user, told["Session"])
    return answer


def _answer(told: dict[str, Any]) -> Any:
    from ministack.core.responses import json_response

    return json_response(told)


def _remember(challenge: str, pool: str, client: str, user: dict[str, Any], token: str = "") -> str:
    """Begin a session; returns its token."""
    now = clock.now()
    for over in [each for each, session in list(_sessions.items()) if session.until <= now - LONGEST]:
        _sessions.pop(over, None)
    token = token or base64.b64encode(secrets.token_bytes(32)).decode()
    minutes = _pool_of({"UserPoolId": pool})["_clients"][client].get("AuthSessionValidity") or MINUTES
    _sessions[token] = Session(challenge, pool, client, user["Username"], now + 60 * minutes)
    return token


def _respond(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Take an answer to a challenge, by whoever was asked."""
    data = args[0]
    pool, given = _pool_of(data), data.get("ChallengeResponses") or {}
    user = _user_of(pool, given.get("USERNAME"))
    if data.get("ChallengeName") not in CHALLENGES:
        return _counted(user, original, args, kwargs)
    session = _sessions.get(str(data.get("Session")))
    if session is None or (session.challenge, session.client) != (data["ChallengeName"], data.get("ClientId")):
        return _refused(INVALID)
    if session.until <= clock.now():
        return _refused(f"{INVALID[:-1]}, session is expired.")
    if user is None or session.user != user["Username"] or (session.challenge == SETUP and not session.proven):
        return _refused(INVALID)
    renew = session.challenge == NEW_PASSWORD
    answer = _renew(original, args, pool, user, given) if renew else original(*args, **kwargs)
    if answer[0] == 200:
        _sessions.pop(data["Session"], None)
    return answer


def _renew(original: Any, args: Any, pool: dict[str, Any], user: dict[str, Any], given: dict[str, Any]) -> Any:
    """Take a new password that the policy allows; who has a second factor is asked for it next."""
    from ministack.services import cognito

    password = given.get("NEW_PASSWORD") or ""
    refused = cognito._validate_password(pool, password)
    if refused:
        return refused
    if pool.get("MfaConfiguration", "OFF") == "OFF":
        return original(*args)
    user.update(_password=password, UserStatus="CONFIRMED", UserLastModifiedDate=cognito._now_epoch())
    return cognito._password_auth_result(pool, pool["Id"], args[0]["ClientId"], user, user["Username"])


def _enrolling(data: dict[str, Any]) -> tuple[Any, Any, Session | None]:
    """Who sets up an authenticator: the pool and the user, by an access token or by a session of MFA_SETUP."""
    from ministack.services import cognito

    if data.get("AccessToken"):
        user, pool = cognito._user_pool_for_access_token(data["AccessToken"])
        return pool, user, None
    session = _sessions.get(str(data.get("Session")))
    if session is None or session.challenge != SETUP or session.until <= clock.now():
        return None, None, None
    pool = _pool_of({"UserPoolId": session.pool})
    return pool, _user_of(pool, session.user), session


def _associate(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    pool, user, session = _enrolling(args[0])
    if user is None:
        return _refused(INVALID)
    if not _offers_totp(pool):
        return _refused(NO_TOTP, "SoftwareTokenMFANotFoundException")
    answer = original(*args, **kwargs)
    return _carry_on(answer, args[0], session) if session else answer


def _offers_totp(pool: dict[str, Any]) -> bool:
    offered = (pool.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")
    return bool(offered) and pool.get("MfaConfiguration", "OFF") != "OFF"


def _carry_on(answer: Any, data: dict[str, Any], session: Session, proven: bool = False) -> Any:
    """An answer whose new session takes the place of the one that was given."""
    told = json.loads(answer[2])
    if answer[0] == 200:
        _sessions.pop(data["Session"], None)
        _sessions[told["Session"]] = replace(session, proven=proven)
    return answer


def _verify(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Take the first code of an authenticator. Who has signed in decides by SetUserMFAPreference that it counts."""
    from ministack.services import cognito

    _, user, session = _enrolling(args[0])
    if user is None:
        return _refused(INVALID)
    before = list(user.get("_mfa_enabled", []))
    secret = cognito._totp_session_secrets.get(args[0].get("Session"))
    answer = original(*args, **kwargs)
    if answer[0] != 200:
        return answer
    if session is None:
        user.update(_mfa_enabled=before, _preferred_mfa=user["_preferred_mfa"] if before else "")
        return answer
    user.update(_totp_secret=secret, _mfa_enabled=[*before, TOTP], _preferred_mfa=TOTP)
    return _carry_on(answer, args[0], session, proven=True)


def _prefer(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    data = args[0]
    pool = _pool_of(data)
    user = _user_of(pool, data.get("Username")) if pool else _enrolling(data)[1]
    asked = (data.get("SoftwareTokenMfaSettings") or {}).get("Enabled")
    if user and asked and not user.get("_totp_secret"):
        return _refused("User has not verified software token mfa", "InvalidParameterException")
    return original(*args, **kwargs)
