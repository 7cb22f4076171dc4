"""A stage of a REST API serves what was deployed to it, as on AWS; MiniStack serves the API as it stands now.

Each deployment keeps the resources of its moment, with their methods and integrations, under a key of ours that the
API's answers, read by any SDK, do not have. A deployment from before this was so serves the API as it stands.
"""

import copy
from contextvars import ContextVar
from types import FunctionType
from typing import Any

import wrapt

KEPT = "labResources"
MATCHERS = ("_match_resource_tree", "_match_greedy_fallback")  # what finds a request's resource, in `_resources`

_served: ContextVar[dict[str, Any] | None] = ContextVar("served", default=None)


def install() -> None:
    """Make MiniStack behave like this. It takes effect when it imports API Gateway."""
    wrapt.register_post_import_hook(_change_apigateway, "ministack.services.apigateway_v1")


def _change_apigateway(apigateway: Any) -> None:
    @wrapt.patch_function_wrapper(apigateway, "_create_deployment")
    def keep_resources(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        api_id, deployments = args[0], apigateway._deployments_v1
        before = set(deployments.get(api_id, {}))
        answer = original(*args, **kwargs)
        for made in set(deployments.get(api_id, {})) - before:
            deployments[api_id][made][KEPT] = copy.deepcopy(apigateway._resources.get(api_id, {}))
        return answer

    @wrapt.patch_function_wrapper(apigateway, "_execute_in_scope")
    async def serve_what_was_deployed(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        _, api_id, stage_name, *_ = args
        stage = apigateway._stages_v1.get(api_id, {}).get(stage_name) or {}
        deployment = apigateway._deployments_v1.get(api_id, {}).get(stage.get("deploymentId")) or {}
        token = _served.set(deployment.get(KEPT))
        try:
            return await original(*args, **kwargs)
        finally:
            _served.reset(token)

    for name in MATCHERS:
        wrapt.wrap_function_wrapper(apigateway, name, _match_among_served)


def _match_among_served(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What MiniStack's function finds among the resources that were deployed, where a request is being served."""
    served = _served.get()
    if served is None:
        return original(*args, **kwargs)
    # The same function, for which these are the resources of all APIs.
    names = {**original.__globals__, "_resources": {args[0]: served}}
    return FunctionType(original.__code__, names)(*args, **kwargs)
