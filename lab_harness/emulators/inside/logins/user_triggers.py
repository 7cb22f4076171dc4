"""Calls a Cognito user pool's functions wherever AWS does, and lets them decide.

MiniStack never calls PostConfirmation, PreAuthentication, PostAuthentication and UserMigration, calls CustomMessage for
invitations alone, and gives out tokens although PreTokenGeneration failed.
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html (2026)
"""

import json
import os
from ast import literal_eval
from contextvars import ContextVar
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.logins.pool_functions import CognitoError, call, configured, failed, parsed
from lab_harness.emulators.inside.scopes import within

STRICT = "MINISTACK_COGNITO_PRETOKEN_STRICT"  # then MiniStack says that the function failed
PASSWORD_FLOWS = ("USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
FLOWS = (*PASSWORD_FLOWS, "USER_SRP_AUTH")
# How somebody came to tokens who has just signed in. Hosted login calls by itself, before it gives out a code.
SIGNED_IN = ("TokenGeneration_Authentication", "TokenGeneration_NewPasswordChallenge")

# What is asked of the pool now; nobody changes it.
_request: ContextVar[dict[str, Any]] = ContextVar("request", default={})  # noqa: B039
_message: ContextVar[str] = ContextVar("message", default="CustomMessage_SignUp")  # why something is sent


def install() -> None:
    """Change MiniStack. This takes effect when it imports Cognito."""
    os.environ[STRICT] = "1"
    hooks.change(
        {
            "cognito": {
                "_sign_up": _sign_up,
                "_admin_create_user": _create,
                "_apply_presignup_trigger": _before_sign_up,
                "_confirm_sign_up": _confirmed("PostConfirmation_ConfirmSignUp"),
                "_admin_confirm_sign_up": _confirmed("PostConfirmation_ConfirmSignUp"),
                "_confirm_forgot_password": _confirmed("PostConfirmation_ConfirmForgotPassword"),
                "_initiate_auth": _sign_in,
                "_admin_initiate_auth": _sign_in,
                "_build_auth_result": _signed_in,
                "_apply_pretoken_trigger": _tokens,
                "_resend_confirmation_code": _resend,
                "_send_verification_email": _send,
            }
        }
    )


def _found(data: dict[str, Any], name: Any) -> tuple[dict[str, Any], Any]:
    """The pool of a request and a user of it; {} and None for what is not there."""
    from ministack.services import cognito

    pool = cognito._user_pools.get(data.get("UserPoolId")) or cognito._pool_for_client(data.get("ClientId"))[0] or {}
    return pool, cognito._resolve_user(pool, name)[0] if pool and isinstance(name, str) else None


def _attributes(user: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import cognito

    given = cognito._attr_list_to_dict(user.get("Attributes", []))
    return {**given, "cognito:user_status": user.get("UserStatus", "")}


def _metadata(data: dict[str, Any]) -> dict[str, Any]:
    return {"clientMetadata": data["ClientMetadata"]} if data.get("ClientMetadata") else {}


def _sign_up(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    data = args[0]
    with within(_request, data):
        answer = original(*args, **kwargs)
    if answer[0] == 200 and json.loads(answer[2])["UserConfirmed"]:
        _after_confirmation("PostConfirmation_ConfirmSignUp", data, json.loads(answer[2])["UserSub"])
    return answer


def _create(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Create a user for an administrator, after PreSignUp has looked."""
    data = args[0]
    pool, user = _found(data, data.get("Username"))
    if pool and user is None and data.get("MessageAction") != "RESEND":
        given = {each["Name"]: each.get("Value", "") for each in data.get("UserAttributes", [])}
        _ask_before(pool, "PreSignUp_AdminCreateUser", "CLIENT_ID_NOT_APPLICABLE", data["Username"], given, data)
    return original(*args, **kwargs)


def _before_sign_up(_original: Any, _instance: Any, args: Any, kwargs: Any) -> dict[str, bool]:
    from ministack.services import cognito

    pool_id, client, user, attributes, *rest = args
    source = kwargs.get("trigger_source") or (rest[0] if rest else "PreSignUp_ExternalProvider")
    given = {name: value for name, value in attributes.items() if name != "sub"}
    pool = cognito._user_pools.get(pool_id) or {}
    return _ask_before(pool, source, client, user, given, _request.get())


def _ask_before(
    pool: dict[str, Any], source: str, client: str, user: str, attributes: dict[str, Any], data: dict[str, Any]
) -> dict[str, bool]:
    decided = {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False}
    validation = {each["Name"]: each.get("Value", "") for each in data.get("ValidationData") or []}
    request = {"userAttributes": attributes, "validationData": validation, **_metadata(data)}
    answered = call(pool, source, client, user, request, **decided)
    return {name: bool(answered.get(name)) for name in decided}


def _confirmed(source: str) -> Any:
    """Confirm a user, then tell PostConfirmation."""

    def confirm(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        answer = original(*args, **kwargs)
        if answer[0] == 200:
            _after_confirmation(source, args[0], args[0].get("Username"))
        return answer

    return confirm


def _after_confirmation(source: str, data: dict[str, Any], name: Any) -> None:
    pool, user = _found(data, name)
    if user is not None:
        client = data.get("ClientId") or "CLIENT_ID_NOT_APPLICABLE"
        call(pool, source, client, user["Username"], {"userAttributes": _attributes(user), **_metadata(data)})


def _sign_in(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Let PreAuthentication look before the password counts, and UserMigration bring in who is not here yet."""
    data = args[0]
    given = data.get("AuthParameters") or {}
    name, flow = given.get("USERNAME"), data.get("AuthFlow")
    pool, user = _found(data, name)
    if not pool or flow not in FLOWS or not name:
        return original(*args, **kwargs)
    if user is None and flow in PASSWORD_FLOWS and configured(pool, "UserMigration"):
        user = _migrate(pool, data, name, given.get("PASSWORD", ""))
    if user is not None:
        seen = {"userAttributes": _attributes(user), "validationData": data.get("ClientMetadata") or {}}
        call(
            pool,
            "PreAuthentication_Authentication",
            data["ClientId"],
            user["Username"],
            {**seen, "userNotFound": False},
        )
    with within(_request, data):
        return original(*args, **kwargs)


def _migrate(pool: dict[str, Any], data: dict[str, Any], name: str, password: str) -> Any:
    """Create the user that UserMigration knows; None where it knows none, as its error says, too."""
    from ministack.services import cognito

    request = {"password": password, "validationData": data.get("ClientMetadata") or {}, "userAttributes": {}}
    offered = {"userAttributes": None, "finalUserStatus": None, "messageAction": None}
    try:
        known = call(pool, "UserMigration_Authentication", data["ClientId"], name, request, **offered)
    except CognitoError as error:
        if error.code == "UserLambdaValidationException":
            return None
        raise
    attributes = known.get("userAttributes")
    if not isinstance(attributes, dict):
        return None
    listed = [{"Name": key, "Value": str(value)} for key, value in attributes.items() if key != "username"]
    created = {"UserPoolId": pool["Id"], "Username": name, "UserAttributes": listed, "MessageAction": "SUPPRESS"}
    if cognito._admin_create_user.__wrapped__(created)[0] != 200:
        return None
    user, _ = cognito._resolve_user(pool, name)
    confirmed = known.get("finalUserStatus") == "CONFIRMED"
    user.update(_password=password, UserStatus="CONFIRMED" if confirmed else "RESET_REQUIRED")
    return user


def _signed_in(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Give out tokens, after PostAuthentication was told."""
    from ministack.services import cognito

    pool_id, client, user, *_ = args
    if kwargs.get("trigger_source", SIGNED_IN[0]) in SIGNED_IN:
        seen = {"userAttributes": _attributes(user), "newDeviceUsed": False, **_metadata(_request.get())}
        call(
            cognito._user_pools.get(pool_id) or {}, "PostAuthentication_Authentication", client, user["Username"], seen
        )
    return original(*args, **kwargs)


def _tokens(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    try:
        return original(*args, **kwargs)
    except RuntimeError as error:
        _, _, body = str(error).partition("PreTokenGeneration error: ")
        raise failed("PreTokenGeneration", _described(body) or str(error)) from error


def _described(body: str) -> Any:
    """Lambda's description of an error, which MiniStack puts into a sentence."""
    try:
        return literal_eval(body)
    except (ValueError, SyntaxError):
        return parsed(body)


def _resend(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    with within(_message, "CustomMessage_ResendCode"):
        return original(*args, **kwargs)


def _send(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Send a code in the words that CustomMessage has for it, or else in the pool's own."""
    pool, name, attributes, *rest = args
    reset = "password" in (kwargs.get("attribute_name"), *rest[1:])
    source = "CustomMessage_ForgotPassword" if reset else _message.get()
    request = {"userAttributes": attributes, "codeParameter": "{####}", "usernameParameter": None}
    said = call(
        pool, source, "CLIENT_ID_NOT_APPLICABLE", name, request, smsMessage=None, emailMessage=None, emailSubject=None
    )
    words = {"SmsMessage": "smsMessage", "EmailMessage": "emailMessage", "EmailSubject": "emailSubject"}
    ours = {key: said[word] for key, word in words.items() if said.get(word)}
    if any("{####}" not in text for key, text in ours.items() if key != "EmailSubject"):
        raise CognitoError("Message does not contain the code parameter {####}", "InvalidLambdaResponseException")
    own = pool | {"VerificationMessageTemplate": (pool.get("VerificationMessageTemplate") or {}) | ours}
    return original(own, name, attributes, *rest, **kwargs)
