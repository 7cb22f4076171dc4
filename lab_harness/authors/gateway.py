"""What checks ask of API Gateway: an API by its name, its stage, where its routes lead, what it answers a browser."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from lab_harness.answers import pages
from lab_harness.authors.checks import Failure
from lab_harness.authors.http import Answer, Http

Call = Callable[..., Answer]  # method, path, body, headers
Route = tuple[str, str]  # a method and a path


@dataclass(frozen=True)
class Api:
    """An HTTP or a REST API.

    `stages` are those that serve something. `targets` maps `GET /items` to the URI behind, or to MOCK where API Gateway
    answers by itself. `undeployed` are the routes that the stage's deployment lacks, where the emulator tells what is
    in it.
    """

    id: str
    stages: tuple[str, ...]
    targets: dict[str, str]
    undeployed: tuple[str, ...] = ()

    def target(self, method: str, path: str) -> str:
        """Where the best fitting route leads, or "": a path in full comes before {proxy+}, its method before ANY."""
        fitting = {}
        for key, target in self.targets.items():
            verb, _, pattern = key.replace("$default", "ANY {all+}").partition(" ")
            if verb in (method, "ANY") and re.fullmatch(path_expression(pattern), path):
                fitting["+}" not in pattern, pattern.count("/"), verb != "ANY"] = target
        return fitting[max(fitting)] if fitting else ""

    @property
    def stage(self) -> str:
        """The stage to use: `$default` or `prod` where there are several; "" where there is none."""
        usual = [stage for stage in ("$default", "prod") if stage in self.stages]
        return [*usual, *self.stages, ""][0]

    def caller(self, http: Http) -> Call:
        """Sends requests to the API's stage."""
        return partial(http.api, self.id, self.stage)


def http_api(gateway: Any, name: str) -> Api:
    """The one HTTP API of this name; AWS lets several have the same. Raises Failure unless there is just one."""
    return read_http_api(gateway, _the_one(f"HTTP API {name}", [id_ for id_, of in http_apis(gateway) if of == name]))


def rest_api(gateway: Any, name: str) -> Api:
    """The one REST API of this name. Raises Failure unless there is just one."""
    return read_rest_api(gateway, _the_one(f"REST API {name}", [id_ for id_, of in rest_apis(gateway) if of == name]))


def http_apis(gateway: Any) -> list[tuple[str, str]]:
    """The ids and names of all HTTP APIs."""
    return [(api["ApiId"], api["Name"]) for api in pages(gateway, "get_apis", "Items") if api["ProtocolType"] == "HTTP"]


def rest_apis(gateway: Any) -> list[tuple[str, str]]:
    """The ids and names of all REST APIs."""
    return [(api["id"], api["name"]) for api in pages(gateway, "get_rest_apis", "items")]


def read_http_api(gateway: Any, api_id: str) -> Api:
    """The HTTP API of this id."""
    integrations = pages(gateway, "get_integrations", "Items", ApiId=api_id)
    uris = {f"integrations/{each['IntegrationId']}": each.get("IntegrationUri", "") for each in integrations}
    routes = pages(gateway, "get_routes", "Items", ApiId=api_id)
    stages = pages(gateway, "get_stages", "Items", ApiId=api_id)
    serving = tuple(each["StageName"] for each in stages if each.get("AutoDeploy") or each.get("DeploymentId"))
    return Api(api_id, serving, {each["RouteKey"]: uris.get(each.get("Target", ""), "") for each in routes})


def read_rest_api(gateway: Any, api_id: str) -> Api:
    """The REST API of this id."""
    targets = {
        f"{verb} {resource['path']}": _target(method.get("methodIntegration", {}))
        for resource in pages(gateway, "get_resources", "items", restApiId=api_id, embed=["methods"])
        for verb, method in resource.get("resourceMethods", {}).items()
    }
    stages = gateway.get_stages(restApiId=api_id)["item"]  # has no pages
    api = Api(api_id, tuple(stage["stageName"] for stage in stages), targets)
    deployments = [stage["deploymentId"] for stage in stages if stage["stageName"] == api.stage]
    return replace(api, undeployed=_undeployed(gateway, api, deployments[0])) if deployments else api


