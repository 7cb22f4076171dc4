"""Tests for requests that services send with a role: all that they need is asked for, and they are the role's own."""

import base64
import json

import pytest

from lab_harness.authors.http import Http
from tests.emulators.inside.permissions.authorization.test_service_roles import account, ended, machine
from tests.labs.helpers import zipped
from tests.roles import allow, policy, role, take_away

__all__ = ["account"]  # the fixture

ARN = "arn:aws:{}:us-east-1:000000000000:{}"
VAULT, OPEN = ARN.format("dynamodb", "table/vault"), ARN.format("dynamodb", "table/open")
MIGHTY = "arn:aws:iam::000000000000:role/mighty"
KEY, SELECT = {"id": {"S": "1"}}, 'SELECT * FROM "vault"'
PASS = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
SDK = "arn:aws:states:::aws-sdk:"
# A request, what it is said to be about, and what it needs on the vault.
HIDDEN = [
    ("batchGetItem", {"RequestItems": {"open": {"Keys": [KEY]}, "vault": {"Keys": [KEY]}}}, "dynamodb:BatchGetItem"),
    ("transactGetItems", {"TransactItems": [{"Get": {"TableName": "vault", "Key": KEY}}]}, "dynamodb:GetItem"),
    ("executeStatement", {"Statement": SELECT}, "dynamodb:PartiQLSelect"),
    ("batchExecuteStatement", {"Statements": [{"Statement": f"{SELECT} WHERE id = '1'"}]}, "dynamodb:PartiQLSelect"),
]


@pytest.fixture
def tables(account):
    for name in ("vault", "open"):
        account["dynamodb"].create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )  # fmt: skip
        account["dynamodb"].put_item(TableName=name, Item=KEY)
    role(account, "machine")
    return account


def all_of(*resources, action="dynamodb:*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": list(resources), **more}


@pytest.mark.parametrize(("operation", "given", "action"), HIDDEN)
def test_task_needs_each_of_its_requests_permissions(tables, operation, given, action):
    arn = machine(tables, f"{SDK}dynamodb:{operation}", given)
    allow(tables, "machine", all_of(OPEN))
    status, _, cause = ended(tables, arn)
    assert (status, f"perform: {action} on resource: {VAULT} " in cause) == ("FAILED", True), cause
    allow(tables, "machine", all_of(OPEN), all_of(VAULT, action=action))
    assert ended(tables, arn)[0] == "SUCCEEDED"
    take_away(tables, "machine")
    assert ended(tables, arn)[0] == "FAILED"


@pytest.mark.parametrize(
    ("operation", "given"), [(operation, {**given, "TableName": "open"}) for operation, given, _ in HIDDEN]
)
def test_task_is_not_judged_by_what_another_request_would_be_about(tables, operation, given):
    allow(tables, "machine", all_of(OPEN))
    status, _, cause = ended(tables, machine(tables, f"{SDK}dynamodb:{operation}", given))
    assert (status, "Unable to determine" in cause) == ("FAILED", True), cause


def test_task_may_ask_who_it_is(account):
    role(account, "machine", all_of("*", action="s3:*"))
    assert ended(account, machine(account, f"{SDK}sts:getCallerIdentity", {}))[0] == "SUCCEEDED"


def test_condition_is_about_a_tasks_request_too(tables):
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["1"]}}
    allow(tables, "machine", all_of(VAULT, Condition=own))
    for key, ends in (("1", "SUCCEEDED"), ("2", "FAILED")):
        arn = machine(tables, f"{SDK}dynamodb:getItem", {"TableName": "vault", "Key": {"id": {"S": key}}})
        assert ended(tables, arn)[0] == ends
        tables["stepfunctions"].delete_state_machine(stateMachineArn=arn)


def test_copy_reads_what_it_copies(account):
    account["s3"].create_bucket(Bucket="photos")
    account["s3"].put_object(Bucket="photos", Key="vault/cat", Body=b"x")
    role(account, "machine", all_of("arn:aws:s3:::photos/open/*", action="s3:*"))
    asked = {"Bucket": "photos", "Key": "open/cat", "CopySource": "photos/vault/cat"}
    arn = machine(account, f"{SDK}s3:copyObject", asked)
    status, _, cause = ended(account, arn)
    assert (status, 's3:GetObject on resource: "arn:aws:s3:::photos/vault/cat"' in cause) == ("FAILED", True), cause
    allow(account, "machine", all_of("arn:aws:s3:::photos/*", action="s3:*"))
    assert ended(account, arn)[0] == "SUCCEEDED"


CODE = base64.b64encode(zipped("def lambda_handler(event, context): return 1")).decode()
HANDED = [
    ("lambda:createFunction", "lambda:*", {"FunctionName": "made", "Runtime": "python3.13", "Role": MIGHTY,
                                           "Handler": "lambda_function.lambda_handler", "Code": {"ZipFile": CODE}}),
    ("sfn:createStateMachine", "states:*", {"Name": "made", "RoleArn": MIGHTY, "Definition": PASS}),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "action", "given"), HANDED)
def test_task_hands_over_no_role_that_its_own_may_not_pass(account, operation, action, given):
    role(account, "mighty")
    role(account, "machine", all_of("*", action=action))
    arn = machine(account, f"{SDK}{operation}", given)
    status, _, cause = ended(account, arn)
    assert (status, f"iam:PassRole on resource: {MIGHTY}" in cause) == ("FAILED", True), cause
    allow(account, "machine", all_of("*", action=action), all_of(MIGHTY, action="iam:PassRole"))
    assert ended(account, arn)[0] == "SUCCEEDED"


def test_integration_hands_over_no_role_that_its_own_may_not_pass(account, embedded):
    role(account, "mighty")
    may = all_of("*", action="states:*")
    arn = role(account, "gateway", may)
    gateway = account["apigateway"]
    made = gateway.create_rest_api(name="rest")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "POST"}
    gateway.put_method(**method, authorizationType="NONE")
    body = json.dumps({"name": "made", "roleArn": MIGHTY, "definition": PASS})
    gateway.put_integration(
        **method, type="AWS", integrationHttpMethod="POST", credentials=arn, passthroughBehavior="NEVER",
        uri="arn:aws:apigateway:us-east-1:states:action/CreateStateMachine",
        requestTemplates={"application/json": body},
    )  # fmt: skip
    gateway.put_method_response(**method, statusCode="200")
    gateway.put_integration_response(**method, statusCode="200")
    gateway.create_deployment(restApiId=made["id"], stageName="test")

    def answer():
        return Http(embedded.endpoint).api(made["id"], "test", "POST", "/", body="{}").text

    assert "is not authorized to perform: iam:PassRole" in answer()
    assert not account["stepfunctions"].list_state_machines()["stateMachines"]
    document = policy(may, all_of(MIGHTY, action="iam:PassRole"))
    account["iam"].put_role_policy(RoleName="gateway", PolicyName="given", PolicyDocument=document)
    assert "stateMachine:made" in answer()
