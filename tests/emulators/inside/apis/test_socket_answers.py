"""Tests for what clients of WebSocket APIs are told on the embedded emulator: refused, failed, or answered."""

import json

import pytest
from websocket import WebSocketBadStatusException, create_connection

from tests.emulators.inside.apis.test_websockets import websocket_api
from tests.roles import let_in
from tests.waiting import PATIENCE

CODE = """
import json

def lambda_handler(event, context):
    asked = event.get("queryStringParameters") or {}
    if event.get("type") == "REQUEST":
        if asked["key"] == "nobody":
            raise Exception("Unauthorized")
        if asked["key"] == "broken":
            raise ValueError("no key of ours")
        effect = "Allow" if asked["key"] == "right" else "Deny"
        statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
        return {"principalId": "ana", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    body = json.loads(event.get("body") or "{}")
    if "fail" in asked or body.get("fail"):
        raise ValueError("a secret of ours")
    if "none" in asked or body.get("none"):
        return None
    return {"statusCode": int(asked.get("status", 200)), "body": json.dumps({"who": "a function"})}
"""
FAILED = "Internal server error"


class Api:
    """A WebSocket API of whose function these routes are, beside `$connect`."""

    def __init__(self, clients, embedded, *routes):
        self.clients, self.gateway = clients, clients["apigatewayv2"]
        let_in(clients, "hello", "apigateway")
        self.function = clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]
        self.id = websocket_api(self.gateway, self.function, *routes)
        self.where = f"{embedded.endpoint.replace('http', 'ws')}/_aws/execute-api/{self.id}/live"

    def connect(self, query=""):
        return create_connection(f"{self.where}?{query}", timeout=PATIENCE, suppress_origin=True)

    def refused(self, query=""):
        """The status of a refused handshake, and what its body says."""
        with pytest.raises(WebSocketBadStatusException) as caught:
            self.connect(query)
        return caught.value.status_code, json.loads(caught.value.resp_body)

    def told(self, **message):
        """What the client hears when it has sent this."""
        socket = self.connect("key=right")
        try:
            socket.send(json.dumps(message))
            return json.loads(socket.recv())
        finally:
            socket.close()

    def authorize(self):
        """Put the function before `$connect`, which looks for a key in the query."""
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{self.function}/invocations"
        about = {"ApiId": self.id, "Name": "guard", "AuthorizerType": "REQUEST", "AuthorizerUri": uri}
        sources = ["route.request.querystring.key"]
        made = self.gateway.create_authorizer(**about, IdentitySource=sources)["AuthorizerId"]
        route = self._route("$connect")
        self.gateway.update_route(ApiId=self.id, RouteId=route, AuthorizationType="CUSTOM", AuthorizerId=made)

    def answer(self, key):
        """Let a route answer."""
        self.gateway.create_route_response(ApiId=self.id, RouteId=self._route(key), RouteResponseKey="$default")

    def _route(self, key):
        routes = self.gateway.get_routes(ApiId=self.id)["Items"]
        return next(each["RouteId"] for each in routes if each["RouteKey"] == key)


@pytest.fixture
def make(hello, embedded):
    clients = hello(CODE)
    return lambda *routes: Api(clients, embedded, *routes)


def test_handshake_is_refused_by_the_status_that_the_function_answers(make):
    api = make()
    assert [api.refused(f"status={status}")[0] for status in (401, 403, 503)] == [401, 403, 503]
    assert api.refused("status=401")[1] == {"who": "a function"}


@pytest.mark.parametrize("query", ["fail=1", "none=1", "status=42"])
def test_function_that_fails_is_a_bad_gateway_without_its_secrets(make, query):
    status, told = make().refused(query)
    assert (status, told["message"], set(told)) == (502, FAILED, {"message", "connectionId", "requestId"})


def test_function_that_lets_nobody_in_is_a_failure_of_the_server(make):
    api = make()
    api.clients["lambda"].remove_permission(FunctionName="hello", StatementId="apigateway")
    status, told = api.refused()
    assert (status, told["message"]) == (500, FAILED)


def test_authorizer_refuses_by_what_it_decides_and_without_identity_is_not_asked(make, embedded):
    api = make()
    api.authorize()
    found = [api.refused(f"key={key}")[0] for key in ("wrong", "nobody", "broken")]
    assert found == [403, 401, 500]
    before = len(embedded.runs("hello"))
    assert (api.refused()[0], len(embedded.runs("hello"))) == (401, before)
    api.connect("key=right").close()


@pytest.mark.parametrize("message", [{"fail": True}, {"none": True}])
def test_client_is_told_that_a_function_failed_and_no_more(make, message):
    told = make("say").told(action="say", **message)
    assert (told["message"], set(told)) == (FAILED, {"message", "connectionId", "requestId"})


def test_client_is_told_that_a_function_may_not_be_called(make):
    api = make("say")
    socket = api.connect()
    api.clients["lambda"].remove_permission(FunctionName="hello", StatementId="apigateway")
    socket.send(json.dumps({"action": "say"}))
    assert json.loads(socket.recv())["message"] == FAILED
    socket.close()


def test_stage_that_is_not_there_or_not_deployed_is_forbidden(make):
    api = make("say")
    api.connect("key=right").close()
    live = api.where
    api.where = live.replace("/live", "/none")
    assert api.refused("key=right") == (403, {"message": "Forbidden"})
    for each in api.gateway.get_deployments(ApiId=api.id)["Items"]:
        api.gateway.delete_deployment(ApiId=api.id, DeploymentId=each["DeploymentId"])
    api.where = live
    assert api.refused("key=right") == (403, {"message": "Forbidden"})
    api.gateway.update_stage(ApiId=api.id, StageName="live", AutoDeploy=True)
    api.connect("key=right").close()


def test_message_without_a_route_is_forbidden(make):
    told = make("say").told(action="bark")
    assert (told["message"], set(told)) == ("Forbidden", {"message", "connectionId", "requestId"})


def test_route_answers_only_where_it_has_a_response(make):
    api = make("say")
    assert api.told(action="say", fail=True)["message"] == FAILED
    socket = api.connect()
    socket.send(json.dumps({"action": "say"}))
    socket.send(json.dumps({"action": "bark"}))
    assert json.loads(socket.recv())["message"] == "Forbidden"  # nothing came before it
    socket.close()
    api.answer("say")
    assert api.told(action="say") == {"who": "a function"}
