"""Decides for the whole emulator, and notes what it refuses, so that nobody has to look for the reason."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict
from typing import Any

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions import asking
from lab_harness.emulators.inside.permissions.authorization import principals, sources
from lab_harness.emulators.inside.permissions.authorization.decisions import (
    Decision,
    Question,
    decide,
    lets_in,
    looked_at,
)
from lab_harness.emulators.inside.permissions.authorization.principals import Principal
from lab_harness.emulators.inside.permissions.authorization.request_keys import all_of
from lab_harness.emulators.inside.records.probes import probing
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
    given = {key.lower(): value for key, value in all_of(keys).items()}
    times = {"aws:currenttime": clock.today().isoformat(), "aws:epochtime": str(clock.now())}
    return {
        key: _texts(value)
        for key, value in (common() | times | by_account | named | dict(who.keys) | given).items()
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
        message = sentence(who, what, decision)
        told = {
            "principal": who.arn,
            "role": who.role,
            "action": what.action,
            "resource": what.resource,
            "kind": decision.kind,
            "message": message,
            "denies": _told(decision.kind, decision.denies, "denies it") if decision.denies else None,
            "statements": [_told(*each) for each in list(looked_at(who, what))[:MOST_STATEMENTS]],
            "probe": probing.get(),
        }
        self._note(what.resource, json.dumps(told, default=str))
        asking.note(what.resource, message)

    def service_may(self, service: str, action: str, resource: str, source: str | None, **keys: str) -> bool:
        """Whether a resource's own policy lets a service do this for a source, such as a rule, by the ARN of that."""
        who = principals.service(service)
        known = context(who, by_service(service, source) | keys)
        return self.may(who, Question(action, resource, known, policy_of(resource))).allowed

    def anybody_may(self, action: str, resource: str) -> str:
        """AWS's sentence where a resource's own policy does not let everybody do this; empty where it does."""
        who = principals.anybody("anonymous")
        what = Question(action, resource, context(who, {}), policy_of(resource))
        decision = self.may(who, what)
        return "" if decision.allowed else sentence(who, what, decision)

    def role_may(
        self, role: str, by: str, action: str, resource: str, note: bool = True, keys: Mapping[str, Any] | None = None
    ) -> str:
        """AWS's sentence where a service may not do this with a role; empty where it may.

        `by` is the service, and the name of its session: "states.amazonaws.com/adoption". It must be trusted, too.
        """
        refused = self.refused_of(role, by, [action], resource, note, keys)
        return refused[1] if refused else ""

    def refused_of(
        self,
        role: str,
        by: str,
        actions: Sequence[str],
        resource: str,
        note: bool = True,
        keys: Mapping[str, Any] | None = None,
    ) -> tuple[str, str] | None:
        """The first of these actions that a service may not do with a role, and AWS's sentence; None if it may all."""
        service, _, name = by.partition("/")
        if actions and not self.trusts(role, service, note, sources.of_session(service, name)):
            return actions[0], f"{service} is not authorized to assume the role {role or '(none is given)'}"
        who, policy = principals.session(role, name), policy_of(resource)
        known = context(who, keys or {})
        for what in (Question(action, resource, known, policy) for action in actions):
            decision = self.may(who, what) if note else decide(who, what)
            if not decision.allowed:
                return what.action, sentence(who, what, decision)
        return None

    def trusts(self, role: str, service: str, note: bool = True, source: str | None = None) -> bool:
        """Whether a role's trust policy lets a service assume it, for a source by its ARN; else that is noted."""
        who = principals.service(service)
        what = Question(ASSUME, role, context(who, by_service(service, source)), trust_of(role), required=True)
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
    if len(parts) > 5 and (parts[2], parts[5].partition("/")[0]) == ("events", "event-bus"):
        return _policy_of_bus(parts[5].partition("/")[2])
    found = _resource_policy(parts[2], resource) if len(parts) > 5 else None
    return None if found is None else principals.grants(found[0] or "{}")


def _policy_of_bus(name: str) -> Any:
    """An event bus' own policy, which MiniStack keeps and reads nowhere."""
    from ministack.services import eventbridge

    found = eventbridge._event_bus_policies.get(name)
    return None if found is None else principals.grants(found)


def trust_of(role: str) -> Any:
    """The statements of a role's trust policy."""
    from ministack.services import iam

    found = iam._roles.get(role.rpartition("/")[2]) or {}
    return principals.grants(found.get("AssumeRolePolicyDocument") or "{}")


def arn(service: str, resource: str) -> str:
    """The ARN of something in the account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
