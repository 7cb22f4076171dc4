"""Refuses to hand a role to a service where the caller may not pass it on, or the role does not trust the service.

AWS checks both as a function, a state machine, a schedule or a target is made; MiniStack checks neither.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html (2026)
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import wrapt

from lab_harness.emulators.inside.authorization.authority import Authority, context, policy_of, refused, sentence
from lab_harness.emulators.inside.authorization.calls import caller
from lab_harness.emulators.inside.authorization.decisions import Question
from lab_harness.emulators.inside.authorization.principals import ROOT

HAND_OVER = "iam:PassRole"


class Place(NamedTuple):
    """Where a service is handed roles: MiniStack's functions, and AWS's answer where a role does not trust it."""

    module: str
    functions: tuple[str, ...]
    service: str  # MiniStack's name
    principal: str
    roles: Callable[[dict[str, Any]], Iterable[str | None]]
    code: str
    words: str
    status_of_refusal: int = 400


PLACES = (
    Place(
        "lambda_svc",
        ("_create_function", "_update_config"),
        "lambda",
        "lambda.amazonaws.com",
        lambda asked: [asked.get("Role")],
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
        403,
    ),
    Place(
        "stepfunctions",
        ("_create_state_machine", "_update_state_machine"),
        "states",
        "states.amazonaws.com",
        lambda asked: [asked.get("roleArn")],
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    ),
    Place(
        "scheduler",
        ("_create_schedule", "_update_schedule"),
        "scheduler",
        "scheduler.amazonaws.com",
        lambda asked: [(asked.get("Target") or {}).get("RoleArn")],
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        403,
    ),
    Place(
        "eventbridge",
        ("_put_targets",),
        "events",
        "events.amazonaws.com",
        lambda asked: [target.get("RoleArn") for target in asked.get("Targets", [])],
        "ValidationException",
        "Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'.",
    ),
)


class Passing:
    """Decides about the roles that one emulator's services are handed."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        for place in PLACES:
            wrapt.register_post_import_hook(partial(self._change, place), f"ministack.services.{place.module}")

    def _change(self, place: Place, module: Any) -> None:
        for name in place.functions:
            wrapt.wrap_function_wrapper(module, name, partial(self._hand_over, place))

    def _hand_over(self, place: Place, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        for role in place.roles(args[-1]):
            if role and (answer := self._refusal(place, str(role))):
                return answer
        return original(*args, **kwargs)

    def _refusal(self, place: Place, role: str) -> Any:
        from ministack.core.responses import error_response_json

        who = caller.get()
        keys = {"iam:PassedToService": place.principal}
        what = Question(HAND_OVER, role, context(who, keys), None if who == ROOT else policy_of(role))
        decision = self._authority.may(who, what)
        if not decision.allowed:
            refused.set(sentence(who, what, decision))
            return error_response_json("AccessDeniedException", refused.get(), place.status_of_refusal)
        if not self._authority.trusts(role, place.principal):
            return error_response_json(place.code, place.words.format(role=role), 400)
        return None
