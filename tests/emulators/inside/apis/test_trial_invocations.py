"""Tests for TestInvokeMethod on the embedded emulator: the API as it stands, with no key, and the log of it."""

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.apis.integrations.test_integrations import Api, function, template


@pytest.fixture
def api(clients, embedded):
    return Api(clients, embedded.endpoint)


def build(api, integration, *responses):
    """Give the method an integration with these responses, and deploy nothing."""
    api.gateway.put_integration(**api.method, **integration)
    for each in responses:
        api.gateway.put_integration_response(**api.method, **each)


def test_method_is_tried_as_it_stands_and_the_log_tells_what_the_template_makes(api):
    request = """{"statusCode": 200, "id": "$input.params('id')", "alias": "$stageVariables.alias"}"""
    answer = '{"stage": "$context.stage", "kind": "$input.params("kind")", "by": "$input.params("X-By")"}'
    build(api, {"type": "MOCK", "requestTemplates": {"application/json": request}}, template(answer))
    found = api.gateway.test_invoke_method(
        **api.method, pathWithQueryString="/pets/7?kind=dog", headers={"X-By": "Ana"}, body="{}",
        stageVariables={"alias": "v9"},
    )  # fmt: skip
    assert (found["status"], found["headers"]["Content-Type"]) == (200, "application/json")
    assert found["body"] == '{"stage": "test-invoke-stage", "kind": "dog", "by": "Ana"}'
    assert 'after transformations: {"statusCode": 200, "id": "7", "alias": "v9"}' in found["log"]
    assert found["log"].startswith("Execution log for request")
    assert found["latency"] >= 0


def test_log_tells_why_it_failed(api):
    build(api, {"type": "MOCK", "requestTemplates": {"application/json": "#if"}}, template("fine"))
    found = api.gateway.test_invoke_method(**api.method, pathWithQueryString="/pets/7")
    assert (found["status"], found["body"]) == (500, '{"message": "Internal server error"}')
    assert "Execution failed due to configuration error" in found["log"]


def test_nobody_asks_for_a_key_or_a_signature_but_functions_let_it_in_or_not(clients, api):
    integration = function(clients, "def lambda_handler(event, context): return {'statusCode': 200, 'body': 'hi'}")
    build(api, {**integration, "type": "AWS_PROXY"})
    changes = {"/apiKeyRequired": "true", "/authorizationType": "AWS_IAM"}
    patch = [{"op": "replace", "path": path, "value": value} for path, value in changes.items()]
    api.gateway.update_method(**api.method, patchOperations=patch)
    assert api.gateway.test_invoke_method(**api.method, pathWithQueryString="/pets/7")["body"] == "hi"
    clients["lambda"].remove_permission(FunctionName="hello", StatementId="apigateway")
    assert api.gateway.test_invoke_method(**api.method, pathWithQueryString="/pets/7")["status"] == 500


def test_method_that_is_not_there_is_not_found(api):
    with pytest.raises(ClientError, match="Invalid Method identifier"):
        api.gateway.test_invoke_method(**api.method | {"httpMethod": "GET"})
