"""Has users verify a new address: GetUserAttributeVerificationCode and VerifyUserAttribute, which MiniStack lacks.

Who changes an address, as the user or as an administrator, gets a code sent there if the pool verifies such addresses;
until that is given back, tokens say that the address is not verified. MiniStack goes on to say that it is.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html (2026).
Pools whose addresses change only once they are verified (`AttributesRequireVerificationBeforeUpdate`) change at once.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.logins import user_codes
from lab_harness.emulators.inside.logins.user_attributes import VERIFIED, refusal
from lab_harness.emulators.inside.moving_time import clock

CODES = "_address_codes"  # in a user: each address' code, with its end and the moments of wrong tries
FLAGS = {address: flag for flag, address in VERIFIED.items()}
HOUR, VALID, WRONG_TRIES = 3600, 24 * 3600, 5
NO_ADDRESS = "User does not have the attribute {} to verify."
NO_KIND = "Attribute {} cannot be verified."
MISMATCH = "Invalid verification code provided, please try again."
EXPIRED = "Invalid code provided, please request a code again."
TOO_MANY = "Attempt limit exceeded, please try after some time."
Asked = Mapping[str, Any]


def install() -> None:
    """Change MiniStack. This takes effect when it imports Cognito."""
    changes = {"_update_user_attributes": _whose, "_admin_update_user_attributes": _named}
    wrappers: dict[str, hooks.Wrapper] = {name: partial(_update, whose) for name, whose in changes.items()}
    hooks.change({"cognito": {**wrappers, "_dispatch_idp": _dispatch}})


async def _dispatch(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import cognito

    action, asked = args
    answer = VERIFYING.get(action)
    return cognito._run_idp_handler(answer, action, asked) if answer else await original(*args, **kwargs)


def _whose(asked: Asked) -> tuple[Any, Any]:
    """The user that an access token is of, and the pool."""
    from ministack.services import cognito

    user, pool = cognito._user_pool_for_access_token(asked.get("AccessToken") or "")
    return user, pool


def _named(asked: Asked) -> tuple[Any, Any]:
    """The user that an administrator names, and the pool."""
    from ministack.services import cognito

    pool = cognito._user_pools.get(asked.get("UserPoolId"))
    return (cognito._resolve_user(pool, asked.get("Username"))[0] if pool else None), pool


def _values(user: Asked) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in user.get("Attributes", [])}


def _update(whose: Callable[[Asked], tuple[Any, Any]], original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Change a user; each address that is another then is not verified, unless the same request says so."""
    from ministack.services import cognito

    asked = args[0]
    user, pool = whose(asked)
    before = _values(user) if user else {}
    answer = original(*args, **kwargs)
    if not user or answer[0] != 200:
        return answer
    given, now = {each.get("Name") for each in asked.get("UserAttributes") or []}, _values(user)
    changed = [each for each in FLAGS if now.get(each) != before.get(each) and FLAGS[each] not in given]
    for each in changed:
        _set(user, FLAGS[each], "false")
    told = [_send(pool, user, each) for each in changed if each in (pool.get("AutoVerifiedAttributes") or [])]
    body = {**json.loads(answer[2] or b"{}"), "CodeDeliveryDetailsList": told}
    return cognito.json_response(body) if whose is _whose else answer


def _set(user: dict[str, Any], name: str, value: str) -> None:
    from ministack.services import cognito

    user["Attributes"] = cognito._merge_attributes(user["Attributes"], [{"Name": name, "Value": value}])


def _send(pool: Any, user: dict[str, Any], attribute: str) -> dict[str, str]:
    """Send a fresh code to an address; returns what is told of that."""
    address, code = _values(user)[attribute], f"{secrets.randbelow(1_000_000):06}"
    user.setdefault(CODES, {})[attribute] = {"code": code, "until": clock.now() + VALID, "wrong": []}
    user_codes.deliver(pool, user, attribute, code)
    return user_codes.details(attribute, address)


def _ask(asked: Asked) -> Any:
    """Send a code to one of the user's addresses."""
    from ministack.services import cognito

    user, pool = _whose(asked)
    if not user:
        return refusal("Invalid Access Token", "NotAuthorizedException")
    attribute = str(asked.get("AttributeName"))
    if attribute not in FLAGS:
        return refusal(NO_KIND.format(attribute))
    if not _values(user).get(attribute):
        return refusal(NO_ADDRESS.format(attribute))
    return cognito.json_response({"CodeDeliveryDetails": _send(pool, user, attribute)})


def _verify(asked: Asked) -> Any:
    """Take a code that was sent to an address, which then is verified."""
    from ministack.services import cognito

    user, _ = _whose(asked)
    if not user:
        return refusal("Invalid Access Token", "NotAuthorizedException")
    attribute = str(asked.get("AttributeName"))
    kept = (user.get(CODES) or {}).get(attribute)
    if kept is None or kept["until"] <= clock.now():
        return refusal(EXPIRED, "ExpiredCodeException")
    kept["wrong"] = [each for each in kept["wrong"] if each > clock.now() - HOUR]
    if len(kept["wrong"]) >= WRONG_TRIES:
        return refusal(TOO_MANY, "LimitExceededException")
    if asked.get("Code") != kept["code"]:
        kept["wrong"].append(clock.now())
        return refusal(MISMATCH, "CodeMismatchException")
    del user[CODES][attribute]
    _set(user, FLAGS[attribute], "true")
    return cognito.json_response({})


VERIFYING: Mapping[str, Callable[[Asked], Any]] = {
    "GetUserAttributeVerificationCode": _ask,
    "VerifyUserAttribute": _verify,
}
