"""Tests for what services read in S3 for somebody: with that one's permissions."""

import json

import pytest

from tests.emulators.inside.permissions.authorization.test_calls import denied, user
from tests.labs.helpers import zipped
from tests.roles import policy, role
from tests.waiting import wait_until

WORDS = "is not authorized to perform: s3:GetObject on resource: "
FUNCTION = {"FunctionName": "made", "Runtime": "python3.13", "Handler": "a.b"}
GIVEN = "arn:aws:iam::000000000000:role/given"
DONE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
PLACE = {"S3Bucket": "closed", "S3Key": "code.zip"}
IN_BUCKET = {"S3BucketSource": {"S3Bucket": "closed"}, "InputFormat": "DYNAMODB_JSON"}
KEY = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}  # fmt: skip
TEMPLATE = json.dumps({"Resources": {"Made": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})


def new_function(account):
    return "lambda", "create_function", {**FUNCTION, "Role": role(account, "given"), "Code": PLACE}


def new_code(_account):
    return "lambda", "update_function_code", {"FunctionName": "listener", **PLACE}


def new_layer(_account):
    return "lambda", "publish_layer_version", {"LayerName": "made", "Content": PLACE}


def load(_account):
    return (
        "dynamodb",
        "import_table",
        {**IN_BUCKET, "TableCreationParameters": {"TableName": "made", **KEY}},
    )


def stack_by_path(account):
    account["s3"].put_object(Bucket="closed", Key="shop/template", Body=TEMPLATE)
    asked = {"StackName": "made", "TemplateURL": "https://s3.amazonaws.com/closed/shop/template"}
    return "cloudformation", "create_stack", asked


def stack_by_host(account):
    """The path looks like the place of an object in another bucket, which may be read."""
    account["s3"].create_bucket(Bucket="shop")
    _, _, asked = stack_by_path(account)
    asked["TemplateURL"] = "https://closed.s3.us-east-1.amazonaws.com/shop/template"
    return "cloudformation", "create_stack", asked


@pytest.mark.parametrize("way", [new_function, new_code, new_layer, load, stack_by_path, stack_by_host])
def test_object_is_read_for_whom_who_may(account, embedded, way):
    account["s3"].create_bucket(Bucket="closed")
    account["s3"].put_object(Bucket="closed", Key="code.zip", Body=zipped(""))
    service, operation, asked = way(account)
    mine = {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}
    other = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::shop/*", "arn:aws:s3:::closed"]}
    call = getattr(user(account, embedded, mine, other).client(service, endpoint_url=embedded.endpoint), operation)
    assert WORDS in denied(call, **asked)[2]
    opened = {**other, "Resource": ["arn:aws:s3:::closed", "arn:aws:s3:::closed/*"]}
    account["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(mine, opened))
    call(**asked)
    account["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(mine, other))
    assert WORDS in denied(call, **asked)[2]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("Lambda::Function", {**FUNCTION, "Role": GIVEN, "Code": PLACE}),
        ("Lambda::LayerVersion", {"LayerName": "made", "Content": PLACE}),
        (
            "StepFunctions::StateMachine",
            {"RoleArn": GIVEN, "DefinitionS3Location": {"Bucket": "closed", "Key": "done"}},
        ),
    ],
)
def test_stack_has_nothing_that_its_maker_may_not_read(account, embedded, kind, properties):
    account["s3"].create_bucket(Bucket="closed")
    account["s3"].put_object(Bucket="closed", Key="done", Body=DONE)
    account["s3"].put_object(Bucket="closed", Key="code.zip", Body=zipped(""))
    role(account, "given")
    session = user(account, embedded, {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})
    formation = session.client("cloudformation", endpoint_url=embedded.endpoint)

    def made():
        template = {"Resources": {"Made": {"Type": f"AWS::{kind}", "Properties": properties}}}
        formation.create_stack(StackName="made", TemplateBody=json.dumps(template))
        wait_until(lambda: "IN_PROGRESS" not in formation.describe_stacks(StackName="made")["Stacks"][0]["StackStatus"])
        return str(formation.describe_stack_events(StackName="made")["StackEvents"])

    assert WORDS in made()
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::closed/*"}
    account["iam"].put_user_policy(UserName="ana", PolicyName="reads", PolicyDocument=policy(reads))
    assert "CREATE_FAILED" not in made()


def test_template_includes_no_part_that_its_maker_may_not_read(account, embedded):
    account["s3"].create_bucket(Bucket="closed")
    account["s3"].put_object(Bucket="closed", Key="part", Body=json.dumps({"DelaySeconds": 1}))
    part = {"Name": "AWS::Include", "Parameters": {"Location": "s3://closed/part"}}
    made = {"Type": "AWS::SQS::Queue", "Properties": {"Fn::Transform": part}}
    asked = {"StackName": "made", "TemplateBody": json.dumps({"Resources": {"Made": made}})}
    session = user(account, embedded, {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})
    formation = session.client("cloudformation", endpoint_url=embedded.endpoint)
    asked["Capabilities"] = ["CAPABILITY_AUTO_EXPAND"]
    assert WORDS in denied(formation.create_stack, **asked)[2]
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::closed/*"}
    account["iam"].put_user_policy(UserName="ana", PolicyName="reads", PolicyDocument=policy(reads))
    formation.create_stack(**asked)
