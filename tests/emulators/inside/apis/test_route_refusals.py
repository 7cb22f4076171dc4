"""Tests for what the embedded emulator refuses of HTTP and WebSocket APIs."""

import re

import pytest
from botocore.exceptions import ClientError

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:hello"


@pytest.fixture
def gateway(clients):
    return clients["apigatewayv2"]


@pytest.fixture
def http(gateway):
    """The members that name an HTTP API and a route's target in it."""
    api = gateway.create_api(Name="pets", ProtocolType="HTTP")["ApiId"]
    return {"ApiId": api}, {"Target": integrated(gateway, api)}


def integrated(gateway, api):
    asked = {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": "2.0"}
    return f"integrations/{gateway.create_integration(ApiId=api, **asked)['IntegrationId']}"


def refused(words, call, code="BadRequestException", **asked):
    with pytest.raises(ClientError, match=re.escape(words)) as caught:
        call(**asked)
    assert caught.value.response["Error"]["Code"] == code


def test_route_is_there_once(gateway, http):
    api, target = http
    made = gateway.create_route(**api, RouteKey="GET /pets", **target)
    words = "Route with key GET /pets already exists for this API"
    refused(words, gateway.create_route, "ConflictException", **api, RouteKey="GET /pets", **target)
    other = gateway.create_route(**api, RouteKey="GET /pets/{id}", **target)
    renamed = {"RouteId": other["RouteId"], "RouteKey": "GET /pets"}
    refused(words, gateway.update_route, "ConflictException", **api, **renamed)
    gateway.update_route(**api, RouteId=made["RouteId"], RouteKey="GET /pets", **target)  # as it is
    keys = [each["RouteKey"] for each in gateway.get_routes(**api)["Items"]]
    assert sorted(keys) == ["GET /pets", "GET /pets/{id}"]


@pytest.mark.parametrize("key", ["pets", "GET pets", "get /pets", "FETCH /pets", "GET  /pets", "/pets"])
def test_key_of_an_http_route_is_a_method_and_a_path(gateway, http, key):
    api, target = http
    refused("route key is not formatted properly", gateway.create_route, **api, RouteKey=key, **target)


@pytest.mark.parametrize("key", ["$default", "ANY /{proxy+}", "DELETE /pets/{id}", "GET /"])
def test_key_that_has_the_form_is_taken(gateway, http, key):
    api, target = http
    assert gateway.create_route(**api, RouteKey=key, **target)["RouteKey"] == key


def test_route_leads_to_an_integration_of_its_api(gateway, http):
    api, _ = http
    other = gateway.create_api(Name="other", ProtocolType="HTTP")["ApiId"]
    for target in ("integrations/none", integrated(gateway, other)):
        asked = {**api, "RouteKey": "GET /pets", "Target": target}
        refused("Unable to find Integration", gateway.create_route, "NotFoundException", **asked)
    gateway.create_route(**api, RouteKey="GET /pets")  # whose target comes later


def test_integration_is_of_a_kind_that_the_api_has(gateway, http):
    api, _ = http
    refused("Invalid integration type", gateway.create_integration, **api, IntegrationType="MOCK")
    refused("Invalid integration type", gateway.create_integration, **api, IntegrationType="LAMBDA")
    asked = {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}
    chat = gateway.create_api(Name="chat", **asked)["ApiId"]
    assert gateway.create_integration(ApiId=chat, IntegrationType="MOCK")["IntegrationId"]


def test_stage_is_there_once(gateway, http):
    api, _ = http
    gateway.create_stage(**api, StageName="live", Description="first")
    refused("Stage already exists", gateway.create_stage, "ConflictException", **api, StageName="live")
    assert gateway.get_stage(**api, StageName="live")["Description"] == "first"


def test_deployment_has_routes_and_a_stage_that_is_there(gateway, http):
    api, target = http
    refused("At least one route is required before deploying the Api", gateway.create_deployment, **api)
    gateway.create_route(**api, RouteKey="GET /pets", **target)
    refused("Unable to find Stage", gateway.create_deployment, "NotFoundException", **api, StageName="none")
    assert gateway.create_deployment(**api)["DeploymentStatus"] == "DEPLOYED"


def test_chat_says_how_it_chooses_a_route(gateway):
    words = "RouteSelectionExpression is required for WEBSOCKET protocol"
    refused(words, gateway.create_api, Name="chat", ProtocolType="WEBSOCKET")
