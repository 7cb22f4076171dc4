"""Tests for the action that a request needs: the permission for one operation opens no other."""

import re

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.inside.permissions.authorization.actions import DURABLE, SEVERAL, the_one_action
from tests.emulators.inside.permissions.authorization.test_calls import denied, user
from tests.emulators.inside.permissions.authorization.test_foreign import sent
from tests.roles import policy

DELETE = {"x-amz-target": "DynamoDB_20120810.DeleteTable"}
GRANITE = "GraniteServiceVersion20100801"
JSON, CBOR = {"content-type": "application/json"}, f"/service/{GRANITE}/operation/"
FORM, TO_A = {"content-type": "application/x-www-form-urlencoded"}, b"Action=Publish&TopicArn=a"


def action(service, method="POST", path="/", headers=None, body=b"", query=None):
    from ministack.core import iam_actions

    asked = (service, method, path, headers or {}, body, query or {})
    return the_one_action(getattr(iam_actions.extract_iam_action, "__wrapped__", iam_actions.extract_iam_action),
                          None, asked, {})  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"service": "dynamodb", "headers": DELETE}, "dynamodb:DeleteTable"),
        ({"service": "dynamodb", "headers": DELETE, "query": {"Action": ["GetItem"]}}, SEVERAL),
        ({"service": "dynamodb", "headers": DELETE | FORM, "body": b"Action=GetItem"}, SEVERAL),
        ({"service": "iam", "headers": FORM, "body": b"Action=CreateUser"}, "iam:CreateUser"),
        ({"service": "iam", "headers": FORM, "body": b"Action=CreateUser", "query": {"Action": ["GetUser"]}}, SEVERAL),
        ({"service": "iam", "query": {"Action": ["GetUser", "CreateUser"]}}, SEVERAL),
        ({"service": "sns", "headers": FORM, "body": b"Action=Publish&TopicArn=a&TopicArn=b"}, SEVERAL),
        ({"service": "sns", "headers": FORM, "body": TO_A, "query": {"TopicArn": "b"}}, SEVERAL),
        ({"service": "sns", "headers": FORM, "body": TO_A, "query": {"TopicArn": ["a"]}}, "sns:Publish"),
        ({"service": "sns", "headers": FORM, "body": b"TopicArn=b", "query": {"Action": ["Publish"], "TopicArn": "a"}},
         SEVERAL),
        ({"service": "sns", "headers": {"content-type": "text/plain"}, "body": b"TopicArn=b",
          "query": {"Action": ["Publish"]}}, SEVERAL),
        ({"service": "iam", "headers": {"content-type": "application/json"}, "body": b'{"PolicyArn": "a"}',
          "query": {"Action": ["AttachUserPolicy"], "PolicyArn": "b"}}, SEVERAL),
        ({"service": "iam", "headers": {"x-amz-target": "IAMService.CreateUser"}, "body": b"{}"}, SEVERAL),
        ({"service": "sqs", "headers": {"content-type": "text/plain"}, "body": b"Action=SendMessage",
          "query": {"Action": ["ListQueues"]}}, SEVERAL),
        ({"service": "sqs", "headers": {"content-type": "text/plain"}, "body": b"Action=SendMessage"}, SEVERAL),
        ({"service": "sns", "headers": JSON | {"x-amz-target": "SNS.ListTopics"}, "body": b"Action=Publish"}, SEVERAL),
        ({"service": "sns", "headers": JSON | {"x-amz-target": ""}, "body": b"Action=Publish"}, SEVERAL),
        ({"service": "cloudformation", "headers": JSON | {"x-amz-target": "X.DescribeStacks"},
          "body": b"Action=DeleteStack"}, SEVERAL),
        ({"service": "sqs", "headers": JSON | {"x-amz-target": "SQS.ListQueues"}, "body": b"Action=DeleteQueue"},
         SEVERAL),
        ({"service": "sqs", "headers": JSON | {"x-amz-target": "AmazonSQS.ListQueues"}, "body": b"{}"},
         "sqs:ListQueues"),
        ({"service": "monitoring", "path": CBOR + "DeleteAlarms", "query": {"Action": ["DescribeAlarms"]}}, SEVERAL),
        ({"service": "monitoring", "path": CBOR + "DeleteAlarms"}, "cloudwatch:DeleteAlarms"),
        ({"service": "s3", "method": "DELETE", "path": "/b/k", "query": {"Action": ["GetObject"]}}, "s3:DeleteObject"),
        ({"service": "s3", "method": "PUT", "path": "/b/k", "headers": FORM, "body": b"Action=GetObject"},
         "s3:PutObject"),
        ({"service": "lambda", "method": "DELETE", "path": "/2015-03-31/functions/x",
          "headers": {"x-amz-target": "a.GetFunction"}}, "lambda:DeleteFunction"),
        ({"service": "lambda", "method": "DELETE", "path": "//2015-03-31//functions/x/"}, "lambda:DeleteFunction"),
        ({"service": "lambda", "method": "PATCH", "path": "/2015-03-31/functions/x"}, "lambda:UnknownOperation"),
        ({"service": "scheduler", "method": "DELETE", "path": "//schedules/x"}, "scheduler:UnknownOperation"),
    ],
)  # fmt: skip
def test_action_is_the_operations_whatever_else_a_request_names(asked, wanted):
    assert action(**asked) == wanted


