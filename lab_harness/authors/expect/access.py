"""Expectations of who may do what: a role's trust and permissions, who may invoke a function, who may read a bucket."""

import json
import re
from collections.abc import Collection
from typing import Any

from lab_harness.answers import there
from lab_harness.authors import functions
from lab_harness.authors.checks import Failure
from lab_harness.authors.expect.names import ANY, SHOWN_NAMES, value, withholding
from lab_harness.authors.expect.settings import setting
from lab_harness.authors.next_steps import change
from lab_harness.authors.policies import (
    Grant,
    Needed,
    allowed,
    excess,
    grants,
    kept_out_by,
    role_policies,
    role_statements,
    trust_statements,
    trusts,
    why_not,
)

ASSUME, INVOKE = "sts:AssumeRole", "lambda:InvokeFunction"


def trust(iam: Any, role: str, service: str) -> None:
    """A service may assume the role; Failure with the trust policy, where it may not, and with what keeps it out.

    For example:

        expect.trust(iam, ROLE, "lambda.amazonaws.com")
    """
    found = iam.get_role(RoleName=role)["Role"]
    if not trusts(found, service):
        raise Failure(
            withheld=[ASSUME],
            expected=f"a trust policy that allows {ASSUME} to {service}",
            found=f"the trust policy {json.dumps(found['AssumeRolePolicyDocument'])}",
            next_step=f"{kept_out_by(trust_statements(found), service, ASSUME)} update_assume_role_policy replaces it.",
            there=True,
        )


def permissions(iam: Any, role: str, needed: Needed, next_step: str) -> None:
    """The role allows what is needed; Failure with each action that it does not allow, on what, and why.

    `needed` are pairs of an action and the ARN of a resource. In place of an action may stand several, any of which
    will do; a message then names the first.

        needed = [(("dynamodb:PutItem", "dynamodb:UpdateItem"), table_arn), *functions.log_permissions(logs, FUNCTION)]
        expect.permissions(iam, ROLE, needed, "Section 3 lists what the function does with the role.")
    """
    statements = role_statements(iam, role)
    alternatives = [((actions,) if isinstance(actions, str) else actions, resource) for actions, resource in needed]
    missing: dict[tuple[str, str], list[str]] = {}
    withheld: set[str] = set()
    for actions, resource in alternatives:
        if not any(allowed(statements, action, resource, role) for action in actions):
            reasons = [why_not(statements, action, resource, role) for action in actions]
            place = _resource(resource), next(filter(None, reasons), "")
            missing.setdefault(place, []).append(actions[0])
            withheld.update(actions)
    if missing:
        told = [
            f"{', '.join(dict.fromkeys(actions))} on {what}" + (f", {why}" if why else "")
            for (what, why), actions in missing.items()
        ]
        carried = ", ".join(role_policies(iam, role)) or "no policies"
        raise Failure(
            expected=f"permission in {role} for all that is done with it",
            found=f"no permission for {'; '.join(told)}; the role carries {carried}",
            next_step=next_step,
            withheld=withheld,
        )


def least_privilege(iam: Any, role: str, needed: Needed = ()) -> None:
    """The role allows no more than is needed; Failure with up to five things that are too much.

    `needed` are pairs as `permissions` takes them, with all actions that a right function might use. Logs may be
    written to any log group; beside that, each action must stand by its name, with a Resource that is for none but
    those needed.

        expect.least_privilege(iam, ROLE, [(("dynamodb:PutItem", "dynamodb:UpdateItem"), table_arn)])
    """
    too_much = excess(role_statements(iam, role), needed)
    if too_much:
        raise Failure(
            expected="only the actions it needs, each on the resource it needs",
            found="; ".join(too_much[:SHOWN_NAMES]),
            next_step="Narrow it, or leave it out, in your cell that gives it; what the role carries already, "
            "list_attached_role_policies and list_role_policies show, and detach_role_policy and delete_role_policy "
            "take off.",
        )


def function_role(lambda_: Any, iam: Any, function: str, role: str) -> None:
    """The function uses the role; Failure with the two ARNs, where it uses another.

    For example:

        expect.function_role(lambda_, iam, FUNCTION, ROLE)
    """
    wanted = iam.get_role(RoleName=role)["Role"]["Arn"]
    used = lambda_.get_function_configuration(FunctionName=function)["Role"]
    with withholding(ANY):
        value("the role", wanted, used, change("Role", "create_function"))


