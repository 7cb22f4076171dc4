"""What a REST API of API Gateway's serves, and keys to ask it with."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lab_harness.answers import pages
from lab_harness.authors import customers, expect
from lab_harness.authors.checks import Failure, eventually
from lab_harness.authors.gateway import path_expression
from lab_harness.authors.http import Answer, Http
from lab_harness.authors.made import made, owe

LISTS = {"REST API": "get_rest_apis", "usage plan": "get_usage_plans", "API key": "get_api_keys"}
PATIENCE = 4  # seconds: until a request that was held back may pass


@dataclass(frozen=True)
class Method:
    """The method that a request meets: `resource` is a path such as /pets/{petId}, `verb` such as GET, or ANY."""

    resource: str
    verb: str
    settings: Mapping[str, Any]

    @property
    def integration(self) -> Mapping[str, Any]:
        return self.settings.get("methodIntegration") or {}

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


def all_named(apigateway: Any, kind: str, name: str) -> list[dict[str, Any]]:
    """All REST APIs, usage plans or API keys (`kind`) of this name: AWS lets several have the same."""
    return [each for each in _all(apigateway, kind) if each.get("name") == name]


def one_named(apigateway: Any, kind: str, name: str, next_step: str = "") -> dict[str, Any]:
    """The one REST API, usage plan or API key of this name; Failure where there is none, or another."""
    there = _all(apigateway, kind)
    expect.names(f"{kind}s", [name], [each.get("name", "") for each in there], next_step)
    found = [each for each in there if each.get("name") == name]
    ids = ", ".join(each["id"] for each in found)
    expect.value(f"{kind}s named {name}:", 1, len(found), f"Delete those that you do not need; the ids are {ids}.")
    return found[0]


def method_for(apigateway: Any, api_id: str, verb: str, path: str) -> Method | None:
    """The method of an API that a request meets: plain text in a resource's path wins over {id}, that over {proxy+}."""
    found = []
    for resource in apigateway.get_resources(restApiId=api_id, embed=["methods"], limit=500)["items"]:
        methods = resource.get("resourceMethods") or {}
        name = verb if verb in methods else "ANY"
        if name in methods and re.fullmatch(path_expression(resource["path"]), path):
            found.append((_vagueness(resource["path"]), Method(resource["path"], name, methods[name])))
    return min(found, key=lambda each: each[0])[1] if found else None


def deployed_method(apigateway: Any, api_id: str, stage: str, method: Method) -> Mapping[str, Any] | None:
    """What the deployment that a stage serves says of a method: nothing if it has none, None if it keeps no summary.

    AWS and MiniStack keep a summary of each deployment; LocalStack does not, but serves what was deployed.
    MiniStack serves the API as it stands now, so that only the summary tells what AWS would serve.
    """
    deployment = apigateway.get_stage(restApiId=api_id, stageName=stage)["deploymentId"]
    found = apigateway.get_deployment(restApiId=api_id, deploymentId=deployment, embed=["apisummary"])
    if "apiSummary" not in found:
        return None
    summary: Mapping[str, Any] = found["apiSummary"].get(method.resource, {}).get(method.verb, {})
    return summary


def ask(
    http: Http, api: tuple[str, str], verb: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """The answer of an API's stage (`api` is its id and the stage), asked again while throttling holds requests back.

    The answer to a spent quota comes at once. A body is written as `requests` writes it, which the notebooks ask with.
    """
    if body is not None and not isinstance(body, str):
        body, headers = json.dumps(body), {"Content-Type": "application/json", **(headers or {})}

    def look() -> Answer | Failure:
        try:
            answer = http.api(*api, verb, path, body, headers)
        except Failure as failure:
            return failure  # no answer at all: asking again would only take as long again
        if answer.status == 429 and "Too Many Requests" in answer.text:
            next_step = "Look for limits in the stage's methodSettings."
            raise Failure(expected=f"an answer to {verb} {path}", found=str(answer), next_step=next_step)
        return answer

    answer = eventually(look, within=PATIENCE)
    if isinstance(answer, Failure):
        raise answer
    return answer


@contextmanager
def key_of_plan(apigateway: Any, plan_id: str) -> Iterator[dict[str, str]]:
    """The header with a key of its own for a usage plan, gone afterwards: nobody else's quota is spent by it."""
    owed = owe("AWS::ApiGateway::ApiKey", made(_name()))
    key = apigateway.create_api_key(name=owed.name, enabled=True)
    made(key["id"])
    try:
        apigateway.create_usage_plan_key(usagePlanId=plan_id, keyId=key["id"], keyType="API_KEY")
        try:
            yield {"x-api-key": key["value"]}
        finally:
            apigateway.delete_usage_plan_key(usagePlanId=plan_id, keyId=key["id"])
    finally:
        owed.take_away(apigateway.delete_api_key, apiKey=key["id"])


@contextmanager
def key_of_new_plan(apigateway: Any, api_id: str, stage: str, **limits: Any) -> Iterator[dict[str, str]]:
    """The header with a key for a stage, in a usage plan of its own with these limits; both are gone afterwards."""
    stages = [{"apiId": api_id, "stage": stage}]
    owed = owe("AWS::ApiGateway::UsagePlan", made(_name()))
    plan = apigateway.create_usage_plan(name=owed.name, apiStages=stages, **limits)["id"]
    try:
        with key_of_plan(apigateway, plan) as header:
            yield header
    finally:
        owed.take_away(apigateway.delete_usage_plan, usagePlanId=plan)


def _name() -> str:
    """A name for a plan or a key, such as a shop has for its customers."""
    return f"{customers.full_name().lower().replace(' ', '-')}-{customers.number()}"


def _all(apigateway: Any, kind: str) -> list[dict[str, Any]]:
    return list(pages(apigateway, LISTS[kind], "items"))


def _vagueness(path: str) -> list[int]:
    """Of two paths that fit a request, the less vague one is chosen."""
    return [part.startswith("{") + part.endswith("+}") for part in path.split("/")]
