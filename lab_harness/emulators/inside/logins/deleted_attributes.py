"""Deletes attributes of a user pool's user: DeleteUserAttributes, AdminDeleteUserAttributes, which MiniStack lacks.

What a user has not is deleted, too; what no user may be without is not: an attribute that the pool requires, or `sub`.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserAttributes.html and
https://github.com/aws-amplify/amplify-js/pull/12128 (2026)
"""

from collections.abc import Callable, Mapping
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import told
from lab_harness.emulators.inside.logins.user_attributes import OWN, UNAUTHORIZED, VERIFIED, refusal


def install() -> None:
    """Teach MiniStack these calls. This takes effect when it imports Cognito."""
    hooks.change({"cognito": {"_dispatch_idp": _dispatch}})


async def _dispatch(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import cognito

    action, asked = args
    delete = DELETING.get(action)
    if delete is None:
        return await original(*args, **kwargs)
    if words := told("cognito-idp", action, asked):
        return refusal(words)
    return cognito._run_idp_handler(delete, action, asked)


def _by_user(asked: Mapping[str, Any]) -> Any:
    from ministack.services import cognito

    user, pool = cognito._user_pool_for_access_token(asked.get("AccessToken") or "")
    if not user:
        return refusal("Invalid Access Token", "NotAuthorizedException")
    if VERIFIED.keys() & set(asked.get("UserAttributeNames") or []):
        return refusal(UNAUTHORIZED, "NotAuthorizedException")
    return _delete(pool, user, asked)


def _by_administrator(asked: Mapping[str, Any]) -> Any:
    from ministack.services import cognito

    pool, missing = cognito._resolve_pool(asked.get("UserPoolId"))
    if missing:
        return missing
    user, missing = cognito._resolve_user(pool, asked.get("Username"))
    return missing or _delete(pool, user, asked)


def _delete(pool: Mapping[str, Any], user: dict[str, Any], asked: Mapping[str, Any]) -> Any:
    from ministack.services import cognito

    names = set(asked.get("UserAttributeNames") or [])
    known = {each["Name"]: each for each in cognito._ensure_schema_attributes(pool)["SchemaAttributes"]}
    for name in sorted(names):
        if name not in known:
            return refusal(f"user.{name}: Attribute does not exist in the schema.\n")
        if name == OWN or known[name].get("Required") or not known[name].get("Mutable", True):
            return refusal(f"user.{name}: Attribute cannot be deleted.\n")
    # An address that is given later has to be verified anew.
    gone = names | {flag for flag, address in VERIFIED.items() if address in names}
    user["Attributes"] = [each for each in user.get("Attributes", []) if each["Name"] not in gone]
    user["UserLastModifiedDate"] = cognito._now_epoch()
    return cognito.json_response({})


DELETING: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "DeleteUserAttributes": _by_user,
    "AdminDeleteUserAttributes": _by_administrator,
}
