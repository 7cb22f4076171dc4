"""Tests for what checks ask of REST APIs: which method serves a request, answers in spite of limits, keys."""

import pytest

from lab_harness.authors import Failure
from lab_harness.authors.http import Answer
from lab_harness.authors.rest_api import (
    Method,
    all_named,
    ask,
    deployed_method,
    key_of_new_plan,
    key_of_plan,
    method_for,
    one_named,
)
from lab_harness.aws import Clients


class Gateway:
    """An API Gateway that has only what a test gives it."""

    def __init__(self, resources=None, deployment=None):
        self.resources, self.deployment = resources or {}, deployment or {}

    def get_resources(self, **_):
        resources = [{"path": path, "resourceMethods": methods} for path, methods in self.resources.items()]
        return {"items": [*resources, {"path": "/bare"}]}

    def get_stage(self, **_):
        return {"deploymentId": "d"}

    def get_deployment(self, **_):
        return self.deployment


class Web:
    """Answers what it was given, in turn."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def api(self, *_):
        answer = self.answers.pop(0)
        if isinstance(answer, Failure):
            raise answer
        return answer


@pytest.fixture
def gateway(embedded):
    embedded.reset()
    return Clients(embedded)["apigateway"]


def answer(status, text=""):
    return Answer(status, {}, text)


@pytest.mark.parametrize(
    ("verb", "path", "expected"),
    [
        ("GET", "/", "GET /"),
        ("GET", "/pets", "GET /pets"),
        ("PUT", "/pets", "ANY /pets"),
        ("GET", "/pets/1", "GET /pets/{id}"),
        ("GET", "/pets/best", "GET /pets/best"),
        ("POST", "/pets/1", "ANY /pets/{proxy+}"),
        ("GET", "/pets/1/photo", "ANY /pets/{proxy+}"),
        ("POST", "/", "None"),
        ("GET", "/petsandmore", "None"),
        ("GET", "/bare", "None"),
    ],
)
def test_the_method_that_a_request_meets(verb, path, expected):
    resources = {
        "/pets/{proxy+}": {"ANY": {}},
        "/": {"GET": {}},
        "/pets/{id}": {"GET": {}},
        "/pets": {"ANY": {}, "GET": {}},
        "/pets/best": {"GET": {}},
    }
    assert str(method_for(Gateway(resources), "api", verb, path)) == expected


def test_a_method_without_an_integration_has_none_of_its_settings():
    assert Method("/", "GET", {}).integration == {}
    assert Method("/", "GET", {"methodIntegration": {"type": "MOCK"}}).integration == {"type": "MOCK"}


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        ({}, None),
        ({"apiSummary": {}}, {}),
        ({"apiSummary": {"/": {"GET": {"apiKeyRequired": True}}}}, {"apiKeyRequired": True}),
    ],
)
def test_what_a_deployment_says_of_a_method(deployment, expected):
    assert deployed_method(Gateway(deployment=deployment), "api", "prod", Method("/", "GET", {})) == expected


def test_a_request_that_is_held_back_is_sent_again():
    web = Web(answer(429, "Too Many Requests"), answer(429, "Too Many Requests"), answer(200))
    assert ask(web, ("api", "prod"), "GET", "/").status == 200


def test_limits_that_last_are_named(monkeypatch):
    monkeypatch.setattr("lab_harness.authors.rest_api.PATIENCE", 0)
    with pytest.raises(Failure) as caught:
        ask(Web(answer(429, "Too Many Requests")), ("api", "prod"), "GET", "/pets")
    assert "429 Too Many Requests" in caught.value.found
    assert "methodSettings" in caught.value.next_step


def test_a_spent_quota_and_no_answer_at_all_are_not_waited_for():
    assert ask(Web(answer(429, "Limit Exceeded")), ("api", "prod"), "GET", "/").status == 429
    silence = Failure(expected="an answer", found="no answer", next_step="Look.")
    with pytest.raises(Failure, match="no answer"):
        ask(Web(silence), ("api", "prod"), "GET", "/")


def test_one_thing_of_a_name_is_found_and_two_are_refused(gateway):
    with pytest.raises(Failure, match="no API keys"):
        one_named(gateway, "API key", "mine")
    ids = [gateway.create_api_key(name=name)["id"] for name in ("mine", "other", "mine")]
    assert one_named(gateway, "API key", "other")["id"] == ids[1]
    assert [key["id"] for key in all_named(gateway, "API key", "mine")] == [ids[0], ids[2]]
    with pytest.raises(Failure, match="found API keys named mine: 2") as caught:
        one_named(gateway, "API key", "mine")
    assert ids[0] in caught.value.next_step


def test_keys_for_probes_are_gone_afterwards_even_when_a_check_fails(gateway):
    plan = gateway.create_usage_plan(name="basic")["id"]
    with key_of_plan(gateway, plan) as headers:
        (key,) = gateway.get_usage_plan_keys(usagePlanId=plan)["items"]
        assert headers == {"x-api-key": key["value"]}
    with pytest.raises(Failure), key_of_new_plan(gateway, "api", "prod", throttle={"rateLimit": 1, "burstLimit": 1}):
        assert len(gateway.get_usage_plans()["items"]) == 2
        raise Failure(expected="this", found="that", next_step="Look.")
    assert gateway.get_usage_plan_keys(usagePlanId=plan)["items"] == gateway.get_api_keys()["items"] == []
    assert [each["name"] for each in gateway.get_usage_plans()["items"]] == ["basic"]
