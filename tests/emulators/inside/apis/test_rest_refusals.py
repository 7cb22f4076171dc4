"""Tests for what the embedded emulator refuses of a REST API's parts, in AWS's words."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from tests.waiting import wait_until

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:pets"
TO_FUNCTION = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
TO_QUEUE = "arn:aws:apigateway:us-east-1:sqs:path/000000000000/pets"
MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}


@pytest.fixture
def root(gateway):
    """An API with its root, in the words of API Gateway's requests."""
    made = gateway.create_rest_api(name="pets")
    return {"restApiId": made["id"], "resourceId": made["rootResourceId"]}


@pytest.fixture
def method(gateway, root):
    """GET / of an API, which leads nowhere yet."""
    about = {**root, "httpMethod": "GET"}
    gateway.put_method(**about, authorizationType="NONE")
    return about


@pytest.fixture
def deployed(gateway, method):
    """The API's id, with a deployment of which no stage is made."""
    gateway.put_integration(**method, **MOCK)
    return {"restApiId": method["restApiId"]}, gateway.create_deployment(restApiId=method["restApiId"])["id"]


def refused(words, call, code="BadRequestException", **asked):
    with pytest.raises(ClientError, match=re.escape(words)) as caught:
        call(**asked)
    assert caught.value.response["Error"]["Code"] == code


def test_a_method_is_put_once_and_once_more_when_it_was_deleted(gateway, method):
    words = "Method already exists for this resource"
    refused(words, gateway.put_method, "ConflictException", **method, authorizationType="AWS_IAM")
    assert gateway.get_method(**method)["authorizationType"] == "NONE"
    gateway.delete_method(**method)
    gateway.put_method(**method, authorizationType="AWS_IAM")
    assert gateway.get_method(**method)["authorizationType"] == "AWS_IAM"


def test_a_response_of_a_method_is_put_once(gateway, method):
    gateway.put_method_response(**method, statusCode="200")
    words = "Response already exists for this resource"
    refused(words, gateway.put_method_response, "ConflictException", **method, statusCode="200")


def test_a_method_names_an_authorizer_of_its_api(gateway, root):
    made = gateway.create_authorizer(
        restApiId=root["restApiId"], name="guard", type="TOKEN", authorizerUri=TO_FUNCTION,
        identitySource="method.request.header.Authorization",
    )["id"]  # fmt: skip
    other = gateway.create_rest_api(name="other")
    there = {"restApiId": other["id"], "resourceId": other["rootResourceId"]}
    asked = {"httpMethod": "GET", "authorizationType": "CUSTOM"}
    refused("requires a valid authorizer", gateway.put_method, **root, **asked)
    refused("requires a valid authorizer", gateway.put_method, **there, **asked, authorizerId=made)
    refused("Invalid authorization type", gateway.put_method, **root, httpMethod="GET", authorizationType="TOKEN")
    gateway.put_method(**root, **asked, authorizerId=made)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"type": "AWS_PROXY", "uri": FUNCTION}, "AWS ARN for integration must contain path or action"),
        ({"type": "AWS", "uri": FUNCTION}, "AWS ARN for integration must contain path or action"),
        ({"type": "AWS", "uri": "pets"}, "Invalid ARN specified in the request"),
        ({"type": "AWS"}, "Invalid ARN specified in the request"),
        ({"type": "AWS_PROXY", "uri": TO_QUEUE}, "Integrations of type 'AWS_PROXY' currently only supports Lambda"),
        ({"type": "HTTP_PROXY", "uri": "example.com"}, "Invalid HTTP endpoint specified for URI"),
        ({"type": "MOCK", "timeoutInMillis": 49}, "Timeout should be between 50 ms and 29000 ms"),
    ],
)
def test_an_integration_leads_somewhere(gateway, method, asked, words):
    refused(words, gateway.put_integration, **method, integrationHttpMethod="POST", **asked)
    assert "methodIntegration" not in gateway.get_method(**method)


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "AWS_PROXY", "uri": TO_FUNCTION},
        {"type": "AWS_PROXY", "uri": TO_FUNCTION.replace(":pets", ":${stageVariables.name}")},
        {"type": "AWS", "uri": TO_QUEUE},
        {"type": "AWS", "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/GetItem"},
        {"type": "HTTP", "uri": "https://example.com/{id}"},
        {"type": "HTTP_PROXY", "uri": "${stageVariables.place}/pets"},
    ],
)
def test_an_integration_that_leads_somewhere_is_taken(gateway, method, asked):
    made = gateway.put_integration(**method, integrationHttpMethod="POST", **asked)
    assert made["uri"] == asked["uri"]


