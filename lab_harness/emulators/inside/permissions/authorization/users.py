"""Users as IAM knows them: who names no user means the caller, and a namesake gets nothing of who was there before.

A policy names a user or a role by its ARN; IAM keeps the unique id, and shows that once who is meant is deleted. A user
is deleted without keys, policies and groups only.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html (2026). MiniStack makes keys of a user
"default", deletes anybody's key under any user's name, and leaves a namesake the policies and the groups.
"""

import json
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from functools import partial
from typing import Any

import wrapt

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.permissions.authorization.calls import caller

OWN = ("_create_access_key", "_delete_access_key", "_update_access_key", "_list_access_keys", "_get_user")
MOST_KEYS = 2  # of a user
NO_USER = "Must specify userName when calling with non-User credentials"
LEFT = {
    "policies": "Cannot delete entity, must delete policies first.",
    "groups": "Cannot delete entity, must remove users from group first.",
}


def install() -> None:
    """Change MiniStack. This takes effect when it imports IAM and CloudFormation."""
    hooks.change({"iam": {"_delete_user": _with_names_replaced, "_delete_role": _with_names_replaced}})
    refuse({"iam": {"_create_access_key": _one_too_many, "_delete_access_key": _of_another, "_delete_user": _in_use}})
    hooks.change({"iam": {name: partial(_for_the_caller, name) for name in OWN}})
    wrapt.register_post_import_hook(_change_stacks, "ministack.services.cloudformation.provisioners")


def _change_stacks(provisioners: Any) -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]
    handler["delete"] = wrapt.FunctionWrapper(handler["delete"], _with_names_replaced)


def _for_the_caller(name: str, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What is asked about no user is about who asks; the account itself has no keys here."""
    from ministack.services import iam

    (params,) = args
    who = caller.get()
    if iam._p(params, "UserName") or (who.policies is None and name != "_create_access_key"):
        return original(*args, **kwargs)
    user = who.keys.get("aws:username")
    if not user:
        return iam._error(400, "ValidationError", NO_USER, ns="iam")
    return original({**params, "UserName": user}, **kwargs)


def _one_too_many(params: Mapping[str, Any]) -> Any:
    from ministack.services import iam

    user = iam._p(params, "UserName")
    if sum(key["UserName"] == user for key in iam._access_keys.values()) < MOST_KEYS:
        return None
    return iam._error(409, "LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {MOST_KEYS}", ns="iam")


def _of_another(params: Mapping[str, Any]) -> Any:
    """The refusal to delete a key under the name of a user whose it is not."""
    from ministack.services import iam

    user, key = iam._p(params, "UserName"), iam._p(params, "AccessKeyId")
    if not user or (iam._access_keys.get(key) or {}).get("UserName", user) == user:
        return None
    return iam._error(404, "NoSuchEntity", f"The Access Key with id {key} cannot be found.", ns="iam")


def _in_use(params: Mapping[str, Any]) -> Any:
    from ministack.services import iam

    user = iam._p(params, "UserName")
    left = "policies" if iam._user_inline_policies.get(user) else ""
    if any(user in group.get("Users", []) for group in iam._groups.values()):
        left = left or "groups"
    return iam._error(409, "DeleteConflict", LEFT[left], ns="iam") if left else None


def _with_names_replaced(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Delete somebody, whom policies then name by the unique id, which nobody else ever has."""
    before = _ids()
    answer = original(*args, **kwargs)
    if gone := {arn: unique for arn, unique in before.items() if unique not in _ids().values()}:
        for holder, key in _policies():
            holder[key] = _replaced(holder[key], gone)
    return answer


def _ids() -> dict[str, str]:
    """The unique ids of all users and roles, by their ARNs."""
    from ministack.services import iam

    users = {each["Arn"]: each["UserId"] for each in iam._users.values()}
    return users | {each["Arn"]: each["RoleId"] for each in iam._roles.values()}


def _policies() -> Iterator[tuple[MutableMapping[str, Any], str]]:
    """Where the policies are that name principals: what holds each, and its key there; of services in use."""

    def of(service: str, name: str) -> Any:
        return getattr(sys.modules.get(f"ministack.services.{service}"), name, {})

    yield from ((role, "AssumeRolePolicyDocument") for role in of("iam", "_roles").values())
    yield from ((each["attributes"], "Policy") for each in [*of("sqs", "_queues").values()] if _has(each))
    yield from ((each["attributes"], "Policy") for each in [*of("sns", "_topics").values()] if _has(each))
    yield from ((key, "Policy") for key in of("kms", "_keys").values() if key.get("Policy"))
    yield from ((function, "policy") for function in of("lambda_svc", "_functions").values())
    for service, name in (("s3", "_bucket_policies"), ("eventbridge", "_event_bus_policies")):
        found = of(service, name)
        yield from ((found, key) for key in list(found.keys()))


def _has(resource: Mapping[str, Any]) -> bool:
    return bool((resource.get("attributes") or {}).get("Policy"))


def _replaced(document: Any, names: Mapping[str, str]) -> Any:
    """A policy whose statements' principals have other names; as it is where it has none of them."""
    text = document if isinstance(document, str) else json.dumps(document)
    if not any(name in text for name in names):
        return document
    found = json.loads(text)
    listed = found.get("Statement") or []
    for statement in listed if isinstance(listed, list) else [listed]:
        for member in ("Principal", "NotPrincipal"):
            if member in statement:
                statement[member] = _renamed(statement[member], names)
    return json.dumps(found) if isinstance(document, str) else found


def _renamed(principal: Any, names: Mapping[str, str]) -> Any:
    if isinstance(principal, dict):
        return {kind: _renamed(each, names) for kind, each in principal.items()}
    return (
        [names.get(each, each) for each in principal]
        if isinstance(principal, list)
        else names.get(principal, principal)
    )