def expect_stage(api: Api, next_step: str) -> None:
    """Some stage of the API serves what is deployed there, which is all of it."""
    if not api.stages:
        raise Failure(expected="a stage with something deployed", found="no such stage", next_step=next_step)
    if api.undeployed:
        found = f"not deployed since they were made: {', '.join(api.undeployed)}"
        raise Failure(expected=f"all routes deployed to the stage {api.stage}", found=found, next_step=next_step)


def expect_routes(api: Api, routes: Iterable[Route], function: str, next_step: str) -> None:
    """Each of the routes leads to the function."""
    targets = {f"{method} {path}": api.target(method, path) for method, path in routes}
    wrong = {route: uri for route, uri in targets.items() if not re.search(rf":function:{function}(?![\w-])", uri)}
    if wrong:
        raise Failure(
            expected=f"{', '.join(targets)}, each leading to the function {function}",
            found="; ".join(f"{route} leads to {uri or 'nothing'}" for route, uri in wrong.items()),
            next_step=next_step,
        )


def expect_cors(call: Call, origin: str, asked: Iterable[Route], read: Iterable[str], next_step: str) -> None:
    """A page of this origin may send JSON by the routes asked for, and read what GET answers at the paths read."""
    for method, path in asked:
        request = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
        answer = call("OPTIONS", path, None, {"Origin": origin, **request})
        wanted = {"origin": origin.lower(), "methods": method.lower(), "headers": "content-type"}
        refused = [kind for kind, value in wanted.items() if not {"*", value} & _allowed(answer, kind)]
        if refused or answer.status >= 300:
            names = ", ".join(f"Access-Control-Allow-{kind.title()}" for kind in refused)
            raise Failure(
                expected=f"permission for pages of {origin} to {method} JSON, from OPTIONS {path}",
                found=f"{answer}; missing, or not allowing it: {names or 'nothing'}",
                next_step=next_step,
            )
    for path in read:
        answer = call("GET", path, None, {"Origin": origin})
        header = answer.headers.get("access-control-allow-origin", "no such header")
        if header not in ("*", origin):
            raise Failure(
                expected=f"Access-Control-Allow-Origin {origin} or * in the answer to GET {path}",
                found=f"status {answer.status} with {header}",
                next_step=next_step,
            )


def _target(integration: dict[str, Any]) -> str:
    return integration.get("uri") or ("MOCK" if integration.get("type") == "MOCK" else "")


def _undeployed(gateway: Any, api: Api, deployment: str) -> tuple[str, ...]:
    """MiniStack serves a REST API as it is now, AWS and LocalStack as it was deployed; LocalStack keeps no summary."""
    found = gateway.get_deployment(restApiId=api.id, deploymentId=deployment, embed=["apisummary"])
    if "apiSummary" not in found:
        return ()
    deployed = {f"{verb} {path}" for path, methods in found["apiSummary"].items() for verb in methods}
    return tuple(route for route in api.targets if route not in deployed)


def _allowed(answer: Answer, kind: str) -> set[str]:
    """What a CORS header lists; Access-Control-Allow-Origin may hold one value only."""
    value = answer.headers.get(f"access-control-allow-{kind}", "").lower()
    return {value} if kind == "origin" else {each.strip() for each in value.split(",")}


def path_expression(path: str) -> str:
    """The regular expression of the request paths that fit a resource's or a route's path, such as /items/{id}."""
    parts = re.split(r"(\{[^}]*\})", path)
    return "".join(re.escape(part) if part[:1] != "{" else ".+" if part[-2:] == "+}" else "[^/]+" for part in parts)


def _the_one(what: str, ids: list[str]) -> str:
    if len(ids) != 1:
        raise Failure(
            expected=f"one {what}",
            found=f"{len(ids)} of them, with the ids {', '.join(ids)}" if ids else "none",
            next_step="Delete all but one, by their ids." if ids else "The section on this API shows what creates it.",
        )
    return ids[0]
