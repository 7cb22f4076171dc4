"""Tests for what services do with roles: what these allow, as long as they do."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.labs.helpers import zipped
from tests.roles import allow, role, take_away, trust
from tests.waiting import wait_until

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:pets"
POLLING = {
    "Effect": "Allow", "Resource": QUEUE,
    "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
}  # fmt: skip
LOGS = {"Effect": "Allow", "Resource": "*",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]}  # fmt: skip


@pytest.fixture
def account(embedded):
    embedded.reset()
    return Clients(embedded, as_learner=True)


def function(account, name="worker", source="def lambda_handler(event, context): return event", **settings):
    """Create a function that runs with the role `worker`."""
    account["lambda"].create_function(**described(name, source), **settings)
    account["lambda"].get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})


def described(name, source):
    return {
        "FunctionName": name, "Runtime": "python3.13", "Handler": "lambda_function.lambda_handler",
        "Role": "arn:aws:iam::000000000000:role/worker", "Code": {"ZipFile": zipped(source)},
    }  # fmt: skip


def runs(emulator, name="worker"):
    return sum(deed.kind == "run" and deed.name == name for deed in emulator.deeds()[1])


def refusals(emulator):
    return [json.loads(deed.detail) for deed in emulator.deeds()[1] if deed.kind == "denied"]


def test_mapping_needs_a_role_that_may_read_when_it_is_made_and_when_it_polls(account, embedded):
    url = account["sqs"].create_queue(QueueName="orders")["QueueUrl"]
    role(account, "worker", LOGS)
    function(account)
    wanted = {"FunctionName": "worker", "EventSourceArn": QUEUE}
    with pytest.raises(ClientError, match=r"InvalidParameterValueException.*permissions to call ReceiveMessage on SQS"):
        account["lambda"].create_event_source_mapping(**wanted)
    allow(account, "worker", LOGS, POLLING)
    mapping = account["lambda"].create_event_source_mapping(**wanted)["UUID"]
    account["sqs"].send_message(QueueUrl=url, MessageBody="1")
    wait_until(lambda: runs(embedded) == 1)
    allow(account, "worker", LOGS)

    def said():
        found = account["lambda"].get_event_source_mapping(UUID=mapping)["LastProcessingResult"]
        return found if found.startswith("PROBLEM") else ""

    assert "ReceiveMessage on SQS" in wait_until(said)
    account["sqs"].send_message(QueueUrl=url, MessageBody="2")
    assert (
        len([each for each in refusals(embedded) if each["resource"] == QUEUE]) == 2
    )  # as it was made, and once since
    assert runs(embedded) == 1
    allow(account, "worker", LOGS, POLLING)
    wait_until(lambda: runs(embedded) == 2)
    allow(account, "worker", LOGS)
    account["lambda"].delete_event_source_mapping(UUID=mapping)
    with pytest.raises(ClientError, match="permissions to call ReceiveMessage on SQS"):
        account["lambda"].create_event_source_mapping(**wanted)


def machine(account, resource, parameters):
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
    definition = json.dumps({"StartAt": "Do", "States": {"Do": task}})
    return account["stepfunctions"].create_state_machine(
        name="pets", definition=definition, roleArn="arn:aws:iam::000000000000:role/machine"
    )["stateMachineArn"]


def ended(account, arn, given="{}"):
    """How an execution ends, and with which error and cause."""
    states = account["stepfunctions"]
    execution = states.start_execution(stateMachineArn=arn, input=given)["executionArn"]

    def end():
        found = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found = wait_until(end)
    return found["status"], found.get("error"), found.get("cause", "")


@pytest.mark.parametrize(
    ("resource", "parameters", "action", "target", "error"),
    [
        ("arn:aws:states:::lambda:invoke", {"FunctionName": "worker"}, "lambda:InvokeFunction",
         "arn:aws:lambda:us-east-1:000000000000:function:worker", "Lambda.AWSLambdaException"),
        ("arn:aws:lambda:us-east-1:000000000000:function:worker", {}, "lambda:InvokeFunction",
         "arn:aws:lambda:us-east-1:000000000000:function:worker", "Lambda.AWSLambdaException"),
        ("arn:aws:states:::dynamodb:putItem", {"TableName": "pets", "Item": {"id": {"S": "1"}}}, "dynamodb:PutItem",
         "arn:aws:dynamodb:us-east-1:000000000000:table/pets", "DynamoDB.AmazonDynamoDBException"),
        ("arn:aws:states:::sqs:sendMessage", {"QueueUrl": "http://localhost/000000000000/orders", "MessageBody": "x"},
         "sqs:SendMessage", QUEUE, "SQS.AmazonSQSException"),
        ("arn:aws:states:::sns:publish", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:news", "Message": "x"},
         "sns:Publish", "arn:aws:sns:us-east-1:000000000000:news", "SNS.AmazonSNSException"),
        ("arn:aws:states:::aws-sdk:dynamodb:getItem", {"TableName": "pets", "Key": {"id": {"S": "1"}}},
         "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:000000000000:table/pets", "DynamoDB.AmazonDynamoDBException"),
    ],
)  # fmt: skip
def test_machine_does_what_its_role_allows(account, resource, parameters, action, target, error):
    role(account, "worker")
    function(account)
    account["sqs"].create_queue(QueueName="orders")
    account["sns"].create_topic(Name="news")
    account["dynamodb"].create_table(
        TableName="pets", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    role(account, "machine")
    take_away(account, "machine")
    arn = machine(account, resource, parameters)
    status, found, cause = ended(account, arn)
    assert (status, found) == ("FAILED", error)
    assert "assumed-role/machine/pets is not authorized to perform" in cause
    allow(account, "machine", {"Effect": "Allow", "Action": action, "Resource": target})
    assert ended(account, arn)[0] == "SUCCEEDED"
    take_away(account, "machine")
    assert ended(account, arn)[0] == "FAILED"


def distributed(inner, **more):
    """A Map whose items are executions of their own."""
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inner}
    return {"StartAt": "All", "States": {"All": {"Type": "Map", "ItemProcessor": processor, "End": True, **more}}}


def test_executions_of_a_map_do_what_the_machines_role_allows(account):
    role(account, "worker")
    function(account)
    role(account, "machine")
    take_away(account, "machine")
    call = {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "worker"},
        "End": True,
    }  # fmt: skip
    definition = distributed({"StartAt": "Do", "States": {"Do": call}}, ItemsPath="$.items")
    account["stepfunctions"].create_state_machine(
        name="pets", definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/machine"
    )
    assert ended(account, MACHINE, '{"items": [1, 2]}')[0] == "FAILED"
    assert not runs(account.emulator)
    allow(account, "machine", {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"})
    assert ended(account, MACHINE, '{"items": [1, 2]}')[0] == "SUCCEEDED"
    take_away(account, "machine")
    assert ended(account, MACHINE, '{"items": [1, 2]}')[0] == "FAILED"


@pytest.mark.parametrize(
    ("reader", "action", "target"),
    [
        ({"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "pets", "Key": "all"}}, "s3:GetObject",
         "arn:aws:s3:::pets/all"),
        ({"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "pets"}}, "s3:ListBucket",
         "arn:aws:s3:::pets"),
    ],
)  # fmt: skip
def test_map_reads_its_items_as_the_machines_role_allows(account, reader, action, target):
    account["s3"].create_bucket(Bucket="pets")
    account["s3"].put_object(Bucket="pets", Key="all", Body=b"[1, 2]")
    role(account, "machine")
    take_away(account, "machine")
    definition = distributed({"StartAt": "Do", "States": {"Do": {"Type": "Pass", "End": True}}}, ItemReader=reader)
    account["stepfunctions"].create_state_machine(
        name="pets", definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/machine"
    )
    status, _, cause = ended(account, MACHINE)
    assert status == "FAILED"
    assert "assumed-role/machine/pets is not authorized to perform" in cause
    allow(account, "machine", {"Effect": "Allow", "Action": action, "Resource": target})
    assert ended(account, MACHINE)[0] == "SUCCEEDED"
    take_away(account, "machine")
    assert ended(account, MACHINE)[0] == "FAILED"


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::lambda:invoke:activity:none",
        "states:::lambda:invoke",
        "arn:aws:states:::sqs:sendMessage:activity:.waitForTaskToken",
        "arn:aws:states:::aws-sdk:sqs:sendMessage:function:worker",
    ],
)
def test_state_that_is_tested_does_what_the_given_role_allows_and_no_other_name_leads_around_that(account, resource):
    role(account, "worker")
    function(account)
    role(account, "machine")
    take_away(account, "machine")
    given = {"FunctionName": "worker", "QueueUrl": "http://x/000000000000/orders", "MessageBody": "x"}
    task = {"Type": "Task", "Resource": resource, "Parameters": given, "End": True}
    whole = json.dumps({"StartAt": "Do", "States": {"Do": task}})
    machine_role = "arn:aws:iam::000000000000:role/machine"
    with pytest.raises(ClientError, match="Value is not a valid resource ARN at /States/Do/Resource"):
        account["stepfunctions"].create_state_machine(name="pets", definition=whole, roleArn=machine_role)

    def tested(resource, **given):
        states = account["stepfunctions"]
        return states.test_state(definition=json.dumps({**task, "Resource": resource}), input="{}", **given)["status"]

    invoke = "arn:aws:states:::lambda:invoke"
    assert {tested(invoke), tested(invoke, roleArn=machine_role)} == {"FAILED"}
    allow(account, "machine", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert tested(invoke, roleArn=machine_role) == "SUCCEEDED"
    assert tested(resource, roleArn=machine_role) == "FAILED"
    take_away(account, "machine")
    assert tested(invoke, roleArn=machine_role) == "FAILED"


def test_log_is_written_with_the_functions_role_or_not_at_all(account):
    role(account, "worker")
    take_away(account, "worker")
    function(account, source="def lambda_handler(event, context): print(event)")

    def lines():
        account["lambda"].invoke(FunctionName="worker")
        groups = account["logs"].describe_log_groups()["logGroups"]
        if not groups:
            return None
        return len(account["logs"].filter_log_events(logGroupName=groups[0]["logGroupName"])["events"])

    assert lines() is None
    allow(account, "worker", LOGS)
    written = lines()
    assert written
    take_away(account, "worker")
    assert lines() == written


def test_schedule_acts_with_its_role(account, embedded):
    role(account, "worker")
    function(account)
    target = "arn:aws:lambda:us-east-1:000000000000:function:worker"
    given = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": target}
    arn = role(account, "clock", given, services=["scheduler"])
    take_away(account, "clock")
    account["scheduler"].create_schedule(
        Name="often", ScheduleExpression="rate(1 minute)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": target, "RoleArn": arn, "RetryPolicy": {"MaximumRetryAttempts": 0}},
    )  # fmt: skip

    def pass_a_minute():
        """How often the function ran then, and how often that was refused."""
        ran, refused = runs(embedded), len(refusals(embedded))
        list(embedded.advance(60))
        return runs(embedded) - ran, len(refusals(embedded)) - refused

    assert pass_a_minute() == (0, 1)
    allow(account, "clock", given)
    assert pass_a_minute() == (1, 0)
    take_away(account, "clock")
    assert pass_a_minute() == (0, 1)
    account["iam"].update_assume_role_policy(RoleName="clock", PolicyDocument=trust("lambda"))
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role"):
        account["scheduler"].create_schedule(
            Name="other", ScheduleExpression="rate(1 minute)", FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": target, "RoleArn": arn},
        )  # fmt: skip
