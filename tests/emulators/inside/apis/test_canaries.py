"""Tests for canaries on the embedded emulator: their share of requests, their variables, and what becomes of them."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http
from tests.emulators.inside.apis.test_deployments import VERSION, answers, deploy, versioned_api


@pytest.fixture
def api(gateway):
    """The id of an API whose stage `prod` answers 200, and which would answer 201 now."""
    made = gateway.create_rest_api(name="rest")
    answers(gateway, made["id"], made["rootResourceId"], 200)
    deploy(gateway, made["id"], "prod")
    answers(gateway, made["id"], made["rootResourceId"], 201)
    return made["id"]


def canary(gateway, api, percent, **overrides):
    """The id of what is deployed to the canary of `prod`."""
    settings = {"percentTraffic": percent, "stageVariableOverrides": overrides}
    return gateway.create_deployment(restApiId=api, stageName="prod", canarySettings=settings)["id"]


def patch(gateway, api, *operations):
    return gateway.update_stage(restApiId=api, stageName="prod", patchOperations=list(operations))


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


@pytest.fixture
def seen(embedded, api):
    """How often each status came, of so many requests."""

    def ask(times):
        found = [Http(embedded.endpoint).api(api, "prod", "GET", "/").status for _ in range(times)]
        return {status: found.count(status) for status in sorted(set(found))}

    return ask


def test_canary_gets_its_share_of_the_requests(gateway, api, seen):
    own = gateway.get_stage(restApiId=api, stageName="prod")["deploymentId"]
    made = canary(gateway, api, 50.0)
    stage = gateway.get_stage(restApiId=api, stageName="prod")
    assert stage["deploymentId"] == own
    assert stage["canarySettings"] == {
        "deploymentId": made,
        "percentTraffic": 50.0,
        "stageVariableOverrides": {},
        "useStageCache": False,
    }
    found = seen(60)  # one of 60 tosses of a coin is missing once in 10 ** 17 times
    assert set(found) == {200, 201}
    for percent, status in (("0", 200), ("100.0", 201)):
        patch(gateway, api, replace("/canarySettings/percentTraffic", percent))
        assert seen(10) == {status: 10}


def test_canary_is_promoted_with_its_variables_and_removed(gateway, api, seen):
    patch(gateway, api, replace("/variables/alias", "v1"), replace("/variables/colour", "blue"))
    made = canary(gateway, api, 0, alias="v2")
    promoted = patch(
        gateway, api, replace("/canarySettings/percentTraffic", "0.0"),
        {"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"},
        {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
    )  # fmt: skip
    assert promoted["deploymentId"] == made
    assert promoted["variables"] == {"alias": "v2", "colour": "blue"}
    assert seen(3) == {201: 3}
    removed = patch(gateway, api, {"op": "remove", "path": "/canarySettings"})
    assert "canarySettings" not in removed
    assert "canarySettings" not in gateway.get_stage(restApiId=api, stageName="prod")


def test_stage_with_a_canary_takes_no_other_deployment(gateway, api, seen):
    canary(gateway, api, 100)
    with pytest.raises(ClientError, match="Non canary deployment not supported on stage prod"):
        deploy(gateway, api, "prod")
    patch(gateway, api, {"op": "remove", "path": "/canarySettings"})
    assert seen(3) == {200: 3}
    deploy(gateway, api, "prod")
    assert seen(3) == {201: 3}


@pytest.mark.parametrize("percent", [-1, 100.5])
def test_share_that_is_none_is_refused(gateway, api, percent):
    with pytest.raises(ClientError, match="percentTraffic"):
        canary(gateway, api, percent)


def test_canary_needs_a_stage(gateway, api):
    with pytest.raises(ClientError, match="Stage next must already be created"):
        gateway.create_deployment(restApiId=api, stageName="next", canarySettings={"percentTraffic": 1})


def test_share_that_is_no_number_is_refused(gateway, api):
    canary(gateway, api, 5)
    with pytest.raises(ClientError, match="it must be a number"):
        patch(gateway, api, replace("/canarySettings/percentTraffic", "many"))


def test_stage_is_created_with_a_canary_that_has_variables_of_its_own(hello, embedded):
    clients = hello(VERSION)
    api, deployment = versioned_api(clients, "first", "second")
    settings = {"percentTraffic": 100, "stageVariableOverrides": {"alias": "second"}, "deploymentId": deployment}
    stage = clients["apigateway"].create_stage(
        restApiId=api, stageName="prod", deploymentId=deployment, variables={"alias": "first"}, canarySettings=settings
    )
    assert stage["canarySettings"]["stageVariableOverrides"] == {"alias": "second"}
    http = Http(embedded.endpoint)
    assert http.api(api, "prod", "GET", "/").text == "2"
    patch(clients["apigateway"], api, replace("/canarySettings/percentTraffic", "0"))
    assert http.api(api, "prod", "GET", "/").text == "1"
