"""Tests for OpenAPI on the embedded emulator: a definition makes an API that works, and is exported as it was."""

import json

import pytest
import yaml
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http

HOTEL = {
    "openapi": "3.0.1",
    "info": {"title": "hotel", "version": "1.0"},
    "x-amazon-apigateway-request-validators": {
        "all": {"validateRequestBody": True, "validateRequestParameters": True},
    },
    "x-amazon-apigateway-gateway-responses": {
        "BAD_REQUEST_BODY": {
            "statusCode": "422",
            "responseParameters": {"gatewayresponse.header.X-Why": "'body'"},
            "responseTemplates": {"application/json": '{"why": $context.error.messageString}'},
        }
    },
    "paths": {
        "/rooms/{id}": {
            "post": {
                "operationId": "book",
                "x-amazon-apigateway-request-validator": "all",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "nights", "in": "query", "required": True, "schema": {"type": "string"}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "responses": {
                    "200": {"description": "200 response", "headers": {"X-Room": {"schema": {"type": "string"}}}},
                    "404": {"description": "404 response"},
                },
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "passthroughBehavior": "never",
                    "requestTemplates": {"application/json": """{"statusCode": $input.params('nights')}"""},
                    "responses": {
                        "default": {
                            "statusCode": "200",
                            "responseParameters": {"method.response.header.X-Room": "'7'"},
                            "responseTemplates": {"application/json": '{"booked": true}'},
                        },
                        "4..": {"statusCode": "404"},
                    },
                },
            }
        },
        "/{proxy+}": {
            "x-amazon-apigateway-any-method": {
                "security": [{"sigv4": []}],
                "responses": {"200": {"description": "200 response"}},
                "x-amazon-apigateway-integration": {"type": "mock", "passthroughBehavior": "when_no_match"},
            }
        },
    },
    "components": {
        "schemas": {
            "Pet": {
                "type": "object",
                "required": ["name", "owner"],
                "properties": {"name": {"type": "string"}, "owner": {"$ref": "#/components/schemas/Owner"}},
            },
            "Owner": {"type": "object", "required": ["mail"]},
        },
        "securitySchemes": {
            "sigv4": {
                "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4",
            },
        },
    },
}  # fmt: skip
REX = json.dumps({"name": "Rex", "owner": {"mail": "ana@example.com"}})
JSON = {"Content-Type": "application/json"}


def deployed(gateway, api):
    gateway.create_deployment(restApiId=api, stageName="test")


def export(gateway, api, **parameters):
    """The definition of the stage `test`, without what names the API."""
    given = {"parameters": {"extensions": "apigateway", **parameters}, "accepts": "application/json"}
    document = json.load(gateway.get_export(restApiId=api, stageName="test", exportType="oas30", **given)["body"])
    document.pop("servers")
    return document


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump], ids=["JSON", "YAML"])
def test_definition_makes_the_whole_api(gateway, embedded, write):
    made = gateway.import_rest_api(body=write(json.loads(json.dumps(HOTEL))).encode())
    api, http = made["id"], Http(embedded.endpoint)
    assert made["name"] == "hotel"
    deployed(gateway, api)

    def book(path, body):
        return http.api(api, "test", "POST", path, body, headers=JSON)

    booked = book("/rooms/7?nights=200", REX)
    assert (booked.status, booked.json(), booked.headers["x-room"]) == (200, {"booked": True}, "7")
    assert book("/rooms/7?nights=404", REX).status == 404
    assert book("/rooms/7", REX).status == 400
    for body in ('{"name": "Rex"}', '{"name": "Rex", "owner": {}}', "none"):
        refused = book("/rooms/7?nights=200", body)
        assert (refused.status, refused.headers["x-why"]) == (422, "body")
    assert http.api(api, "test", "GET", "/any/thing").status == 403  # unsigned
    found = {each["path"] for each in gateway.get_resources(restApiId=api)["items"]}
    assert found == {"/", "/rooms", "/rooms/{id}", "/{proxy+}"}


def test_export_comes_back_as_it_was_and_makes_the_same_api(gateway):
    first = gateway.import_rest_api(body=json.dumps(HOTEL))["id"]
    deployed(gateway, first)
    exported = export(gateway, first)
    assert exported == HOTEL
    second = gateway.import_rest_api(body=json.dumps(exported))["id"]
    deployed(gateway, second)
    assert export(gateway, second) == exported


