"""Tests for Pipes: they do what their role allows, and nothing else."""

import json

from tests.emulators.inside.permissions.authorization.listener import FUNCTION, comes_about, is_denied
from tests.roles import allow, role, trust
from tests.waiting import wait_until


def denied_by_role(embedded, cause, action):
    """Let something happen, and wait until this action was refused to a role's session."""

    def refusals():
        told = [json.loads(deed.detail) for deed in embedded.deeds()[1] if deed.kind == "denied"]
        return [each for each in told if each["action"] == action]

    before = len(refusals())
    cause()
    return wait_until(lambda: len(refusals()) > before and refusals()[-1])


def test_pipe_waits_until_its_role_may_read_and_start(account, embedded):
    key = [{"AttributeName": "id", "AttributeType": "S"}], [{"AttributeName": "id", "KeyType": "HASH"}]
    source = account["dynamodb"].create_table(
        TableName="pets", AttributeDefinitions=key[0], KeySchema=key[1], BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]["LatestStreamArn"]  # fmt: skip
    topic = account["sns"].create_topic(Name="news")["TopicArn"]
    publishes = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    reads = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": source}
    account["sns"].subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)
    account["lambda"].add_permission(
        FunctionName="listener", StatementId="let-in", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com",
        SourceArn=topic,
    )  # fmt: skip
    arn = role(account, "pipe", reads, services=["pipes"])

    def create():
        account["pipes"].create_pipe(
            Name="told", Source=source, Target=topic, RoleArn=arn,
            SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
        )  # fmt: skip

    def write(name):
        account["dynamodb"].put_item(TableName="pets", Item={"id": {"S": name}})

    create()
    is_denied(embedded, lambda: write("rex"), topic)
    comes_about(embedded, lambda: allow(account, "pipe", reads, publishes), "run", "listener")
    allow(account, "pipe", publishes)
    denied_by_role(embedded, lambda: write("tom"), "dynamodb:GetRecords")
    account["iam"].update_assume_role_policy(RoleName="pipe", PolicyDocument=trust("lambda"))
    allow(account, "pipe", reads, publishes)
    account["iam"].update_assume_role_policy(RoleName="pipe", PolicyDocument=trust("pipes"))
    wait_until(lambda: len(embedded.runs("listener")) == 2)
    allow(account, "pipe", publishes)
    denied_by_role(embedded, lambda: write("kim"), "dynamodb:GetRecords")
    account["pipes"].delete_pipe(Name="told")
    create()  # another pipe, of the same name
    denied_by_role(embedded, lambda: write("max"), "dynamodb:GetRecords")
