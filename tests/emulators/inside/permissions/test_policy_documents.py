"""Tests for the policies that the embedded emulator refuses when they are written, by each call that writes one."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.roles import everybody, policy, role, trust

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
BAD, NO_ACTION = policy({**ALLOW, "Effect": "Permit"}), policy({"Effect": "Allow", "Resource": "*"})
FUNCTION = {"FunctionName": "hello", "StatementId": "let-in", "Action": "lambda:InvokeFunction"}


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("put_role_policy", {"RoleName": "worker", "PolicyName": "p"}),
        ("put_user_policy", {"UserName": "ana", "PolicyName": "p"}),
        ("put_group_policy", {"GroupName": "all", "PolicyName": "p"}),
        ("create_policy", {"PolicyName": "p"}),
        ("create_policy_version", {"PolicyArn": "arn:aws:iam::000000000000:policy/own"}),
    ],
)
def test_policy_of_an_identity(clients, call, given):
    iam = clients["iam"]
    role(clients)
    iam.create_user(UserName="ana")
    iam.create_group(GroupName="all")
    iam.create_policy(PolicyName="own", PolicyDocument=policy(ALLOW))
    with pytest.raises(ClientError, match=r"\(MalformedPolicyDocument\).*: Syntax errors in policy\."):
        getattr(iam, call)(**given, PolicyDocument=BAD)
    with pytest.raises(ClientError, match=r"\(MalformedPolicyDocument\).*: Policy statement must contain actions\."):
        getattr(iam, call)(**given, PolicyDocument=NO_ACTION)
    getattr(iam, call)(**given, PolicyDocument=policy(ALLOW))


def test_trust_policy(clients):
    iam = clients["iam"]
    with pytest.raises(ClientError, match=r"\(MalformedPolicyDocument\).*: Missing required field Statement"):
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument="{}")
    assert iam.list_roles()["Roles"] == []
    role(clients)
    with pytest.raises(ClientError, match=r"\(MalformedPolicyDocument\).*: Has prohibited field Resource"):
        iam.update_assume_role_policy(RoleName="worker", PolicyDocument=policy(ALLOW))
    nobody = policy({"Effect": "Allow", "Action": "sts:AssumeRole",
                     "Principal": {"AWS": "arn:aws:iam::000000000000:user/ana"}})  # fmt: skip
    with pytest.raises(ClientError, match='Invalid principal in policy: "AWS":"arn:aws:iam::000000000000:user/ana"'):
        iam.update_assume_role_policy(RoleName="worker", PolicyDocument=nobody)
    iam.create_user(UserName="ana")
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=nobody)
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=trust("ec2"))


def test_policy_of_a_bucket(clients):
    s3 = clients["s3"]
    s3.create_bucket(Bucket="pets")
    read = everybody("s3:GetObject", "arn:aws:s3:::pets")
    with pytest.raises(ClientError, match=r"\(MalformedPolicy\).*: Action does not apply to any resource\(s\)"):
        s3.put_bucket_policy(Bucket="pets", Policy=policy(read))
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket="pets")
    read |= {"Resource": "arn:aws:s3:::pets/*", "Principal": {"Service": "cloudfront.amazonaws.com"}}
    s3.put_bucket_policy(Bucket="pets", Policy=policy(read))
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.put_bucket_policy(Bucket="none", Policy="{}")


def test_policy_of_a_topic(clients):
    sns = clients["sns"]
    with pytest.raises(ClientError, match=r"\(InvalidParameter\).*: Invalid parameter: Policy Error: null"):
        sns.create_topic(Name="news", Attributes={"DisplayName": "News", "Policy": "{}"})
    topic = sns.create_topic(Name="news")["TopicArn"]
    everything, publishing = everybody("sns:*", topic), everybody("sns:Publish", topic)
    with pytest.raises(ClientError, match="Invalid parameter: Policy statement action out of service scope!"):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(everything))
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(publishing))
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="{}")


def test_policy_of_a_queue(clients):
    sqs = clients["sqs"]
    refused = r"\(InvalidAttributeValue\).*: Invalid value for the parameter Policy\."
    with pytest.raises(ClientError, match=refused):
        sqs.create_queue(QueueName="orders", Attributes={"Policy": "{}"})
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    send = everybody("sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:orders")
    with pytest.raises(ClientError, match=refused):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy({**send, "Action": "sns:Publish"})})
    for document in (policy(send), ""):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})


def test_policy_of_a_function(hello):
    lambda_ = hello("def lambda_handler(event, context): pass")["lambda"]
    with pytest.raises(ClientError, match=r"\(InvalidParameterValueException\).*The provided principal was invalid"):
        lambda_.add_permission(**FUNCTION, Principal="apigateway")
    with pytest.raises(ClientError, match=r"\(ValidationException\).*'statementId' failed to satisfy constraint"):
        lambda_.add_permission(**FUNCTION | {"StatementId": "let in"}, Principal="s3.amazonaws.com")
    with pytest.raises(ClientError, match=r"\(ValidationException\).*'action' failed to satisfy constraint"):
        lambda_.add_permission(**FUNCTION | {"Action": "InvokeFunction"}, Principal="s3.amazonaws.com")
    for number, principal in enumerate(["s3.amazonaws.com", "*", "000000000000"]):
        lambda_.add_permission(**FUNCTION | {"StatementId": str(number)}, Principal=principal)


ROOT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({**ROOT, "Effect": "Permit"}, "Invalid effect"),
        ({key: value for key, value in ROOT.items() if key != "Principal"}, "contains a statement with no principal"),
        ({**ROOT, "Principal": {"AWS": "arn:aws:iam::000000000000:user/nobody"}}, "one or more invalid principals"),
        ({**ROOT, "Action": "kms:Decrypt"}, "not allow you to update the key policy in the future"),
    ],
)
def test_policy_of_a_key(clients, statement, words):
    kms = clients["kms"]
    with pytest.raises(ClientError, match=rf"\(MalformedPolicyDocumentException\).*{words}"):
        kms.create_key(Policy=policy(statement))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError, match=rf"\(MalformedPolicyDocumentException\).*{words}"):
        kms.put_key_policy(KeyId=key, Policy=policy(statement))
    idle = {"Effect": "Allow", "Principal": "*"}  # KMS takes what has no effect
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(ROOT, idle))
    assert "Permit" not in kms.get_key_policy(KeyId=key)["Policy"]


def test_key_may_be_locked_if_that_is_meant(clients):
    kms, locked = clients["kms"], policy({**ROOT, "Action": "kms:Decrypt"})
    key = kms.create_key(Policy=locked, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError, match=r"\(NotFoundException\).*No such policy exists"):
        kms.put_key_policy(KeyId=key, PolicyName="other", Policy=policy(ROOT))


def test_policy_of_an_event_bus(clients):
    events = clients["events"]
    bus = events.create_event_bus(Name="orders")["EventBusArn"]
    send = {"Sid": "in", "Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "events:PutEvents"}
    for statement, words in (
        (send, "Missing required field Resource"),
        ({**send, "Resource": bus, "Effect": "Permit"}, "Invalid effect"),
        ({**send, "Resource": bus, "Principal": {"AWS": "arn:aws:iam::000000000000:role/none"}}, "Invalid principal"),
        ({**send, "Resource": f"{bus}-too"}, 'The relative-id "event-bus/orders-too" is invalid for ARN'),
    ):
        with pytest.raises(ClientError, match=rf"\(ValidationException\).*{words}"):
            events.put_permission(EventBusName="orders", Policy=policy(statement))
    assert "Policy" not in events.describe_event_bus(Name="orders")
    whole = policy({**send, "Resource": bus})
    events.put_permission(EventBusName="orders", Policy=whole)
    assert json.loads(events.describe_event_bus(Name="orders")["Policy"]) == json.loads(whole)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"Action": "events:PutRule"}, "ValidationException", "'action' is not supported"),
        ({"Principal": "somebody"}, "ValidationException", "at 'principal' failed to satisfy"),
        ({"EventBusName": "none"}, "ResourceNotFoundException", "Event bus none does not exist"),
    ],
)
def test_permission_for_an_event_bus(clients, given, code, words):
    asked = {"Action": "events:PutEvents", "Principal": "111111111111", "StatementId": "in"}
    with pytest.raises(ClientError, match=rf"\({code}\).*{words}"):
        clients["events"].put_permission(**{**asked, **given})
    clients["events"].put_permission(**asked)
    assert "111111111111" in clients["events"].describe_event_bus()["Policy"]
