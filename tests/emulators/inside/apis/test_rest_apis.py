"""Tests for REST APIs on the embedded emulator: what it is told it keeps, and functions answer as AWS wants it."""

import json

import pytest

from tests.labs.helpers import zipped
from tests.roles import let_in, ready

BARE = "MiniStack has learned this: what rest_apis.py does about it may be deleted"


@pytest.fixture
def api(gateway):
    """An API with its root's id."""
    made = gateway.create_rest_api(name="rest")
    return made["id"], made["rootResourceId"]


def serve(gateway, api, **integration):
    """Give GET / this integration, and deploy it to the stage `test`."""
    method = {"restApiId": api[0], "resourceId": api[1], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, **integration)
    gateway.put_integration_response(**method, statusCode="200")
    deploy(gateway, api)
    return method


def deploy(gateway, api):
    gateway.create_deployment(restApiId=api[0], stageName="test")


def patch(operation, path, value):
    return [{"op": operation, "path": path, "value": value}]


def test_an_endpoint_of_cloudformations_is_spelt_as_the_api_does(clients, gateway):
    properties = {"Name": "made", "EndpointConfiguration": {"Types": ["EDGE"]}}
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": properties}
    clients["cloudformation"].create_stack(StackName="rest", TemplateBody=json.dumps({"Resources": {"Api": api}}))
    wait = {"Delay": 0.1, "MaxAttempts": 100}
    clients["cloudformation"].get_waiter("stack_create_complete").wait(StackName="rest", WaiterConfig=wait)
    assert gateway.get_rest_apis()["items"][0]["endpointConfiguration"]["types"] == ["EDGE"]


def test_an_api_is_edge_optimised_unless_it_is_said_otherwise(gateway):
    definition = {"openapi": "3.0.1", "info": {"title": "written", "version": "1"}, "paths": {}}
    regional = {"types": ["REGIONAL"]}
    assert gateway.create_rest_api(name="rest")["endpointConfiguration"]["types"] == ["EDGE"]
    assert gateway.import_rest_api(body=json.dumps(definition))["endpointConfiguration"]["types"] == ["EDGE"]
    assert gateway.create_rest_api(name="near", endpointConfiguration=regional)["endpointConfiguration"] == regional


def test_an_authorizer_wants_the_address_of_the_functions_invocations(gateway, api):
    function = "arn:aws:lambda:us-east-1:000000000000:function:guard"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    about = {"restApiId": api[0], "name": "guard", "type": "TOKEN"}
    source = {"identitySource": "method.request.header.Authorization"}
    with pytest.raises(gateway.exceptions.BadRequestException, match="Invalid Authorizer URI: arn:aws:lambda:"):
        gateway.create_authorizer(**about, **source, authorizerUri=function)
    with pytest.raises(gateway.exceptions.BadRequestException, match=r"Invalid Authorizer URI: null\."):
        gateway.create_authorizer(**about, **source)
    made = gateway.create_authorizer(**about, **source, authorizerUri=uri)["id"]
    there = {"restApiId": api[0], "authorizerId": made}
    with pytest.raises(gateway.exceptions.BadRequestException, match="Invalid Authorizer URI"):
        gateway.update_authorizer(**there, patchOperations=patch("replace", "/authorizerUri", function))
    assert gateway.get_authorizer(**there)["authorizerUri"] == uri


def test_stages_are_added_to_a_usage_plan_and_taken_off(gateway, api):
    serve(gateway, api, type="MOCK")
    for stage in ("one", "two"):
        gateway.create_deployment(restApiId=api[0], stageName=stage)
    plan = {"usagePlanId": gateway.create_usage_plan(name="plan")["id"]}
    for stage in ("one", "two", "two"):
        gateway.update_usage_plan(**plan, patchOperations=patch("add", "/apiStages", f"{api[0]}:{stage}"))
    gateway.update_usage_plan(**plan, patchOperations=patch("remove", "/apiStages", f"{api[0]}:one"))
    assert gateway.get_usage_plan(**plan)["apiStages"] == [{"apiId": api[0], "stage": "two"}]


