"""Tests for a chat by a WebSocket API on the embedded emulator: connections in a table, broadcast, and those gone."""

import json
from contextlib import closing, contextmanager

import pytest

from tests.emulators.inside.apis.test_websockets import websocket_api
from tests.roles import allow, let_in
from tests.waiting import PATIENCE

CODE = """
import json
import boto3
from botocore.exceptions import ClientError
table = boto3.resource("dynamodb").Table("Chat")

def lambda_handler(event, context):
    asked = event["requestContext"]
    route, me = asked["routeKey"], asked["connectionId"]
    if route == "$connect":
        if (event.get("queryStringParameters") or {}).get("token") != "right":
            return {"statusCode": 401}
        table.put_item(Item={"id": me})
        return {"statusCode": 200}
    if route == "$disconnect":
        table.delete_item(Key={"id": me})
        return {"statusCode": 200}
    to = boto3.client("apigatewaymanagementapi", endpoint_url=f"https://{asked['domainName']}/{asked['stage']}")
    gone, refused = [], []
    for each in table.scan()["Items"]:
        try:
            to.post_to_connection(ConnectionId=each["id"], Data=event["body"].encode())
        except to.exceptions.GoneException:
            gone.append(each["id"])
            table.delete_item(Key={"id": each["id"]})
        except ClientError as error:
            refused.append(error.response["Error"]["Code"])
    return {"statusCode": 200, "body": json.dumps({"gone": gone, "refused": refused})}
"""


@pytest.fixture
def chat(hello):
    clients = hello(CODE)
    let_in(clients, "hello", "apigateway")
    key = {"AttributeName": "id"}
    clients["dynamodb"].create_table(
        TableName="Chat", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{**key, "AttributeType": "S"}], KeySchema=[{**key, "KeyType": "HASH"}],
    )  # fmt: skip
    arn = clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]
    gateway = clients["apigatewayv2"]
    api = websocket_api(gateway, arn)
    (connect,) = gateway.get_routes(ApiId=api)["Items"]
    for name in ("$disconnect", "send"):
        answered = {"Target": connect["Target"], "RouteResponseSelectionExpression": "$default"}
        route = gateway.create_route(ApiId=api, RouteKey=name, **answered)["RouteId"]
        gateway.create_route_response(ApiId=api, RouteId=route, RouteResponseKey="$default")
    return clients, api


@contextmanager
def guest(clients, api):
    """Somebody in the chat, who has gone afterwards."""
    with closing(clients["http"].connect(api, "live", "?token=right", timeout=PATIENCE)) as socket:
        yield socket


def test_two_talk_and_connections_that_are_gone_are_removed(chat):
    clients, api = chat
    clients["dynamodb"].put_item(TableName="Chat", Item={"id": {"S": "long-gone"}})
    with guest(clients, api) as one, guest(clients, api) as two:
        one.send(json.dumps({"action": "send", "text": "Hello"}))
        assert [json.loads(each.recv()) for each in (one, two)] == [{"action": "send", "text": "Hello"}] * 2
        assert json.loads(one.recv()) == {"gone": ["long-gone"], "refused": []}


def test_function_needs_the_permission_to_manage_connections(chat):
    clients, api = chat
    others = {"Effect": "Allow", "Action": ["dynamodb:*", "logs:*"], "Resource": "*"}
    allow(clients, "worker", others)

    def ask():
        with guest(clients, api) as one:
            one.send(json.dumps({"action": "send"}))
            return json.loads(one.recv())

    assert ask() == {"gone": [], "refused": ["AccessDeniedException"]}
    manages = {"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": "*"}
    allow(clients, "worker", others, manages)
    assert ask()["action"] == "send"
    allow(clients, "worker", others)
    assert set(ask()["refused"]) == {"AccessDeniedException"}
