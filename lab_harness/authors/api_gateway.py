"""What checks ask of API Gateway: an API by its name, where its routes lead, and what is deployed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from lab_harness.answers import pages
from lab_harness.authors.checks import Failure, eventually
from lab_harness.authors.expect import names, value
from lab_harness.authors.http import Http, Response
from lab_harness.local import is_local

LISTS = {"REST API": "get_rest_apis", "usage plan": "get_usage_plans", "API key": "get_api_keys"}
PATIENCE = 4  # seconds: until a request that was held back may pass


@dataclass(frozen=True)
class Route:
    """A route of an HTTP API, or a method of a REST API's: `method` is such as GET, or ANY, `path` such as /pets/{id}.

    `target` is the URI behind, MOCK where API Gateway answers by itself, or "". `settings` are what API Gateway says of
    it. `deployed` is what the stage's deployment says of a REST API's method: nothing where it is not in it; None where
    that is not told (of HTTP APIs, and on LocalStack, which serves what was deployed all the same).
    """

    method: str
    path: str
    target: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    deployed: Mapping[str, Any] | None = None

    @property
    def integration(self) -> Mapping[str, Any]:
        """A REST API's method's integration; empty where it has none."""
        return self.settings.get("methodIntegration") or {}

    def fits(self, method: str, path: str) -> bool:
        """Whether it may serve this request."""
        return self.method in (method, "ANY") and re.fullmatch(_pattern(self.path), path) is not None

    def __str__(self) -> str:
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True)
class Api:
    """An HTTP or a REST API. `stages` are those that serve something."""

    id: str
    stages: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()

    @property
    def stage(self) -> str:
        """The stage to use: `$default` or `prod` where there are several; "" where there is none."""
        usual = [stage for stage in ("$default", "prod") if stage in self.stages]
        return [*usual, *self.stages, ""][0]

    def route(self, method: str, path: str) -> Route | None:
        """The route that a request meets, None if it meets none.

        Plain text in a path comes before {id}, that before {proxy+}, that before $default; a method before ANY.
        """
        fitting = [route for route in self.routes if route.fits(method, path)]
        return min(fitting, key=lambda route: (_vagueness(route.path), route.method == "ANY")) if fitting else None

    def ask(
        self, http: Http, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer of the API's stage, asked again while throttling holds requests back.

        Raises Failure where no answer comes, or limits last. The answer to a spent quota comes at once.

            answer = api.ask(http, "GET", "/pets/1")
        """

        def look() -> Response | Failure:
            try:
                answer = http.api(self.id, self.stage, method, path, body, headers)
            except Failure as failure:
                return failure  # no answer at all: asking again would only take as long again
            if answer.status == 429 and "Too Many Requests" in answer.text:
                next_step = "Look for limits in the stage's methodSettings."
                raise Failure(expected=f"an answer to {method} {path}", found=str(answer), next_step=next_step)
            return answer

        answer = eventually(look, within=PATIENCE)
        if isinstance(answer, Failure):
            raise answer
        return answer


def http_api(apigatewayv2: Any, name: str, next_step: str = "") -> Api:
    """The one HTTP API of this name; Failure where there is none, or another.

    For example:

        api = api_gateway.http_api(apigatewayv2, "pet-shop", "Section 5 shows create_api.")
    """
    there = http_apis(apigatewayv2)
    return read_http_api(apigatewayv2, _the_one("HTTP API", name, there, next_step))


def rest_api(apigateway: Any, name: str, next_step: str = "") -> Api:
    """The one REST API of this name; Failure where there is none, or another.

    For example:

        api = api_gateway.rest_api(apigateway, "PetStore", "Section 1 of the notebook shows create_rest_api.")
    """
    return read_rest_api(apigateway, one_named(apigateway, "REST API", name, next_step)["id"])


def one_named(apigateway: Any, kind: str, name: str, next_step: str = "") -> dict[str, Any]:
    """The one "REST API", "usage plan" or "API key" (`kind`) of this name; Failure where there is none, or another.

    For example:

        plan = api_gateway.one_named(apigateway, "usage plan", "basic", "Section 8 describes create_usage_plan.")
    """
    there = {each["id"]: each for each in _all(apigateway, LISTS[kind], "items")}
    return there[_the_one(kind, name, [(id_, each.get("name", "")) for id_, each in there.items()], next_step)]


def http_apis(apigatewayv2: Any) -> list[tuple[str, str]]:
    """The ids and names of all HTTP APIs.

    For example:

        names = [name for _, name in api_gateway.http_apis(apigatewayv2)]
    """
    apis = _all(apigatewayv2, "get_apis", "Items")
    return [(api["ApiId"], api["Name"]) for api in apis if api["ProtocolType"] == "HTTP"]