def test_an_integration_says_by_which_method_it_asks(gateway, method):
    words = "Enumeration value for HttpMethod must be non-empty"
    refused(words, gateway.put_integration, **method, type="AWS_PROXY", uri=TO_FUNCTION)


def test_a_stage_is_made_once_and_of_a_deployment_that_is_there(gateway, deployed):
    api, deployment = deployed
    words = "Deployment id does not exist"
    refused(words, gateway.create_stage, **api, stageName="test", deploymentId="missing")
    refused("Stage name only allows", gateway.create_stage, **api, stageName="a b", deploymentId=deployment)
    gateway.create_stage(**api, stageName="test", deploymentId=deployment)
    words = "Stage already exists"
    refused(words, gateway.create_stage, "ConflictException", **api, stageName="test", deploymentId=deployment)
    moved = [{"op": "replace", "path": "/deploymentId", "value": "missing"}]
    refused("Deployment id does not exist", gateway.update_stage, **api, stageName="test", patchOperations=moved)
    assert gateway.get_stage(**api, stageName="test")["deploymentId"] == deployment


def test_what_leads_to_nothing_is_not_deployed(gateway, root):
    api = root["restApiId"]
    refused("doesn't contain any methods", gateway.create_deployment, restApiId=api, stageName="test")
    gateway.put_method(**root, httpMethod="GET", authorizationType="NONE")
    refused("No integration defined for method", gateway.create_deployment, restApiId=api, stageName="test")
    assert gateway.get_stages(restApiId=api)["item"] == []


def test_a_path_is_one_and_has_one_variable(gateway, root):
    parent = {"restApiId": root["restApiId"], "parentId": root["resourceId"]}
    for part in ("a/b", "{a}{b}", "{+}", ""):
        refused("Resource's path part only allow", gateway.create_resource, **parent, pathPart=part)
    for part in ("pets.json", "{id}"):
        gateway.create_resource(**parent, pathPart=part)
    refused("A sibling ({id}) of this resource", gateway.create_resource, **parent, pathPart="{name+}")


def test_a_usage_plan_is_for_stages_that_are_there(gateway, deployed):
    (about, deployment) = deployed
    api = about["restApiId"]
    stages = [{"apiId": api, "stage": "test"}]
    words, code = f"API Stage not found: {api}:test", "NotFoundException"
    refused(words, gateway.create_usage_plan, code, name="plan", apiStages=stages)
    plan = gateway.create_usage_plan(name="plan")["id"]
    added = [{"op": "add", "path": "/apiStages", "value": f"{api}:test"}]
    refused(words, gateway.update_usage_plan, code, usagePlanId=plan, patchOperations=added)
    gateway.create_stage(restApiId=api, stageName="test", deploymentId=deployment)
    assert gateway.update_usage_plan(usagePlanId=plan, patchOperations=added)["apiStages"] == stages


def template(kind, uri=TO_FUNCTION):
    integration = {"Type": kind, "IntegrationHttpMethod": "POST", "Uri": uri} if uri else {"Type": kind}
    about = {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "HttpMethod": "GET"}
    method = about | {"AuthorizationType": "NONE", "Integration": integration}
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "pets"}},
        "Method": {"Type": "AWS::ApiGateway::Method", "Properties": method},
    }
    return json.dumps({"Resources": resources})


def test_a_stack_changes_its_method_and_is_refused_a_bad_one(clients, gateway):
    stacks, wait = clients["cloudformation"], {"Delay": 0.1, "MaxAttempts": 300}
    stacks.create_stack(StackName="good", TemplateBody=template("MOCK", ""))
    stacks.get_waiter("stack_create_complete").wait(StackName="good", WaiterConfig=wait)
    stacks.update_stack(StackName="good", TemplateBody=template("AWS_PROXY"))
    stacks.get_waiter("stack_update_complete").wait(StackName="good", WaiterConfig=wait)
    (api,) = gateway.get_rest_apis()["items"]
    (resource,) = gateway.get_resources(restApiId=api["id"], embed=["methods"])["items"]
    assert resource["resourceMethods"]["GET"]["methodIntegration"]["type"] == "AWS_PROXY"
    stacks.create_stack(StackName="bad", TemplateBody=template("AWS_PROXY", FUNCTION))
    status = lambda: stacks.describe_stacks(StackName="bad")["Stacks"][0]["StackStatus"]  # noqa: E731
    wait_until(lambda: status() == "ROLLBACK_COMPLETE")
    events = stacks.describe_stack_events(StackName="bad")["StackEvents"]
    assert any("must contain path or action" in each.get("ResourceStatusReason", "") for each in events)
