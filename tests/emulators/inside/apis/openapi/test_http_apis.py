"""Tests for OpenAPI and HTTP APIs: a definition makes one that works, replaces one, and is made of one."""

import json

import pytest
import yaml
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http
from lab_harness.aws import Clients
from tests.emulators.inside.permissions.authorization.test_calls import denied, user
from tests.labs.helpers import zipped
from tests.roles import let_in, role

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:rooms"
CALLS = {"type": "aws_proxy", "httpMethod": "POST", "uri": FUNCTION, "payloadFormatVersion": "2.0"}
ISSUER = {"issuer": "https://login.example.com", "audience": ["hotel"]}
HOTEL = {
    "openapi": "3.0.1",
    "info": {"title": "hotel", "version": "2.0", "description": "Rooms"},
    "x-amazon-apigateway-cors": {"allowOrigins": ["https://hotel.example.com"], "allowMethods": ["GET"]},
    "paths": {
        "/rooms/{id}": {
            "get": {"operationId": "room", "x-amazon-apigateway-integration": CALLS},
            "x-amazon-apigateway-any-method": {
                "security": [{"login": ["book"]}],
                "x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/rooms"},
            },
        },
        "/staff": {"get": {"security": [{"sigv4": []}], "x-amazon-apigateway-integration": CALLS}},
        "/$default": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": CALLS}},
    },
    "components": {
        "x-amazon-apigateway-integrations": {"rooms": CALLS},
        "securitySchemes": {
            "sigv4": {
                "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4",
            },
            "login": {
                "type": "oauth2", "flows": {},
                "x-amazon-apigateway-authorizer": {
                    "type": "jwt", "jwtConfiguration": ISSUER, "identitySource": "$request.header.Authorization",
                },
            },
        },
    },
}  # fmt: skip
SMALL = {"openapi": "3.0.1", "info": {"title": "inn"}, "paths": {"/beds": {
    "post": {"x-amazon-apigateway-integration": CALLS}}}}  # fmt: skip


@pytest.fixture
def account(embedded):
    embedded.reset()
    clients = Clients(embedded, as_learner=True)
    clients["lambda"].create_function(
        FunctionName="rooms", Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=role(clients),
        Code={"ZipFile": zipped("def lambda_handler(event, context):\n    return event['routeKey']")},
    )  # fmt: skip
    let_in(clients, "rooms", "apigateway")
    return clients


@pytest.fixture
def http(account):
    return account["apigatewayv2"]


def routes(http, api):
    return {each["RouteKey"]: each for each in http.get_routes(ApiId=api)["Items"]}


def answers(embedded, http, api, *asked):
    """The bodies, or else the statuses, of the requests' answers."""
    if not http.get_stages(ApiId=api)["Items"]:
        http.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    found = [Http(embedded.endpoint).api(api, "$default", *each) for each in asked]
    return [each.text if each.status == 200 else each.status for each in found]


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump], ids=["JSON", "YAML"])
def test_definition_makes_an_api_that_works(http, embedded, write):
    made = http.import_api(Body=write(json.loads(json.dumps(HOTEL))))
    assert (made["Name"], made["Version"], made["Description"]) == ("hotel", "2.0", "Rooms")
    assert made["CorsConfiguration"]["AllowOrigins"] == ["https://hotel.example.com"]
    found = routes(http, made["ApiId"])
    assert set(found) == {"GET /rooms/{id}", "ANY /rooms/{id}", "GET /staff", "$default"}
    assert found["GET /rooms/{id}"]["OperationName"] == "room"
    (login,) = http.get_authorizers(ApiId=made["ApiId"])["Items"]
    assert login["JwtConfiguration"] == {"Issuer": ISSUER["issuer"], "Audience": ["hotel"]}
    guarded = found["ANY /rooms/{id}"]
    assert (guarded["AuthorizationType"], guarded["AuthorizerId"]) == ("JWT", login["AuthorizerId"])
    assert guarded["AuthorizationScopes"] == ["book"]
    asked = ("GET", "/rooms/7"), ("POST", "/rooms/7"), ("GET", "/staff"), ("GET", "/else")
    assert answers(embedded, http, made["ApiId"], *asked) == ["GET /rooms/{id}", 401, 403, "$default"]