def rest_apis(apigateway: Any) -> list[tuple[str, str]]:
    """The ids and names of all REST APIs.

    For example:

        names = [name for _, name in api_gateway.rest_apis(apigateway)]
    """
    return [(api["id"], api["name"]) for api in _all(apigateway, "get_rest_apis", "items")]


def read_http_api(apigatewayv2: Any, api_id: str) -> Api:
    """The HTTP API of this id.

    For example:

        api = api_gateway.read_http_api(apigatewayv2, api_id)
    """
    integrations = _all(apigatewayv2, "get_integrations", "Items", ApiId=api_id)
    uris = {f"integrations/{each['IntegrationId']}": each.get("IntegrationUri", "") for each in integrations}
    routes = _all(apigatewayv2, "get_routes", "Items", ApiId=api_id)
    stages = _all(apigatewayv2, "get_stages", "Items", ApiId=api_id)
    serving = tuple(each["StageName"] for each in stages if each.get("AutoDeploy") or each.get("DeploymentId"))
    return Api(api_id, serving, tuple(_route(each, uris.get(each.get("Target", ""), "")) for each in routes))


def read_rest_api(apigateway: Any, api_id: str) -> Api:
    """The REST API of this id, with what the deployment of its usual stage says of each method.

    For example:

        api = api_gateway.read_rest_api(apigateway, api_id)
    """
    stages = {each["stageName"]: each for each in apigateway.get_stages(restApiId=api_id)["item"]}  # has no pages
    api = Api(api_id, tuple(stages))
    summary = _summary(apigateway, api_id, stages[api.stage]["deploymentId"]) if stages else None
    routes = [
        Route(method, path, _target(settings), settings, _deployed(summary, path, method))
        for resource in _all(apigateway, "get_resources", "items", restApiId=api_id, embed=["methods"])
        for path in [resource["path"]]
        for method, settings in (resource.get("resourceMethods") or {}).items()
    ]
    return Api(api_id, api.stages, tuple(routes))


def urls_in(text: str) -> list[SplitResult]:
    """The URLs of APIs on this machine that a text names, each once, in order; comments of HTML are left out.

    For example:

        urls = api_gateway.urls_in("\\n".join(file.text for file in http.site(SITE_HOST).values()))
    """
    found = sorted(set(re.findall(r"http://[\w.-]+:\d+/[^\s\"'`<>\\]*", re.sub("(?s)<!--.*?-->", "", text))))
    return [urlsplit(url) for url in found if re.search("execute-api|/restapis/", url) and is_local(url)]


def _route(found: Mapping[str, Any], target: str) -> Route:
    """A route of an HTTP API's from what get_routes tells of it."""
    method, _, path = found["RouteKey"].rpartition(" ")
    return Route(method or "ANY", path, target, found)


def _target(method: Mapping[str, Any]) -> str:
    integration = method.get("methodIntegration") or {}
    return integration.get("uri") or ("MOCK" if integration.get("type") == "MOCK" else "")


def _summary(apigateway: Any, api_id: str, deployment: str) -> Mapping[str, Any] | None:
    """A deployment's methods by path, as AWS and MiniStack keep them; None on LocalStack, which does not."""
    found = apigateway.get_deployment(restApiId=api_id, deploymentId=deployment, embed=["apisummary"])
    summary: Mapping[str, Any] | None = found.get("apiSummary")
    return summary


def _deployed(summary: Mapping[str, Any] | None, path: str, method: str) -> Mapping[str, Any] | None:
    return None if summary is None else summary.get(path, {}).get(method, {})


def _the_one(kind: str, name: str, there: Iterable[tuple[str, str]], next_step: str) -> str:
    """The id of the one that has this name, of ids and names; AWS lets several have the same."""
    there = list(there)
    names(f"{kind}s", [name], [each for _, each in there], next_step)
    ids = [id_ for id_, each in there if each == name]
    step = f"Delete those that you do not need; the ids are {', '.join(ids)}."
    value(f"{kind}s named {name}:", 1, len(ids), step)
    return ids[0]


def _all(client: Any, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
    return list(pages(client, operation, key, **arguments))


def _pattern(path: str) -> str:
    """The regular expression of the request paths that fit a route's."""
    if path == "$default":
        return ".*"
    parts = re.split(r"(\{[^}]*\})", path)
    return "".join(re.escape(part) if part[:1] != "{" else ".+" if part[-2:] == "+}" else "[^/]+" for part in parts)


def _vagueness(path: str) -> list[int]:
    """Of two paths that fit a request, the less vague one is chosen."""
    return [3] if path == "$default" else [part.startswith("{") + part.endswith("+}") for part in path.split("/")]
