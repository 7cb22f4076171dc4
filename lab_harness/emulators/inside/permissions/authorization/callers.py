"""Who makes a call: the principal that has the key by which it is signed."""

from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside.permissions.authorization import principals, sessions
from lab_harness.emulators.inside.permissions.authorization.identities import keys_of
from lab_harness.emulators.inside.permissions.authorization.later import Later
from lab_harness.emulators.inside.permissions.authorization.principals import Principal

NO_TOKEN = ("InvalidClientTokenId", "The security token included in the request is invalid.")


def caller_arn(headers: Mapping[str, str], query: Mapping[str, Any] | None = None) -> str:
    """The ARN of whoever has the key that a request bears; the account's where nobody has."""
    from ministack.core.iam_evaluator import CredentialResolutionError, resolve_credential
    from ministack.core.responses import get_account_id
    from ministack.core.router import extract_access_key_id

    key = extract_access_key_id(headers or {}, query or {})
    found = resolve_credential(key, get_account_id()) if key else None
    if found is None or isinstance(found, CredentialResolutionError):
        return f"arn:aws:iam::{get_account_id()}:root"
    return str(found.principal_arn)


def principal_of(access_key_id: str) -> Any:
    """Who has a key, a `Principal`; or MiniStack's error, if nobody has."""
    from ministack.core.iam_evaluator import AuthError, CredentialResolutionError, _principal_keys, resolve_credential
    from ministack.core.responses import get_account_id

    found = resolve_credential(access_key_id, get_account_id())
    if isinstance(found, CredentialResolutionError):
        return AuthError(found.code, found.message)
    if found.principal_type == "Root":
        return principals.ROOT
    about = sessions.of_key(access_key_id)
    if sessions.is_of_another(about):
        return AuthError(*NO_TOKEN)
    limits = sessions.limits(about)
    if found.principal_type == "AssumedRole":
        _, role, name = found.principal_arn.split("/", 2)
        who = principals.session(role, name, limits)
    else:
        who = principals.user(found.principal_name or about.get("PrincipalName", ""), limits)
    keys = Later(lambda: {**_principal_keys(found), **who.keys, **keys_of(about)})
    names = who.names if who.arn == found.principal_arn else who.names | {found.principal_arn}
    return Principal(found.principal_arn, names, who.policies, who.limits, found.principal_arn, keys, who.role)
