"""Refuses to hand a role to a service where the caller may not pass it on, or the role does not trust the service.

AWS checks the first as a function, a state machine, a schedule, a target, an integration, a pipe or a stream is made,
and the second for most of them; MiniStack checks neither.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html (2026)
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.permissions.authorization import sources
from lab_harness.emulators.inside.permissions.authorization.authority import (
    Authority,
    context,
    policy_of,
    refused,
    sentence,
)
from lab_harness.emulators.inside.permissions.authorization.calls import caller
from lab_harness.emulators.inside.permissions.authorization.decisions import Question
from lab_harness.emulators.inside.permissions.authorization.principals import ROOT

HAND_OVER = "iam:PassRole"


class Place(NamedTuple):
    """Where a service is handed roles: MiniStack's functions, and AWS's answer where a role does not trust it.

    Without a `code` it does not matter then whether the role trusts it, but when the service uses the role.
    """

    module: str
    functions: tuple[str, ...]
    principal: str
    roles: Callable[[dict[str, Any]], Iterable[str | None]]
    code: str = ""
    words: str = ""
    status_of_refusal: int = 400
    by_query: str = ""  # the service's name, where it speaks XML


def _of_integrations(asked: Mapping[str, Any]) -> Iterable[str | None]:
    """What API Gateway is given, for an integration or its logs; not the caller's own credentials, `…:user/*`."""
    changes = {each.get("path"): each.get("value") for each in asked.get("patchOperations") or []}
    names = ("credentials", "credentialsArn", "authorizerCredentials", "authorizerCredentialsArn", "cloudwatchRoleArn")
    given = [asked.get(name) or changes.get(f"/{name}") for name in names]
    return [each for each in given if each and ":role/" in each]


def _of_streams(asked: Mapping[str, Any]) -> Iterable[str | None]:
    """The roles of a Firehose stream's source and destination."""
    return [each.get("RoleARN") for each in asked.values() if isinstance(each, dict)]


def _of_identities(asked: Mapping[str, Any]) -> Iterable[str | None]:
    rules = [each.get("RulesConfiguration") or {} for each in (asked.get("RoleMappings") or {}).values()]
    chosen = [rule.get("RoleARN") for each in rules for rule in each.get("Rules") or []]
    return [*(asked.get("Roles") or {}).values(), *chosen]


def _named(asked: Mapping[str, Any], name: str) -> Iterable[str | None]:
    """What a form names."""
    return [*asked.get(name, [])]


def _of_profile(asked: Mapping[str, Any]) -> Iterable[str | None]:
    return [_arn_of(str(name)) for name in _named(asked, "RoleName")]


def _of_instance(asked: Mapping[str, Any]) -> Iterable[str | None]:
    """The roles in the profile that an instance begins with."""
    from ministack.services import iam

    by_name, by_arn = (_named(asked, f"IamInstanceProfile.{kind}") for kind in ("Name", "Arn"))
    profiles = [str(each).rpartition("/")[2] for each in (*by_name, *by_arn)]
    return [_arn_of(role) for each in profiles for role in (iam._instance_profiles.get(each) or {}).get("Roles", [])]


def _arn_of(role: str) -> str:
    from ministack.services import iam

    return str((iam._roles.get(role) or {}).get("Arn") or f"arn:aws:iam::{ACCOUNT}:role/{role}")


