"""Tests for stacks on the embedded emulator whose functions, tables and schedules MiniStack makes in part alone."""

import json

import boto3
import pytest
from botocore.exceptions import WaiterError

from tests.labs.helpers import zipped
from tests.roles import policy, role, trust
from tests.waiting import wait_until

ACCOUNT = "000000000000"
QUEUE, RESERVED = f"arn:aws:sqs:us-east-1:{ACCOUNT}:lost", "ReservedConcurrentExecutions"
KEY = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
EXPIRY = {"TimeToLiveSpecification": {"AttributeName": "until", "Enabled": "true"}}
RECOVERY = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
WAIT = {"Delay": 0.1, "MaxAttempts": 300}


def may(action, resource="*"):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@pytest.fixture
def stack(clients):
    """Makes the stack of one resource, or changes it; returns why it failed, or nothing."""

    def make(kind, properties, verb="create", formation=clients["cloudformation"]):
        template = {"Resources": {"Made": {"Type": f"AWS::{kind}", "Properties": properties}}}
        getattr(formation, f"{verb}_stack")(StackName="made", TemplateBody=json.dumps(template))
        try:
            formation.get_waiter(f"stack_{verb}_complete").wait(StackName="made", WaiterConfig=WAIT)
        except WaiterError:
            events = formation.describe_stack_events(StackName="made")["StackEvents"]
            return next(each["ResourceStatusReason"] for each in events if each["ResourceStatus"].endswith("_FAILED"))
        return ""

    return make


@pytest.fixture
def function(clients):
    """A function's properties, as a template has them, and the queue that it may send to."""
    clients["sqs"].create_queue(QueueName="lost")
    role(clients, "worker", may("sqs:SendMessage", QUEUE))
    return {
        "FunctionName": "made", "Runtime": "python3.13", "Handler": "index.handler",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/worker", "Code": {"ZipFile": "def handler(event, context): pass"},
    }  # fmt: skip


def test_function_has_its_reservation_and_its_dead_letter_queue(clients, stack, function):
    def found():
        told = clients["lambda"].get_function(FunctionName="made")
        queue = told["Configuration"].get("DeadLetterConfig", {}).get("TargetArn") or None
        return told.get("Concurrency", {}).get(RESERVED), queue

    more = {"DeadLetterConfig": {"TargetArn": QUEUE}, RESERVED: "5"}
    assert stack("Lambda::Function", function | more) == ""
    assert found() == (5, QUEUE)
    assert stack("Lambda::Function", function | {RESERVED: 0}, "update") == ""
    assert found() == (0, None)
    assert stack("Lambda::Function", function, "update") == ""
    assert found() == (None, None)


def test_dead_letter_queue_that_the_role_may_not_use_fails_the_function_and_leaves_none(clients, stack, function):
    why = stack("Lambda::Function", function | {"DeadLetterConfig": {"TargetArn": f"{QUEUE}-too"}})
    assert "does not have permissions to call SendMessage on SQS" in why
    assert "(Service: Lambda, Status Code: 400" in why
    assert clients["lambda"].list_functions()["Functions"] == []


