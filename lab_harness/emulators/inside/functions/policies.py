"""A version and an alias have a policy of their own, as on AWS, so that two may have a statement of the same id.

MiniStack keeps all statements of a function together and takes each id once.
https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html (2026)
"""

import inspect
from typing import Any

from lab_harness.emulators.inside import hooks


def install() -> None:
    """Let MiniStack see one policy at a time. This takes effect when it imports Lambda."""
    changed = ("_add_permission", "_remove_permission", "_get_policy")
    hooks.change({"lambda_svc": dict.fromkeys(changed, _with_its_own)})


def _with_its_own(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import lambda_svc

    given = inspect.signature(original).bind(*args, **kwargs).arguments
    function = lambda_svc._functions.get(given["func_name"])
    if not function:
        return original(*args, **kwargs)
    qualifier = lambda_svc._qualifier_from_path_or_query(given.get("path_qualifier"), given.get("query_params"))
    id = given.get("sid") or given.get("data", {}).get("StatementId")
    if qualifier and not id:
        return original(*args, **kwargs)  # reads what one of them has, as it should
    arn = lambda_svc._policy_resource_arn(given["func_name"], qualifier)
    policy = function["policy"]
    # Whoever decides meanwhile, in another thread, misses no other statement.
    others = [each for each in policy["Statement"] if each.get("Resource") != arn and id in (None, each.get("Sid"))]
    policy["Statement"] = [each for each in policy["Statement"] if each not in others]
    try:
        return original(*args, **kwargs)
    finally:
        policy["Statement"] = [*others, *policy["Statement"]]
