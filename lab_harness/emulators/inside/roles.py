"""Refuses what AWS refuses of roles: a managed policy that does not exist, and a function's role by its name.

MiniStack attaches any policy, whose permissions are then none, and takes any text for a role's ARN. It knows the most
used of AWS's own policies only, so the answer says where these are listed.
"""

import json
import re
from typing import Any

import wrapt

ROLE_ARN = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"  # as Lambda's service model has it


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports IAM and Lambda."""
    wrapt.register_post_import_hook(_change_iam, "ministack.services.iam")
    wrapt.register_post_import_hook(_change_lambda, "ministack.services.lambda_svc")


def _change_iam(iam: Any) -> None:
    handlers = iam._IAM_HANDLERS  # which has the functions themselves, not their names
    for action in ("AttachRolePolicy", "AttachUserPolicy", "AttachGroupPolicy"):
        handlers[action] = wrapt.FunctionWrapper(handlers[action], _refuse_unknown_policy)


def _refuse_unknown_policy(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import iam

    policy = iam._p(args[0], "PolicyArn")
    if iam._policy_exists(policy):
        return original(*args, **kwargs)
    ours = " Of AWS's own, this emulator knows those that list_policies names." if ":aws:policy/" in policy else ""
    return iam._error(404, "NoSuchEntity", f"Policy {policy} does not exist or is not attachable.{ours}", ns="iam")


def _change_lambda(lambda_svc: Any) -> None:
    for name in ("_create_function", "_update_config"):
        wrapt.wrap_function_wrapper(lambda_svc, name, _refuse_role_by_name)


def _refuse_role_by_name(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services.lambda_svc import error_response_json

    role = args[-1].get("Role")
    if role is None or (isinstance(role, str) and re.fullmatch(ROLE_ARN, role)):
        return original(*args, **kwargs)
    message = (
        f"1 validation error detected: Value {json.dumps(role)[1:-1]!r} at 'role' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {ROLE_ARN}"
    )
    return error_response_json("ValidationException", message, 400)
