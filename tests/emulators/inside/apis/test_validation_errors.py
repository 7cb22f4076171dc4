"""Tests for what a gateway response says of a body that a model refuses, on the embedded emulator."""

import json

import pytest

from lab_harness.authors.http import Http

TEMPLATE = '{"message": $context.error.messageString, "problem": "$context.error.validationErrorString"}'
SCHEMA = {
    "type": "object",
    "required": ["guest", "nights"],
    "properties": {
        "guest": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^(a+)+$"},
        "pet": {"enum": ["dog", "cat"]},
        "nights": {"type": "integer", "minimum": 1, "maximum": 30},
        "toys": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string"}},
    },
}


@pytest.fixture
def ask(gateway, embedded):
    """What an API whose model is `SCHEMA` answers to a body."""
    made = gateway.create_rest_api(name="rest")
    api = made["id"]
    gateway.create_model(restApiId=api, name="Booking", contentType="application/json", schema=json.dumps(SCHEMA))
    validator = gateway.create_request_validator(restApiId=api, name="body", validateRequestBody=True)["id"]
    method = {"restApiId": api, "resourceId": made["rootResourceId"], "httpMethod": "POST"}
    gateway.put_method(**method, authorizationType="NONE")
    changes = {"/requestModels/application~1json": "Booking", "/requestValidatorId": validator}
    operations = [{"op": "add", "path": path, "value": value} for path, value in changes.items()]
    gateway.update_method(**method, patchOperations=operations)
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_integration_response(**method, statusCode="200")
    for kind in ("BAD_REQUEST_BODY", "MISSING_AUTHENTICATION_TOKEN"):
        templates = {"application/json": TEMPLATE}
        gateway.put_gateway_response(restApiId=api, responseType=kind, responseTemplates=templates)
    gateway.create_deployment(restApiId=api, stageName="test")
    return lambda body, path="/": Http(embedded.endpoint).api(api, "test", "POST", path, body)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"nights": None}, '[object has missing required properties (["nights"])]'),
        ({"nights": "3"}, '[instance type (string) does not match any allowed primitive type (allowed: ["integer"])]'),
        ({"nights": 31}, "[numeric instance is greater than the required maximum (maximum: 30, found: 31)]"),
        ({"nights": 0}, "[numeric instance is lower than the required minimum (minimum: 1, found: 0)]"),
        ({"pet": "horse"}, '[instance value ("horse") not found in enum (possible values: ["dog","cat"])]'),
        ({"guest": "a"}, '[string "a" is too short (length: 1, required minimum: 2)]'),
        ({"guest": "aaaaaa"}, '[string "aaaaaa" is too long (length: 6, maximum allowed: 5)]'),
        ({"toys": []}, "[array is too short (length: 0, required minimum: 1)]"),
        ({"toys": ["a", "b", "c"]}, "[array is too long (length: 3, maximum allowed: 2)]"),
        ({"toys": [1]}, '[instance type (integer) does not match any allowed primitive type (allowed: ["string"])]'),
        ({"guest": "b1"}, ""),  # of patterns nothing is told
    ],
)
def test_refused_body_is_told_why(ask, wrong, told):
    body = {key: value for key, value in ({"guest": "aa", "nights": 3} | wrong).items() if value is not None}
    answer = ask(body)
    assert (answer.status, answer.json()) == (400, {"message": "Invalid request body", "problem": told})


def test_several_problems_are_told_and_no_json_is_none(ask):
    found = ask({"pet": "horse", "guest": "aa"}).json()["problem"]
    assert "missing required" in found
    assert "instance value" in found
    assert ask("no json").json()["problem"] == ""
    assert ask({"guest": "aa", "nights": 3}).status == 200
    assert ask({"guest": "aa", "nights": 3}, "/none").json()["problem"] == ""


@pytest.mark.parametrize("schema", [{"type": "person"}, {"properties": {"a": False}}])
def test_of_a_model_that_is_no_schema_nothing_is_told(ask, gateway, schema):
    api = gateway.get_rest_apis()["items"][0]["id"]
    changes = [{"op": "replace", "path": "/schema", "value": json.dumps(schema | {"required": ["b"]})}]
    gateway.update_model(restApiId=api, modelName="Booking", patchOperations=changes)
    gateway.create_deployment(restApiId=api, stageName="test")
    answer = ask({"a": 1})
    assert (answer.status, json.loads(answer.text)["problem"]) == (400, "")
