"""What policies say, a role's and a resource's own, read as IAM reads them.

A check reads the policies as well as trying an action: it says what is missing, and LocalStack enforces nothing.
"""

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from lab_harness.answers import pages, there
from lab_harness.authors.words import nearly, nearly_action
from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.iam.conditions import like
from lab_harness.iam.contexts import of_role, of_service
from lab_harness.iam.statements import Grant, Statement, read_grants, read_statements, verdict

__all__ = [
    "Grant",
    "Statement",
    "allowed",
    "arn",
    "excess",
    "grants",
    "kept_out_by",
    "open_actions",
    "permits",
    "role_policies",
    "role_statements",
    "trust_statements",
    "trusts",
    "why_not",
]

LOG_ACTIONS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")  # of AWSLambdaBasicExecutionRole

Actions = str | tuple[str, ...]
Needed = Collection[tuple[Actions, str]]  # an action, or several of which any will do, and the ARN of a resource


def arn(service: str, resource: str) -> str:
    """The ARN of something in the learner's account, there or not.

    For example:

        TABLE_ARN = policies.arn("dynamodb", f"table/{TABLE}")
    """
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def role_statements(iam: Any, role: str) -> list[Statement]:
    """All statements of the policies that a role carries, inline and attached.

    For example:

        statements = policies.role_statements(iam, ROLE)
    """
    found = []
    for name in pages(iam, "list_role_policies", "PolicyNames", RoleName=role):
        found += read_statements(name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for policy in pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
        found += read_statements(policy["PolicyName"], _attached(iam, policy["PolicyArn"]))
    return found


def role_policies(iam: Any, role: str) -> list[str]:
    """The policies that a role carries, as evidence for `Failure.found`: inline ones by name, attached ones by ARN.

    For example:

        found = f"the role carries {', '.join(policies.role_policies(iam, ROLE)) or 'no policy'}"
    """
    found = [f"the inline policy {name}" for name in pages(iam, "list_role_policies", "PolicyNames", RoleName=role)]
    for policy in pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
        missing = there(iam.get_policy, PolicyArn=policy["PolicyArn"]) is None
        found.append(policy["PolicyArn"] + (", which does not exist" if missing else ""))
    return found


def grants(policy: str) -> list[Grant]:
    """The statements of a resource's policy, such as a function's or a bucket's, from its JSON text.

    For example:

        given = [grant for grant in policies.grants(policy) if grant.covers("*", "s3:GetObject", object_arn)]
    """
    try:
        return read_grants(json.loads(policy))
    except (ValueError, RecursionError):
        return []  # MiniStack takes any text for a policy; AWS would have refused.


def allowed(statements: Iterable[Statement], action: str, resource: str, role: str = "") -> bool:
    """Whether the statements allow an action on a resource; an explicit deny wins.

    Conditions are read as of a call that is made with the role. One that only the call itself can tell neither takes
    an Allow away nor makes a Deny.

        if not policies.allowed(policies.role_statements(iam, ROLE), "sns:Publish", topic_arn): ...
    """
    return verdict([each for each in statements if each.is_about(action, resource)], of_role(role))


def why_not(statements: Iterable[Statement], action: str, resource: str, role: str = "") -> str:
    """Why statements do not allow an action on a resource, as evidence; "" where they have no action that is like it.

    For example:

        reason = policies.why_not(statements, "sns:Publish", topic_arn)
    """
    about = [each for each in statements if each.names_action(action)]
    given = [each for each in about if each.allows]
    here = [each for each in given if each.is_about(action, resource)]
    denying = [each for each in about if not each.allows and each.is_about(action, resource)]
    if denied := [each.policy for each in denying if each.applies(of_role(role))]:
        return f"which {denied[0]} denies"
    if here:
        return f"which {here[0].policy} allows on a condition that does not hold: {json.dumps(here[0].condition)}"
    patterns = [pattern for each in given for pattern in each.resources]
    near = nearly_action(action, [name for each in statements if each.allows for name in each.actions])
    only = f"which {given[0].policy} allows on {', '.join(patterns)} only" if patterns else ""
    return only or (near and f"where a policy has {near}, which is nearly that: compare them letter by letter")


def permits(policy: str, service: str, action: str, resource: str, source: str) -> bool:
    """Whether a resource's policy lets a service do this for a source, such as a rule, by the ARN of that.

    Its conditions may ask for that ARN, or for the account in it. Raises no Failure.

        policies.permits(policy, "events.amazonaws.com", "sns:Publish", topics.arn(sns, TOPIC), rule_arn)
    """
    relevant = [grant for grant in grants(policy) if grant.covers(service, action, resource)]
    return verdict(relevant, of_service(service, source))


def open_actions(policy: str) -> list[str]:
    """The actions that a resource's policy allows to everybody, on no condition.

    For example:

        too_much = policies.open_actions(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    """
    wide = [grant for grant in grants(policy) if grant.allows and "*" in grant.principals and not grant.conditional]
    return [action for grant in wide for action in grant.actions]


def excess(statements: Iterable[Statement], needed: Needed) -> list[str]:
    """What statements allow beyond what is needed and logs, each with the policy that allows it.

    That is: other actions, actions with a wildcard, and resources that are none of those needed, or that fit others,
    too. For logs any resource will do, as in AWS's own policy.

        too_much = policies.excess(policies.role_statements(iam, ROLE), [("sqs:SendMessage", queue_arn)])
    """
    listed = [(actions,) if isinstance(actions, str) else actions for actions, _ in needed]
    wanted = {action.lower() for actions in (*listed, LOG_ACTIONS) for action in actions}
    arns, found = [arn for _, arn in needed], []
    for each in (statement for statement in statements if statement.allows):
        others = [action for action in each.actions if action.lower() not in wanted]
        found += [_too_much(action, each.policy, wanted) for action in others]
        if named := [action for action in each.actions if not _is_wide(action) and action[:5].lower() != "logs:"]:
            used = any(action.lower() in wanted for action in named)
            wide = [pattern for pattern in each.resources if pattern == "*" or (used and not _is_narrow(pattern, arns))]
            found += [f'Resource "{pattern}" for {", ".join(named)} in {each.policy}' for pattern in wide]
    return list(dict.fromkeys(found))


def trust_statements(role: dict[str, Any]) -> list[Grant]:
    """The statements of a role's trust policy, by what get_role tells of the role.

    For example:

        named = [name for grant in policies.trust_statements(role) for name in grant.principals]
    """
    return read_grants(role["AssumeRolePolicyDocument"])


def trusts(role: dict[str, Any], service: str) -> bool:
    """Whether a role's trust policy lets a service, such as lambda.amazonaws.com, assume it.

    For example:

        if not policies.trusts(iam.get_role(RoleName=ROLE)["Role"], "events.amazonaws.com"): ...
    """
    about = [grant for grant in trust_statements(role) if grant.covers(service, "sts:AssumeRole", "*")]
    return verdict([each for each in about if not each.allows or service in each.services], of_service(service))


def kept_out_by(statements: Collection[Grant], service: str, action: str, resource: str = "*") -> str:
    """The sentence that says what in a resource's policy, or in a trust policy, keeps a service out.

    For example:

        next_step = policies.kept_out_by(policies.grants(policy), "events.amazonaws.com", "sns:Publish", topic_arn)
    """
    open_to = [each for each in statements if each.allows and service in each.services]
    named = [name for each in statements if each.allows for name in each.principals]
    acting = [each for each in open_to if each.names_action(action)]
    if any(each.is_about(action, resource) for each in acting):
        denying = [each for each in statements if not each.allows and each.covers(service, action, resource)]
        condition = next((each.condition for each in denying or acting if each.condition), None)
        what = "A Deny" if denying else "A Condition"
        return f"{what} keeps {service} out" + (f": {json.dumps(condition)}." if condition else ".")
    if acting:
        return f"Its Resource is {' and '.join(acting[0].resources)}; this is about {resource}."
    if open_to:
        return f"Its Action is {' and '.join(open_to[0].actions) or 'missing'}; the one that counts is {action}."
    if service in named:
        return f'A service is a Principal of the form {{"Service": "{service}"}}.'
    if near := nearly(service, named):
        return f"Its Principal is {near}, which is nearly {service}: compare them letter by letter."
    nothing = not any(each.allows for each in statements)
    told = f"Its Principal is {' and '.join(named) or 'missing'}; this is for {service}."
    return "No statement of it has the Effect Allow." if nothing else told


def _attached(iam: Any, arn: str) -> Any:
    """The document of a managed policy; None where there is none: an emulator may attach what does not exist."""
    if (policy := there(iam.get_policy, PolicyArn=arn)) is None:
        return None
    version = policy["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _too_much(action: str, policy: str, wanted: Collection[str]) -> str:
    """What is told of an action that is not needed: of a service that is not used, only the service."""
    service = action.lower().partition(":")[0]
    used = any(each.startswith(f"{service}:") for each in wanted)
    return f"{action} in {policy}" if used or _is_wide(action) else f"actions of {service}"


def _is_wide(action: str) -> bool:
    return "*" in action or "?" in action


def _is_narrow(pattern: str, arns: Iterable[str]) -> bool:
    """Whether a resource's pattern fits one of these ARNs, or only what is in it, and nothing beside that."""
    return pattern.startswith("arn:aws:logs:") or any(_is_only_for(pattern, arn) for arn in arns)


def _is_only_for(pattern: str, arn: str) -> bool:
    """Whether a pattern fits an ARN, or what is in it, and nothing beside it; of a bucket needed are its objects."""
    whole, objects, _ = arn.partition("/*")
    inside = "/a/key" if objects else ""
    beside = (f"{whole}-2{inside}", re.sub(r"[^:/]+$", "another", whole) + inside)
    if any(like(pattern, each) for each in beside):
        return False
    within = (inside,) if objects else ("", "/index/by-name", ":1", ":live")
    begins_inside = objects != "" and pattern.startswith(f"{whole}/")
    return begins_inside or any(like(pattern, f"{whole}{each}") for each in within)
