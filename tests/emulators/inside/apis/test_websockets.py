"""Tests for WebSocket APIs on the embedded emulator: what a function answers to `$connect` counts."""

import asyncio
import base64
import json
import os
from contextlib import suppress

import pytest
from websocket import WebSocketBadStatusException

from lab_harness.authors.http import Http
from lab_harness.emulators.inside.apis.websockets import Connections, end_at_once
from tests.roles import let_in
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
    let_in(clients, "hello", "apigateway")
    arn = clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]
    return websocket_api(clients["apigatewayv2"], arn)


def websocket_api(gateway, function, *more):
    """The id of an API whose `$connect`, and `more`, run this function, with the stage `live`."""
    made = gateway.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    integration = gateway.create_integration(ApiId=made["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=uri)
    target = f"integrations/{integration['IntegrationId']}"
    for key in ("$connect", *more):
        gateway.create_route(ApiId=made["ApiId"], RouteKey=key, Target=target)
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
        with suppress(ConnectionError):
            await writer.wait_closed()
    return int(answer.split()[1])


def test_connection_that_the_function_refuses_does_not_begin(embedded, api):
    port = int(embedded.endpoint.rpartition(":")[2])
    assert asyncio.run(handshake(port, api, "key=right")) == 101
    assert asyncio.run(handshake(port, api, "key=wrong")) != 101
    runs = wait_until(lambda: len(found := embedded.runs("hello")) == 2 and found)
    assert [json.loads(run.event)["queryStringParameters"]["key"] for run in runs] == ["right", "wrong"]
    assert "asked by CONNECT" in runs[0].lines


@pytest.mark.parametrize("marked", [True, False], ids=["a check", "somebody else"])
def test_connection_is_the_doing_of_who_makes_it(embedded, clients, api, marked):
    http = clients["http"] if marked else Http(embedded.endpoint)
    http.connect(api, "live", "?key=right", timeout=PATIENCE).close()
    runs = wait_until(lambda: embedded.runs("hello"))
    assert {run.probe for run in runs} == {marked}
    assert {deed.by for deed in embedded.deeds()[1] if deed.kind == "run"} == {f"execute-api {api}"}


def test_events_of_a_connection_tell_when_it_began(embedded, clients, hello):
    clients = hello(CODE)
    let_in(clients, "hello", "apigateway")
    arn = clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]
    api = websocket_api(clients["apigatewayv2"], arn, "$default", "$disconnect")
    socket = clients["http"].connect(api, "live", "?key=right", timeout=PATIENCE)
    began = embedded.now()
    list(embedded.advance(60))
    socket.send("a message")
    wait_until(lambda: len(embedded.runs("hello")) == 2)
    socket.close()
    runs = wait_until(lambda: len(found := embedded.runs("hello")) == 3 and found)
    told = {json.loads(run.event)["requestContext"]["connectedAt"] for run in runs}
    assert len(told) == 1
    assert abs(told.pop() / 1000 - began) < 30


def test_connection_that_is_refused_says_so(clients, api):
    with pytest.raises(WebSocketBadStatusException):
        clients["http"].connect(api, "live", "?key=wrong", timeout=PATIENCE)


def test_connection_that_ends_is_told_at_once_to_what_sends_to_it():
    """MiniStack's own drain would wait for half a second more: only a None in the outbox ends it at once."""
    outbox, messages = asyncio.Queue(), [{"type": "websocket.receive"}, {"type": "websocket.disconnect"}]

    async def receive():
        return messages.pop(0)

    async def handle(_scope, receive, _send):
        Connections()["mine"] = {"outbox": outbox}
        return [(await asyncio.ensure_future(receive()), outbox.empty()) for _ in range(2)]

    found = asyncio.run(end_at_once(handle, None, ({}, receive, None), {}))
    assert [empty for _, empty in found] == [True, False]
    assert outbox.get_nowait() is None


def test_default_route_is_for_messages_alone(embedded, clients, hello, api):
    gateway = clients["apigatewayv2"]
    (connect,) = gateway.get_routes(ApiId=api)["Items"]
    gateway.create_route(ApiId=api, RouteKey="$default", Target=connect["Target"])
    gateway.delete_route(ApiId=api, RouteId=connect["RouteId"])
    port = int(embedded.endpoint.rpartition(":")[2])
    assert asyncio.run(handshake(port, api, "key=wrong")) == 101
    assert embedded.runs("hello") == []
