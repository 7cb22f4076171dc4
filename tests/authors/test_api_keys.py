"""Tests for keys of a check's own."""

import pytest

from lab_harness.authors import Failure, api_keys
from lab_harness.authors.made import is_made


@pytest.fixture
def gateway(clients):
    return clients["apigateway"]


@pytest.fixture
def api(gateway):
    """The id of an API with the stage prod."""
    api = gateway.create_rest_api(name="pets")["id"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    method = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    gateway.create_deployment(restApiId=api, stageName="prod")
    return api


def test_keys_for_probes_are_gone_afterwards_even_when_a_check_fails(gateway, api):
    plan = gateway.create_usage_plan(name="basic")["id"]
    with api_keys.key_of_plan(gateway, plan) as headers:
        (key,) = gateway.get_usage_plan_keys(usagePlanId=plan)["items"]
        assert headers == {"x-api-key": key["value"]}
        assert is_made(key["name"]) and is_made(key["id"])
    with (
        pytest.raises(Failure),
        api_keys.key_of_new_plan(gateway, api, "prod", throttle={"rateLimit": 1, "burstLimit": 1}),
    ):
        assert len(gateway.get_usage_plans()["items"]) == 2
        raise Failure(expected="this", found="that", next_step="Look.")
    assert gateway.get_usage_plan_keys(usagePlanId=plan)["items"] == gateway.get_api_keys()["items"] == []
    assert [each["name"] for each in gateway.get_usage_plans()["items"]] == ["basic"]
