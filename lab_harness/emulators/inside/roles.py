"""Refuses a managed policy that does not exist, as AWS does; MiniStack attaches any, whose permissions are then none.

It knows the most used of AWS's own policies only, so the answer says where these are listed.
"""

from typing import Any

import wrapt


def install() -> None:
    """Make MiniStack refuse it. This takes effect when it imports IAM."""
    wrapt.register_post_import_hook(_change_iam, "ministack.services.iam")


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
