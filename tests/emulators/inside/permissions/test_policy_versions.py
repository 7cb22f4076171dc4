"""Tests for the versions of managed policies on the embedded emulator: the default one counts."""

import boto3
import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.roles import policy

ARN = "arn:aws:iam::000000000000:policy/own"
LIST = {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}


@pytest.fixture
def iam(embedded):
    embedded.reset()
    iam = Clients(embedded, as_learner=True)["iam"]
    iam.create_policy(PolicyName="own", PolicyDocument=policy(LIST))
    iam.create_policy_version(PolicyArn=ARN, PolicyDocument=policy(LIST | {"Effect": "Deny"}))
    return iam


def default(iam):
    versions = iam.list_policy_versions(PolicyArn=ARN)["Versions"]
    return [each["VersionId"] for each in versions if each["IsDefaultVersion"]]


def test_version_that_is_the_default_is_the_one_that_counts(iam, embedded):
    iam.create_user(UserName="ana")
    iam.attach_user_policy(UserName="ana", PolicyArn=ARN)
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    sqs = boto3.client("sqs", endpoint_url=embedded.endpoint, region_name="us-east-1",
                       aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])  # fmt: skip
    assert sqs.list_queues()
    iam.set_default_policy_version(PolicyArn=ARN, VersionId="v2")
    assert default(iam) == ["v2"]
    assert iam.get_policy(PolicyArn=ARN)["Policy"]["DefaultVersionId"] == "v2"
    with pytest.raises(ClientError, match="with an explicit deny"):
        sqs.list_queues()
    iam.set_default_policy_version(PolicyArn=ARN, VersionId="v1")
    assert sqs.list_queues()


@pytest.mark.parametrize(
    ("arn", "version", "words"),
    [
        (ARN, "v3", r"\(NoSuchEntity\).*version v3 does not exist"),
        (f"{ARN}s", "v1", r"\(NoSuchEntity\).*was not found"),
        ("arn:aws:iam::aws:policy/AdministratorAccess", "v1", r"\(AccessDenied\)"),
    ],
)
def test_version_that_is_not_there_is_no_default(iam, arn, version, words):
    with pytest.raises(ClientError, match=words):
        iam.set_default_policy_version(PolicyArn=arn, VersionId=version)
    assert default(iam) == ["v1"]


def test_policy_has_at_most_five_versions_and_keeps_its_default(iam):
    for _ in range(3):
        iam.create_policy_version(PolicyArn=ARN, PolicyDocument=policy(LIST))
    with pytest.raises(ClientError, match=r"\(LimitExceeded\)"):
        iam.create_policy_version(PolicyArn=ARN, PolicyDocument=policy(LIST))
    with pytest.raises(ClientError, match=r"\(DeleteConflict\)"):
        iam.delete_policy_version(PolicyArn=ARN, VersionId="v1")
    iam.set_default_policy_version(PolicyArn=ARN, VersionId="v2")
    iam.delete_policy_version(PolicyArn=ARN, VersionId="v1")
    assert iam.create_policy_version(PolicyArn=ARN, PolicyDocument=policy(LIST))["PolicyVersion"]["VersionId"] == "v6"
