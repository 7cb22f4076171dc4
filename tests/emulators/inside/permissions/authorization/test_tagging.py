"""Tests for the permission to tag, which who makes something with tags needs as well."""

import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.inside.permissions.authorization.needs import Request, needs
from tests.emulators.inside.permissions.authorization.test_calls import denied, user
from tests.roles import policy

LIST, MAP = [{"Key": "team", "Value": "red"}], {"team": "red"}
KEYS = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
KEYS |= {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
ALARM = {"AlarmName": "late", "Namespace": "Pets", "MetricName": "m", "Statistic": "Sum", "Threshold": 1.0}
ALARM |= {"Period": 60, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
TRUST = policy({"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"})


@pytest.fixture
def clients(embedded):
    embedded.reset()
    return Clients(embedded, as_learner=True)


@pytest.mark.parametrize(
    ("service", "call", "given", "tags", "make", "tag"),
    [
        ("sqs", "create_queue", {"QueueName": "pets"}, {"tags": MAP}, "sqs:CreateQueue", "sqs:TagQueue"),
        ("sns", "create_topic", {"Name": "pets"}, {"Tags": LIST}, "sns:CreateTopic", "sns:TagResource"),
        (
            "dynamodb", "create_table", {"TableName": "pets", **KEYS}, {"Tags": LIST},
            "dynamodb:CreateTable", "dynamodb:TagResource",
        ),
        (
            "events", "put_rule", {"Name": "pets", "EventPattern": '{"source": ["a"]}'}, {"Tags": LIST},
            "events:PutRule", "events:TagResource",
        ),
        (
            "cloudwatch", "put_metric_alarm", ALARM, {"Tags": LIST},
            "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
        ),
        (
            "logs", "create_log_group", {"logGroupName": "pets"}, {"tags": MAP},
            "logs:CreateLogGroup", "logs:TagResource",
        ),
        (
            "iam", "create_role", {"RoleName": "pets", "AssumeRolePolicyDocument": TRUST}, {"Tags": LIST},
            "iam:CreateRole", "iam:TagRole",
        ),
        (
            "kms", "create_key", {}, {"Tags": [{"TagKey": "team", "TagValue": "red"}]},
            "kms:CreateKey", "kms:TagResource",
        ),
        (
            "ssm", "put_parameter", {"Name": "/pets", "Value": "1", "Type": "String"}, {"Tags": LIST},
            "ssm:PutParameter", "ssm:AddTagsToResource",
        ),
        (
            "kinesis", "create_stream", {"StreamName": "pets", "ShardCount": 1}, {"Tags": MAP},
            "kinesis:CreateStream", "kinesis:AddTagsToStream",
        ),
    ],
)  # fmt: skip
def test_who_makes_something_with_tags_may_tag_it(clients, embedded, service, call, given, tags, make, tag):
    may = {"Effect": "Allow", "Action": make, "Resource": "*"}
    hers = user(clients, embedded, may).client(service, endpoint_url=embedded.endpoint)
    ask = getattr(hers, call)
    words = f"is not authorized to perform: {tag} on resource"
    assert words.lower() in denied(ask, **given, **tags)[2].lower()  # SQS and SNS spell actions in their own way
    both = policy(may, {**may, "Action": tag})
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=both)
    ask(**given, **tags)


def test_who_makes_something_without_tags_needs_no_more(clients, embedded):
    may = {"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": "*"}
    user(clients, embedded, may).client("sqs", endpoint_url=embedded.endpoint).create_queue(QueueName="pets")


def test_a_tag_may_be_asked_for_by_its_value(clients, embedded):
    make = {"Effect": "Allow", "Action": ["sqs:CreateQueue"], "Resource": "*"}
    red = {"Effect": "Allow", "Action": "sqs:TagQueue", "Resource": "*"}
    red["Condition"] = {"StringEquals": {"aws:RequestTag/team": "red"}}
    hers = user(clients, embedded, make, red).client("sqs", endpoint_url=embedded.endpoint)
    assert "sqs:tagqueue" in denied(hers.create_queue, QueueName="pets", tags={"team": "blue"})[2]
    hers.create_queue(QueueName="pets", tags=MAP)


def test_a_service_that_makes_something_with_a_role_needs_it_too():
    headers = {"x-amz-target": "AmazonSQS.CreateQueue", "content-type": "application/x-amz-json-1.0"}
    body = b'{"QueueName": "pets", "tags": {"team": "red"}}'
    found = needs(Request("sqs", "POST", "/", headers, body, {}))
    queue = "arn:aws:sqs:us-east-1:000000000000:pets"
    assert [(each.action, each.resource) for each in found] == [("sqs:CreateQueue", queue), ("sqs:TagQueue", queue)]
