"""Tests for HTTP APIs that are made by one call on the embedded emulator."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.authors.http import api_path
from tests.roles import let_in

CODE = """
def lambda_handler(event, context):
    return {"route": event["routeKey"], "version": event["version"]}
"""


@pytest.fixture
def function(hello):
    clients = hello(CODE)
    let_in(clients, "hello", "apigateway")
    return clients, clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]


def asked(clients, made, path):
    return clients["http"].request("GET", api_path(made["ApiId"], "$default") + path)


def test_api_with_a_target_answers_at_once(function):
    clients, arn = function
    made = clients["apigatewayv2"].create_api(Name="pets", ProtocolType="HTTP", Target=arn)
    assert asked(clients, made, "/any/path").json() == {"route": "$default", "version": "2.0"}
    found = clients["apigatewayv2"].get_stages(ApiId=made["ApiId"])["Items"]
    assert [(each["StageName"], each["AutoDeploy"], each["ApiGatewayManaged"]) for each in found] == [
        ("$default", True, True)
    ]


def test_route_key_may_be_named(function):
    clients, arn = function
    asking = {"Name": "pets", "ProtocolType": "HTTP", "Target": arn}
    made = clients["apigatewayv2"].create_api(**asking, RouteKey="GET /pets")
    assert asked(clients, made, "/pets").json()["route"] == "GET /pets"
    assert asked(clients, made, "/cats").status == 404
    before = len(clients["apigatewayv2"].get_apis()["Items"])
    with pytest.raises(ClientError, match="not formatted properly"):
        clients["apigatewayv2"].create_api(**asking, RouteKey="pets")
    assert len(clients["apigatewayv2"].get_apis()["Items"]) == before


def test_chat_is_not_made_so(clients):
    how = {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}
    with pytest.raises(ClientError, match="Target is not supported"):
        clients["apigatewayv2"].create_api(
            Name="chat", **how, Target="arn:aws:lambda:us-east-1:000000000000:function:a"
        )
