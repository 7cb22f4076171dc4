"""Has every AWS call decided by our reading of policies, where MiniStack asks; the refusal is in AWS's words.

MiniStack's own reading knows no policy variables and no NotPrincipal, and believes a key whose signature it cannot
verify. Whose signature a call bears `access` has found out before.
"""

import json
from collections.abc import Mapping
from contextvars import ContextVar
from itertools import chain
from typing import Any

import wrapt

from lab_harness.emulators.base import REGION
from lab_harness.emulators.inside.permissions.authorization import principals, sessions, several, tagging
from lab_harness.emulators.inside.permissions.authorization.actions import SEVERAL, the_one_action
from lab_harness.emulators.inside.permissions.authorization.authority import (
    ASSUME,
    Authority,
    context,
    policy_of,
    refused,
    sentence,
    trust_of,
)
from lab_harness.emulators.inside.permissions.authorization.callers import NO_TOKEN, caller_arn, principal_of
from lab_harness.emulators.inside.permissions.authorization.decisions import Question, decide
from lab_harness.emulators.inside.permissions.authorization.foreign import NOTHING, has_foreign_members, sent
from lab_harness.emulators.inside.permissions.authorization.principals import Principal
from lab_harness.emulators.inside.permissions.authorization.request_keys import keys_of_request, one_by_one
from lab_harness.emulators.inside.permissions.authorization.targets import more_of_s3, resource_of, single_actions
from lab_harness.iam.contexts import by_service

# About the caller, where they name no user.
OF_CALLER = {f"iam:{each}AccessKey" for each in ("Create", "Delete", "Update")} | {"iam:ListAccessKeys", "iam:GetUser"}
ALWAYS_ALLOWED = {"sts:GetCallerIdentity", "sts:GetSessionToken"}
FORGED = ("SignatureDoesNotMatch", "The signature is none of a key of this account.")
AMBIGUOUS = ("ValidationException", "The request names several operations, or one parameter twice.")
FOREIGN = ("ValidationException", "The request has members of other operations than its own.")
HEADER = b"AWS4-HMAC-SHA256"  # what such a signature begins with
EC2S_WORDS = "You are not authorized to perform this operation. "

verified: ContextVar[bool] = ContextVar("verified", default=False)  # whether the call that is answered is signed
caller: ContextVar[Principal] = ContextVar("caller", default=principals.ROOT)  # who made it


def begin(signed: bool) -> None:
    """Begin to answer a request, of which it is known whether it is signed with a key that counts."""
    verified.set(signed)
    caller.set(principals.ROOT)
    sent.set(NOTHING)
    refused.set("")


class Calls:
    """Decides about the calls to one emulator."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def install(self) -> None:
        """Make MiniStack ask us. This takes effect when its modules are imported."""
        wrapt.register_post_import_hook(self._change_evaluator, "ministack.core.iam_evaluator")
        wrapt.register_post_import_hook(_change_answers, "ministack.core.iam_actions")
        wrapt.register_post_import_hook(
            lambda app: wrapt.wrap_function_wrapper(app, "pin_signed_request", _keep_for_authenticate), "ministack.app"
        )

    def _change_evaluator(self, evaluator: Any) -> None:
        for name, ours in {
            "enforce": self.enforce,
            "evaluate_resource_policy": self._by_resource_policy,
            "evaluate_trust_policy": self._by_trust_policy,
            "authenticate": lambda *_: None,  # `access` has.
            "request_caller_arn": caller_arn,  # which MiniStack finds out by reading all policies
            "pin_request_caller": lambda *_: None,  # `enforce` knows who it is.
            "caller_arn": lambda: caller.get().arn,
        }.items():
            wrapt.wrap_function_wrapper(evaluator, name, _in_place(ours))

    def enforce(
        self,
        access_key_id: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """None where the call is allowed; else why not, in MiniStack's form."""
        from ministack.core.iam_evaluator import AuthError

        if action == SEVERAL:
            return AuthError(*AMBIGUOUS)
        if not access_key_id:  # Public by nature, or an anonymous call to S3, about which S3 decides.
            return None
        who = principal_of(access_key_id) if verified.get() else AuthError(*FORGED)
        if not isinstance(who, Principal):
            return who
        caller.set(who)
        if who.policies is not None and has_foreign_members():
            return AuthError(*FOREIGN)
        if action.startswith("iam:") and who.policies is not None and not who.role and sessions.of_key(access_key_id):
            return AuthError(*NO_TOKEN)  # with a user's temporary key, which shows no MFA, IAM is not called
        if action in OF_CALLER and resource_arn == "*" and who.policies is not None:
            resource_arn = who.arn
        # About a role that is there STS asks again, with all conditions.
        free = action in ALWAYS_ALLOWED or (action == ASSUME and trust_of(resource_arn))
        return (
            None
            if free or who.policies is None
            else self._decide_all(who, action, service, resource_arn, service_context)
        )

    def _decide_all(self, who: Principal, action: str, service: str, resource: str, given: Any) -> Any:
        """What is decided about a request, on each of its resources, and about the tags of what it makes."""
        tags = tagging.action_for(action, given)
        asked = [
            *((action, each) for each in several.resources(action, resource)),
            *([(tags, resource)] if tags else []),
        ]
        decided = (self._decide(who, each, service, on, given) for each, on in asked)
        return next(filter(None, decided), None)

    def _decide(self, who: Principal, action: str, service: str, resource: str, given: Mapping[str, Any] | None) -> Any:
        from ministack.core.iam_evaluator import EvalResult

        for each in one_by_one(dict(given or {})):
            what = _question(who, action, service, resource, each)
            decision = self._authority.may(who, what)
            if not decision.allowed:
                refused.set(sentence(who, what, decision))
                return EvalResult("Deny" if decision.denies else "ImplicitDeny", principal_arn=who.arn)
        return None

    def refusal(self, action: str, resource: str) -> str:
        """AWS's sentence where whoever makes the call may not do this as well; empty where they may."""
        who = caller.get()
        if who.policies is None or not self._decide(who, action, action.partition(":")[0], resource, None):
            return ""
        return refused.get()

    def signer_may(self, key: str, action: str, resource: str) -> str:
        """AWS's sentence where whoever has signed the call with this key may not do this; empty where they may."""
        denied = self.enforce(key, action, action.partition(":")[0], REGION, resource)
        if denied is None:
            return "" if key else FORGED[1]
        return refused.get() or FORGED[1]

    def _by_resource_policy(self, document: Any, asked: Any, service: str | None = None, **_: bool) -> Any:
        """What a resource's own policy says of a service's call for another, or of somebody from outside."""
        from ministack.core.iam_evaluator import EvalResult

        who = principals.service(service) if service else principals.anybody(asked.principal_arn)
        given = asked.service_context
        by = by_service(service, given.get("aws:sourcearn")) if service else {}
        known = context(who, by | given | asked.principal_keys)
        what = Question(asked.action, asked.resource_arn, known, principals.grants(document or "{}"))
        decision = decide(who, what)
        if service and not decision.allowed:
            self._authority.refuse(who, what, decision)
        return EvalResult("Allow" if decision.allowed else "Deny" if decision.denies else "ImplicitDeny", who.arn)

    def _by_trust_policy(self, document: Any, caller_arn: str, asked: Any = None) -> bool:
        """Whether somebody may assume a role: its trust policy lets them in, and their own policies, where it asks."""
        who = caller.get()
        if who.policies is None or who.arn != caller_arn:
            who = principals.anybody(caller_arn)
        tagged = {f"aws:requesttag/{key}": value for key, value in asked.request_tags.items()} if asked else {}
        given = {**asked.service_context, **asked.principal_keys, **tagged} if asked else {}
        action, resource = (asked.action, asked.resource_arn) if asked else (ASSUME, "*")
        what = Question(action, resource, context(who, given), principals.grants(document), required=True)
        return self._authority.may(who, what).allowed


