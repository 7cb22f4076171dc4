"""A stage of a REST API serves what was deployed to it, as on AWS; MiniStack serves the API as it stands now.

Each deployment keeps the resources of its moment, with their methods and integrations, under a key of ours that the
API's answers, read by any SDK, do not have. A deployment from before this was so serves the API as it stands. Of a
stage with a canary some requests get the canary's deployment, with its variables (`canaries` has the settings). Stage
variables stand in an integration's address and role, and in an authorizer's address: MiniStack takes
`${stageVariables.alias}` for a part of the name.

https://docs.aws.amazon.com/apigateway/latest/developerguide/canary-release.html (2026)
https://docs.aws.amazon.com/apigateway/latest/developerguide/aws-api-gateway-stage-variables-reference.html (2026)
"""

import copy
import random
import re
from collections.abc import Mapping
from typing import Any

import wrapt

from lab_harness.emulators.inside.apis.serving import KEPT, Serving, serving, with_names
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.scopes import within

MATCHERS = ("_match_resource_tree", "_match_greedy_fallback")  # what finds a request's resource, in `_resources`
VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
IN_USE = "Active stages pointing to this deployment must be moved or deleted"


def install() -> None:
    """Make MiniStack behave like this. It takes effect when it imports API Gateway."""
    wrapt.register_post_import_hook(_change_apigateway, "ministack.services.apigateway_v1")
    refuse({"apigateway_v1": {"_delete_deployment": _in_use}})


def _change_apigateway(apigateway: Any) -> None:
    @wrapt.patch_function_wrapper(apigateway, "_create_deployment")
    def keep_resources(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        api_id, deployments = args[0], apigateway._deployments_v1
        before = set(deployments.get(api_id, {}))
        answer = original(*args, **kwargs)
        for made in set(deployments.get(api_id, {})) - before:
            deployments[api_id][made][KEPT] = copy.deepcopy(apigateway._resources.get(api_id, {}))
        return answer

    @wrapt.patch_function_wrapper(apigateway, "method_authorization_type")
    def ask_what_was_deployed(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        serving.set(_chosen(apigateway, *args[:2]))
        return original(*args, **kwargs)

    @wrapt.patch_function_wrapper(apigateway, "_execute_in_scope")
    async def serve_what_was_deployed(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        request, api_id, name, method, path, _headers, body, *_ = args
        chosen = serving.get()  # when it was asked whether the request must be signed
        if chosen is None or (chosen.api, chosen.name) != (api_id, name):
            chosen = _chosen(apigateway, api_id, name)
        chosen.request, chosen.method, chosen.path, chosen.body = request, method, path, body or b""
        with within(serving, chosen):
            other = chosen.canary or chosen.tested  # than the stage that MiniStack would find
            function = with_names(original, _stages_v1={api_id: {name: chosen.stage}}) if other else original
            return await function(*args, **kwargs)

    @wrapt.patch_function_wrapper(apigateway, "_authorize_request_v1")
    async def keep_who_asks(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        chosen = serving.get()
        if chosen is not None and chosen.tested:
            return None, None
        refused, context = await original(*args, **kwargs)
        if chosen is not None:
            chosen.authorizer = context or {}
        return refused, context

    @wrapt.patch_function_wrapper(apigateway, "_invoke_authorizer_lambda")
    async def name_what_the_stage_says(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        authorizer, *more = args
        served, uri = serving.get(), str(authorizer.get("authorizerUri") or "")
        if served is not None and "${" in uri:
            authorizer = {**authorizer, "authorizerUri": _named(uri, served.stage.get("variables") or {})}
        return await original(authorizer, *more, **kwargs)

    for name in MATCHERS:
        wrapt.wrap_function_wrapper(apigateway, name, _match_among_served)


def _chosen(apigateway: Any, api_id: str, name: str) -> Serving:
    """What a request to a stage is served with: by chance the canary's share of them with the canary's."""
    stage = apigateway._stages_v1.get(api_id, {}).get(name) or {}
    canary = stage.get("canarySettings") or {}
    deployments = apigateway._deployments_v1.get(api_id, {})
    lucky = bool(canary.get("deploymentId")) and random.random() * 100 < float(canary.get("percentTraffic") or 0)  # noqa: S311
    if lucky:
        variables = (stage.get("variables") or {}) | (canary.get("stageVariableOverrides") or {})
        stage = {**stage, "deploymentId": canary["deploymentId"], "variables": variables}
    kept = (deployments.get(stage.get("deploymentId")) or {}).get(KEPT)
    return Serving(api_id, name, stage, kept, lucky)


def _in_use(api_id: str, deployment_id: str) -> Any:
    from ministack.services import apigateway_v1

    stages = apigateway_v1._stages_v1.get(api_id, {}).values()
    used = {each.get("deploymentId") for each in stages}
    used |= {(each.get("canarySettings") or {}).get("deploymentId") for each in stages}
    return apigateway_v1._v1_error("BadRequestException", IN_USE, 400) if deployment_id in used else None


def _match_among_served(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """What MiniStack's function finds among the resources that were deployed, where a request is being served."""
    served = serving.get()
    if served is None or served.api != args[0]:
        return original(*args, **kwargs)
    function = original if served.resources is None else with_names(original, _resources={args[0]: served.resources})
    resource, parameters = function(*args, **kwargs)
    if resource:
        served.resource = resource = _filled(resource, served.stage.get("variables") or {})
    return resource, parameters


def _filled(resource: dict[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """A resource whose integrations name what the stage's variables say; one that is not there is empty."""
    methods = resource.get("resourceMethods") or {}
    filled = {}
    for verb, method in methods.items():
        integration = method.get("methodIntegration") or {}
        texts = {key: str(integration.get(key) or "") for key in ("uri", "credentials")}
        changed = {key: _named(text, variables) for key, text in texts.items() if "${" in text}
        if changed:
            filled[verb] = {**method, "methodIntegration": {**integration, **changed}}
    return {**resource, "resourceMethods": {**methods, **filled}} if filled else resource


def _named(text: str, variables: Mapping[str, str]) -> str:
    """A text with the stage's variables; one that is not there is empty."""
    return VARIABLE.sub(lambda found: str(variables.get(found[1], "")), text)
