"""Changes a user pool's group: UpdateGroup, which MiniStack lacks. What the call does not name stays as it is.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateGroup.html (2026)
"""

from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refusal

CHANGED = ("Description", "Precedence", "RoleArn")


def install() -> None:
    """Teach MiniStack this call. This takes effect when it imports Cognito."""
    hooks.change({"cognito": {"_dispatch_idp": _dispatch}})


async def _dispatch(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    action, asked = args
    return _update(asked) if action == "UpdateGroup" else await original(*args, **kwargs)


def _update(asked: dict[str, Any]) -> Any:
    from ministack.services import cognito

    pool, missing = cognito._resolve_pool(asked.get("UserPoolId"))
    if missing:
        return missing
    group = pool["_groups"].get(asked.get("GroupName"))
    if not group:
        return cognito.error_response_json("ResourceNotFoundException", "Group not found.", 400)
    if refused := refusal("cognito", "_create_group", asked):  # its role is handed over as a new group's is
        return refused
    group |= {name: asked[name] for name in CHANGED if asked.get(name) is not None}
    group["LastModifiedDate"] = cognito._now_epoch()
    return cognito.json_response({"Group": cognito._group_out(group)})
