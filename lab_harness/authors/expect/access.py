"""Expectations of who may do what: a role's trust and permissions, who may invoke a function, who may read a bucket."""

import json
import re
from collections.abc import Collection
from typing import Any

from lab_harness.authors.checks import Failure
from lab_harness.authors.expect.names import SHOWN_NAMES, value
from lab_harness.authors.expect.settings import setting
from lab_harness.authors.next_steps import change
from lab_harness.authors.policies import allowed, grants, role_statements, trusts, wide_actions, wide_resources

Actions = str | tuple[str, ...]


def trust(iam: Any, role: str, service: str) -> None:
    """A service may assume the role; Failure with the trust policy, where it may not.

    For example:

        expect.trust(iam, ROLE, "lambda.amazonaws.com")
    """
    found = iam.get_role(RoleName=role)["Role"]
    if not trusts(found, service):
        raise Failure(
            expected=f"a trust policy that allows sts:AssumeRole to {service}",
            found=f"the trust policy {json.dumps(found['AssumeRolePolicyDocument'])}",
            next_step="Compare its Principal and Action with the trust policy that the notebook shows.",
            there=True,
        )


def permissions(iam: Any, role: str, needed: Collection[tuple[Actions, str]], next_step: str) -> None:
    """The role allows what is needed; Failure with each action that it does not allow, and on what.

    `needed` are pairs of an action and the ARN of a resource. In place of an action may stand several, any of which
    will do; a message then names the first.

        needed = [(("dynamodb:PutItem", "dynamodb:UpdateItem"), table_arn)]
        needed += [("logs:PutLogEvents", functions.log_group_arn(FUNCTION))]
        expect.permissions(iam, ROLE, needed, "Section 3 lists what the function does with the role.")
    """
    statements = role_statements(iam, role)
    alternatives = [((actions,) if isinstance(actions, str) else actions, resource) for actions, resource in needed]
    missing = [
        f"{actions[0]} on {_resource(resource)}"
        for actions, resource in alternatives
        if not any(allowed(statements, action, resource) for action in actions)
    ]
    if missing:
        raise Failure(
            expected=f"permission in {role} for all that is done with it",
            found=f"no permission for {', '.join(missing)}",
            next_step=next_step,
        )


def least_privilege(iam: Any, role: str, services: Collection[str] = ()) -> None:
    """The role allows no more than it needs; Failure with up to five things that are too much.

    That is: actions of these services and of logs alone, none by wildcard, and Resource `*` for logs only.

        expect.least_privilege(iam, ROLE, ["sqs", "dynamodb"])
    """
    statements = role_statements(iam, role)
    actions = [action for statement in statements if statement.allows for action in statement.actions]
    used = {action.split(":")[0].lower() for action in actions}
    others = sorted(used - {"logs", "*", *services})
    too_much = wide_actions(statements) + wide_resources(statements, [*services, *others])
    too_much += [f"actions of {service}" for service in others]
    if too_much:
        raise Failure(
            expected="only the actions it needs, each on the resource it needs",
            found="; ".join(too_much[:SHOWN_NAMES]),
            next_step="Find it with list_attached_role_policies or list_role_policies; narrow it or take it off.",
        )


def function_role(lambda_: Any, iam: Any, function: str, role: str) -> None:
    """The function uses the role; Failure with the two ARNs, where it uses another.

    For example:

        expect.function_role(lambda_, iam, FUNCTION, ROLE)
    """
    wanted = iam.get_role(RoleName=role)["Role"]["Arn"]
    used = lambda_.get_function_configuration(FunctionName=function)["Role"]
    value("the role", wanted, used, change("Role", "create_function"))


def invocation(lambda_: Any, function: str, service: str, sources: Collection[str], owner: str, next_step: str) -> None:
    """A service may invoke the function for each source ARN, and for nobody else's; Failure with what is permitted.

    `owner` is a text that a SourceArn must contain, such as an API's id: without it, others could invoke it, too.

        sources = [f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/prod/GET/pets"]
        expect.invocation(lambda_, FUNCTION, "apigateway.amazonaws.com", sources, api.id, "Section 6 shows it.")
    """
    arn = lambda_.get_function_configuration(FunctionName=function)["FunctionArn"]
    try:
        policy = lambda_.get_policy(FunctionName=function)["Policy"]
    except lambda_.exceptions.ResourceNotFoundException:
        policy = "{}"
    given = [grant for grant in grants(policy) if grant.allows and grant.covers(service, "lambda:InvokeFunction", arn)]
    ours = [grant for grant in given if any(owner in source for source in grant.sources)]
    others = [source.replace(owner, re.sub(r"\w+", "another", owner)) for source in sources]
    wide = [grant for grant in given if not grant.sources or any(map(grant.comes_from, others))]
    if not wide and all(any(grant.comes_from(source) for grant in ours) for source in sources):
        return
    permitted = [source for grant in given for source in grant.sources or ["every source"]]
    raise Failure(
        expected=f"a permission for {service} with a SourceArn that fits {' and '.join(sources)}",
        found=f"permission for {', '.join(permitted)}" if permitted else f"no permission for {service}",
        next_step=next_step,
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
            expected=f"s3:GetObject on arn:aws:s3:::{bucket}/* and no more for everyone, and no block on that",
            found=f"{' and '.join(blocked) or 'no block'}; the policy {'none' if policy == '{}' else policy}",
            next_step=next_step,
        )


def _resource(arn: str) -> str:
    """What an ARN is about, in short: PetOrders, pet-orders, /aws/lambda/hello-world."""
    return arn.removesuffix(":*").rpartition(":")[2].removeprefix("table/")
