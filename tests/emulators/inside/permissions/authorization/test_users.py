"""Tests for users on the embedded emulator: who names none means the caller, and a namesake is somebody else."""

import json

from tests.emulators.inside.permissions.authorization.test_calls import clients, denied, session, user
from tests.emulators.inside.permissions.authorization.test_principals import ALL, ROLE, assume, of, trusting
from tests.roles import policy
from tests.waiting import wait_until

__all__ = ["clients"]  # the fixture

ARN = "arn:aws:iam::000000000000:user/{}"
KEYS = [f"iam:{each}AccessKey" for each in ("Create", "Delete", "Update")]
OWN = {"Effect": "Allow", "Action": [*KEYS, "iam:ListAccessKeys", "iam:GetUser"],
       "Resource": "arn:aws:iam::*:user/${aws:username}"}  # fmt: skip


def test_who_names_no_user_means_the_caller(clients, embedded):
    ana, bea = (user(clients, embedded, OWN, name=name) for name in ("ana", "bea"))
    hers, others = of(ana, "iam", embedded), of(bea, "iam", embedded).list_access_keys()["AccessKeyMetadata"]
    made = hers.create_access_key()["AccessKey"]
    assert (made["UserName"], hers.get_user()["User"]["Arn"]) == ("ana", ARN.format("ana"))
    listed = hers.list_access_keys()["AccessKeyMetadata"]
    assert {each["AccessKeyId"] for each in listed} == {made["AccessKeyId"], ana.get_credentials().access_key}
    assert of(session(made), "sts", embedded).get_caller_identity()["Arn"] == ARN.format("ana")
    assert denied(hers.create_access_key, UserName="bea")[0] == "AccessDenied"
    hers.update_access_key(AccessKeyId=made["AccessKeyId"], Status="Inactive")
    hers.delete_access_key(AccessKeyId=made["AccessKeyId"])
    theirs = others[0]["AccessKeyId"]
    for given in ({}, {"UserName": "ana"}):
        assert denied(hers.delete_access_key, AccessKeyId=theirs, **given)[0] == "NoSuchEntity"
        assert denied(hers.update_access_key, AccessKeyId=theirs, Status="Inactive", **given)[0] == "NoSuchEntity"
    clients["iam"].delete_user_policy(UserName="ana", PolicyName="given")
    message = denied(hers.create_access_key)[2]
    assert f"iam:CreateAccessKey on resource: {ARN.format('ana')} because" in message


def test_who_is_no_user_names_one(clients, embedded):
    root = "arn:aws:iam::000000000000:root"
    worker = assume(user(clients, embedded, ALL), embedded, trusting(clients, "worker", root))
    for iam in (of(worker, "iam", embedded), clients["iam"]):
        code, status, message = denied(iam.create_access_key)
        assert (code, status) == ("ValidationError", 400)
        assert message == "Must specify userName when calling with non-User credentials"
    assert denied(of(worker, "iam", embedded).get_user)[0] == "ValidationError"
    assert clients["iam"].get_user()["User"]["Arn"] == root


def test_user_has_two_keys_at_most(clients, embedded):
    user(clients, embedded)
    clients["iam"].create_access_key(UserName="ana")
    assert denied(clients["iam"].create_access_key, UserName="ana")[0] == "LimitExceeded"


def test_user_with_policies_or_in_groups_is_not_deleted(clients):
    iam = clients["iam"]
    iam.create_user(UserName="ana")
    iam.put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(ALL))
    iam.create_group(GroupName="all")
    iam.add_user_to_group(GroupName="all", UserName="ana")
    conflict = ("DeleteConflict", 409)
    assert denied(iam.delete_user, UserName="ana") == (*conflict, "Cannot delete entity, must delete policies first.")
    iam.delete_user_policy(UserName="ana", PolicyName="given")
    message = "Cannot delete entity, must remove users from group first."
    assert denied(iam.delete_user, UserName="ana") == (*conflict, message)
    iam.remove_user_from_group(GroupName="all", UserName="ana")
    iam.delete_user(UserName="ana")


def principals(document):
    document = json.loads(document) if isinstance(document, str) else document
    return [statement["Principal"]["AWS"] for statement in document["Statement"]]


