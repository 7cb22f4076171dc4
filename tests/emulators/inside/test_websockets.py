"""Tests for WebSocket APIs on the embedded emulator: what a function answers to `$connect` counts."""

import asyncio
import base64
import json
import os

import pytest

from tests.waiting import PATIENCE, wait_until

CODE = """
def lambda_handler(event, context):
    print("asked by", event["requestContext"]["eventType"])
    known = (event.get("queryStringParameters") or {}).get("key") == "right"
    return {"statusCode": 200 if known else 401}
"""


@pytest.fixture
def api(hello):
    clients = hello(CODE)
    arn = clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]
    return websocket_api(clients["apigatewayv2"], arn)


def websocket_api(gateway, function):
    """The id of an API whose `$connect` runs this function, with the stage `live`."""
    made = gateway.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    integration = gateway.create_integration(ApiId=made["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=uri)
    target = f"integrations/{integration['IntegrationId']}"
    gateway.create_route(ApiId=made["ApiId"], RouteKey="$connect", Target=target)
    gateway.create_stage(ApiId=made["ApiId"], StageName="live")
    gateway.create_deployment(ApiId=made["ApiId"], StageName="live")
    return made["ApiId"]


async def handshake(port, api, query):
    """The status with which a connection begins, or is refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET /live?{query} HTTP/1.1", f"Host: {api}.execute-api.localhost:{port}", "Upgrade: websocket",
        "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", "",
    ]  # fmt: skip
    writer.write("\r\n".join(lines).encode())
    try:
        answer = await asyncio.wait_for(reader.readline(), PATIENCE)
    finally:
        writer.close()
    return int(answer.split()[1])


def test_connection_that_the_function_refuses_does_not_begin(embedded, api):
    port = int(embedded.endpoint.rpartition(":")[2])
    assert asyncio.run(handshake(port, api, "key=right")) == 101
    assert asyncio.run(handshake(port, api, "key=wrong")) != 101
    runs = wait_until(lambda: len(found := embedded.runs("hello")) == 2 and found)
    assert [json.loads(run.event)["queryStringParameters"]["key"] for run in runs] == ["right", "wrong"]
    assert "asked by CONNECT" in runs[0].lines