def test_export_is_of_what_was_deployed(gateway):
    api = gateway.import_rest_api(body=json.dumps(HOTEL))["id"]
    deployed(gateway, api)
    root = next(each["id"] for each in gateway.get_resources(restApiId=api)["items"] if each["path"] == "/")
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    assert "/" not in export(gateway, api)["paths"]
    deployed(gateway, api)
    assert "/" in export(gateway, api)["paths"]


def test_definition_is_merged_into_an_api_or_replaces_it(gateway):
    api = gateway.import_rest_api(body=json.dumps(HOTEL))["id"]
    more = {"openapi": "3.0.1", "info": {"title": "inn"}, "paths": {"/open": {"get": {"responses": {}}}}}

    def paths():
        return {each["path"] for each in gateway.get_resources(restApiId=api)["items"]}

    assert gateway.put_rest_api(restApiId=api, mode="merge", body=json.dumps(more))["name"] == "inn"
    assert paths() == {"/", "/rooms", "/rooms/{id}", "/{proxy+}", "/open"}
    gateway.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(more))
    assert paths() == {"/", "/open"}
    assert gateway.get_models(restApiId=api)["items"] == []


def test_swagger_with_a_body_of_its_own_is_read_too(gateway, embedded):
    operation = {
        "parameters": [{"name": "body", "in": "body", "schema": {"type": "object", "required": ["name"]}}],
        "responses": {"200": {"description": "fine"}},
        "x-amazon-apigateway-integration": {
            "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": 200}},
        },
    }  # fmt: skip
    definition = {
        "swagger": "2.0", "info": {"title": "old"}, "paths": {"/": {"post": operation}},
        "x-amazon-apigateway-request-validators": {"body": {"validateRequestBody": True}},
        "x-amazon-apigateway-request-validator": "body",
    }  # fmt: skip
    api = gateway.import_rest_api(body=json.dumps(definition))["id"]
    deployed(gateway, api)
    answers = [Http(embedded.endpoint).api(api, "test", "POST", "/", body, headers=JSON) for body in (REX, "{}")]
    assert [each.status for each in answers] == [200, 400]


def test_stack_makes_what_its_body_defines(clients, gateway, embedded):
    resources = {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "made", "Body": HOTEL}}}
    clients["cloudformation"].create_stack(StackName="hotel", TemplateBody=json.dumps({"Resources": resources}))
    wait = {"Delay": 0.1, "MaxAttempts": 100}
    clients["cloudformation"].get_waiter("stack_create_complete").wait(StackName="hotel", WaiterConfig=wait)
    (made,) = gateway.get_rest_apis()["items"]
    deployed(gateway, made["id"])
    answer = Http(embedded.endpoint).api(made["id"], "test", "POST", "/rooms/7?nights=200", REX, headers=JSON)
    assert (made["name"], answer.status) == ("made", 200)


HALF = '{"openapi": "3.0.1", "paths": {"/a": {"get": {"responses": {}}}, "/b": {"get": null}}}'
LIST = '{"openapi": "3.0.1", "paths": {"/a": ["get"]}, "components": {"schemas": []}}'
DEEP = json.dumps({"openapi": "3.0.1", "paths": {"/a" * 4000: {}}})
BOMB = "openapi: 3.0.1\npaths: &a {}\ninfo: [*a, *a]\n"


@pytest.mark.parametrize(
    "body", ["", "none", "[]", '{"openapi": "3.0.1"}', "{" * 5000, BOMB, HALF, LIST, DEEP, "openapi: [" + "[" * 3000]
)
def test_what_is_no_definition_is_refused(gateway, body):
    with pytest.raises(ClientError, match="malformed or missing OpenAPI"):
        gateway.import_rest_api(body=body.encode() or b" ")
    assert gateway.get_rest_apis()["items"] == []
    api = gateway.create_rest_api(name="kept")["id"]
    with pytest.raises(ClientError, match="malformed or missing OpenAPI"):
        gateway.put_rest_api(restApiId=api, mode="overwrite", body=body.encode() or b" ")
    assert [each["name"] for each in gateway.get_rest_apis()["items"]] == ["kept"]
    assert len(gateway.get_resources(restApiId=api)["items"]) == 1
