"""Tests for members that are not an operation's own: no call is judged by them."""

import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from lab_harness.authors.http import Http
from lab_harness.emulators.inside.permissions.authorization.foreign import foreign_to
from tests.emulators.inside.permissions.authorization.test_calls import clients, user
from tests.roles import policy

__all__ = ["clients"]  # the fixture

ARN = "arn:aws:{}:us-east-1:000000000000:{}"
MINE = {
    "iam": "arn:aws:iam::000000000000:role/mine",
    "kinesis": ARN.format("kinesis", "stream/mine"),
    "dynamodb": ARN.format("dynamodb", "table/mine"),
}


def sent(ana, embedded, service, headers, body, path="/"):
    """What comes of a request that no SDK would send, by its status and its text."""
    request = AWSRequest("POST", f"{embedded.endpoint}{path}", data=body, headers=headers)
    SigV4Auth(ana.get_credentials(), service, "us-east-1").add_auth(request)
    answer = Http(embedded.endpoint).request("POST", path, body=body, headers=dict(request.headers.items()))
    return answer.status, answer.text


@pytest.mark.parametrize(
    ("service", "operation", "members"),
    [
        ("kinesis", "Kinesis_20131202.GetRecords", {"ShardIterator": "x", "StreamName": "mine"}),
        ("kinesis", "Kinesis_20131202.PutRecord", {"StreamName": "x", "Data": "eA==", "PartitionKey": "1",
                                                   "ResourceARN": MINE["kinesis"]}),
        ("dynamodb", "DynamoDB_20120810.BatchGetItem", {"RequestItems": {"vault": {"Keys": [{"id": {"S": "1"}}]}},
                                                        "TableName": "mine"}),
    ],
)  # fmt: skip
def test_call_is_not_judged_by_what_another_operation_is_about(clients, embedded, service, operation, members):
    ana = user(clients, embedded, {"Effect": "Allow", "Action": f"{service}:*", "Resource": MINE[service]})
    headers = {"X-Amz-Target": operation, "Content-Type": "application/x-amz-json-1.1"}
    status, text = sent(ana, embedded, service, headers, json.dumps(members))
    assert (status, "members of other operations" in text) == (403, True), text


def test_nobody_gives_herself_more_who_may_change_a_role_alone(clients, embedded):
    ana = user(clients, embedded, {"Effect": "Allow", "Action": "iam:*", "Resource": MINE["iam"]})
    everything = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    body = f"Action=PutUserPolicy&UserName=ana&RoleName=mine&PolicyName=more&PolicyDocument={everything}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert sent(ana, embedded, "iam", headers, body)[0] == 403
    assert clients["iam"].list_user_policies(UserName="ana")["PolicyNames"] == ["given"]


@pytest.mark.parametrize(
    ("service", "operation", "members", "foreign"),
    [
        ("states", "DescribeExecution", {"executionArn"}, False),
        ("states", "DescribeExecution", {"executionArn", "stateMachineArn"}, True),
        ("iam", "PutUserPolicy", {"Action", "Version", "UserName", "PolicyName", "PolicyDocument"}, False),
        ("dynamodb", "GetItem", {"TableName", "Key", "AMemberOfANewerSDK"}, False),
        ("dynamodb", "AnOperationOfANewerSDK", {"TableName"}, False),
        ("sqs", "SendMessageBatch", {"QueueUrl", "SendMessageBatchRequestEntry"}, False),
        ("ec2", "TerminateInstances", {"Action", "Version", "InstanceId", "DryRun"}, False),
        ("ec2", "TerminateInstances", {"InstanceId", "VpcId"}, True),
        ("no-such-service", "Get", {"Name"}, False),
        ("lambda", "", {"FunctionName"}, False),
    ],
)
def test_member_is_foreign_where_only_other_operations_have_it(service, operation, members, foreign):
    assert bool(foreign_to(service, operation) & members) == foreign
