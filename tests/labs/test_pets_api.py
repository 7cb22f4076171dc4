"""Tests for the lab pets_api."""

import contextlib
import json
import subprocess
import sys
import time
from types import SimpleNamespace

import botocore.waiter
import pytest

from lab_harness import load_lab, run_checks
from lab_harness.account.resources import remove_resources
from lab_harness.authors import api_gateway, eventually
from lab_harness.aws import Clients
from tests.waiting import PATIENCE

from .helpers import aws_cli, configure, deploy, failure, not_passed

lab = load_lab("pets_api")
FIRST = {
    "api_exists",
    "role_exists",
    "function_exists",
    "plan_exists",
    "key_is_enabled",
}  # what fails in an untouched account
checks = lab.checks
API, STAGE, FUNCTION, ROLE = checks.API, checks.STAGE, checks.FUNCTION, checks.ROLE
PLAN, KEY = checks.PLAN, checks.KEY
HANDLER = (lab.folder / "functions" / "pet_store" / "lambda_function.py").read_text(encoding="utf-8")
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture
def solved(clients, monkeypatch):
    # The reference answer waits for its function with boto3's waiter, which looks once a second.
    monkeypatch.setattr(botocore.waiter, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 20)))
    lab.solve(clients)
    return clients


@pytest.fixture(scope="module")
def solved_once(emulator):
    """An account that is solved once, for tests that follow each other and change only the function's code."""
    made = Clients(emulator)
    remove_resources(lab, made)
    lab.solve(made)
    return made


class Built:
    """What the reference answer built, by its ids, and small changes of it."""

    def __init__(self, clients):
        self.gateway, self.lambda_ = clients["apigateway"], clients["lambda"]
        self.api = api_gateway.one_named(self.gateway, "REST API", API)["id"]
        self.plan = api_gateway.one_named(self.gateway, "usage plan", PLAN)["id"]
        self.key = api_gateway.one_named(self.gateway, "API key", KEY)["id"]
        self.uri = self.method("/pets", "GET")["methodIntegration"]["uri"]

    def resource(self, path):
        resources = self.gateway.get_resources(restApiId=self.api)["items"]
        return {"restApiId": self.api, "resourceId": next(each["id"] for each in resources if each["path"] == path)}

    def method(self, path, verb):
        return self.gateway.get_method(**self.resource(path), httpMethod=verb)

    def deploy(self):
        self.gateway.create_deployment(restApiId=self.api, stageName=STAGE)

    def route(self, path, verb, key=False, **integration):
        """Make a method anew, with another integration than the one to the function if one is given."""
        method = {**self.resource(path), "httpMethod": verb}
        with contextlib.suppress(self.gateway.exceptions.NotFoundException):
            self.gateway.delete_method(**method)
        self.gateway.put_method(**method, authorizationType="NONE", apiKeyRequired=key)
        given = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": self.uri, **integration}
        self.gateway.put_integration(**method, **{name: value for name, value in given.items() if value})

    def update_plan(self, operation, path, value):
        operations = [{"op": operation, "path": path, "value": value}]
        self.gateway.update_usage_plan(usagePlanId=self.plan, patchOperations=operations)

    def permit(self, **condition):
        with contextlib.suppress(self.lambda_.exceptions.ResourceNotFoundException):
            self.lambda_.remove_permission(FunctionName=FUNCTION, StatementId="pet-store-api")
        self.lambda_.add_permission(
            FunctionName=FUNCTION,
            StatementId="pet-store-api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            **condition,
        )

    def source(self, rest):
        return {"SourceArn": f"arn:aws:execute-api:us-east-1:000000000000:{rest}"}


def found(report, name):
    return next(result.found for result in report if result.name == name)


def names_in_api_gateway(clients):
    gateway = clients["apigateway"]
    lists = (gateway.get_rest_apis, gateway.get_usage_plans, gateway.get_api_keys)
    return [each["name"] for listed in lists for each in listed()["items"]]


def test_solution_passes_every_check_and_nothing_of_the_probes_stays(solved):
    for _ in range(2):  # The second run meets the limits that the first one used up.
        report = run_checks(lab, solved)
        assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
    assert names_in_api_gateway(solved) == [API, PLAN, KEY]
    built = Built(solved)
    assert [key["name"] for key in built.gateway.get_usage_plan_keys(usagePlanId=built.plan)["items"]] == [KEY]


