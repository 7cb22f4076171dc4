"""API Gateway's REST APIs, with usage plans and keys. Several may share a name; all of that name go."""

from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.account.service import Part, Row, Rows, Service, ServiceTab
from lab_harness.answers import pages
from lab_harness.aws import Clients


def _named(clients: Clients, operation: str, name: str) -> list[dict[str, Any]]:
    return [each for each in pages(clients["apigateway"], operation, "items") if each.get("name") == name]


def _delete_rest_api(clients: Clients, name: str) -> bool:
    apis = _named(clients, "get_rest_apis", name)
    for api in apis:
        clients["apigateway"].delete_rest_api(restApiId=api["id"])
    return bool(apis)


def _delete_usage_plan(clients: Clients, name: str) -> bool:
    """Its stages are taken off first, as AWS wants it."""
    gateway = clients["apigateway"]
    plans = _named(clients, "get_usage_plans", name)
    for plan in plans:
        stages = [f"{stage['apiId']}:{stage['stage']}" for stage in plan.get("apiStages", [])]
        removals = [{"op": "remove", "path": "/apiStages", "value": stage} for stage in stages]
        if removals:
            with suppress(ClientError):  # LocalStack fails on a stage with limits of its own, and does without.
                gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=removals)
        gateway.delete_usage_plan(usagePlanId=plan["id"])
    return bool(plans)


def _delete_api_key(clients: Clients, name: str) -> bool:
    keys = _named(clients, "get_api_keys", name)
    for key in keys:
        clients["apigateway"].delete_api_key(apiKey=key["id"])
    return bool(keys)


def _rows(clients: Clients) -> Rows:
    gateway = clients["apigateway"]
    for api in pages(gateway, "get_rest_apis", "items"):
        yield Row(Part.BUILT, api["id"], api)
        yield Row(Part.BUILT, api["id"], gateway.get_stages(restApiId=api["id"])["item"])
        for resource in pages(gateway, "get_resources", "items", restApiId=api["id"], embed=["methods"]):
            yield Row(Part.BUILT, api["id"], resource)
    for plan in pages(gateway, "get_usage_plans", "items"):
        yield Row(Part.BUILT, plan["id"], plan)
        for key in pages(gateway, "get_usage_plan_keys", "items", usagePlanId=plan["id"]):
            yield Row(Part.BUILT, plan["id"], key)
    for key in pages(gateway, "get_api_keys", "items"):
        yield Row(Part.BUILT, key["id"], key)


APIS = ServiceTab("apis", "APIs", 20, "lab_harness.notebook.console.apis:show")  # HTTP APIs are shown there, too
SERVICE = Service(
    name="apigateway",
    deleters={
        "AWS::ApiGateway::ApiKey": _delete_api_key,
        "AWS::ApiGateway::RestApi": _delete_rest_api,
        "AWS::ApiGateway::UsagePlan": _delete_usage_plan,
    },
    rows=_rows,
    configured=True,
    tabs=(APIS,),
)
