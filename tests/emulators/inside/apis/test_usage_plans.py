"""Tests for usage plans on the embedded emulator: what their keys have used, and what is refused."""

import re
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from lab_harness.authors.http import api_path
from tests.emulators.inside.tables.test_point_in_time import advance

DAY = 86_400
MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}


@pytest.fixture
def api(gateway):
    """The id of an API whose GET / wants a key, deployed to the stage live."""
    made = gateway.create_rest_api(name="pets")
    about = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**about, authorizationType="NONE", apiKeyRequired=True)
    gateway.put_integration(**about, **MOCK)
    gateway.put_method_response(**about, statusCode="200")
    gateway.put_integration_response(**about, statusCode="200")
    gateway.create_deployment(restApiId=made["id"], stageName="live")
    return made["id"]


def refused(words, call, code="BadRequestException", **asked):
    with pytest.raises(ClientError, match=re.escape(words)) as caught:
        call(**asked)
    assert caught.value.response["Error"]["Code"] == code


def with_key(gateway, plan, name="supplier"):
    key = gateway.create_api_key(name=name, enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    return key


@pytest.mark.parametrize(("period", "later"), [("DAY", [[3, 0], [2, 1]]), ("WEEK", [[3, 0], [0, 0]])])
def test_usage_is_told_by_the_day(clients, gateway, api, embedded, period, later):
    stages = [{"apiId": api, "stage": "live"}]
    plan = gateway.create_usage_plan(name="basic", apiStages=stages, quota={"limit": 3, "period": period})["id"]
    key, idle = with_key(gateway, plan), with_key(gateway, plan, "idle")

    def ask(times):
        headers = {"x-api-key": key["value"]}
        path = f"{api_path(api, 'live')}/"
        return [clients["http"].request("GET", path, headers=headers).status for _ in range(times)]

    def usage(**more):
        days = (datetime.fromtimestamp(embedded.now() - back, UTC) for back in (DAY, 0))
        first, last = (f"{each:%Y-%m-%d}" for each in days)
        return gateway.get_usage(usagePlanId=plan, startDate=first, endDate=last, **more)["items"]

    assert ask(4) == [200, 200, 200, 429]
    assert usage() == {key["id"]: [[0, 3], [3, 0]], idle["id"]: [[0, 3], [0, 3]]}
    advance(embedded, DAY)
    assert ask(2) == ([200, 200] if period == "DAY" else [429, 429])
    assert usage(keyId=key["id"]) == {key["id"]: later}


def test_usage_is_asked_for_between_two_dates(gateway):
    plan = gateway.create_usage_plan(name="basic", quota={"limit": 3, "period": "DAY"})["id"]
    for first, last in (("yesterday", "2026-12-01"), ("2026-12-02", "2026-12-01"), ("2026-01-01", "2026-12-01")):
        refused("must be dates", gateway.get_usage, usagePlanId=plan, startDate=first, endDate=last)
    days = {"startDate": "2026-12-01", "endDate": "2026-12-01"}
    refused("Invalid Usage Plan", gateway.get_usage, "NotFoundException", usagePlanId="none", **days)
    open_to_all = gateway.create_usage_plan(name="open")["id"]
    assert gateway.get_usage(usagePlanId=open_to_all, **days)["items"] == {}


@pytest.mark.parametrize("quota", [{}, {"quota": {"period": "DAY"}}])
def test_without_a_limit_nothing_is_counted(gateway, quota):
    plan = gateway.create_usage_plan(name="free", **quota)["id"]
    with_key(gateway, plan)
    assert gateway.get_usage(usagePlanId=plan, startDate="2026-11-01", endDate="2026-11-02")["items"] == {}


def test_key_is_in_a_plan_once(gateway):
    plan = gateway.create_usage_plan(name="basic")["id"]
    about = {"usagePlanId": plan, "keyId": with_key(gateway, plan)["id"], "keyType": "API_KEY"}
    refused("already exists", gateway.create_usage_plan_key, "ConflictException", **about)
    refused("Invalid API Key", gateway.create_usage_plan_key, "NotFoundException", **about | {"keyId": "none"})
    refused("Invalid key type", gateway.create_usage_plan_key, **about | {"keyType": "TOKEN"})
    assert len(gateway.get_usage_plan_keys(usagePlanId=plan)["items"]) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"quota": {"limit": 3, "period": "YEAR"}}, "Quota period"),
        ({"quota": {"limit": 3, "period": "DAY", "offset": 1}}, "offset"),
        ({"quota": {"limit": 3, "period": "WEEK", "offset": 7}}, "offset"),
        ({"quota": {"limit": -3, "period": "DAY"}}, "quota limit"),
        ({"throttle": {"rateLimit": -1.0, "burstLimit": 1}}, "throttle rateLimit"),
    ],
)
def test_plan_that_limits_nothing_is_refused(gateway, settings, words):
    refused(words, gateway.create_usage_plan, name="basic", **settings)
    assert gateway.get_usage_plans()["items"] == []
