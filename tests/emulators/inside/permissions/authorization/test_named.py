"""Tests for the resources that MiniStack overlooks: a policy that names one opens it, and no other does."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.permissions.authorization.test_calls import clients, denied, user
from tests.roles import policy, trust

__all__ = ["clients"]  # the fixture

ARN = "arn:aws:{}:us-east-1:000000000000:{}"
IAM = "arn:aws:iam::000000000000:{}"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TOPIC, QUEUE, MACHINE = ARN.format("sns", "news"), ARN.format("sqs", "dead"), ARN.format("states", "stateMachine:m")
PASS = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
TAGS = [{"Key": "team", "Value": "pets"}]
# An operation, its parameters, and the resource that its permission is for.
NAMED = (
    ("iam", "attach_group_policy", {"GroupName": "admins", "PolicyArn": READ_ONLY}, IAM.format("group/admins")),
    ("iam", "add_user_to_group", {"GroupName": "admins", "UserName": "ana"}, IAM.format("group/admins")),
    ("iam", "remove_user_from_group", {"GroupName": "admins", "UserName": "ana"}, IAM.format("group/admins")),
    ("iam", "add_role_to_instance_profile", {"InstanceProfileName": "web", "RoleName": "worker"},
     IAM.format("instance-profile/web")),
    ("iam", "create_policy", {"PolicyName": "p", "Path": "/team/", "PolicyDocument": policy()},
     IAM.format("policy/team/p")),
    ("iam", "create_role", {"RoleName": "r", "Path": "/team/", "AssumeRolePolicyDocument": trust("lambda")},
     IAM.format("role/team/r")),
    ("iam", "get_role", {"RoleName": "inside"}, IAM.format("role/team/inside")),
    ("sns", "tag_resource", {"ResourceArn": TOPIC, "Tags": TAGS}, TOPIC),
    ("sns", "publish", {"TopicArn": TOPIC.replace("000000000000", ""), "Message": "m"}, TOPIC),
    ("sns", "unsubscribe", {"SubscriptionArn": f"{TOPIC}:8a1b0d3a-0d5e-4c5b-8f5c-2f8b0d3a0d5e"}, TOPIC),
    ("events", "put_targets", {"Rule": "daily", "Targets": [{"Id": "1", "Arn": QUEUE}]},
     ARN.format("events", "rule/daily")),
    ("events", "describe_rule", {"Name": "daily", "EventBusName": "default"}, ARN.format("events", "rule/daily")),
    ("events", "list_targets_by_rule", {"Rule": "daily", "EventBusName": "shop"},
     ARN.format("events", "rule/shop/daily")),
    ("events", "create_event_bus", {"Name": "shop"}, ARN.format("events", "event-bus/shop")),
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["late"]}, ARN.format("cloudwatch", "alarm:late")),
    ("cloudwatch", "set_alarm_state", {"AlarmName": "late", "StateValue": "OK", "StateReason": "tried"},
     ARN.format("cloudwatch", "alarm:late")),
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["late", "early"]}, ARN.format("cloudwatch", "alarm:late")),
    ("stepfunctions", "create_activity", {"name": "a"}, ARN.format("states", "activity:a")),
    ("stepfunctions", "list_tags_for_resource", {"resourceArn": MACHINE}, MACHINE),
    ("stepfunctions", "create_state_machine_alias", {"name": "live", "routingConfiguration": [
        {"stateMachineVersionArn": f"{MACHINE}:1", "weight": 100}]}, MACHINE),
    ("sqs", "start_message_move_task", {"SourceArn": QUEUE}, QUEUE),
    ("scheduler", "get_schedule", {"Name": "s", "GroupName": "night"}, ARN.format("scheduler", "schedule/night/s")),
    ("scheduler", "create_schedule", {"Name": "s", "GroupName": "night", "ScheduleExpression": "rate(1 hour)",
                                      "FlexibleTimeWindow": {"Mode": "OFF"},
                                      "Target": {"Arn": QUEUE, "RoleArn": IAM.format("role/worker")}},
     ARN.format("scheduler", "schedule/night/s")),
    ("lambda", "create_function", {"FunctionName": "f", "Role": IAM.format("role/worker"), "Code": {"ZipFile": b"x"}},
     ARN.format("lambda", "function:f")),
)  # fmt: skip


@pytest.mark.parametrize(("service", "call", "asked", "resource"), NAMED)
def test_permission_is_asked_for_what_the_operation_is_about(clients, embedded, service, call, asked, resource):
    clients["iam"].create_role(RoleName="inside", Path="/team/", AssumeRolePolicyDocument=trust("lambda"))
    ana = user(clients, embedded).client(service, endpoint_url=embedded.endpoint)
    assert f" on resource: {resource} because" in denied(getattr(ana, call), **asked)[2]
    given = policy({"Effect": "Allow", "Action": "*", "Resource": resource})
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=given)
    try:
        getattr(ana, call)(**asked)
    except ClientError as error:  # what it is about may not be there, and a role may not be handed over
        assert f"on resource: {resource} " not in str(error)
    clients["iam"].delete_user_policy(UserName="ana", PolicyName="given")
    assert f" on resource: {resource} because" in denied(getattr(ana, call), **asked)[2]


def test_nobody_joins_a_group_who_may_only_change_herself(clients, embedded):
    clients["iam"].create_group(GroupName="admins")
    itself = {"Effect": "Allow", "Action": "iam:*", "Resource": IAM.format("user/${aws:username}")}
    iam = user(clients, embedded, itself).client("iam", endpoint_url=embedded.endpoint)
    assert "group/admins" in denied(iam.add_user_to_group, GroupName="admins", UserName="ana")[2]
    assert not clients["iam"].get_group(GroupName="admins")["Users"]


def test_key_is_asked_for_whatever_it_is_called_by(clients, embedded):
    kms = clients["kms"]
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/shop", TargetKeyId=key)
    by_alias = {"Effect": "Allow", "Action": "kms:*", "Resource": ARN.format("kms", "alias/*")}
    hers = user(clients, embedded, by_alias).client("kms", endpoint_url=embedded.endpoint)
    asked = {"KeyId": "alias/shop", "Plaintext": b"x"}
    assert f"kms:Encrypt on resource: {key} " in denied(hers.encrypt, **asked)[2]
    given = policy({"Effect": "Allow", "Action": "kms:Encrypt", "Resource": key})
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=given)
    assert hers.encrypt(**asked)["KeyId"] == key


def test_stream_is_the_one_that_is_read_whichever_others_are_named(clients, embedded):
    kinesis = clients["kinesis"]
    for name in ("vault", "open"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    vault, opened = (ARN.format("kinesis", f"stream/{name}") for name in ("vault", "open"))
    statement = {"Effect": "Allow", "Action": "kinesis:*", "Resource": opened}
    hers = user(clients, embedded, statement).client("kinesis", endpoint_url=embedded.endpoint)
    where = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(StreamName="vault", **where)["ShardIterator"]
    words = f" on resource: {vault} because"
    assert words in denied(hers.get_records, ShardIterator=iterator, StreamARN=opened)[2]
    both = {"StreamName": "vault", "StreamARN": opened}
    assert words in denied(hers.put_record, **both, Data=b"x", PartitionKey="1")[2]
    assert hers.put_record(StreamName="open", Data=b"x", PartitionKey="1")["SequenceNumber"]