def plan_with_key(gateway, api, **settings):
    """The ids of a usage plan for the stage `test`, and the value of its key."""
    plan = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": api[0], "stage": "test"}], **settings)["id"]
    key = gateway.create_api_key(name="key", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    return plan, {"x-api-key": key["value"]}


def test_requests_are_throttled_by_stage_by_method_of_a_plan_and_by_quota(clients, gateway, api):
    serve(gateway, api, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    plan, key = plan_with_key(gateway, api, quota={"limit": 3, "period": "DAY"})
    where = f"/apiStages/{api[0]}:test/throttle/~1~1GET"

    def statuses(times, headers=None):
        return [clients["http"].api(api[0], "test", "GET", "/", headers=headers).status for _ in range(times)]

    for limit in ("rateLimit", "burstLimit"):
        gateway.update_usage_plan(usagePlanId=plan, patchOperations=patch("replace", f"{where}/{limit}", "0"))
    (stage,) = gateway.get_usage_plan(usagePlanId=plan)["apiStages"]
    assert stage["throttle"] == {"//GET": {"rateLimit": 0.0, "burstLimit": 0}}
    assert (statuses(1, key), statuses(1)) == ([429], [200])
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=patch("remove", where, ""))
    method = {"restApiId": api[0], "resourceId": api[1], "httpMethod": "GET"}
    gateway.update_method(**method, patchOperations=patch("replace", "/apiKeyRequired", "true"))
    deploy(gateway, api)
    assert statuses(5, key) == [200, 200, 200, 429, 429]
    gateway.update_method(**method, patchOperations=patch("replace", "/apiKeyRequired", "false"))
    deploy(gateway, api)
    for limit in ("rateLimit", "burstLimit"):
        change = patch("replace", f"/*/*/throttling/{limit}", "0")
        gateway.update_stage(restApiId=api[0], stageName="test", patchOperations=change)
    assert statuses(2) == [429, 429]


def test_other_settings_of_a_usage_plan_are_updated_as_before(gateway):
    plan = {"usagePlanId": gateway.create_usage_plan(name="plan", throttle={"rateLimit": 1, "burstLimit": 1})["id"]}
    gateway.update_usage_plan(**plan, patchOperations=patch("replace", "/throttle/rateLimit", "5"))
    assert gateway.get_usage_plan(**plan)["throttle"] == {"rateLimit": 5, "burstLimit": 1}


def test_a_method_asks_for_a_key_only_while_it_is_told_to(clients, gateway, api):
    method = serve(gateway, api, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    statuses = []
    for value in ("true", "false"):
        gateway.update_method(**method, patchOperations=patch("replace", "/apiKeyRequired", value))
        deploy(gateway, api)
        statuses.append(clients["http"].api(api[0], "test", "GET", "/").status)
    assert statuses == [403, 200]


def test_a_disabled_key_opens_nothing(clients, gateway, api):
    method = serve(gateway, api, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.update_method(**method, patchOperations=patch("replace", "/apiKeyRequired", "true"))
    deploy(gateway, api)
    plan = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": api[0], "stage": "test"}])["id"]
    key = gateway.create_api_key(name="key", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    headers = {"x-api-key": key["value"]}
    assert clients["http"].api(api[0], "test", "GET", "/", headers=headers).status == 200
    gateway.update_api_key(apiKey=key["id"], patchOperations=patch("replace", "/enabled", "false"))
    assert clients["http"].api(api[0], "test", "GET", "/", headers=headers).status == 403


@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
def test_a_mock_answers_with_a_template_of_any_content_type(clients, gateway, api, content_type):
    method = serve(gateway, api, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_integration_response(**method, statusCode="200", responseTemplates={content_type: "<p>Hello</p>"})
    deploy(gateway, api)
    assert clients["http"].api(api[0], "test", "GET", "/").text == "<p>Hello</p>"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"statusCode": 201, "body": "made"}, 201),
        ({"statusCode": "404", "headers": {"Content-Type": "text/plain"}}, 404),
        ({"statusCode": 200, "body": {"id": 1}}, 502),
        ({"statusCode": 200, "body": "ok", "id": 1}, 502),
        ({"statusCode": "all right"}, 502),
        ([1, 2], 502),
        ("text", 502),
        (None, 502),
    ],
)
def test_a_proxy_takes_only_the_answers_that_aws_takes(clients, gateway, api, answer, status):
    assert proxied(clients, gateway, api, f"return {answer!r}").status == status


def test_a_function_that_fails_is_502_and_the_client_is_not_told_why(clients, gateway, api):
    answer = proxied(clients, gateway, api, "raise ValueError('secret')")
    assert (answer.status, answer.json()) == (502, {"message": "Internal server error"})


def proxied(clients, gateway, api, body):
    """The answer of a proxy integration to a function with this body."""
    arn = clients["lambda"].create_function(
        FunctionName="proxied",
        Runtime="python3.13",
        Role=ready(clients.emulator),
        Handler="lambda_function.handler",
        Code={"ZipFile": zipped(f"def handler(event, context): {body}")},
    )["FunctionArn"]
    let_in(clients, "proxied", "apigateway")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    serve(gateway, api, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    return clients["http"].api(api[0], "test", "GET", "/")


# What MiniStack itself still does: its own functions, without our additions, which are in the emulator's process.


def test_ministack_loses_a_plans_stages_and_takes_false_for_true():
    from ministack.services.apigateway_v1 import _apply_patch

    plan = {"apiStages": []}
    assert _apply_patch(plan, patch("add", "/apiStages", "api:prod"))["apiStages"] == "api:prod", BARE
    assert _apply_patch({"enabled": True}, patch("replace", "/enabled", "false"))["enabled"] == "false", BARE


def test_ministack_keeps_cloudformations_spelling():
    from ministack.services.apigateway_v1 import _rest_api_view

    assert "Types" in _rest_api_view({"endpointConfiguration": {"Types": ["EDGE"]}})["endpointConfiguration"], BARE


def test_ministack_knows_only_json_templates():
    from ministack.services.apigateway_v1 import _invoke_mock_v1

    responses = {"200": {"statusCode": "200", "responseTemplates": {"text/html": "<p>"}}}
    assert _invoke_mock_v1({"integrationResponses": responses})[2] == b"{}", BARE


def test_ministack_takes_any_answer_of_a_proxied_function():
    from ministack.services.apigateway_v1 import _lambda_proxy_response

    assert _lambda_proxy_response({"body": [1]}) == ({"statusCode": 200, "body": json.dumps([1])}, None), BARE


def test_an_address_is_no_custom_domain_by_which_an_api_would_answer_all_calls(clients, gateway, api):
    answers = {"requestTemplates": {"application/json": '{"statusCode": 200}'}}
    serve(gateway, api, type="MOCK", **answers)
    gateway.create_domain_name(domainName="127.0.0.1")
    gateway.create_base_path_mapping(domainName="127.0.0.1", restApiId=api[0], stage="test")
    assert clients["s3"].list_buckets()["Buckets"] == []  # GET /, as the API's method


def test_ministack_makes_an_empty_api_of_a_definition():
    from ministack.services import apigateway_v1

    definition = {"openapi": "3.0.1", "info": {"title": "imported"}, "paths": {"/status": {"get": {}}}}
    *_, body = apigateway_v1._create_rest_api(definition)
    assert {each["path"] for each in apigateway_v1._resources[json.loads(body)["id"]].values()} == {"/"}, BARE


def test_patch_reaches_a_name_with_a_slash_in_it(gateway, api):
    method = {"restApiId": api[0], "resourceId": api[1], "httpMethod": "POST"}
    gateway.put_method(**method, authorizationType="NONE")
    path = "/requestModels/application~1json"
    assert gateway.update_method(**method, patchOperations=patch("add", path, "Empty"))["requestModels"] == {
        "application/json": "Empty"
    }
    removed = gateway.update_method(**method, patchOperations=[{"op": "remove", "path": path}])
    assert removed.get("requestModels", {}) == {}
