"""Tests for REST APIs of stacks on the embedded emulator: they have what the template says, and change with it."""

import json

import pytest

from lab_harness.authors.http import Http

GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:hotel"
MOCK = {
    "Type": "MOCK",
    "RequestTemplates": {"application/json": '{"statusCode": 200}'},
    "IntegrationResponses": [{"StatusCode": 200}],
}


def template(stage, **deployment):
    """A stack with an API that validates bodies, a deployment and a stage of these properties."""
    api = {"Ref": "Api"}
    schema = {"type": "object", "required": ["name"]}
    post = {
        "RestApiId": api, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "POST",
        "AuthorizationType": "NONE", "Integration": MOCK, "RequestModels": {"application/json": "Pet"},
        "RequestValidatorId": {"Ref": "Bodies"}, "MethodResponses": [{"StatusCode": 200}],
    }  # fmt: skip
    bodies = {"RestApiId": api, "Name": "bodies", "ValidateRequestBody": True}
    pet = {"RestApiId": api, "Name": "Pet", "ContentType": "application/json", "Schema": schema}
    live = {"RestApiId": api, "StageName": "live", "DeploymentId": {"Ref": "Deployed"}, **stage}
    return {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "hotel"}},
        "Pet": {"Type": "AWS::ApiGateway::Model", "Properties": pet},
        "Bodies": {"Type": "AWS::ApiGateway::RequestValidator", "Properties": bodies},
        "Post": {"Type": "AWS::ApiGateway::Method", "Properties": post, "DependsOn": "Pet"},
        "Deployed": {
            "Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": api, **deployment}, "DependsOn": "Post",
        },
        "Live": {"Type": "AWS::ApiGateway::Stage", "Properties": live},
    }  # fmt: skip


@pytest.fixture
def stack(clients):
    """Makes the stack of these resources, or changes it; returns how it ended."""
    formation, wait = clients["cloudformation"], {"Delay": 0.1, "MaxAttempts": 300}

    def make(resources, verb="create"):
        call = getattr(formation, f"{verb}_stack")
        call(StackName="hotel", TemplateBody=json.dumps({"Resources": resources}))
        try:
            formation.get_waiter(f"stack_{verb}_complete").wait(StackName="hotel", WaiterConfig=wait)
        except Exception as error:
            return str(error)
        return "complete"

    return make


def stage(gateway):
    (api,) = gateway.get_rest_apis()["items"]
    return api["id"], gateway.get_stage(restApiId=api["id"], stageName="live")


def test_stage_has_what_the_template_says_and_the_method_validates(stack, gateway, embedded):
    given = {
        "CacheClusterEnabled": "true",
        "CacheClusterSize": "1.6",
        "AccessLogSetting": {"DestinationArn": GROUP, "Format": "$context.requestId"},
        "CanarySetting": {"PercentTraffic": 25, "StageVariableOverrides": {"alias": "v2"}},
    }
    assert stack(template(given)) == "complete"
    api, found = stage(gateway)
    assert (found["cacheClusterStatus"], found["cacheClusterSize"]) == ("AVAILABLE", "1.6")
    assert found["accessLogSettings"] == {"destinationArn": GROUP, "format": "$context.requestId"}
    assert found["canarySettings"]["percentTraffic"] == 25.0
    http = Http(embedded.endpoint)
    headers = {"Content-Type": "application/json"}
    answers = [http.api(api, "live", "POST", "/", body, headers=headers) for body in ("{}", '{"name": "Rex"}')]
    assert [each.status for each in answers] == [400, 200]


def test_stage_and_validator_change_with_the_template(stack, gateway):
    assert stack(template({"CanarySetting": {"PercentTraffic": 25}})) == "complete"
    changed = template({"CacheClusterEnabled": True, "CacheClusterSize": "6.1"})
    changed["Bodies"]["Properties"]["ValidateRequestBody"] = False
    assert stack(changed, "update") == "complete"
    api, found = stage(gateway)
    assert [each["validateRequestBody"] for each in gateway.get_request_validators(restApiId=api)["items"]] == [False]
    assert (found["cacheClusterEnabled"], found["cacheClusterSize"]) == (True, "6.1")
    assert "canarySettings" not in found


def test_what_api_gateway_refuses_fails_the_stack(stack, gateway):
    assert stack(template({"CacheClusterEnabled": True, "CacheClusterSize": "7"})) != "complete"
