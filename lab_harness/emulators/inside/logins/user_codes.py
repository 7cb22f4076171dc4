"""Gives users of a Cognito user pool random codes, which go to the inbox, end by the clock and bear few wrong tries.

MiniStack's codes are 123456 and 654321, for ever; it sends them whether the pool verifies an address or not.
https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html (2026): a code to confirm
with is valid for 24 hours, one to reset a password for one hour; it goes to what `AutoVerifiedAttributes` names.
"""

import json
import secrets
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock

HOUR = 3600
VALID = {"_confirmation_code": 24 * HOUR, "_reset_code": HOUR}
CONFIRM, RESET = VALID
CODES = {"ConfirmSignUp": CONFIRM, "ConfirmForgotPassword": RESET}
WRONG_TRIES = 5  # within an hour; AWS lets in 5 to 20, by the risk that it sees
ADDRESSES = ("phone_number", "email")  # where both are verified by the pool, the phone gets the code
MEDIA = {"phone_number": "SMS", "email": "EMAIL"}
NO_ADDRESS = "Cannot reset password for the user as there is no registered/verified email or phone_number"
NO_VERIFYING = "Cannot resend codes. Auto verification not turned on."
RULES = {"Password must have length greater than or equal to": "Password not long enough"}


def install() -> None:
    """Change MiniStack. This takes effect when it imports Cognito."""
    hooks.change(
        {
            "cognito": {
                "_send_verification_email": _send,
                "_sign_up": _sign_up,
                "_resend_confirmation_code": _resend,
                "_forgot_password": _forgot,
                "_confirmation_code_error": _error,
                "_confirm_sign_up": _confirm,
                "_password_policy_errors": _in_awss_words,
            }
        }
    )