def _keep_for_authenticate(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    """Keep a request for the check of its signature, which `access` has done where that is in the header."""
    headers = args[3]
    if kwargs or not any(name == b"authorization" and value.startswith(HEADER) for name, value in headers):
        original(*args, **kwargs)


def _in_place(ours: Any) -> Any:
    return lambda _original, _instance, args, kwargs: ours(*args, **kwargs)


def _question(who: Principal, action: str, service: str, resource: str, given: Mapping[str, Any]) -> Question:
    if service == "logs" and resource.count(":") == 6:  # A group's name is followed by its streams, if by none.
        resource += ":log-stream:"
    policy = policy_of(resource)
    asking = [each for each in chain(who.policies or (), *who.limits.values(), policy or ()) if each.asks_more]
    known = context(who, given) if asking else {}
    if any("resourcetag" in str(each.condition).lower() for each in asking):
        from ministack.services.tagging import resource_tags

        tagged = (resource_tags(resource) or {}).items()
        known = {f"aws:resourcetag/{key.lower()}": value for key, value in tagged} | known
    required = action == ASSUME or (service == "kms" and policy is not None)
    return Question(action, resource, known, policy, required)


def _change_answers(iam_actions: Any) -> None:
    wrapt.wrap_function_wrapper(iam_actions, "access_denied_response", _in_awss_words)
    wrapt.wrap_function_wrapper(iam_actions, "extract_iam_action", the_one_action)
    wrapt.wrap_function_wrapper(iam_actions, "extract_resource_arn", resource_of)
    wrapt.wrap_function_wrapper(iam_actions, "dynamodb_transaction_checks", single_actions)
    wrapt.wrap_function_wrapper(iam_actions, "s3_additional_checks", more_of_s3)
    wrapt.wrap_function_wrapper(iam_actions, "request_tag_context", keys_of_request)
    wrapt.wrap_function_wrapper(iam_actions, "dynamodb_service_context", _in_place(lambda _: {}))  # `item_keys` knows.


def _in_awss_words(original: Any, _instance: Any, args: Any, kwargs: Any) -> tuple[int, dict[str, str], bytes]:
    """A refusal that names the resource and the kind of policy, with the status of the service's protocol."""
    words = refused.get()
    if kwargs.get("error_code") or not words:
        return tuple(original(*args, **kwargs))
    service, headers = args[0], kwargs.get("headers") or {}
    kwargs["message"] = EC2S_WORDS + words if service == "ec2" else words
    status, fields, body = original(*args, **kwargs)
    if service in ("ssm", "logs"):  # of which MiniStack makes the sentence itself
        body = json.dumps({**json.loads(body), "Message": words}).encode()
    by_target = "x-amz-target" in headers and service not in ("sqs", "sns", "iam", "sts")
    return 400 if by_target else status, fields, body