def invocation(
    lambda_: Any,
    function: str,
    service: str,
    sources: Collection[str],
    owner: str,
    next_step: str,
    qualifier: str = "",
) -> None:
    """A service may invoke the function for each source ARN, and for nobody else's; Failure with what is permitted.

    `owner` is a text that a SourceArn must contain, such as an API's id: without it, others could invoke it, too. With
    a `qualifier` it is about this version of the function, or alias, which has a policy of its own.

        sources = [f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/prod/GET/pets"]
        expect.invocation(lambda_, FUNCTION, "apigateway.amazonaws.com", sources, api.id, "Section 6 shows it.")
    """
    qualified = {"FunctionName": function, "Qualifier": qualifier} if qualifier else {"FunctionName": function}
    arn = ":".join(filter(None, (functions.arn(lambda_, function), qualifier)))
    policy = (there(lambda_.get_policy, **qualified) or {}).get("Policy", "{}")
    given = [grant for grant in grants(policy) if grant.allows and grant.covers(service, INVOKE, arn)]
    ours = [grant for grant in given if any(owner in source for source in grant.sources)]
    others = [source.replace(owner, re.sub(r"\w+", "another", owner)) for source in sources]
    wide = [grant for grant in given if not grant.sources or any(map(grant.comes_from, others))]
    if not wide and all(any(grant.comes_from(source, service) for grant in ours) for source in sources):
        return
    permitted = [source for grant in given for source in grant.sources or ["every source"]]
    what = f" to invoke {function}:{qualifier}" if qualifier else ""
    raise Failure(
        withheld=[INVOKE],
        expected=f"a permission for {service}{what} with a SourceArn that fits {' and '.join(sources)}",
        found=f"permission for {', '.join(permitted)}" if permitted else f"no permission for {service}{what}",
        next_step=_about_sources(wide, ours) + next_step,
    )


def public(s3: Any, bucket: str, key: str, next_step: str) -> None:
    """Everyone may read an object of the bucket's, and do nothing else; Failure with what blocks it, and the policy.

    For example:

        expect.public(s3, BUCKET, "index.html", "Section 8 names what keeps a new bucket private.")
    """
    blocks = setting(s3.get_public_access_block, bucket).get("PublicAccessBlockConfiguration", {})
    blocked = [name for name in ("BlockPublicPolicy", "RestrictPublicBuckets") if blocks.get(name)]
    policy = setting(s3.get_bucket_policy, bucket).get("Policy", "{}")
    everyone = [grant for grant in grants(policy) if "*" in grant.principals and not grant.conditional]
    reading = [grant.allows for grant in everyone if grant.covers("*", "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")]
    too_much = {action.lower() for grant in everyone if grant.allows for action in grant.actions} - {"s3:getobject"}
    if blocked or too_much or not reading or not all(reading):
        raise Failure(
            withheld=["s3:GetObject"],
            expected=f"s3:GetObject on arn:aws:s3:::{bucket}/* and no more for everyone, and no block on that",
            found=f"{' and '.join(blocked) or 'no block'}; the policy {'none' if policy == '{}' else policy}",
            next_step=_what_keeps_out(bucket, blocked, sorted(too_much), reading, grants(policy)) + next_step,
        )


def _about_sources(wide: list[Grant], ours: list[Grant]) -> str:
    """The sentence that says which permission is too wide, or too narrow; "" where there is none of either kind."""
    if wide:
        return f"The one for {' and '.join(wide[0].sources) or 'every source'} lets others in, too. "
    return f"The one for {' and '.join(ours[0].sources)} does not fit all of that. " if ours else ""


def _what_keeps_out(
    bucket: str, blocked: list[str], too_much: list[str], reading: list[bool], found: list[Grant]
) -> str:
    """The sentence that says why a bucket's objects are not everyone's to read, or what else is."""
    if blocked:
        return f"{' and '.join(blocked)} overrules the policy. "
    if too_much:
        return f"Everyone may do more than read: {', '.join(too_much)}. "
    if False in reading:
        return "A Deny keeps everyone out. "
    everyone = [grant for grant in found if "*" in grant.principals]
    if not everyone:
        return 'Everyone is the Principal "*". ' if found else ""
    if any(grant.conditional for grant in everyone):
        return "A Condition is not true of everyone. "
    return f"What is read are its objects, arn:aws:s3:::{bucket}/*, by s3:GetObject. "


def _resource(arn: str) -> str:
    """What an ARN is about, in short: PetOrders, pet-orders, /aws/lambda/hello-world."""
    return arn.partition(":log-stream:")[0].rpartition(":")[2].removeprefix("table/")
