"""An update of a user pool, or of an app client, sets what it does not name to its default.

"If you don't provide a value for an attribute, Amazon Cognito sets it to its default value." A name, the tags, the
feature plan and the protection from deletion are kept: AWS does not say that these have a default here.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html (2026)
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from lab_harness.emulators.inside import hooks

RULES = dict.fromkeys(("RequireUppercase", "RequireLowercase", "RequireNumbers", "RequireSymbols"), True)
POOL: dict[str, Any] = {
    "Policies": {"PasswordPolicy": {"MinimumLength": 8, **RULES, "TemporaryPasswordValidityDays": 7}},
    "AutoVerifiedAttributes": [],
    **dict.fromkeys(("SmsVerificationMessage", "EmailVerificationMessage", "EmailVerificationSubject"), ""),
    "SmsAuthenticationMessage": "",
    "MfaConfiguration": "OFF",
    **{name: {} for name in ("EmailConfiguration", "SmsConfiguration", "AccountRecoverySetting", "LambdaConfig")},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7},
}
CLIENT: dict[str, Any] = {
    "RefreshTokenValidity": 30,
    "AccessTokenValidity": None,
    "IdTokenValidity": None,
    "TokenValidityUnits": {},
    **{name: [] for name in ("ReadAttributes", "WriteAttributes", "SupportedIdentityProviders")},
    **{name: [] for name in ("CallbackURLs", "LogoutURLs", "AllowedOAuthFlows", "AllowedOAuthScopes")},
    "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"],
    "DefaultRedirectURI": "",
    "AllowedOAuthFlowsUserPoolClient": False,
    "AnalyticsConfiguration": None,
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 3,
}


def install() -> None:
    """Change MiniStack. This takes effect when it imports Cognito."""
    hooks.change({"cognito": {"_update_user_pool": _filled(POOL), "_update_user_pool_client": _filled(CLIENT)}})


def _filled(defaults: Mapping[str, Any]) -> hooks.Wrapper:
    """An update that names each setting."""

    def update(original: Any, _instance: Any, arguments: Any, _named: Any) -> Any:
        return original({**deepcopy(dict(defaults)), **arguments[0]})

    return update
