"""Tests for what the embedded emulator refuses of roles, as AWS does."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.roles import trust

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole",  # its path is missing
        f"{BASIC}s",
        "arn:aws:iam::000000000000:policy/none",
        "AWSLambdaBasicExecutionRole",
    ],
)
def test_policy_that_does_not_exist_is_not_attached(clients, arn):
    iam = clients["iam"]
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust("lambda"))
    with pytest.raises(ClientError, match=f"NoSuchEntity.*Policy {arn} does not exist or is not attachable"):
        iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"] == []


def test_policies_of_awss_and_of_ones_own_are_attached(clients):
    iam = clients["iam"]
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust("lambda"))
    document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})
    own = iam.create_policy(PolicyName="own", PolicyDocument=document)["Policy"]["Arn"]
    for arn in (BASIC, own):
        iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]
    assert {each["PolicyArn"] for each in attached} == {BASIC, own}