def test_cleaning_up_names_what_is_left_until_a_reset_or_the_learner_removes_it(solved):
    assert "clean_up" not in {result.task for result in run_checks(lab, solved)}
    report = run_checks(lab, solved, ["clean_up"])
    assert not_passed(report) == {"api_is_gone", "function_is_gone"}
    for name in (API, PLAN, KEY):
        assert name in found(report, "api_is_gone")
    assert {resource.name for resource in remove_resources(lab, solved)} == {API, PLAN, KEY, FUNCTION, ROLE}
    assert names_in_api_gateway(solved) == []
    assert run_checks(lab, solved, ["clean_up"]).complete
    solved["logs"].create_log_group(logGroupName=checks.LOG_GROUP)
    assert found(run_checks(lab, solved, ["clean_up"]), "function_is_gone").endswith(
        f"the log group {checks.LOG_GROUP}"
    )


# Undo one thing: exactly that check fails.


def test_another_endpoint_type_is_named(clients):
    api = clients["apigateway"].create_rest_api(name=API, endpointConfiguration={"types": ["EDGE"]})
    report = run_checks(lab, clients, ["api"])
    assert not_passed(report) == {"api_is_regional"}
    assert found(report, "api_is_regional") == "the endpoint type EDGE"
    second = clients["apigateway"].create_rest_api(name=API)
    twice = failure(checks.api_exists, clients["apigateway"])
    assert twice.found == "REST APIs named PetStore: 2"
    assert api["id"] in twice.next_step and second["id"] in twice.next_step


def test_a_page_that_is_not_one_is_named_and_others_than_ours_are_right(solved):
    built = Built(solved)
    method = {**built.resource("/"), "httpMethod": "GET", "statusCode": "200"}
    html = {"method.response.header.Content-Type": "'text/html'"}
    for template, headers in (("<h1>Hello</h1>", {}), ("Hello", html)):
        built.gateway.put_integration_response(
            **method, responseParameters=headers, responseTemplates={"application/json": template}
        )
        built.deploy()
        report = run_checks(lab, solved, ["page", "deploy", "handler"])
        assert not_passed(report) == {"page_is_served"}
        assert "Hello" in found(report, "page_is_served")
    built.gateway.delete_integration_response(**method)
    built.gateway.put_integration_response(
        **method,
        responseParameters={"method.response.header.Content-Type": "'text/html; charset=utf-8'"},
        responseTemplates={"text/html": "<!DOCTYPE html><p>Hello"},
    )
    settings = {"/*/*/throttling/rateLimit": "20", "/*/*/throttling/burstLimit": "2", "/*/*/caching/enabled": "true"}
    operations = [{"op": "replace", "path": path, "value": value} for path, value in settings.items()]
    built.deploy()  # before the settings: LocalStack forgets them when the stage gets another deployment
    built.gateway.update_stage(restApiId=built.api, stageName=STAGE, patchOperations=operations)
    assert run_checks(
        lab, solved, ["page", "deploy", "handler"]
    ).complete  # a template for HTML is right, and limits of the stage are waited for
    built.gateway.update_stage(restApiId=built.api, stageName=STAGE, patchOperations=[{"op": "remove", "path": "/*/*"}])
    built.gateway.delete_method(**built.resource("/"), httpMethod="GET")
    assert not_passed(run_checks(lab, solved, ["page", "deploy", "handler"])) == {"page_is_mocked"}
    built.route("/", "GET")
    report = run_checks(lab, solved, ["page", "deploy", "handler"])
    assert not_passed(report) == {"page_is_mocked"}
    assert found(report, "page_is_mocked").endswith("AWS_PROXY")


def test_a_stage_of_another_name_is_missed(solved):
    built = Built(solved)
    built.gateway.create_deployment(restApiId=built.api, stageName="dev")
    built.update_plan("remove", "/apiStages", f"{built.api}:{STAGE}")
    built.gateway.delete_stage(restApiId=built.api, stageName=STAGE)
    report = run_checks(lab, solved)
    assert not_passed(report) == {"api_is_deployed"}
    assert found(report, "api_is_deployed") == "stages: dev"


