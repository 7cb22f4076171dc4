"""Keys of a check's own for the REST APIs that ask for one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab_harness.authors import customers
from lab_harness.authors.made import owe, remember


@contextmanager
def key_of_plan(apigateway: Any, plan_id: str) -> Iterator[dict[str, str]]:
    """The header with a key of its own for a usage plan, gone afterwards: nobody else's quota is spent by it.

    For example:

        with api_keys.key_of_plan(apigateway, plan["id"]) as key:
            answer = api.ask(http, "POST", "/pets", pet, key)
    """
    owed = owe("AWS::ApiGateway::ApiKey", customers.resource_name())
    key = apigateway.create_api_key(name=owed.name, enabled=True)
    remember(key["id"])
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
    """The header with a key for a stage, in a usage plan of its own with these limits; both are gone afterwards.

    For example:

        with api_keys.key_of_new_plan(apigateway, api.id, api.stage) as key:
            answer = api.ask(http, "POST", "/pets", pet, key)
    """
    stages = [{"apiId": api_id, "stage": stage}]
    owed = owe("AWS::ApiGateway::UsagePlan", customers.resource_name())
    plan = apigateway.create_usage_plan(name=owed.name, apiStages=stages, **limits)["id"]
    try:
        with key_of_plan(apigateway, plan) as header:
            yield header
    finally:
        owed.take_away(apigateway.delete_usage_plan, usagePlanId=plan)
