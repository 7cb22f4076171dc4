"""Users have the attributes that their pool's schema has; a pool, a client and a domain are within Cognito's bounds.

MiniStack keeps whatever a call names: an attribute of no schema, another `sub`, which each token then bears, an
`email_verified` that users give themselves; and it says of each address in an ID token that it is verified.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html and
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html (2026); the
words are those of AWS's answers.
"""

import re
from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse, told

OWN = "sub"  # Cognito's own attribute, which nobody gives
VERIFIED = {"email_verified": "email", "phone_number_verified": "phone_number"}
FORMS = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "Invalid email address format."),
    "phone_number": (re.compile(r"\+\d{1,15}"), "Invalid phone number format."),
}
UNAUTHORIZED = "A client attempted to write unauthorized attribute"
CONFIRMED = "User cannot be confirmed. Current status is {}"
HAS_DOMAIN = "User pool cannot be deleted. It has a domain configured that should be deleted first."
RESERVED = ("aws", "amazon", "cognito")  # in a domain
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
DAY = 86_400
# Of each token: the setting, its unit unless it is named, the least and the most seconds.
LASTING = {
    "AccessToken": ("hours", 300, DAY),
    "IdToken": ("hours", 300, DAY),
    "RefreshToken": ("days", 3600, 3650 * DAY),
}
OUT_OF_RANGE = "Invalid range for token validity."
PASSWORD_FLOWS = ("USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports Cognito."""
    refuse(
        {
            "cognito": {
                "_sign_up": _new_user,
                "_admin_create_user": _new_user,
                "_admin_update_user_attributes": _changed_by_administrator,
                "_update_user_attributes": _changed_by_user,
                "_admin_confirm_sign_up": _confirmed_already,
                "_delete_user_pool": _has_domain,
                "_create_user_pool_domain": _bad_domain,
                "_create_user_pool_client": _lasts_wrongly,
                "_update_user_pool_client": _lasts_wrongly,
                "_initiate_auth": _lacks_password,
                "_admin_initiate_auth": _lacks_password,
            }
        }
    )
    hooks.change({"cognito": {"_fake_token": _as_verified}})


def refusal(words: str, code: str = "InvalidParameterException") -> Any:
    """Cognito's answer to what it refuses."""
    from ministack.services import cognito

    return cognito.error_response_json(code, words, 400)


def _pool(data: Mapping[str, Any]) -> Any:
    """The pool that a request names, by itself or by a client; None where there is none."""
    from ministack.services import cognito

    if name := data.get("UserPoolId"):
        return cognito._user_pools.get(name)
    pools = cognito._user_pools.values()
    return next((pool for pool in pools if data.get("ClientId") in pool["_clients"]), None)


def _given(data: Mapping[str, Any]) -> dict[str, str]:
    return {str(each.get("Name")): str(each.get("Value") or "") for each in data.get("UserAttributes") or []}


def _problem(pool: Any, given: Mapping[str, str]) -> str:
    """What is wrong with the first attribute that is; empty where none is."""
    from ministack.services import cognito

    known = {each["Name"] for each in cognito._ensure_schema_attributes(pool)["SchemaAttributes"]}
    for name in given:
        if name not in known:
            return f"{name}: Attribute does not exist in the schema.\n"
        if name == OWN:
            return f"{name}: Attribute cannot be updated.\n"
    return ""


def _misshapen(given: Mapping[str, str]) -> str:
    bad = (words for name, (form, words) in FORMS.items() if given.get(name) and not form.fullmatch(given[name]))
    return next(bad, "")


def _new_user(data: dict[str, Any]) -> Any:
    if (pool := _pool(data)) is None:
        return None
    given = _given(data)
    if words := _problem(pool, given):
        return refusal(f"Attributes did not conform to the schema: {words}")
    if "ClientId" in data and VERIFIED.keys() & given.keys():
        return refusal(UNAUTHORIZED, "NotAuthorizedException")
    return refusal(words) if (words := _misshapen(given)) else None


def _changed(pool: Any, data: Mapping[str, Any]) -> Any:
    given = _given(data)
    if pool is not None and (words := _problem(pool, given)):
        return refusal(f"user.{words}")
    return refusal(words) if (words := _misshapen(given)) else None


def _changed_by_administrator(data: dict[str, Any]) -> Any:
    return _changed(_pool(data), data)


def _changed_by_user(data: dict[str, Any]) -> Any:
    from ministack.services import cognito

    user, pool = cognito._user_pool_for_access_token(data.get("AccessToken") or "")
    if not user:
        return None
    if VERIFIED.keys() & _given(data).keys():
        return refusal(UNAUTHORIZED, "NotAuthorizedException")
    return _changed(pool, data)


def _confirmed_already(data: dict[str, Any]) -> Any:
    from ministack.services import cognito

    pool = _pool(data)
    user = cognito._resolve_user(pool, data.get("Username"))[0] if pool else None
    status = (user or {}).get("UserStatus", "UNCONFIRMED")
    return None if status == "UNCONFIRMED" else refusal(CONFIRMED.format(status), "NotAuthorizedException")


def _has_domain(data: dict[str, Any]) -> Any:
    pool = _pool(data) or {}
    return refusal(HAS_DOMAIN) if pool.get("Domain") or pool.get("CustomDomain") else None


def _bad_domain(data: dict[str, Any]) -> Any:
    name = str(data.get("Domain") or "")
    if data.get("CustomDomainConfig") is not None:
        return None
    if words := told("cognito-idp", "CreateUserPoolDomain", {"Domain": name}):
        return refusal(words)
    reserved = next((each for each in RESERVED if each in name), "")
    return refusal(f"Domain cannot contain reserved word: {reserved}") if reserved else None


def _lasts_wrongly(data: dict[str, Any]) -> Any:
    units = data.get("TokenValidityUnits") or {}
    for token, (usual, least, most) in LASTING.items():
        if number := data.get(f"{token}Validity"):
            seconds = int(number) * SECONDS.get(units.get(token) or usual, 1)
            if not least <= seconds <= most:
                return refusal(OUT_OF_RANGE)
    return None


def _lacks_password(data: dict[str, Any]) -> Any:
    given = data.get("AuthParameters") or {}
    if data.get("AuthFlow") not in PASSWORD_FLOWS:
        return None
    missing = next((each for each in ("USERNAME", "PASSWORD") if not given.get(each)), "")
    return refusal(f"Missing required parameter {missing}") if missing else None


def _as_verified(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A token that says of each address whether it is verified, which it is not unless that is said."""
    attributes = kwargs.get("user_attrs")
    if attributes:
        unsaid = {flag: "false" for flag, name in VERIFIED.items() if name in attributes and flag not in attributes}
        kwargs = {**kwargs, "user_attrs": {**attributes, **unsaid}}
    return original(*args, **kwargs)
