"""What several labs ask in the same words: each raises `Failure` unless it is so."""

import json
import re
from collections.abc import Collection
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.authors import functions
from lab_harness.authors.checks import Failure
from lab_harness.authors.policies import allowed, grants, role_statements, trusts, wide_actions, wide_resources

SHOWN_NAMES = 5


def names(kind: str, wanted: Collection[str], there: Collection[str], next_step: str) -> None:
    """Every wanted name is among the names that are there. `kind` is the plural: "tables"."""
    if all(name in there for name in wanted):
        return
    shown = ", ".join(sorted(there)[:SHOWN_NAMES])
    more = f" and {len(there) - SHOWN_NAMES} more" if len(there) > SHOWN_NAMES else ""
    raise Failure(
        expected=f"{kind}: {', '.join(wanted)}",
        found=f"{kind}: {shown}{more}" if there else f"no {kind}",
        next_step=next_step,
    )


def value(what: str, wanted: Any, found: Any, next_step: str) -> None:
    """A setting has the value asked for."""
    if found != wanted:
        raise Failure(expected=f"{what} {wanted}", found=f"{what} {found}", next_step=next_step)


def role(iam: Any, role: str, next_step: str) -> None:
    """A role of this name exists."""
    roles = [each["RoleName"] for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"]]
    names("roles", [role], roles, next_step)


def function(lambda_: Any, function: str, next_step: str) -> None:
    """A function of this name exists."""
    pages = lambda_.get_paginator("list_functions").paginate()
    names("functions", [function], [each["FunctionName"] for page in pages for each in page["Functions"]], next_step)


def table(dynamodb: Any, table: str, key: str, next_step: str) -> None:
    """A table of this name exists, with a key like `id (HASH, S)`; a sort key's follows after a comma."""
    pages = dynamodb.get_paginator("list_tables").paginate()
    names("tables", [table], [name for page in pages for name in page["TableNames"]], next_step)
    found = dynamodb.describe_table(TableName=table)["Table"]
    types = {each["AttributeName"]: each["AttributeType"] for each in found["AttributeDefinitions"]}
    parts = [(part["AttributeName"], part["KeyType"]) for part in found["KeySchema"]]
    keys = [f"{name} ({kind}, {types[name]})" for name, kind in parts]
    value("the key", key, ", ".join(keys), "A key cannot be changed: delete the table, create it anew.")


def trust(iam: Any, role: str, service: str) -> None:
    """A service may take on the role."""
    found = iam.get_role(RoleName=role)["Role"]
    if not trusts(found, service):
        raise Failure(
            expected=f"a trust policy that allows sts:AssumeRole to {service}",
            found=f"the trust policy {json.dumps(found['AssumeRolePolicyDocument'])}",
            next_step="Compare its Principal and Action with the trust policy that the notebook shows.",
        )


def permissions(iam: Any, role: str, needed: Collection[tuple[str, str]], next_step: str) -> None:
    """The role allows each of these (action, resource)."""
    statements = role_statements(iam, role)
    missing = [f"{action} on {resource}" for action, resource in needed if not allowed(statements, action, resource)]
    if missing:
        raise Failure(
            expected=f"permission in {role} for all that is done with it",
            found=f"no permission for {', '.join(missing)}",
            next_step=next_step,
        )


def least_privilege(iam: Any, role: str, services: Collection[str] = ()) -> None:
    """The role allows only these services and logs, no action by wildcard, Resource `*` for logs only."""
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
    """The function uses the role."""
    wanted = iam.get_role(RoleName=role)["Role"]["Arn"]
    used = lambda_.get_function_configuration(FunctionName=function)["Role"]
    value("the role", wanted, used, "update_function_configuration changes Role; compare the two ARNs.")


def answer(lambda_: Any, function: str, event: Any, error: str | None, next_step: str) -> None:
    """The function, invoked with an event, raises an error of this name; None: it answers."""
    found = functions.invoke(lambda_, function, event)
    kind = found.payload.get("errorType", "") if found.error and isinstance(found.payload, dict) else found.error
    if kind != error:
        raise Failure(
            expected=f"the error {error} from {function}" if error else f"an answer from {function}",
            found=found.described(),
            next_step=next_step,
        )


def invocation(lambda_: Any, function: str, service: str, sources: Collection[str], owner: str, next_step: str) -> None:
    """The function's policy lets a service invoke it, for each source ARN, and not without a SourceArn.

    `owner` is a text that a SourceArn must contain, such as an API's id: without it, others could invoke it, too.
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
    """By the bucket's policy everyone may read this object, and do nothing else; Block Public Access allows that."""
    blocks = _setting(s3.get_public_access_block, bucket).get("PublicAccessBlockConfiguration", {})
    blocked = [name for name in ("BlockPublicPolicy", "RestrictPublicBuckets") if blocks.get(name)]
    policy = _setting(s3.get_bucket_policy, bucket).get("Policy", "{}")
    everyone = [grant for grant in grants(policy) if "*" in grant.principals and not grant.conditional]
    reading = [grant.allows for grant in everyone if grant.covers("*", "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")]
    too_much = {action.lower() for grant in everyone if grant.allows for action in grant.actions} - {"s3:getobject"}
    if blocked or too_much or not reading or not all(reading):
        raise Failure(
            expected=f"s3:GetObject on arn:aws:s3:::{bucket}/* and no more for everyone, and no block on that",
            found=f"{' and '.join(blocked) or 'no block'}; the policy {'none' if policy == '{}' else policy}",
            next_step=next_step,
        )


def website(s3: Any, bucket: str, index: str, next_step: str) -> None:
    """The bucket is a website with this index document."""
    found = _setting(s3.get_bucket_website, bucket).get("IndexDocument", {}).get("Suffix", "none")
    value("the index document", index, found, next_step)


def _setting(read: Any, bucket: str) -> dict[str, Any]:
    """A setting of a bucket; nothing where AWS answers that there is none."""
    try:
        found: dict[str, Any] = read(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return {}
    return found
