"""Tests for schedules that call AWS's services on the embedded emulator, with their role."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from lab_harness.emulators.inside.rules.universal_targets import call_of
from tests.roles import allow, policy, role, take_away
from tests.waiting import wait_until

CALL = "arn:aws:scheduler:::aws-sdk:"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:"
DONE = "at(2020-01-01T00:00:00)"
PASS = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})


def queue(clients, name):
    return clients["sqs"].create_queue(QueueName=name)["QueueUrl"]


def may(action, resource="*"):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def schedule(clients, call, given, name="now", moment=DONE, **more):
    target = {"Arn": f"{CALL}{call}", "RoleArn": "arn:aws:iam::000000000000:role/clock", **more}
    if given is not None:
        target["Input"] = given if isinstance(given, str) else json.dumps(given)
    asked = {"ScheduleExpression": moment, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    return clients["scheduler"].create_schedule(Name=name, **asked)


def received(clients, url):
    """The next message of a queue, and its attributes."""
    asked = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    (found,) = wait_until(lambda: clients["sqs"].receive_message(**asked).get("Messages"))
    clients["sqs"].delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    return found["Body"], {key: each["StringValue"] for key, each in found.get("MessageAttributes", {}).items()}


def test_a_schedule_sends_a_message_as_its_role_may(clients):
    url, dead = queue(clients, "pets"), queue(clients, "dead")
    role(
        clients,
        "clock",
        may("sqs:SendMessage", f"{QUEUE}pets"),
        may("sqs:SendMessage", f"{QUEUE}dead"),
        services=["scheduler"],
    )
    kept = {"DeadLetterConfig": {"Arn": f"{QUEUE}dead"}}
    given = {"QueueUrl": url, "MessageBody": "<aws.scheduler.attempt-number>"}
    schedule(clients, "sqs:sendMessage", given, **kept)
    assert received(clients, url)[0] == "1"
    allow(clients, "clock", may("sqs:SendMessage", f"{QUEUE}dead"))
    schedule(clients, "sqs:sendMessage", given, "denied", **kept)
    body, about = received(clients, dead)
    assert (json.loads(body)["QueueUrl"], about["ERROR_CODE"]) == (url, "AccessDeniedException")
    assert f"not authorized to perform: sqs:sendmessage on resource: {QUEUE}pets" in about["ERROR_MESSAGE"]
    assert about["RETRY_ATTEMPTS"] == "0"
    assert about["TARGET_ARN"] == f"{CALL}sqs:sendMessage"


def test_calls_in_all_protocols_are_made(clients):
    role(clients, "clock", services=["scheduler", "states"])
    table = {"TableName": "pets", "BillingMode": "PAY_PER_REQUEST"}
    key = [{"AttributeName": "id", "KeyType": "HASH"}], [{"AttributeName": "id", "AttributeType": "S"}]
    clients["dynamodb"].create_table(**table, KeySchema=key[0], AttributeDefinitions=key[1])
    clients["s3"].create_bucket(Bucket="pictures")
    topic = clients["sns"].create_topic(Name="news")["TopicArn"]
    url = queue(clients, "heard")
    sender = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    clients["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(sender)})
    clients["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}heard")
    machine = clients["stepfunctions"].create_state_machine(
        name="m", definition=PASS, roleArn="arn:aws:iam::000000000000:role/clock"
    )["stateMachineArn"]
    item = {"TableName": "pets", "Item": {"id": {"S": "rex"}, "paws": {"N": "4"}}}
    schedule(clients, "dynamodb:putItem", item, "json")
    schedule(clients, "sns:publish", {"TopicArn": topic, "Message": "a cat"}, "query")
    schedule(clients, "s3:putObject", {"Bucket": "pictures", "Key": "a/b.txt", "Body": "meow"}, "xml")
    schedule(clients, "sfn:startExecution", {"StateMachineArn": machine, "Input": '{"pet": 1}'}, "states")
    schedule(clients, "scheduler:deleteSchedule", {"Name": "xml"}, "rest", moment="rate(1 minute)")
    assert json.loads(received(clients, url)[0])["Message"] == "a cat"
    wait_until(lambda: clients["dynamodb"].get_item(TableName="pets", Key={"id": {"S": "rex"}}).get("Item"))
    wait_until(lambda: clients["s3"].list_objects_v2(Bucket="pictures").get("Contents"))
    assert clients["s3"].get_object(Bucket="pictures", Key="a/b.txt")["Body"].read() == b"meow"
    (ran,) = wait_until(lambda: clients["stepfunctions"].list_executions(stateMachineArn=machine)["executions"])
    about = clients["stepfunctions"].describe_execution(executionArn=ran["executionArn"])
    assert json.loads(about["input"]) == {"pet": 1}
    list(clients.emulator.advance(61))
    names = lambda: {each["Name"] for each in clients["scheduler"].list_schedules()["Schedules"]}  # noqa: E731
    wait_until(lambda: "xml" not in names())


def test_a_service_that_refuses_is_asked_again_and_the_input_is_kept(clients):
    role(clients, "clock", services=["scheduler"])
    dead = queue(clients, "dead")
    given = {"StackName": "none", "TemplateBody": "{}"}
    schedule(
        clients, "cloudformation:updateStack", given,
        DeadLetterConfig={"Arn": f"{QUEUE}dead"}, RetryPolicy={"MaximumRetryAttempts": 1},
    )  # fmt: skip
    body, about = received(clients, dead)
    assert json.loads(body) == given
    assert (about["ERROR_CODE"], about["RETRY_ATTEMPTS"]) == ("ValidationError", "1")
    assert about["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert "none" in about["ERROR_MESSAGE"]


def test_a_role_that_scheduler_may_not_assume_calls_nothing(clients):
    role(clients, "clock", services=["scheduler"])
    url, dead = queue(clients, "pets"), queue(clients, "dead")
    given, more = {"QueueUrl": url, "MessageBody": "a cat"}, {"DeadLetterConfig": {"Arn": f"{QUEUE}dead"}}
    take_away(clients, "clock")
    allow(clients, "clock", may("sqs:SendMessage", f"{QUEUE}dead"), may("sqs:*", f"{QUEUE}other"))
    schedule(clients, "sqs:sendMessage", given, **more)
    assert received(clients, dead)[1]["ERROR_CODE"] == "AccessDeniedException"
    assert "Messages" not in clients["sqs"].receive_message(QueueUrl=url)


@pytest.mark.parametrize(
    ("call", "given", "words"),
    [
        ("sqs:getQueueUrl", {"QueueName": "a"}, "getQueueUrl API is not supported"),
        ("ec2:describeInstances", {}, "describeInstances API is not supported"),
        ("sqs:shout", {}, "shout API is not supported"),
        ("nothing:do", {}, "nothing is not a supported service for a target."),
        ("sqs:sendMessage", None, "You must provide an input to set this target for your schedule"),
        ("sqs:sendMessage", {"QueueUrl": "u"}, "missing the following field(s): MessageBody."),
        ("sfn:startExecution", {"stateMachineArn": "a"}, "missing the following field(s): StateMachineArn."),
        ("sqs:sendMessage", {"QueueUrl": "u", "MessageBody": "b", "Shout": 1}, "unknown field(s): Shout"),
        ("sqs:sendMessage", "[1]", "Invalid RequestJson provided. Reason"),
        ("sqs:sendMessage", "{", "Invalid RequestJson provided. Reason"),
    ],
)
def test_a_call_that_is_none_is_refused(clients, call, given, words):
    role(clients, "clock", services=["scheduler"])
    with pytest.raises(ClientError, match=re.escape(words)) as caught:
        schedule(clients, call, given)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_call_has_neither_region_nor_account(clients):
    arn, target = (
        role(clients, "clock", services=["scheduler"]),
        "arn:aws:scheduler:us-east-1:1:aws-sdk:sqs:sendMessage",
    )
    with pytest.raises(ClientError, match="scheduler is not a supported service for a target"):
        clients["scheduler"].create_schedule(
            Name="now", ScheduleExpression=DONE, FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": target, "RoleArn": arn, "Input": "{}"},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("service", "call", "name"),
    [
        ("applicationautoscaling", "registerScalableTarget", "Application Auto Scaling"),
        ("cloudwatchlogs", "createLogGroup", "CloudWatch Logs"),
        ("cognitoidentity", "createIdentityPool", "Cognito Identity"),
        ("cognitoidentityprovider", "createUserPool", "Cognito Identity Provider"),
        ("elasticloadbalancingv2", "createLoadBalancer", "Elastic Load Balancing v2"),
        ("eventbridge", "putEvents", "EventBridge"),
        ("sfn", "startExecution", "SFN"),
        ("lambda", "invoke", "Lambda"),
    ],
)
def test_services_are_called_as_aws_s_sdk_calls_them(service, call, name):
    assert call_of(f"{CALL}{service}:{call}").model.service_model.service_id == name
