"""Gives an identity of a Cognito identity pool credentials of its role, if that role's trust policy lets it.

MiniStack gives them to anybody, of a role that need not be there, and knows no role by group or rule.
https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html (2026)
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.permissions.authorization.authority import TRUST, Authority, context, trust_of
from lab_harness.emulators.inside.permissions.authorization.decisions import Decision, Question, lets_in
from lab_harness.emulators.inside.permissions.authorization.principals import IDENTITIES, Principal

SESSION_NAME = "CognitoIdentityCredentials"
ASSUME = "sts:AssumeRoleWithWebIdentity"
OF_USER_POOLS = "cognito-idp."  # so their names begin as providers
NO_ROLE = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
NO_GUESTS = "Unauthenticated access is not supported for this identity pool."
UNVERIFIED = "Invalid login token. This emulator verifies tokens of its own user pools alone."
DENIED = "Access denied for this identity: no role is chosen for its token."
MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": lambda claim, value: claim == value,
    "NotEqual": lambda claim, value: claim != value,
    "StartsWith": lambda claim, value: claim.startswith(value),
    "Contains": lambda claim, value: value in claim,
}


class Identities:
    """Decides about the identities of one emulator."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        wrappers = {"_get_id": _get_id, "_apply_pretoken_trigger": _with_roles}
        hooks.change({"cognito": {**wrappers, "_get_credentials_for_identity": self._credentials}})

    def _credentials(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        from ministack.services import cognito, sts

        data = args[0]
        identity, logins = data.get("IdentityId"), data.get("Logins") or {}
        pool = next((each for each in cognito._identity_pools.values() if identity in each["_identities"]), None)
        if pool is None:
            return _refused("ResourceNotFoundException", f"Identity '{identity}' not found.")
        refused = _guests_only_if_let_in(pool, logins) or cognito._identity_logins_error(pool, identity, logins)
        if not refused and not all(provider.startswith(OF_USER_POOLS) for provider in logins):
            refused = _refused("NotAuthorizedException", UNVERIFIED)  # MiniStack takes whatever is sent as such a token
        if refused:
            return refused
        role = _role(pool, logins, data.get("CustomRoleArn"))
        if not role:
            return _refused("NotAuthorizedException", DENIED)
        given = original(*args, **kwargs)
        told = json.loads(given[2])
        session = sts._sessions[told["Credentials"]["AccessKeyId"]]
        if not self._trusted(role, keys_of(session)):
            sts._sessions.pop(told["Credentials"]["AccessKeyId"])
            return _refused("InvalidIdentityPoolConfigurationException", NO_ROLE)
        session["Arn"] = session["Arn"].rsplit("/", 2)[0] + f"/{role.rpartition('/')[2]}/{SESSION_NAME}"
        session["UserId"] = f"{sts._role_id(role)}:{SESSION_NAME}"
        return given

    def _trusted(self, role: str, keys: Mapping[str, Any]) -> bool:
        """Whether a role's trust policy lets identities with these keys assume it; else that is noted."""
        who = Principal(IDENTITIES, frozenset({IDENTITIES}))
        what = Question(ASSUME, role, context(who, keys), trust_of(role), required=True)
        trusted = lets_in(who, what)
        if not trusted:
            self._authority.refuse(who, what, Decision(False, TRUST))
        return trusted


def keys_of(session: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys, and so policy variables, of an identity's session; none for any other session."""
    if not session.get("_identity_id"):
        return {}
    pool, identity, known = session["_identity_pool_id"], session["_identity_id"], session.get("_cognito_amr")
    return {f"{IDENTITIES}:aud": pool, f"{IDENTITIES}:sub": identity, f"{IDENTITIES}:amr": known}


def _refused(code: str, message: str) -> Any:
    from ministack.core.responses import error_response_json

    return error_response_json(code, message, 400)


def _guests_only_if_let_in(pool: Mapping[str, Any], logins: Mapping[str, str]) -> Any:
    guest = not logins and not pool.get("AllowUnauthenticatedIdentities")
    return _refused("NotAuthorizedException", NO_GUESTS) if guest else None


def _get_id(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import cognito

    pool = cognito._identity_pools.get(args[0].get("IdentityPoolId"))
    refused = pool and _guests_only_if_let_in(pool, args[0].get("Logins") or {})
    return refused or original(*args, **kwargs)


def _role(pool: Mapping[str, Any], logins: Mapping[str, str], custom: str | None) -> str:
    """The ARN of the role that an identity with these logins gets; "" where none is to be had.

    Where the pool has no role at all the answer is a name that no role has, so that nobody is trusted with it.
    """
    from ministack.services import cognito

    default = pool.get("_roles", {}).get("authenticated" if logins else "unauthenticated") or "none"
    for provider, token in logins.items():
        claims = cognito._token_claims(token)
        mapping = (pool.get("_role_mappings") or {}).get(f"{provider}:{claims.get('aud')}")
        if mapping:
            by_token = mapping.get("Type") == "Token"
            chosen = _by_token(claims, custom) if by_token else _by_rules(claims, mapping)
            denies = mapping.get("AmbiguousRoleResolution") == "Deny" or (by_token and custom)
            return chosen or ("" if denies else default)
    return "" if custom else default


def _by_token(claims: Mapping[str, Any], custom: str | None) -> str:
    """The role that a token names: the preferred one, or one of its roles that is asked for."""
    if custom:
        return custom if custom in claims.get("cognito:roles", []) else ""
    return str(claims.get("cognito:preferred_role") or "")


def _by_rules(claims: Mapping[str, Any], mapping: Mapping[str, Any]) -> str:
    """The role of the first rule that a token meets."""
    for rule in (mapping.get("RulesConfiguration") or {}).get("Rules") or []:
        claim = claims.get(rule.get("Claim"))
        values = claim if isinstance(claim, list) else [claim]
        if claim is not None and any(_meets(rule, str(each)) for each in values):
            return str(rule.get("RoleARN") or "")
    return ""


def _meets(rule: Mapping[str, str], value: str) -> bool:
    matches = MATCHES.get(rule.get("MatchType", ""))
    return matches is not None and matches(value, rule.get("Value", ""))


def _with_roles(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """An ID token with the roles of its user's groups; the one of the group with the lowest precedence is preferred."""
    from ministack.services import cognito

    pool = cognito._user_pools.get(kwargs["pool_id"]) or {}
    groups = [pool.get("_groups", {}).get(name) or {} for name in kwargs["groups"]]
    ranked = [(group.get("Precedence"), group["RoleArn"]) for group in groups if group.get("RoleArn")]
    if ranked and kwargs["token_type"] in ("id",):
        kwargs["claims"]["cognito:roles"] = [role for _, role in ranked]
        first = min(float("inf") if rank is None else rank for rank, _ in ranked)
        best = {role for rank, role in ranked if (float("inf") if rank is None else rank) == first}
        if len(best) == 1:
            kwargs["claims"]["cognito:preferred_role"] = best.pop()
    return original(*args, **kwargs)