def _send(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Send a fresh code to the address that the pool verifies, in place of MiniStack's."""
    from ministack.services import cognito

    pool, username, attributes, _code, *rest = args
    what = rest[0] if rest else kwargs.get("attribute_name", "email")
    user, _ = cognito._resolve_user(pool, username)
    name = RESET if what == "password" else CONFIRM
    address = _address(pool, user, name)
    if not address:
        user.pop(name, None)
        return None
    code = f"{secrets.randbelow(1_000_000):06}"
    user[name] = code
    user[f"{name}_until"] = clock.now() + VALID[name]
    if address == "email":
        return original(pool, username, attributes, code, **kwargs)
    return deliver(pool, user, address, code)


def deliver(pool: dict[str, Any], user: dict[str, Any], attribute: str, code: str) -> Any:
    """Send a code to one of a user's addresses, in the words that the pool has for that."""
    from ministack.services import cognito

    attributes = cognito._attr_list_to_dict(user["Attributes"])
    name = cognito._template_username(pool, user["Username"], attributes)
    mail = cognito._resolve_verification_template(pool, by_link=False)
    subject, text = mail if attribute == "email" else ("SMS", _sms(pool))
    said = [cognito._expand_template(each, name, code) for each in (subject, text)]
    return cognito._deliver_cognito_email(pool, attributes[attribute], *said, "CognitoVerificationMessage")


def _sms(pool: dict[str, Any]) -> str:
    template = pool.get("VerificationMessageTemplate") or {}
    return str(template.get("SmsMessage") or pool.get("SmsVerificationMessage") or "Your verification code is {####}. ")


def _address(pool: dict[str, Any], user: dict[str, Any], name: str) -> str:
    """The attribute to whose address a code goes; empty where there is none."""
    has = {each["Name"]: each["Value"] for each in user.get("Attributes", [])}
    verified = pool.get("AutoVerifiedAttributes") or []
    for each in ADDRESSES:
        known = each in verified if name == CONFIRM else has.get(f"{each}_verified") == "true"
        if known and has.get(each):
            return each
    return ""


def _sign_up(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import cognito

    answer = original(*args, **kwargs)
    if answer[0] != 200:
        return answer
    told = json.loads(answer[2])
    pool, _ = cognito._pool_for_client(args[0].get("ClientId"))
    user, _ = cognito._resolve_user(pool, told["UserSub"])
    told.pop("CodeDeliveryDetails", None)
    if told["UserConfirmed"]:
        user.pop(CONFIRM, None)
    else:
        _once(pool, user, told)
    return cognito.json_response(told)


def _once(pool: dict[str, Any], user: dict[str, Any], told: dict[str, Any]) -> None:
    """Say where a new user's code went. MiniStack sends it to users with an e-mail address only."""
    from ministack.services import cognito

    attributes = cognito._attr_list_to_dict(user["Attributes"])
    if "email" not in attributes:
        cognito._send_verification_email(pool, user["Username"], attributes, "")
    if where := _address(pool, user, CONFIRM):
        told["CodeDeliveryDetails"] = details(where, attributes[where])


def details(attribute: str, address: str) -> dict[str, str]:
    """What a caller is told of where a code went."""
    from ministack.services import cognito

    masked = cognito._masked_destination(address)
    return {"AttributeName": attribute, "DeliveryMedium": MEDIA[attribute], "Destination": masked}


def _resend(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import cognito

    pool, user = _whose(args[0])
    if user and (user["UserStatus"] != "UNCONFIRMED" or not _address(pool, user, CONFIRM)):
        confirmed = user["UserStatus"] != "UNCONFIRMED"
        why = "User is already confirmed." if confirmed else NO_VERIFYING
        return cognito.error_response_json("InvalidParameterException", why, 400)
    return _delivered(original, CONFIRM, args)


def _whose(data: dict[str, Any]) -> tuple[Any, Any]:
    """The pool of the app client in a request, and the user; None for what is not there."""
    from ministack.services import cognito

    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    return pool, cognito._resolve_user(pool, data.get("Username"))[0] if pool else None


def _forgot(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import cognito

    pool, user = _whose(args[0])
    if user and not _address(pool, user, RESET):
        return cognito.error_response_json("InvalidParameterException", NO_ADDRESS, 400)
    return _delivered(original, RESET, args)


def _delivered(original: Any, name: str, args: Any) -> Any:
    """MiniStack's answer to a request for a code, with the address to which it went."""
    from ministack.services import cognito

    pool, user = _whose(args[0])
    answer = original(*args)
    where = user and answer[0] == 200 and _address(pool, user, name)
    if not where:
        return answer
    attributes = cognito._attr_list_to_dict(user["Attributes"])
    return cognito.json_response({"CodeDeliveryDetails": details(where, attributes[where])})


def _error(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """AWS's refusal of a code: a wrong one, one that is over, or one too many; None where it is right."""
    from ministack.services import cognito

    action, data = args
    name = CODES.get(action)
    _, user = _whose(data)
    if not user or not name:
        return original(*args, **kwargs)
    tries = user.setdefault("_wrong_codes", {})
    recent = tries[name] = [each for each in tries.get(name, []) if each > clock.now() - HOUR]
    if len(recent) >= WRONG_TRIES:
        message = "Attempt limit exceeded, please try after some time."
        return cognito.error_response_json("LimitExceededException", message, 400)
    if user.get(f"{name}_until", float("inf")) <= clock.now():
        user.pop(name, None)
    refused = original(*args, **kwargs)
    if refused and b"CodeMismatch" in refused[2]:
        recent.append(clock.now())
    return refused


def _confirm(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Confirm a user, whose address counts as verified from now on."""
    from ministack.services import cognito

    answer = original(*args, **kwargs)
    if answer[0] == 200:
        pool, user = _whose(args[0])
        verified = [{"Name": f"{_address(pool, user, CONFIRM)}_verified", "Value": "true"}]
        user["Attributes"] = cognito._merge_attributes(user["Attributes"], verified)
    return answer


def _in_awss_words(original: Any, _instance: Any, args: Any, kwargs: Any) -> list[str]:
    """The first rule of the password policy that is broken, as AWS names one only."""
    found = [_said(each) for each in original(*args, **kwargs)]
    return found[:1]


def _said(rule: str) -> str:
    return next((ours for theirs, ours in RULES.items() if rule.startswith(theirs)), rule)