def test_each_of_lambdas_operations_needs_a_permission_of_its_own():
    model, told = botocore.session.get_session().get_service_model("lambda"), {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = re.sub(r"{[^}]+}", "x", operation.http["requestUri"]).partition("?")
        if path.startswith(DURABLE):  # `durable_calls` tells them
            continue
        needed = {part.partition("=")[0]: ["x"] for part in query.split("&") if part}
        shape = operation.input_shape
        needed |= {
            member.serialization.get("name", key): ["x"]
            for key, member in (shape.members.items() if shape else ())
            if key in shape.required_members and member.serialization.get("location") == "querystring"
        }
        told[name] = action("lambda", operation.http["method"], path, query=needed)
    others = {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"}
    others["GetLayerVersionByArn"] = "GetLayerVersion"
    assert told == {name: f"lambda:{others.get(name, name)}" for name in told}


def test_permission_to_look_is_none_to_delete(embedded):
    embedded.reset()
    clients = Clients(embedded, as_learner=True)
    looks = {"Effect": "Allow", "Action": ["sqs:List*", "lambda:List*"], "Resource": "*"}
    session = user(clients, embedded, looks)
    settings = {"endpoint_url": embedded.endpoint, "config": Config(retries={"total_max_attempts": 1})}
    sqs, lambda_ = session.client("sqs", **settings), session.client("lambda", **settings)
    sqs.list_queues()

    def name_another(request, **_):
        request.url += "?Action=ListQueues"

    sqs.meta.events.register("before-sign.sqs", name_another)
    with pytest.raises(ClientError, match="names several operations"):
        sqs.create_queue(QueueName="mine")
    assert not clients["sqs"].list_queues().get("QueueUrls")
    for call in (
        lambda: lambda_.delete_alias(FunctionName="f", Name="live"),
        lambda: lambda_.update_event_source_mapping(UUID="7bf73129-1428-4cd3-a780-95db273d1602", Enabled=False),
        lambda: lambda_.invoke_with_response_stream(FunctionName="f"),
    ):
        with pytest.raises(ClientError, match="is not authorized to perform"):
            call()


@pytest.mark.parametrize(
    ("service", "action", "call", "entries"),
    [
        ("sqs", "sqs:SendMessage", "send_message_batch", {"Entries": [{"Id": "1", "MessageBody": "x"}]}),
        ("sns", "sns:Publish", "publish_batch", {"PublishBatchRequestEntries": [{"Id": "1", "Message": "x"}]}),
    ],
)
def test_batch_needs_the_permission_for_one(account, embedded, service, action, call, entries):
    url = account["sqs"].create_queue(QueueName="orders")["QueueUrl"]
    topic = account["sns"].create_topic(Name="news")["TopicArn"]
    place = {"QueueUrl": url} if service == "sqs" else {"TopicArn": topic}
    send = getattr(user(account, embedded).client(service, endpoint_url=embedded.endpoint), call)
    words = f"is not authorized to perform: {action}".lower()
    assert words in denied(send, **place, **entries)[2].lower()
    given = policy({"Effect": "Allow", "Action": action, "Resource": "*"})
    account["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=given)
    assert send(**place, **entries)["Successful"]
    account["iam"].delete_user_policy(UserName="ana", PolicyName="given")
    assert words in denied(send, **place, **entries)[2].lower()


@pytest.mark.parametrize(
    ("service", "path", "headers", "body"),
    [
        ("application-autoscaling", "/", {"X-Amz-Target": "DescribeScalableTargets"}, '{"ServiceNamespace": "lambda"}'),
        ("kms", "/", {"X-Amz-Target": "ReEncrypt"}, "{}"),
        ("sns", "/", {"X-Amz-Target": "SNS.ListTopics"}, "Action=CreateTopic&Name=vault"),
        ("monitoring", f"{CBOR}PutMetricAlarm", {}, '{"AlarmName": "vault"}'),
        ("monitoring", f"{CBOR}PutMetricAlarm", {"X-Amz-Target": f"{GRANITE}.ListMetrics"}, '{"AlarmName": "vault"}'),
    ],
)
def test_permission_to_list_opens_nothing_by_a_header_or_a_path(clients, embedded, service, path, headers, body):
    ana = user(clients, embedded, {"Effect": "Allow", "Action": ["sns:List*", "cloudwatch:List*"], "Resource": "*"})
    status, text = sent(ana, embedded, service, {"Content-Type": "application/json", **headers}, body, path)
    assert status == 403, text
