"""Whether a principal may do something, as IAM decides within one account.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html (2026): a deny wins; else
an identity's policies must allow it within its limits, or the resource's own policy names the principal. What only
limits forbid may be allowed by a resource's policy that names the user or the session itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lab_harness.emulators.inside.permissions.authorization.principals import OF_ACCOUNT, Principal
from lab_harness.iam.conditions import Context
from lab_harness.iam.statements import Grant, Statement

IDENTITY, RESOURCE = "identity-based policy", "resource-based policy"  # in AWS's words
AN = {IDENTITY: f"an {IDENTITY}"}


@dataclass(frozen=True)
class Question:
    """What somebody wants to do. The resource's policy is None where such a resource has none.

    `required`: its policy must allow it as well, as that of a key or of a role.
    """

    action: str
    resource: str
    context: Context
    policy: Sequence[Grant] | None = None
    required: bool = False


@dataclass(frozen=True)
class Decision:
    """Whether it is allowed. If not: in what `kind` of policy there is nothing that allows it, or what `denies` it."""

    allowed: bool
    kind: str = ""
    denies: Statement | None = None

    def because(self, action: str) -> str:
        """The end of AWS's sentence."""
        if self.denies:
            return f"with an explicit deny in {AN.get(self.kind, f'a {self.kind}')}"
        return f"because no {self.kind} allows the {action} action"


ALLOWED = Decision(True)


def decide(who: Principal, what: Question) -> Decision:
    """Decide about one action on one resource."""
    if who.policies is None:
        return ALLOWED
    ours = [each for each in what.policy or () if _means(each, who)]
    layers: dict[str, Iterable[Statement]] = {IDENTITY: who.policies, **who.limits, RESOURCE: ours}
    for kind, statements in layers.items():
        for each in statements:
            if not each.allows and _applies(each, what):
                return Decision(False, kind, each)
    given = [each for each in ours if each.allows and _applies(each, what)]
    if any(who.own in each.principals for each in given if who.own):
        return ALLOWED
    by_identity = _allow(who.policies, what) and (bool(given) or not what.required)
    by_resource = any(_names(each, who) for each in given)
    if not (by_identity or by_resource):
        missing = RESOURCE if not who.own or (what.required and not given) else IDENTITY
        return Decision(False, missing)
    unmet = next((kind for kind, statements in who.limits.items() if not _allow(statements, what)), None)
    return Decision(False, unmet) if unmet else ALLOWED


def _allow(statements: Iterable[Statement], what: Question) -> bool:
    return any(each.allows and _applies(each, what) for each in statements)


def _applies(statement: Statement, what: Question) -> bool:
    about = statement.is_about(what.action, what.resource, what.context)
    return about and statement.applies(what.context) is True


def _means(grant: Grant, who: Principal) -> bool:
    """Whether a statement of a resource's policy is about this principal, if only by its account."""
    by_account = bool(who.own) and not OF_ACCOUNT.isdisjoint(grant.principals)
    return _names(grant, who) or (by_account and not grant.other_principals)


def _names(grant: Grant, who: Principal) -> bool:
    """Whether a statement names this principal itself, or everybody.

    NotPrincipal in a Deny spares only whom it names with its account, and a session only with its role as well.
    """
    others = set(grant.other_principals)
    if not others:
        return "*" in grant.principals or not who.names.isdisjoint(grant.principals)
    if grant.allows:
        return who.names.isdisjoint(others)
    return not (who.names <= others and (not who.own or not OF_ACCOUNT.isdisjoint(others)))


def lets_in(who: Principal, what: Question) -> bool:
    """Whether a role's trust policy lets a principal assume it, if only by its account."""
    about = [each for each in what.policy or () if _means(each, who) and _applies(each, what)]
    return bool(about) and all(each.allows for each in about)


def looked_at(who: Principal, what: Question) -> Iterator[tuple[str, Statement, str]]:
    """The statements that were looked at: in what kind of policy each stands, and why it does not allow the action."""
    layers = {IDENTITY: who.policies or (), **who.limits, RESOURCE: what.policy or ()}
    for kind, statements in layers.items():
        for each in statements:
            yield kind, each, _why_not(each, who, what)


def _why_not(statement: Statement, who: Principal, what: Question) -> str:
    if isinstance(statement, Grant) and not _means(statement, who):
        return "is for another principal"
    if not statement.names_action(what.action):
        return "is about other actions"
    if not statement.names_resource(what.resource, what.context):
        return "is about other resources"
    if statement.applies(what.context) is not True:
        return "has a condition that does not hold"
    return "allows it" if statement.allows else "denies it"