def test_the_roles_settings_are_named(solved):
    iam = solved["iam"]
    iam.detach_role_policy(RoleName=ROLE, PolicyArn=BASIC)
    assert not_passed(run_checks(lab, solved, ["function"])) == {"role_may_write_logs"}
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=BASIC)
    statement = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_role_policy(RoleName=ROLE, PolicyName="wide", PolicyDocument=document)
    assert not_passed(run_checks(lab, solved, ["function"])) == {"role_is_least_privilege"}
    iam.delete_role_policy(RoleName=ROLE, PolicyName="wide")
    trust = json.dumps(iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust.replace("lambda.", "ec2."))
    assert not_passed(run_checks(lab, solved, ["function"])) == {"role_trusts_lambda"}
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust)
    other = iam.create_role(RoleName="lab-test-other", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    try:
        configure(solved, FUNCTION, Role=other)
        assert not_passed(run_checks(lab, solved)) == {"function_uses_role"}
    finally:
        iam.delete_role(RoleName="lab-test-other")
    solved["lambda"].delete_function(FunctionName=FUNCTION)
    assert not_passed(run_checks(lab, solved)) == {"function_exists"}


def test_routes_that_do_not_use_the_function_are_named(solved):
    built = Built(solved)
    mocked = {"type": "MOCK", "uri": "", "integrationHttpMethod": ""}
    for path, verb, key, integration, evidence in (
        ("/pets", "GET", False, mocked, "GET /pets with MOCK"),
        ("/pets/{petId}", "GET", False, {"type": "AWS"}, "GET /pets/1 with AWS arn:aws:apigateway"),
        ("/pets", "POST", True, {"uri": built.uri.replace(FUNCTION, "pet-store-2")}, "function:pet-store-2"),
        ("/pets", "POST", True, {"integrationHttpMethod": "GET"}, "POST /pets with integrationHttpMethod GET"),
    ):
        built.route(path, verb, key, **integration)
        report = run_checks(lab, solved, ["routes"])
        assert not_passed(report) == {"routes_use_function"}, evidence
        assert evidence in found(report, "routes_use_function")
        built.route(path, verb, key)
    built.gateway.delete_method(**built.resource("/pets/{petId}"), httpMethod="GET")
    assert "GET /pets/1 with no method" in found(run_checks(lab, solved, ["routes"]), "routes_use_function")


def test_a_permission_that_is_missing_or_for_anybody_is_named(solved):
    built = Built(solved)
    solved["lambda"].remove_permission(FunctionName=FUNCTION, StatementId="pet-store-api")
    assert "no permission" in found(run_checks(lab, solved, ["routes"]), "api_may_invoke")
    sources = [built.source(each) for each in ("*", "another/*", f"{built.api}/*/GET/pets")]
    for condition in ({}, *sources):
        built.permit(**condition)
        assert not_passed(run_checks(lab, solved, ["routes"])) == {"api_may_invoke"}, condition
    built.permit(**built.source(f"{built.api}/prod/*"))
    assert run_checks(lab, solved).complete


def test_an_alias_that_the_api_may_not_invoke_is_named(solved):
    built, lambda_ = Built(solved), solved["lambda"]
    version = lambda_.publish_version(FunctionName=FUNCTION)["Version"]
    lambda_.create_alias(FunctionName=FUNCTION, Name="live", FunctionVersion=version)
    built.route("/pets", "GET", uri=built.uri.replace("/invocations", ":live/invocations"))
    built.deploy()
    report = run_checks(lab, solved, ["routes"])
    assert not_passed(report) == {"api_may_invoke"}
    assert found(report, "api_may_invoke").endswith(f"to invoke {FUNCTION}:live")
    lambda_.add_permission(
        FunctionName=FUNCTION, Qualifier="live", StatementId="live", Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com", **built.source(f"{built.api}/*"),
    )  # fmt: skip
    assert run_checks(lab, solved, ["routes"]).complete


@pytest.mark.embedded_only("LocalStack serves a method that was deleted and deployed until its resource goes")
def test_what_was_not_deployed_or_asks_for_a_key_too_much_is_named(solved):
    built = Built(solved)
    built.gateway.delete_method(**built.resource("/pets/{petId}"), httpMethod="GET")
    built.deploy()
    built.route("/pets/{petId}", "GET")
    report = run_checks(lab, solved)
    assert not_passed(report) == {"routes_are_deployed"}
    assert "GET /pets/{petId}" in found(report, "routes_are_deployed")
    built.deploy()
    built.route("/pets", "GET", type="MOCK", uri=None)
    built.deploy()
    built.route("/pets", "GET")
    assert not_passed(run_checks(lab, solved, ["routes"])) == {"routes_are_deployed"}
    built.route("/pets", "POST")
    built.deploy()
    report = run_checks(lab, solved)
    assert not_passed(report) == {"post_asks_for_key"}
    built.route("/pets", "POST", key=True)
    report = run_checks(lab, solved)
    assert not_passed(report) == {"post_asks_for_key"}
    assert "a deployment from before POST /pets asked for one" in found(report, "post_asks_for_key")
    built.deploy()
    assert run_checks(lab, solved).complete
    built.route("/pets/{petId}", "GET", key=True)
    built.deploy()
    report = run_checks(lab, solved, ["key"])
    assert not_passed(report) == {"pet_is_answered"}
    assert "403" in found(report, "pet_is_answered")


def test_the_plans_settings_are_named(solved):
    built = Built(solved)
    stage = f"{built.api}:{STAGE}"
    for path, wrong, right, evidence in (
        ("/throttle/rateLimit", "20", "2", "rate 20, burst 2"),
        ("/throttle/burstLimit", "5", "2", "burst 5"),
        ("/quota/limit", "1000", "100", "quota 1000 a DAY"),
        ("/quota/period", "MONTH", "DAY", "quota 100 a MONTH"),
    ):
        built.update_plan("replace", path, wrong)
        report = run_checks(lab, solved, ["plan"])
        assert not_passed(report) == {"plan_has_limits"}, path
        assert evidence in found(report, "plan_has_limits")
        built.update_plan("replace", path, right)
    built.update_plan("remove", "/apiStages", stage)
    report = run_checks(lab, solved)
    assert not_passed(report) == {"plan_covers_stage"}
    built.update_plan("add", "/apiStages", stage)
    assert run_checks(lab, solved).complete


def test_a_key_that_is_disabled_in_no_plan_or_without_limits_is_named(solved):
    built = Built(solved)
    for value, expected in (("false", {"key_is_enabled"}), ("true", set())):
        operations = [{"op": "replace", "path": "/enabled", "value": value}]
        built.gateway.update_api_key(apiKey=built.key, patchOperations=operations)
        assert not_passed(run_checks(lab, solved, ["plan", "key"])) == expected
    built.gateway.delete_usage_plan_key(usagePlanId=built.plan, keyId=built.key)
    assert not_passed(run_checks(lab, solved, ["plan", "key"])) == {"key_is_in_plan"}
    solved["apigateway"].delete_usage_plan(usagePlanId=built.plan)
    lifted = {"/pets/POST": {"rateLimit": 1000.0, "burstLimit": 1000}}
    plan = built.gateway.create_usage_plan(
        name=PLAN,
        throttle={"rateLimit": 2, "burstLimit": 2},
        quota={"limit": 100, "period": "DAY"},
        apiStages=[{"apiId": built.api, "stage": STAGE, "throttle": lifted}],
    )
    built.gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=built.key, keyType="API_KEY")
    report = run_checks(lab, solved, ["plan", "key"])
    assert not_passed(report) == {"limits_hold"}
    assert "/pets/POST" in found(report, "limits_hold")


@pytest.mark.embedded_only("LocalStack enforces no limits")
def test_limits_are_enforced_where_the_emulator_does(solved):
    built = Built(solved)
    value = built.gateway.get_api_key(apiKey=built.key, includeValue=True)["value"]

    def look():
        answers = [
            solved["http"].api(built.api, STAGE, "POST", "/pets", {"type": "cat", "price": 1}, {"x-api-key": value})
            for _ in range(6)
        ]
        assert answers[0].status in (201, 429)
        checks.expect.value("429", True, 429 in [answer.status for answer in answers], "")

    eventually(look, within=PATIENCE)
    checks.key_opens_post(solved["apigateway"], solved["http"], solved["logs"])  # waits until it may
    built.update_plan("replace", "/quota/limit", "1")
    assert not_passed(run_checks(lab, solved, ["key"])) == {"plan_has_limits"}
    checks.key_opens_post(solved["apigateway"], solved["http"], solved["logs"])  # the quota is spent, the key is known


@pytest.mark.parametrize(
    ("right", "wrong", "check", "evidence"),
    [
        ("return answer(200, PETS)", 'return answer(200, {"pets": PETS})', "pets_are_listed", '{"pets": ['),
        ('"application/json"', '"text/plain"', "pets_are_listed", "text/plain"),
        ('"price": 249.99', '"price": "249.99"', "pets_are_listed", '"price": "249.99"'),
        ('event["httpMethod"]', 'event["method"]', "pets_are_listed", "KeyError"),
        ("return answer(200, pet)", "return answer(200, PETS[0])", "pet_is_answered", '"type": "dog"'),
        ('.get("petId")', '.get("petid")', "pet_is_answered", '"type": "dog"'),
        ("return answer(404", "return answer(200", "unknown_pet_is_not_found", "There is no pet"),
        ('if str(pet["id"]) == pet_id:', 'if pet["id"] == int(pet_id):', "unknown_pet_is_not_found", "ValueError"),
        ('"price": price}, "message"', '"price": 249.99}, "message"', "new_pet_is_answered", "249.99"),
        ("answer(201", "answer(200", "new_pet_is_answered", "200"),
        ('json.loads(body or "")', "json.loads(body)", "bad_pet_is_refused", "TypeError"),
        ("isinstance(price, bool) or ", "", "bad_pet_is_refused", '"price": true'),
        (" or price < 0", "", "bad_pet_is_refused", '"price": -'),
        ("price < 0", "price <= -1", "bad_pet_is_refused", '"price": -0.5'),
        ("price < 0", "price <= 0", "new_pet_is_answered", '"price": 0}'),
        ("not isinstance(pet, dict) or ", "", "bad_pet_is_refused", "TypeError"),
    ],
)
def test_a_wrong_handler_is_shown(solved_once, right, wrong, check, evidence, monkeypatch):
    monkeypatch.setattr(checks.customers, "price", lambda: 5)
    assert right in HANDLER
    deploy(solved_once, FUNCTION, HANDLER.replace(right, wrong))
    report = run_checks(lab, solved_once, ["handler"])
    assert not_passed(report) == {check}
    result = next(result for result in report if result.name == check)
    assert evidence in result.found + result.expected


def test_a_body_that_is_no_text_is_named(solved_once):
    deploy(solved_once, FUNCTION, HANDLER.replace("json.dumps(body)}", "body}"))
    report = run_checks(lab, solved_once, ["handler"])
    if solved_once.emulator.name == "embedded":
        assert not_passed(report) == {"pets_are_listed"}
        assert "502" in found(report, "pets_are_listed")
    else:  # LocalStack breaks off in its answer.
        assert not_passed(report) == {"routes_are_deployed"}


# Other ways that are right, and fakes that are not.


def test_a_function_that_looks_at_keys_itself_is_no_api_key(solved):
    built = Built(solved)
    value = built.gateway.get_api_key(apiKey=built.key, includeValue=True)["value"]
    guard = f"""
    headers = {{name.lower(): value for name, value in event["headers"].items()}}
    if event["httpMethod"] == "POST" and headers.get("x-api-key") != {value!r}:
        return answer(403, {{"message": "Forbidden"}})
"""
    deploy(solved, FUNCTION, HANDLER.replace("(event, context):\n", f"(event, context):{guard}"))
    built.route("/pets", "POST")
    built.deploy()
    assert not_passed(run_checks(lab, solved)) == {"new_pet_is_answered", "post_asks_for_key"}


def test_one_greedy_resource_serves_as_well(solved):
    built = Built(solved)
    root = built.resource("/")
    for path in ("/pets/{petId}", "/pets"):
        built.gateway.delete_resource(**built.resource(path))
    for parent, part in (("/", "pets"), ("/pets", "{proxy+}")):
        built.gateway.create_resource(restApiId=built.api, parentId=built.resource(parent)["resourceId"], pathPart=part)
    for path, verb, key in (("/pets/{proxy+}", "ANY", False), ("/pets", "ANY", False), ("/pets", "POST", True)):
        built.route(path, verb, key)
    built.deploy()
    deploy(solved, FUNCTION, HANDLER.replace('.get("petId")', '.get("proxy")'))
    other = built.gateway.create_rest_api(name="another")["id"]
    try:
        report = run_checks(lab, solved)
        assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
        assert root == built.resource("/")
    finally:
        built.gateway.delete_rest_api(restApiId=other)


def test_the_aws_cli_serves_as_well_for_plan_and_key(solved):
    built = Built(solved)
    built.gateway.delete_usage_plan(usagePlanId=built.plan)
    built.gateway.delete_api_key(apiKey=built.key)
    plan = json.loads(aws_cli(solved, "apigateway", "create-usage-plan", "--name", PLAN,
                              "--throttle", "rateLimit=2,burstLimit=2", "--quota", "limit=100,period=DAY"))  # fmt: skip
    aws_cli(solved, "apigateway", "update-usage-plan", "--usage-plan-id", plan["id"],
            "--patch-operations", f"op=add,path=/apiStages,value={built.api}:{STAGE}")  # fmt: skip
    key = json.loads(aws_cli(solved, "apigateway", "create-api-key", "--name", KEY, "--enabled"))
    aws_cli(solved, "apigateway", "create-usage-plan-key", "--usage-plan-id", plan["id"],
            "--key-id", key["id"], "--key-type", "API_KEY")  # fmt: skip
    assert run_checks(lab, solved).complete


def test_cloudformation_serves_as_well(clients):
    def method(resource, verb, key=False):
        uri = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"
        return {"Type": "AWS::ApiGateway::Method", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": resource}, "HttpMethod": verb,
            "AuthorizationType": "NONE", "ApiKeyRequired": key,
            "Integration": {
                "Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": uri}}}}  # fmt: skip

    def resource(parent, part):
        return {"Type": "AWS::ApiGateway::Resource", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ParentId": parent, "PathPart": part}}  # fmt: skip

    root = {"Fn::GetAtt": ["Api", "RootResourceId"]}
    header = "method.response.header.Content-Type"
    template = {
        "Resources": {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {
                "Name": API, "EndpointConfiguration": {"Types": ["REGIONAL"]}}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {
                "RoleName": ROLE, "ManagedPolicyArns": [BASIC],
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Action": "sts:AssumeRole",
                    "Principal": {"Service": "lambda.amazonaws.com"}}]}}},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": {
                "FunctionName": FUNCTION, "Runtime": "python3.12", "Handler": "index.lambda_handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"ZipFile": HANDLER}}},
            "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {
                "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*/pets*"}}},
            "Page": {"Type": "AWS::ApiGateway::Method", "Properties": {
                "RestApiId": {"Ref": "Api"}, "ResourceId": root, "HttpMethod": "GET", "AuthorizationType": "NONE",
                "MethodResponses": [{"StatusCode": "200", "ResponseParameters": {header: True}}],
                "Integration": {
                    "Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                    "IntegrationResponses": [{
                        "StatusCode": "200", "ResponseParameters": {header: "'text/html'"},
                        "ResponseTemplates": {"application/json": "<html><body>Pets</body></html>"}}]}}},
            "Pets": resource(root, "pets"), "Pet": resource({"Ref": "Pets"}, "{petId}"),
            "ListPets": method("Pets", "GET"), "AddPet": method("Pets", "POST", True), "GetPet": method("Pet", "GET"),
            "Deployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": ["Page", "ListPets", "AddPet", "GetPet"],
                           "Properties": {"RestApiId": {"Ref": "Api"}}},
            "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
                "RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": STAGE}},
            "Plan": {"Type": "AWS::ApiGateway::UsagePlan", "DependsOn": ["Stage"], "Properties": {
                "UsagePlanName": PLAN, "Throttle": {"RateLimit": 2, "BurstLimit": 2},
                "Quota": {"Limit": 100, "Period": "DAY"},
                "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": STAGE}]}},
            "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Name": KEY, "Enabled": True}},
            "PlanKey": {"Type": "AWS::ApiGateway::UsagePlanKey", "Properties": {
                "KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}}},
        }
    }  # fmt: skip
    cloudformation = clients["cloudformation"]
    stack = {"StackName": "pets", "TemplateBody": json.dumps(template), "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    cloudformation.create_stack(**stack)
    waiting = {"StackName": "pets", "WaiterConfig": {"Delay": 0.2, "MaxAttempts": 200}}
    try:
        cloudformation.get_waiter("stack_create_complete").wait(**waiting)
        report = run_checks(lab, clients)
        assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
    finally:
        cloudformation.delete_stack(StackName="pets")
        cloudformation.get_waiter("stack_delete_complete").wait(**waiting)


def test_the_reference_handler_imports_without_aws():
    folder = lab.folder / "functions" / "pet_store"
    event = {"httpMethod": "GET", "pathParameters": {"petId": "2"}, "body": None}
    code = f"import lambda_function; print(lambda_function.lambda_handler({event}, None)['body'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env={}, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"id": 2, "type": "cat", "price": 124.99}
