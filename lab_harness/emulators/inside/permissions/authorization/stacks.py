"""Stacks that are given a role are made, changed and deleted with that, not with the permissions of who asks for it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html (2026): CloudFormation goes on
to use the role that a stack was given. MiniStack keeps no role.
"""

from http import HTTPStatus
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.permissions.authorization import principals
from lab_harness.emulators.inside.permissions.authorization.calls import caller
from lab_harness.emulators.inside.scopes import within

SESSION = "AWSCloudFormation"
ROLE = "RoleARN"  # in MiniStack's record of a stack


def install() -> None:
    """Change MiniStack. This takes effect when it imports CloudFormation."""
    later = ("_update_stack", "_delete_stack", "_create_change_set", "_execute_change_set")
    handlers: dict[str, hooks.Wrapper] = {"_create_stack": _with_given_role, **dict.fromkeys(later, _with_its_role)}
    hooks.change({"cloudformation.handlers": handlers})


def _with_given_role(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Create a stack; it has nothing of another that had its name before."""
    return _acting(_one(args[0], ROLE), original, args, kwargs)


def _with_its_role(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    role = _one(args[0], ROLE) or (_stack(_one(args[0], "StackName")) or {}).get(ROLE)
    return _acting(role, original, args, kwargs)


def _acting(role: str | None, original: Any, args: Any, kwargs: Any) -> Any:
    """Do it with a role, if there is one. The stack keeps it, unless the request is refused."""
    if not role:
        return original(*args, **kwargs)
    with within(caller, principals.session(role, SESSION)):
        answer = original(*args, **kwargs)
    stack = _stack(_one(args[0], "StackName"))
    if stack and answer[0] < HTTPStatus.BAD_REQUEST:
        stack[ROLE] = role
    return answer


def _one(params: dict[str, Any], name: str) -> str:
    return str((params.get(name) or [""])[0])


def _stack(name: str) -> Any:
    """MiniStack's record of a stack that is there, by its name or its id."""
    from ministack.services import cloudformation

    there = (each for each in cloudformation._stacks.values() if each.get("StackStatus") != "DELETE_COMPLETE")
    return next((each for each in there if name in (each.get("StackName"), each.get("StackId"))), None)