def test_definition_replaces_an_api_whole(http, embedded):
    api = http.import_api(Body=json.dumps(HOTEL))["ApiId"]
    told = http.reimport_api(ApiId=api, Body=json.dumps(SMALL))
    assert (told["ApiId"], told["Name"], "CorsConfiguration" in told) == (api, "inn", False)
    assert set(routes(http, api)) == {"POST /beds"}
    assert not http.get_authorizers(ApiId=api)["Items"]
    assert len(http.get_apis()["Items"]) == 1
    assert answers(embedded, http, api, ("POST", "/beds"), ("GET", "/rooms/7")) == ["POST /beds", 404]
    with pytest.raises(ClientError, match="NotFoundException"):
        http.reimport_api(ApiId="none", Body=json.dumps(SMALL))


@pytest.mark.parametrize("form", ["JSON", "YAML"])
def test_export_makes_the_same_api(http, form):
    def export(api, **asked):
        return http.export_api(ApiId=api, Specification="OAS30", OutputType=form, **asked)["body"].read().decode()

    def of(api):
        return {key: value for key, value in yaml.safe_load(export(api)).items() if key != "servers"}

    first = http.import_api(Body=json.dumps(HOTEL))["ApiId"]
    second = http.import_api(Body=export(first))["ApiId"]
    assert of(first) == of(second)
    assert of(first)["paths"]["/staff"]["get"]["security"] == [{"sigv4": []}]
    assert "x-amazon-apigateway" not in export(first, IncludeExtensions=False).replace("x-amazon-apigateway-any", "")
    with pytest.raises(ClientError, match="NotFoundException"):
        export(first, StageName="none")
    with pytest.raises(ClientError, match="NotFoundException"):
        export("none")


LIST = '{"openapi": "3.0.1", "paths": {"/a": ["get"]}}'
SWAGGER = '{"swagger": "2.0", "info": {"title": "old"}, "paths": {}}'
NO_SCHEME = json.dumps({"openapi": "3.0.1", "paths": {"/a": {"get": {"security": [{"none": []}]}}}})


@pytest.mark.parametrize("body", [" ", "[]", SWAGGER, LIST, NO_SCHEME])
def test_what_is_no_definition_makes_and_changes_nothing(http, body):
    api = http.import_api(Body=json.dumps(SMALL))["ApiId"]
    for call in (http.import_api, lambda **given: http.reimport_api(ApiId=api, **given)):
        with pytest.raises(ClientError, match="BadRequestException"):
            call(Body=body)
    assert [each["Name"] for each in http.get_apis()["Items"]] == ["inn"]
    assert set(routes(http, api)) == {"POST /beds"}


def test_roles_in_it_are_given_by_whom_who_may_pass_them(account, http, embedded):
    spec = json.loads(json.dumps(SMALL))
    integration = spec["paths"]["/beds"]["post"]["x-amazon-apigateway-integration"]
    integration["credentials"] = "arn:aws:iam::000000000000:role/worker"
    may = {"Effect": "Allow", "Action": "apigateway:*", "Resource": "*"}
    hers = user(account, embedded, may).client("apigatewayv2", endpoint_url=embedded.endpoint)
    assert "iam:PassRole" in denied(hers.import_api, Body=json.dumps(spec))[2]
    assert not http.get_apis()["Items"]
    (kept,) = http.get_integrations(ApiId=http.import_api(Body=json.dumps(spec))["ApiId"])["Items"]
    assert kept["CredentialsArn"] == integration["credentials"]


def test_stack_makes_what_its_body_defines(account, http, embedded):
    resources = {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": HOTEL}}}
    account["cloudformation"].create_stack(StackName="hotel", TemplateBody=json.dumps({"Resources": resources}))
    wait = {"Delay": 0.1, "MaxAttempts": 100}
    account["cloudformation"].get_waiter("stack_create_complete").wait(StackName="hotel", WaiterConfig=wait)
    (made,) = http.get_apis()["Items"]
    assert (made["Name"], answers(embedded, http, made["ApiId"], ("GET", "/rooms/7"))) == ("hotel", ["GET /rooms/{id}"])