def kept(dynamodb, table="made"):
    """By what a table's items expire, and whether each moment is kept."""
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    told = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    recovery = told["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return expiry["TimeToLiveStatus"] == "ENABLED" and expiry["AttributeName"], recovery


def test_table_has_expiry_and_recovery_while_its_template_says_so(clients, stack):
    table = KEY | {"TableName": "made"}
    assert stack("DynamoDB::Table", table | EXPIRY | RECOVERY) == ""
    assert kept(clients["dynamodb"]) == ("until", "ENABLED")
    assert stack("DynamoDB::Table", table, "update") == ""
    assert kept(clients["dynamodb"]) == (False, "DISABLED")


def test_table_sends_its_changes_where_its_template_says(clients, stack):
    for name in ("one", "two"):
        clients["kinesis"].create_stream(StreamName=name, ShardCount=1)
    table = KEY | {"TableName": "made"}

    def sent_to():
        told = clients["dynamodb"].describe_kinesis_streaming_destination(TableName="made")
        return [
            each["StreamArn"].rpartition("/")[2]
            for each in told["KinesisDataStreamDestinations"]
            if each["DestinationStatus"] == "ACTIVE"
        ]

    def to(name):
        return {"KinesisStreamSpecification": {"StreamArn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{name}"}}

    assert stack("DynamoDB::Table", table | to("one")) == ""
    assert sent_to() == ["one"]
    assert stack("DynamoDB::Table", table | to("two"), "update") == ""
    assert sent_to() == ["two"]
    assert stack("DynamoDB::Table", table, "update") == ""
    assert sent_to() == []


def test_mapping_has_the_window_of_its_template(clients, stack, function):
    clients["kinesis"].create_stream(StreamName="walks", ShardCount=1)
    clients["iam"].put_role_policy(RoleName="worker", PolicyName="reads", PolicyDocument=policy(may("kinesis:*")))
    clients["lambda"].create_function(**function | {"FunctionName": "counts", "Code": {"ZipFile": zipped("x = 1")}})
    mapping = {
        "EventSourceArn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/walks",
        "FunctionName": "counts",
        "StartingPosition": "LATEST",
    }

    def window():
        (found,) = clients["lambda"].list_event_source_mappings(FunctionName="counts")["EventSourceMappings"]
        return found.get("TumblingWindowInSeconds", 0)

    assert stack("Lambda::EventSourceMapping", mapping | {"TumblingWindowInSeconds": "60"}) == ""
    assert window() == 60
    assert stack("Lambda::EventSourceMapping", mapping, "update") == ""
    assert window() == 0


def test_global_table_has_its_replicas_and_what_its_own_region_says(clients, stack, embedded):
    dynamodb = clients["dynamodb"]
    table = KEY | EXPIRY | {"TableName": "made", "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"}}
    home = {"Region": "us-east-1", **RECOVERY}

    def replicas():
        return [each["RegionName"] for each in dynamodb.describe_table(TableName="made")["Table"].get("Replicas", [])]

    assert stack("DynamoDB::GlobalTable", table | {"Replicas": [home, {"Region": "eu-west-1"}]}) == ""
    assert kept(dynamodb) == ("until", "ENABLED")
    assert "eu-west-1" in replicas()
    key = embedded.learner
    there = boto3.client(
        "dynamodb", endpoint_url=embedded.endpoint, region_name="eu-west-1", aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )  # fmt: skip
    there.put_item(TableName="made", Item={"id": {"S": "cat"}})
    wait_until(lambda: dynamodb.get_item(TableName="made", Key={"id": {"S": "cat"}}).get("Item"))
    assert stack("DynamoDB::GlobalTable", table | {"Replicas": [{"Region": "us-east-1"}]}, "update") == ""
    assert kept(dynamodb) == ("until", "DISABLED")
    assert "eu-west-1" not in replicas()


def test_table_begins_with_the_import_of_its_template(clients, stack):
    clients["s3"].create_bucket(Bucket="rows")
    clients["s3"].put_object(Bucket="rows", Key="cats.csv", Body=b"id,age\nTom,3\n")
    source = {"InputFormat": "CSV", "S3BucketSource": {"S3Bucket": "rows"}}
    assert stack("DynamoDB::Table", KEY | {"TableName": "made", "ImportSourceSpecification": source} | EXPIRY) == ""
    scan = clients["dynamodb"].scan
    assert wait_until(lambda: scan(TableName="made")["Items"]) == [{"id": {"S": "Tom"}, "age": {"S": "3"}}]
    assert kept(clients["dynamodb"])[0] == "until"


def test_import_that_dynamodb_refuses_fails_the_table(stack):
    source = {"InputFormat": "XML", "S3BucketSource": {"S3Bucket": "rows"}}
    why = stack("DynamoDB::Table", KEY | {"TableName": "made", "ImportSourceSpecification": source})
    assert "Invalid InputFormat: XML" in why


def test_schedule_keeps_its_time_zone_and_its_end(clients, stack, function):
    target = {"Arn": QUEUE, "RoleArn": function["Role"]}
    clients["iam"].update_assume_role_policy(RoleName="worker", PolicyDocument=trust("scheduler"))
    schedule = {
        "Name": "made", "ScheduleExpression": "cron(0 3 * * ? *)", "ScheduleExpressionTimezone": "Europe/Lisbon",
        "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, "EndDate": "2099-01-01T00:00:00+00:00",
    }  # fmt: skip
    found = clients["scheduler"].get_schedule
    assert stack("Scheduler::Schedule", schedule) == ""
    assert found(Name="made")["ScheduleExpressionTimezone"] == "Europe/Lisbon"
    assert found(Name="made")["EndDate"].year == 2099
    assert stack("Scheduler::Schedule", schedule | {"ScheduleExpressionTimezone": "Asia/Tokyo"}, "update") == ""
    assert found(Name="made")["ScheduleExpressionTimezone"] == "Asia/Tokyo"


def test_what_is_set_needs_a_permission_of_its_own(clients, stack, embedded):
    iam = clients["iam"]
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    hers = boto3.client(
        "cloudformation", endpoint_url=embedded.endpoint, region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip
    given = policy(may(["cloudformation:*", "dynamodb:CreateTable", "dynamodb:DeleteTable"]))
    iam.put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=given)
    why = stack("DynamoDB::Table", KEY | {"TableName": "made"} | EXPIRY, formation=hers)
    assert f"dynamodb:UpdateTimeToLive on resource: arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/made" in why