def test_trust_policy_does_not_fit_the_namesake_of_who_was_trusted(clients, embedded):
    ana, iam = user(clients, embedded), clients["iam"]
    trusting(clients, "worker", [ARN.format("ana"), "arn:aws:iam::000000000000:root"])
    condition = {"StringEquals": {"aws:PrincipalArn": ARN.format("ana")}}
    trust = json.loads(policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Condition": condition,
                               "Principal": {"AWS": ARN.format("ana")}}))  # fmt: skip
    iam.create_role(RoleName="one", AssumeRolePolicyDocument=json.dumps(trust))
    assert assume(ana, embedded, ROLE.format("one"))
    unique = iam.get_user(UserName="ana")["User"]["UserId"]
    iam.delete_access_key(UserName="ana", AccessKeyId=ana.get_credentials().access_key)
    iam.delete_user(UserName="ana")
    shown = iam.get_role(RoleName="one")["Role"]["AssumeRolePolicyDocument"]
    assert (principals(shown), shown["Statement"][0]["Condition"]) == ([unique], condition)
    shown = iam.get_role(RoleName="worker")["Role"]["AssumeRolePolicyDocument"]
    assert principals(shown) == [[unique, "arn:aws:iam::000000000000:root"]]
    namesake = user(clients, embedded)
    assert denied(of(namesake, "sts", embedded).assume_role, RoleArn=ROLE.format("one"), RoleSessionName="ana")[0] == (
        "AccessDenied"
    )
    iam.update_assume_role_policy(RoleName="one", PolicyDocument=json.dumps(trust))
    assert assume(namesake, embedded, ROLE.format("one"))


def test_policies_of_resources_do_not_fit_a_namesake_either(clients, embedded):
    ana = user(clients, embedded, ALL)
    iam, named = clients["iam"], {"Effect": "Allow", "Principal": {"AWS": ARN.format("ana")}}
    account = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*"}
    queue = clients["sqs"].create_queue(
        QueueName="q",
        Attributes={
            "Policy": policy({**named, "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:000000000000:q"})
        },
    )["QueueUrl"]
    topic = clients["sns"].create_topic(Name="t")["TopicArn"]
    clients["sns"].set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=policy({**named, "Action": "sns:Publish", "Resource": topic}),
    )
    clients["s3"].create_bucket(Bucket="homes")
    clients["s3"].put_bucket_policy(
        Bucket="homes", Policy=policy({**named, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::homes/*"})
    )
    clients["events"].put_permission(
        Policy=policy(
            {
                **named,
                "Action": "events:PutEvents",
                "Resource": "arn:aws:events:us-east-1:000000000000:event-bus/default",
            }
        )
    )
    key = clients["kms"].create_key(
        Policy=policy({**account, "Resource": "*"}, {**named, "Action": "kms:Encrypt", "Resource": "*"})
    )["KeyMetadata"]["KeyId"]
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
    calls = [
        ("sqs", "send_message", {"QueueUrl": queue, "MessageBody": "x"}),
        ("sns", "publish", {"TopicArn": topic, "Message": "x"}),
        ("s3", "put_object", {"Bucket": "homes", "Key": "x"}),
        ("events", "put_events", {"Entries": [entry]}),
        ("kms", "encrypt", {"KeyId": key, "Plaintext": b"x"}),
    ]
    iam.delete_user_policy(UserName="ana", PolicyName="given")
    for service, call, given in calls:
        getattr(of(ana, service, embedded), call)(**given)
    iam.delete_access_key(UserName="ana", AccessKeyId=ana.get_credentials().access_key)
    iam.delete_user(UserName="ana")
    namesake = user(clients, embedded)
    for service, call, given in calls:
        assert denied(getattr(of(namesake, service, embedded), call), **given)[1] in (400, 403), service
    assert "AIDA" in clients["s3"].get_bucket_policy(Bucket="homes")["Policy"]


def test_role_that_was_deleted_by_a_stack_is_named_by_its_id(clients):
    trust = json.loads(policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                               "Action": "sts:AssumeRole"}))  # fmt: skip
    first = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "first", "AssumeRolePolicyDocument": trust}}
    cloudformation, iam = clients["cloudformation"], clients["iam"]
    cloudformation.create_stack(StackName="shop", TemplateBody=json.dumps({"Resources": {"First": first}}),
                                Capabilities=["CAPABILITY_NAMED_IAM"])  # fmt: skip
    unique = wait_until(lambda: [each["RoleId"] for each in iam.list_roles()["Roles"] if each["RoleName"] == "first"])
    trusting(clients, "second", ROLE.format("first"))
    cloudformation.delete_stack(StackName="shop")
    wait_until(lambda: "first" not in str(iam.list_roles()["Roles"]))
    assert principals(iam.get_role(RoleName="second")["Role"]["AssumeRolePolicyDocument"]) == unique
