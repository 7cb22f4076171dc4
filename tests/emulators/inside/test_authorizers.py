"""Tests for Lambda authorizers of REST APIs on the embedded emulator: what they decide, and how long that is kept."""

import json

import pytest

from lab_harness.authors.http import Http
from tests.emulators.inside.apis.test_deployments import deploy
from tests.roles import let_in

CODE = """
def lambda_handler(event, context):
    print("asked")
    asked = event.get("queryStringParameters") or {}
    token = event.get("authorizationToken") or asked.get("token")
    if token == "none":
        raise Exception("Unauthorized")
    if token == "broken":
        return {"no": "policy"}
    effect = "Allow" if token == "right" else "Deny"
    every = event["methodArn"].partition("/")[0] + "/*"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": every}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "ana", "policyDocument": document, "context": {"tier": "gold"}}
"""


class Guarded:
    """An API whose GET / at the stage `test` asks an authorizer, and tells what that has said."""

    def __init__(self, clients, embedded, **authorizer):
        self.gateway, self.http, self.embedded = clients["apigateway"], Http(embedded.endpoint), embedded
        arn = clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]
        let_in(clients, "hello", "apigateway")
        made = self.gateway.create_rest_api(name="rest")
        self.id = made["id"]
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        self.authorizer = self.gateway.create_authorizer(
            restApiId=self.id, name="guard", authorizerUri=uri, **authorizer
        )["id"]
        method = {"restApiId": self.id, "resourceId": made["rootResourceId"], "httpMethod": "GET"}
        self.gateway.put_method(**method, authorizationType="CUSTOM", authorizerId=self.authorizer)
        templates = {"application/json": '{"statusCode": 200}'}
        self.gateway.put_integration(**method, type="MOCK", requestTemplates=templates)
        told = '{"by": "$context.authorizer.principalId", "tier": "$context.authorizer.tier"}'
        self.gateway.put_integration_response(**method, statusCode="200", responseTemplates={"application/json": told})
        deploy(self.gateway, self.id)

    def ask(self, query="", **headers):
        return self.http.api(self.id, "test", "GET", f"/{query}", headers=headers)

    def asked(self):
        """How often the function was asked."""
        return len(self.embedded.runs("hello"))


@pytest.fixture
def guarded(hello, embedded):
    """Makes a guarded API with an authorizer of these settings."""
    clients = hello(CODE)
    return clients, lambda **authorizer: Guarded(clients, embedded, **authorizer)


TOKEN = {"type": "TOKEN", "identitySource": "method.request.header.Authorization"}


def test_token_decides_and_the_template_sees_who_it_is(guarded):
    _, make = guarded
    api = make(**TOKEN, authorizerResultTtlInSeconds=0)
    answer = api.ask(Authorization="right")
    assert (answer.status, answer.json()) == (200, {"by": "ana", "tier": "gold"})
    assert [api.ask(Authorization=each).status for each in ("wrong", "none", "broken")] == [403, 401, 500]
    before = api.asked()
    assert (api.ask().status, api.asked()) == (401, before)


def test_answer_is_kept_for_its_time_by_the_clock_and_flushed(guarded, embedded):
    _, make = guarded
    api = make(**TOKEN, authorizerResultTtlInSeconds=300)

    def ask():
        assert api.ask(Authorization="right").status == 200
        return api.asked()

    assert [ask(), ask()] == [1, 1]
    list(embedded.advance(301))
    assert [ask(), ask()] == [2, 2]
    api.gateway.flush_stage_authorizers_cache(restApiId=api.id, stageName="test")
    assert ask() == 3


def test_request_is_judged_by_its_sources(guarded):
    _, make = guarded
    source = "method.request.querystring.token"
    api = make(type="REQUEST", identitySource=source, authorizerResultTtlInSeconds=300)
    assert [api.ask(f"?token={each}").status for each in ("right", "wrong", "right")] == [200, 403, 200]
    assert (api.ask().status, api.asked()) == (401, 2)


def test_request_is_told_with_each_field_of_awss(guarded):
    _, make = guarded
    api = make(type="REQUEST", identitySource="method.request.querystring.token")
    assert api.ask("?token=right").status == 200
    (run,) = api.embedded.runs("hello")
    event = json.loads(run.event)
    wanted = {
        *("type", "methodArn", "resource", "path", "httpMethod", "headers", "multiValueHeaders", "pathParameters"),
        *("queryStringParameters", "multiValueQueryStringParameters", "stageVariables", "requestContext"),
    }
    assert set(event) == wanted
    asked = event["requestContext"]
    assert {"path", "accountId", "resourceId", "stage", "requestId", "identity", "resourcePath", "apiId"} <= set(asked)
    assert (asked["path"], asked["resourcePath"]) == ("/test/", "/")
    assert asked["identity"]["sourceIp"] == "127.0.0.1"


def test_authorizer_that_does_not_let_the_api_in_is_not_asked(guarded):
    clients, make = guarded
    api = make(**TOKEN, authorizerResultTtlInSeconds=0)
    clients["lambda"].remove_permission(FunctionName="hello", StatementId="apigateway")
    assert (api.ask(Authorization="right").status, api.asked()) == (500, 0)


def test_stage_variable_names_the_authorizers_function(guarded):
    _, make = guarded
    api = make(**TOKEN, authorizerResultTtlInSeconds=0)
    uri = api.gateway.get_authorizer(restApiId=api.id, authorizerId=api.authorizer)["authorizerUri"]
    change = {"op": "replace", "path": "/authorizerUri", "value": uri.replace("hello", "${stageVariables.guard}")}
    api.gateway.update_authorizer(restApiId=api.id, authorizerId=api.authorizer, patchOperations=[change])
    assert api.ask(Authorization="right").status == 500
    change = {"op": "replace", "path": "/variables/guard", "value": "hello"}
    api.gateway.update_stage(restApiId=api.id, stageName="test", patchOperations=[change])
    assert api.ask(Authorization="right").status == 200


def test_authorizer_is_tried_without_a_deployment(guarded):
    _, make = guarded
    api = make(**TOKEN)

    def tried(**headers):
        return api.gateway.test_invoke_authorizer(restApiId=api.id, authorizerId=api.authorizer, headers=headers)

    found = tried(Authorization="right")
    assert (found["clientStatus"], found["principalId"]) == (200, "ana")
    assert json.loads(found["policy"])["Statement"][0]["Effect"] == "Allow"
    assert [tried(Authorization="none")["clientStatus"], tried()["clientStatus"]] == [401, 401]
