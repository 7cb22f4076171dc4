"""Tests for conditions on what a request says: each lets the one request through and keeps the other out."""

import pytest

from tests.emulators.inside.permissions.authorization.listener import FUNCTION
from tests.emulators.inside.permissions.authorization.test_calls import denied, user
from tests.roles import policy, trust

ARN = "arn:aws:{}:us-east-1:000000000000:{}"
QUEUE, TOPIC = ARN.format("sqs", "orders"), ARN.format("sns", "news")
LITTLE, ADMIN = "arn:aws:iam::000000000000:policy/little", "arn:aws:iam::aws:policy/AdministratorAccess"
EVENT = {"DetailType": "order", "Detail": "{}"}
GOOD, BAD = {**EVENT, "Source": "good"}, {**EVENT, "Source": "bad"}
LET = {"FunctionName": "listener", "StatementId": "1", "Action": "lambda:InvokeFunction"}
ROLE = {"RoleName": "made", "AssumeRolePolicyDocument": trust("lambda")}
WIDE = {"PolicyName": "wide", "PolicyDocument": policy({"Effect": "Allow", "Action": "*", "Resource": "*"})}
WALKS = {"MetricData": [{"MetricName": "Walks", "Value": 1}]}
# An action, its condition, and two requests: one that meets it, and one that does not.
CONDITIONS = {
    "the function of a mapping": (
        "lambda:CreateEventSourceMapping", {"ArnEquals": {"lambda:FunctionArn": FUNCTION}},
        ("lambda", "create_event_source_mapping", {"FunctionName": "listener", "EventSourceArn": QUEUE}),
        {"FunctionName": "another", "EventSourceArn": QUEUE},
    ),
    "the function of a mapping, not another's alias of its name": (
        "lambda:CreateEventSourceMapping", {"ArnEquals": {"lambda:FunctionArn": FUNCTION}},
        ("lambda", "create_event_source_mapping", {"FunctionName": FUNCTION, "EventSourceArn": QUEUE}),
        {"FunctionName": "another:listener", "EventSourceArn": QUEUE},
    ),
    "whom a function lets in": (
        "lambda:AddPermission", {"StringEquals": {"lambda:Principal": "s3.amazonaws.com"}},
        ("lambda", "add_permission", {**LET, "Principal": "s3.amazonaws.com"}), {**LET, "Principal": "*"},
    ),
    "whether a function's URL asks for a signature": (
        "lambda:CreateFunctionUrlConfig", {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
        ("lambda", "create_function_url_config", {"FunctionName": "listener", "AuthType": "AWS_IAM"}),
        {"FunctionName": "listener", "AuthType": "NONE"},
    ),
    "the boundary of a new role": (
        "iam:CreateRole", {"StringEquals": {"iam:PermissionsBoundary": LITTLE}},
        ("iam", "create_role", {**ROLE, "PermissionsBoundary": LITTLE}), ROLE,
    ),
    "the boundary of a role that is there": (
        "iam:PutRolePolicy", {"StringEquals": {"iam:PermissionsBoundary": LITTLE}},
        ("iam", "put_role_policy", {"RoleName": "bounded", **WIDE}), {"RoleName": "worker", **WIDE},
    ),
    "the policy that is attached": (
        "iam:AttachRolePolicy", {"ArnEquals": {"iam:PolicyARN": LITTLE}},
        ("iam", "attach_role_policy", {"RoleName": "bounded", "PolicyArn": LITTLE}),
        {"RoleName": "bounded", "PolicyArn": ADMIN},
    ),
    "the source of each event": (
        "events:PutEvents", {"StringEquals": {"events:source": "good"}},
        ("events", "put_events", {"Entries": [GOOD, GOOD]}), {"Entries": [GOOD, BAD]},
    ),
    "the namespace of a metric": (
        "cloudwatch:PutMetricData", {"StringEquals": {"cloudwatch:namespace": "Pets"}},
        ("cloudwatch", "put_metric_data", {"Namespace": "Pets", **WALKS}), {"Namespace": "Cats", **WALKS},
    ),
    "how a subscription delivers": (
        "sns:Subscribe", {"StringEquals": {"sns:Protocol": "email"}},
        ("sns", "subscribe", {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "ana@example.com"}),
        {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE},
    ),
}  # fmt: skip


@pytest.mark.parametrize("asked", CONDITIONS)
def test_condition_is_about_what_the_request_says(account, embedded, asked):
    action, condition, (service, operation, meets), other = CONDITIONS[asked]
    account["sqs"].create_queue(QueueName="orders")
    account["sns"].create_topic(Name="news")
    sends = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    account["iam"].create_policy(PolicyName="little", PolicyDocument=policy(sends))
    account["iam"].create_role(**ROLE | {"RoleName": "bounded"}, PermissionsBoundary=LITTLE)
    call = getattr(user(account, embedded).client(service, endpoint_url=embedded.endpoint), operation)
    words = f"is not authorized to perform: {action}".lower()
    assert words in denied(call, **meets)[2].lower()
    given = {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition}
    account["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(given))
    call(**meets)
    assert words in denied(call, **other)[2].lower()
    account["iam"].delete_user_policy(UserName="ana", PolicyName="given")
    assert words in denied(call, **meets)[2].lower()


def test_mapping_that_is_there_is_its_functions(account, embedded):
    account["sqs"].create_queue(QueueName="orders")
    uuid = account["lambda"].create_event_source_mapping(FunctionName="listener", EventSourceArn=QUEUE)["UUID"]
    hers = user(account, embedded).client("lambda", endpoint_url=embedded.endpoint)

    def let(function):
        given = {"Effect": "Allow", "Action": "lambda:*EventSourceMapping", "Resource": "*",
                 "Condition": {"ArnEquals": {"lambda:FunctionArn": function}}}  # fmt: skip
        account["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(given))

    let(FUNCTION.replace("listener", "another"))
    for call in (hers.get_event_source_mapping, hers.update_event_source_mapping, hers.delete_event_source_mapping):
        assert "is not authorized to perform: lambda:" in denied(call, UUID=uuid)[2]
    assert "is not authorized" in denied(hers.update_event_source_mapping, UUID=uuid, FunctionName="another")[2]
    let(FUNCTION)
    assert hers.get_event_source_mapping(UUID=uuid)["FunctionArn"] == FUNCTION
    assert hers.update_event_source_mapping(UUID=uuid, BatchSize=2)["BatchSize"] == 2
    assert "is not authorized" in denied(hers.update_event_source_mapping, UUID=uuid, FunctionName="another")[2]
    hers.delete_event_source_mapping(UUID=uuid)
    assert not account["lambda"].list_event_source_mappings()["EventSourceMappings"]
