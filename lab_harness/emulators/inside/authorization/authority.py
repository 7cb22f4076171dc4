"""Decides for the whole emulator, and notes what it refuses, so that nobody has to look for the reason."""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import asdict
from typing import Any

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside.authorization import principals
from lab_harness.emulators.inside.authorization.decisions import Decision, Question, decide, lets_in, looked_at
from lab_harness.emulators.inside.authorization.principals import Principal
from lab_harness.emulators.inside.probes import probing
from lab_harness.iam.contexts import by_service, common

MOST_STATEMENTS = 30  # that are noted of one refusal
ASSUME, TRUST = "sts:AssumeRole", "trust policy"
# Services that have a spelling of their own in the sentence by which they refuse.
SPELLINGS: Mapping[str, Callable[[str, str], tuple[str, str]]] = {
    "sqs": lambda action, resource: (action.lower(), resource),
    "sns": lambda action, resource: (f"SNS:{action.partition(':')[2]}", resource),
    "s3": lambda action, resource: (action, f'"{resource}"'),
}

refused: ContextVar[str] = ContextVar("refused", default="")  # AWS's sentence about the call that is being answered


def sentence(who: Principal, what: Question, decision: Decision) -> str:
    """AWS's words for a refusal."""
    plain, spelled = (what.action, what.resource), SPELLINGS.get(what.action.partition(":")[0])
    action, resource = spelled(*plain) if spelled else plain
    user = f"User: {who.arn} is not authorized to perform: {action} on resource: {resource}"
    return f"{user} {decision.because(action)}"


def context(who: Principal, keys: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a call, by conditions' keys in lower case; a key that is None is not in the call."""
    known = {"aws:principalaccount": ACCOUNT, "aws:resourceaccount": ACCOUNT, "aws:sourceip": "127.0.0.1"}
    by_account = known if who.own else {"aws:resourceaccount": ACCOUNT}
    named = {"aws:principalisawsservice": "false", "aws:viaawsservice": "false"} if who.own else {}
    given = {key.lower(): value for key, value in keys.items()}
    return {
        key: _texts(value)
        for key, value in (common() | by_account | named | dict(who.keys) | given).items()
        if value is not None
    }


def _texts(value: Any) -> Any:
    return [str(each) for each in value] if isinstance(value, list | tuple | set) else str(value)


class Authority:
    """Decides, and gives `note` the name of the resource and a description, as JSON, of each refusal."""

    def __init__(self, note: Callable[[str, str], None]) -> None:
        self._note = note

    def may(self, who: Principal, what: Question) -> Decision:
        """Decide about a call, and note a refusal."""
        decision = decide(who, what)
        if not decision.allowed:
            self.refuse(who, what, decision)
        return decision

    def refuse(self, who: Principal, what: Question, decision: Decision) -> None:
        """Note that a call is refused."""
        told = {
            "principal": who.arn,
            "role": who.role,
            "action": what.action,
            "resource": what.resource,
            "kind": decision.kind,
            "message": sentence(who, what, decision),
            "denies": _told(decision.kind, decision.denies, "denies it") if decision.denies else None,
            "statements": [_told(*each) for each in list(looked_at(who, what))[:MOST_STATEMENTS]],
            "probe": probing.get(),
        }
        self._note(what.resource, json.dumps(told, default=str))

    def service_may(self, service: str, action: str, resource: str, source: str | None, **keys: str) -> bool:
        """Whether a resource's own policy lets a service do this for a source, such as a rule, by the ARN of that."""
        who = principals.service(service)
        known = context(who, by_service(service, source) | keys)
        return self.may(who, Question(action, resource, known, policy_of(resource))).allowed

    def role_may(self, role: str, by: str, action: str, resource: str, note: bool = True) -> str:
        """AWS's sentence where a service may not do this with a role; empty where it may.

        `by` is the service, and the name of its session: "states.amazonaws.com/adoption". It must be trusted, too.
        """
        service, _, name = by.partition("/")
        if not self.trusts(role, service, note):
            return f"{service} is not authorized to assume the role {role or '(none is given)'}"
        who = principals.session(role, name)
        what = Question(action, resource, context(who, {}), policy_of(resource))
        decision = self.may(who, what) if note else decide(who, what)
        return "" if decision.allowed else sentence(who, what, decision)

    def trusts(self, role: str, service: str, note: bool = True) -> bool:
        """Whether a role's trust policy lets a service assume it; else that is noted."""
        who = principals.service(service)
        what = Question(ASSUME, role, context(who, by_service(service, None)), trust_of(role), required=True)
        trusted = lets_in(who, what)
        if note and not trusted:
            self.refuse(who, what, Decision(False, TRUST))
        return trusted


def _told(kind: str, statement: Any, why: str) -> dict[str, Any]:
    about = {key: value for key, value in asdict(statement).items() if value and key not in ("allows", "services")}
    return {"kind": kind, "effect": "Allow" if statement.allows else "Deny", "why": why, **about}


def policy_of(resource: str) -> Any:
    """The statements of a resource's own policy, by its ARN; None where it has none."""
    from ministack.core.iam_evaluator import _resource_policy

    parts = resource.split(":")
    found = _resource_policy(parts[2], resource) if len(parts) > 5 else None
    return None if found is None else principals.grants(found[0] or "{}")


def trust_of(role: str) -> Any:
    """The statements of a role's trust policy."""
    from ministack.services import iam

    found = iam._roles.get(role.rpartition("/")[2]) or {}
    return principals.grants(found.get("AssumeRolePolicyDocument") or "{}")


def arn(service: str, resource: str) -> str:
    """The ARN of something in the account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
