"""Lets a user pool of Cognito call only the functions that let it, by their own policies.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html (2026).
MiniStack asks nobody.
"""

from functools import partial
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.logins.pool_functions import CognitoError, ask_leave
from lab_harness.emulators.inside.permissions.authorization.authority import Authority

INVOKE, COGNITO = "lambda:InvokeFunction", "cognito-idp.amazonaws.com"
# MiniStack's functions that call a pool's function themselves, each with AWS's name of the trigger.
TRIGGERS = {
    "_apply_pretoken_trigger": "PreTokenGeneration",
    "_apply_presignup_trigger": "PreSignUp",
    "_apply_inbound_federation_trigger": "InboundFederation",
    "_apply_custom_message_trigger": "CustomMessage",
    "_invoke_define_auth_challenge_trigger": "DefineAuthChallenge",
    "_invoke_create_auth_challenge_trigger": "CreateAuthChallenge",
    "_invoke_verify_auth_challenge_trigger": "VerifyAuthChallengeResponse",
}


class Triggers:
    """Decides about the functions that the user pools of one emulator call."""

    def __init__(self, authority: Authority) -> None:
        self._may = authority.service_may

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        triggers = {name: partial(self._call, trigger) for name, trigger in TRIGGERS.items()}
        hooks.change({"cognito": {**triggers, "_run_idp_handler": _answer}})

    def _call(self, trigger: str, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        from ministack.services import cognito

        pool = args[0] if args else kwargs["pool_id"]
        pool = pool if isinstance(pool, dict) else cognito._user_pools.get(pool) or {}
        ask_leave(pool, trigger)
        return original(*args, **kwargs)

    def refusal(self, function: str, pool: str) -> str:
        """Why a pool may not call a function, by their ARNs; empty where it may, and where there is no function."""
        allowed = not function or self._may(COGNITO, INVOKE, function, pool)
        return "" if allowed else f"The policy of {function} does not let {pool} call it."


def _answer(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.core.responses import error_response_json

    try:
        return original(*args, **kwargs)
    except CognitoError as refused:
        return error_response_json(refused.code, str(refused), 400)