PLACES = (
    Place(
        "lambda_svc",
        ("_create_function", "_update_config"),
        "lambda.amazonaws.com",
        lambda asked: [asked.get("Role")],
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
        403,
    ),
    Place(
        "stepfunctions",
        ("_create_state_machine", "_update_state_machine", "_test_state"),
        "states.amazonaws.com",
        lambda asked: [asked.get("roleArn")],
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    ),
    Place(
        "scheduler",
        ("_create_schedule", "_update_schedule"),
        "scheduler.amazonaws.com",
        lambda asked: [(asked.get("Target") or {}).get("RoleArn")],
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        403,
    ),
    Place(
        "eventbridge",
        ("_put_targets",),
        "events.amazonaws.com",
        lambda asked: [target.get("RoleArn") for target in asked.get("Targets", [])],
        "ValidationException",
        "Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'.",
    ),
    Place(
        "pipes",
        ("_create_pipe", "_update_pipe"),
        "pipes.amazonaws.com",
        lambda asked: [asked.get("RoleArn")],
        "ValidationException",
        "Provided role '{role}' cannot be assumed by principal 'pipes.amazonaws.com'.",
        403,
    ),
    Place(
        "firehose",
        ("_create_delivery_stream", "_update_destination"),
        "firehose.amazonaws.com",
        _of_streams,
        "InvalidArgumentException",
        "Firehose is unable to assume role {role}. Please check the role provided.",
    ),
    *(
        Place(module, functions, "apigateway.amazonaws.com", _of_integrations, status_of_refusal=403)
        for module, functions in (
            ("apigateway_v1", ("_put_integration", "_update_integration", "_create_authorizer", "_update_authorizer")),
            ("apigateway_v1", ("_update_account",)),
            ("apigateway", ("_create_integration", "_update_integration", "_create_authorizer", "_update_authorizer")),
        )
    ),
    Place(
        "cognito",
        ("_set_identity_pool_roles",),
        "cognito-identity.amazonaws.com",
        _of_identities,
    ),
    Place("cognito", ("_create_group",), "cognito-idp.amazonaws.com", lambda asked: [asked.get("RoleArn")]),
    Place(
        "cloudwatch_logs",
        ("_put_subscription_filter", "_put_destination"),
        "logs.amazonaws.com",
        lambda asked: [asked.get("roleArn")],
    ),
    Place("iam", ("_add_role_to_instance_profile",), "ec2.amazonaws.com", _of_profile, by_query="iam"),
    Place("ec2", ("_run_instances",), "ec2.amazonaws.com", _of_instance, by_query="ec2"),
    Place(
        "cloudformation.handlers",
        ("_create_stack", "_update_stack", "_delete_stack", "_create_change_set"),
        "cloudformation.amazonaws.com",
        lambda asked: _named(asked, "RoleARN"),
        "ValidationError",
        "Role {role} is invalid or cannot be assumed",
        by_query="cloudformation",
    ),
)


class Passing:
    """Decides about the roles that one emulator's services are handed."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        for place in PLACES:
            refuse({place.module: dict.fromkeys(place.functions, partial(self._hand_over, place))})

    def _hand_over(self, place: Place, *args: Any, **_: Any) -> Any:
        """The first refusal of a role that the last of these, a request's members, names."""
        source = sources.of_request(place.principal, args) if place.code and not place.by_query else None
        answers = (self._refusal(place, str(role), source) for role in place.roles(args[-1]) if role)
        return next(filter(None, answers), None)

    def _refusal(self, place: Place, role: str, source: str | None) -> Any:
        who = caller.get()
        keys = {"iam:PassedToService": place.principal}
        what = Question(HAND_OVER, role, context(who, keys), None if who == ROOT else policy_of(role))
        decision = self._authority.may(who, what)
        if not decision.allowed:
            refused.set(sentence(who, what, decision))
            return _answer(place, "AccessDeniedException", refused.get(), place.status_of_refusal)
        if place.code and not self._authority.trusts(role, place.principal, source=source):
            return _answer(place, place.code, place.words.format(role=role))
        return None


def _answer(place: Place, code: str, words: str, status: int = 400) -> Any:
    from ministack.core.iam_actions import access_denied_response
    from ministack.core.responses import error_response_json, new_uuid

    if not place.by_query:
        return error_response_json(code, words, status)
    code = code if code == place.code else ""  # each of these services has a code of its own for a refusal
    _, *answer = access_denied_response(place.by_query, HAND_OVER, "", new_uuid(), error_code=code, message=words)
    return 400 if code else 403, *answer
