"""Tests for stacks with a resource that AWS would refuse: it fails in its service's words, and all is undone."""

import json
from functools import cache

import boto3
import pytest
from botocore.loaders import Loader

from lab_harness.emulators.inside.stacks.templates.kinds import kind_of
from tests.roles import everybody, policy, role, trust
from tests.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/worker"
FUNCTION = {"FunctionName": "made", "Runtime": "python3.13", "Handler": "index.handler", "Role": ROLE,
            "Code": {"ZipFile": "def handler(event, context): pass"}}  # fmt: skip
SCHEDULE = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:orders", "RoleArn": ROLE}}  # fmt: skip
QUEUE, TOPIC = "arn:aws:sqs:us-east-1:000000000000:orders", "arn:aws:sns:us-east-1:000000000000:news"
DONE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}
SITE = {
    "Enabled": True,
    "Origins": [{"Id": "site", "DomainName": "pets.s3.us-east-1.amazonaws.com", "S3OriginConfig": {}}],
    "DefaultCacheBehavior": {
        "TargetOriginId": "site", "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    },
}  # fmt: skip
# For each type: properties that AWS refuses, its words, the service's name, and properties that it takes.
TYPES = {
    "Lambda::Function": (
        FUNCTION | {"Timeout": "5000"}, "Value '5000' at 'timeout' failed to satisfy constraint", "Lambda", FUNCTION,
    ),
    "Lambda::Alias": (
        {"FunctionName": "hello", "Name": "live", "FunctionVersion": "7"},
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:hello:7", "Lambda",
        {"FunctionName": "hello", "Name": "live", "FunctionVersion": "$LATEST"},
    ),
    "Lambda::EventSourceMapping": (
        {"FunctionName": "hello", "EventSourceArn": f"{QUEUE}-none"}, "The specified queue does not exist", "Lambda",
        {"FunctionName": "hello", "EventSourceArn": QUEUE, "BatchSize": "5"},
    ),
    "Lambda::Permission": (
        {"FunctionName": "hello", "Action": "lambda:InvokeFunction", "Principal": "s3"},
        "The provided principal was invalid", "Lambda",
        {"FunctionName": "hello", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"},
    ),
    "CloudFront::Distribution": (
        {"DistributionConfig": SITE | {"DefaultCacheBehavior": SITE["DefaultCacheBehavior"] | {"TargetOriginId": "x"}}},
        "One or more of your origins or origin groups do not exist.", "CloudFront", {"DistributionConfig": SITE},
    ),
    "SQS::Queue": (
        {"QueueName": "7" * 81}, "Can only include alphanumeric characters", "Sqs",
        {"QueueName": "7", "DelaySeconds": "900"},
    ),
    "SQS::QueuePolicy": (
        {"Queues": ["http://localhost/000000000000/orders"], "PolicyDocument": {}},
        "Invalid value for the parameter Policy.", "Sqs",
        {"Queues": [{"Ref": "Orders"}], "PolicyDocument": json.loads(policy(everybody("sqs:SendMessage", QUEUE)))},
    ),
    "SNS::TopicPolicy": (
        {"Topics": [TOPIC], "PolicyDocument": json.loads(policy(everybody("sns:*", TOPIC)))},
        "Invalid parameter: Policy statement action out of service scope!", "Sns",
        {"Topics": [TOPIC], "PolicyDocument": json.loads(policy(everybody("sns:Publish", TOPIC)))},
    ),
    "SNS::Subscription": (
        {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE, "FilterPolicy": {"pet": "cat"}},
        "FilterPolicy: ", "Sns",
        {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE, "FilterPolicy": {"pet": ["cat"]}},
    ),
    "S3::BucketPolicy": (
        {"Bucket": "pets", "PolicyDocument": json.loads(policy(everybody("s3:GetObject", "arn:aws:s3:::pets/*")))},
        "public policies are prevented by the BlockPublicPolicy setting", "S3",
        {"Bucket": "pets", "PolicyDocument": json.loads(policy({**everybody("s3:GetObject", "arn:aws:s3:::pets/*"),
                                                                "Effect": "Deny"}))},
    ),
    "IAM::Role": (
        {"AssumeRolePolicyDocument": {}}, "Missing required field Statement", "Iam",
        {"AssumeRolePolicyDocument": json.loads(trust("lambda")),
         "Policies": [{"PolicyName": "none", "PolicyDocument": json.loads(policy(DENY))}]},
    ),
    "IAM::Policy": (
        {"PolicyName": "p", "Roles": ["worker"], "PolicyDocument": json.loads(policy({**DENY, "Resource": "mine"}))},
        'Resource mine must be in ARN format or "*".', "Iam",
        {"PolicyName": "p", "Roles": ["idle"], "PolicyDocument": json.loads(policy(DENY))},
    ),
    "IAM::ManagedPolicy": (
        {"PolicyDocument": {"Statement": []}}, "Syntax errors in policy.", "Iam",
        {"PolicyDocument": json.loads(policy(DENY))},
    ),
    "IAM::User": (
        {"Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": []}}]}, "Syntax errors in policy.", "Iam",
        {"Policies": [{"PolicyName": "p", "PolicyDocument": json.loads(policy(DENY))}]},
    ),
    "Events::Rule": (
        {"ScheduleExpression": "cron(61 12 * * ? *)"}, "Parameter ScheduleExpression is not valid.", "EventBridge",
        {"ScheduleExpression": "rate(1 hour)", "Targets": [{"Id": "1", "Arn": QUEUE}]},
    ),
    "Scheduler::Schedule": (
        SCHEDULE | {"ScheduleExpression": "rate(0 hours)"}, "Invalid Schedule Expression rate(0 hours).", "Scheduler",
        SCHEDULE,
    ),
    "StepFunctions::StateMachine": (
        {"DefinitionString": "{}", "RoleArn": ROLE}, "Invalid State Machine Definition: ", "Sfn",
        {"DefinitionString": DONE, "RoleArn": ROLE},
    ),
}  # fmt: skip


@pytest.fixture
def account(hello, embedded):
    """An account with a function, a queue, a topic, a bucket and two roles."""
    clients = hello("def lambda_handler(event, context): pass")
    clients["sqs"].create_queue(QueueName="orders")
    clients["sns"].create_topic(Name="news")
    clients["s3"].create_bucket(Bucket="pets")
    role(clients, "idle")
    return clients


def stack(cloudformation, resources, name="shop"):
    """Make a stack of these resources; how it ends, and the reasons of its resources' events, by status."""
    cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )

    def status():
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return "" if found.endswith("IN_PROGRESS") else found

    ended = wait_until(status)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return ended, {each["ResourceStatus"]: each.get("ResourceStatusReason", "") for each in events
                   if each["LogicalResourceId"] != name}  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
def test_resource_that_aws_refuses_fails_its_stack(account, kind):
    refused, words, service, taken = TYPES[kind]
    cloudformation = account["cloudformation"]
    queue = {"Orders": {"Type": "AWS::SQS::Queue"}}
    ended, reasons = stack(
        cloudformation, queue | {"Made": {"Type": f"AWS::{kind}", "Properties": refused, "DependsOn": "Orders"}}
    )
    assert ended == "ROLLBACK_COMPLETE"
    told = reasons["CREATE_FAILED"]
    assert told.startswith('Resource handler returned message: "')
    assert words in told
    assert f"(Service: {service}, Status Code: 40" in told
    assert "DELETE_COMPLETE" in reasons
    resources = queue | {"Made": {"Type": f"AWS::{kind}", "Properties": taken, "DependsOn": "Orders"}}
    assert stack(cloudformation, resources, "other") == (
        "CREATE_COMPLETE",
        {"CREATE_IN_PROGRESS": "", "CREATE_COMPLETE": ""},
    )


def test_change_that_aws_refuses_is_taken_back(account):
    cloudformation, lambda_ = account["cloudformation"], account["lambda"]
    made = {"Made": {"Type": "AWS::Lambda::Function", "Properties": FUNCTION}}
    assert stack(cloudformation, made)[0] == "CREATE_COMPLETE"
    made["Made"]["Properties"] = FUNCTION | {"MemorySize": 64}
    cloudformation.update_stack(StackName="shop", TemplateBody=json.dumps({"Resources": made}))

    def ended():
        found = cloudformation.describe_stacks(StackName="shop")["Stacks"][0]["StackStatus"]
        return found == "UPDATE_ROLLBACK_COMPLETE"

    wait_until(ended)
    events = cloudformation.describe_stack_events(StackName="shop")["StackEvents"]
    (failed,) = [each for each in events if each["ResourceStatus"] == "UPDATE_FAILED"]
    assert "Value '64' at 'memorySize' failed to satisfy constraint" in failed["ResourceStatusReason"]
    assert lambda_.get_function_configuration(FunctionName="made")["MemorySize"] == 128


def test_stack_needs_the_permissions_of_who_makes_it(account, embedded):
    iam = account["iam"]
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    hers = boto3.client(
        "cloudformation", endpoint_url=embedded.endpoint, region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip
    stacks = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    queues = {"Effect": "Allow", "Action": "sqs:*", "Resource": QUEUE}
    resources = {"Made": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders-too"}}}

    def made(name, *statements):
        iam.put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(*statements))
        return stack(hers, resources, name)

    ended, reasons = made("one", stacks, queues)
    assert ended == "ROLLBACK_COMPLETE"
    assert (
        "User: arn:aws:iam::000000000000:user/ana is not authorized to perform: sqs:createqueue on resource: "
        "arn:aws:sqs:us-east-1:000000000000:orders-too because no identity-based policy allows"
    ) in reasons["CREATE_FAILED"]
    assert "Status Code: 403" in reasons["CREATE_FAILED"]
    assert "HandlerErrorCode: AccessDenied" in reasons["CREATE_FAILED"]
    assert made("two", stacks, {**queues, "Resource": f"{QUEUE}-too"})[0] == "CREATE_COMPLETE"
    hers.delete_stack(StackName="two")
    wait_until(lambda: "orders-too" not in str(account["sqs"].list_queues()))
    assert made("three", stacks)[0] == "ROLLBACK_COMPLETE"


def test_nobody_makes_a_user_by_a_stack_who_may_make_none(account, embedded):
    iam = account["iam"]
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    stacks = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    iam.put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(stacks))
    hers = boto3.client(
        "cloudformation", endpoint_url=embedded.endpoint, region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip
    ended, reasons = stack(hers, {"Made": {"Type": "AWS::IAM::User", "Properties": {"UserName": "eve"}}})
    assert ended == "ROLLBACK_COMPLETE"
    assert "iam:CreateUser on resource: arn:aws:iam::000000000000:user/eve" in reasons["CREATE_FAILED"]
    assert [each["UserName"] for each in iam.list_users()["Users"]] == ["ana"]


def test_stack_is_changed_and_deleted_by_whom_who_may_change_and_delete_what_it_made(account, embedded):
    hers, give = user_of_stacks(account, embedded)
    made = {"Made": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders-too"}}}
    queues = {"Effect": "Allow", "Action": ["sqs:CreateQueue", "sqs:GetQueueAttributes"], "Resource": f"{QUEUE}-too"}
    deleting = {**queues, "Action": ["sqs:DeleteQueue", "sqs:SetQueueAttributes"]}
    give(queues)
    assert stack(hers, made)[0] == "CREATE_COMPLETE"

    def status():
        return hers.describe_stacks(StackName="shop")["Stacks"][0]["StackStatus"]

    made["Made"]["Properties"]["DelaySeconds"] = 5
    hers.update_stack(StackName="shop", TemplateBody=json.dumps({"Resources": made}))
    wait_until(lambda: status() == "UPDATE_ROLLBACK_COMPLETE")
    give(queues, deleting)
    hers.update_stack(StackName="shop", TemplateBody=json.dumps({"Resources": made}))
    wait_until(lambda: status() == "UPDATE_COMPLETE")
    give(queues)
    hers.delete_stack(StackName="shop")
    wait_until(lambda: status() == "DELETE_FAILED")
    reasons = [
        each.get("ResourceStatusReason", "") for each in hers.describe_stack_events(StackName="shop")["StackEvents"]
    ]
    assert any(
        "is not authorized to perform: sqs:deletequeue on resource: " + QUEUE + "-too" in each for each in reasons
    )
    give(queues, deleting)
    hers.delete_stack(StackName="shop")
    wait_until(lambda: "orders-too" not in str(account["sqs"].list_queues()))


# Types of resources by which a stack would give away a role, or open something; and the permission that each takes.
@pytest.mark.parametrize(
    ("kind", "properties", "action"),
    [
        ("Events::EventBus", {"Name": "shop"}, "events:CreateEventBus"),
        ("KMS::Key", {"KeyPolicy": {}}, "kms:CreateKey"),
        ("SSM::Parameter", {"Name": "p", "Type": "String", "Value": "x"}, "ssm:PutParameter"),
        ("SecretsManager::Secret", {"Name": "s", "SecretString": "x"}, "secretsmanager:CreateSecret"),
        ("ApiGateway::RestApi", {"Name": "shop"}, "apigateway:POST"),
        ("Pipes::Pipe", {"Name": "p", "RoleArn": ROLE, "Source": QUEUE, "Target": TOPIC}, "pipes:CreatePipe"),
        ("Pipes::Pipe", {"Name": "p", "RoleArn": ROLE, "Source": QUEUE, "Target": TOPIC}, "iam:PassRole"),
        ("Cognito::IdentityPoolRoleAttachment", {"IdentityPoolId": "p", "Roles": {"unauthenticated": ROLE}},
         "iam:PassRole"),
    ],
)  # fmt: skip
def test_stack_makes_nothing_that_its_maker_may_not_make(account, embedded, kind, properties, action):
    hers, give = user_of_stacks(account, embedded)
    if action == "iam:PassRole":
        give({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    ended, reasons = stack(hers, {"Made": {"Type": f"AWS::{kind}", "Properties": properties}})
    assert ended == "ROLLBACK_COMPLETE"
    assert f"is not authorized to perform: {action} on resource: " in reasons["CREATE_FAILED"]


ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
GIVES = {"PolicyName": "p", "PolicyDocument": ADMIN}
OF_IAM = "arn:aws:iam::000000000000:{}"
# A resource of a stack, what its maker may do, and what else it takes: an action on a resource.
ATTACHED = [
    ("IAM::Policy", {**GIVES, "Roles": ["mine"], "Users": ["bea"]}, ("iam:*", OF_IAM.format("role/mine")),
     ("iam:PutUserPolicy", OF_IAM.format("user/bea"))),
    ("IAM::Policy", {**GIVES, "Roles": ["mine", "worker"]}, ("iam:*", OF_IAM.format("role/mine")),
     ("iam:PutRolePolicy", ROLE)),
    ("IAM::ManagedPolicy", {"PolicyDocument": ADMIN, "Users": ["bea"]}, ("iam:*", OF_IAM.format("policy/*")),
     ("iam:AttachUserPolicy", OF_IAM.format("user/bea"))),
    ("IAM::User", {"UserName": "eve", "Groups": ["admins"]}, ("iam:*", OF_IAM.format("user/*")),
     ("iam:AddUserToGroup", OF_IAM.format("group/admins"))),
    ("IAM::Role", {"RoleName": "made", "AssumeRolePolicyDocument": json.loads(trust("lambda")), "Policies": [GIVES]},
     ("iam:CreateRole", "*"), ("iam:PutRolePolicy", OF_IAM.format("role/made"))),
    ("Scheduler::Schedule", {**SCHEDULE, "Name": "s", "GroupName": "night"},
     ("scheduler:*", "arn:aws:scheduler:us-east-1:000000000000:schedule/default/*"),
     ("scheduler:CreateSchedule", "arn:aws:scheduler:us-east-1:000000000000:schedule/night/s")),
    ("Events::Rule", {"Name": "r", "EventBusName": "shop", "EventPattern": {"source": ["a"]}},
     ("events:*", "arn:aws:events:us-east-1:000000000000:rule/r"),
     ("events:PutRule", "arn:aws:events:us-east-1:000000000000:rule/shop/r")),
    ("SQS::QueuePolicy", {"PolicyDocument": json.loads(policy(everybody("sqs:*"))), "Queues": [
        "http://localhost/000000000000/mine", "http://localhost/000000000000/orders"]},
     ("sqs:*", QUEUE.replace("orders", "mine")), ("sqs:setqueueattributes", QUEUE)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "properties", "base", "more"), ATTACHED)
def test_stack_needs_the_permissions_for_all_that_its_resource_is_about(
    account, embedded, kind, properties, base, more
):
    hers, give = user_of_stacks(account, embedded)

    def made(name, *allowed):
        give(*({"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed))
        return stack(hers, {"Made": {"Type": f"AWS::{kind}", "Properties": properties}}, name)[1].get(
            "CREATE_FAILED", ""
        )

    words = "is not authorized to perform: {} on resource: {} ".format(*more)
    assert words in made("first", base)
    assert words not in made("second", base, more)
    assert words in made("third", base)


# Services whose model in botocore has another name than IAM gives them; S3's is in two.
MODELS = {
    "elasticfilesystem": "efs", "elasticloadbalancing": "elbv2", "es": "opensearch", "geo": "location",
    "kinesisanalytics": "kinesisanalyticsv2", "s3": "s3control", "ses": "sesv2", "states": "stepfunctions",
}  # fmt: skip


def test_each_permission_that_a_stack_takes_is_for_an_operation_that_there_is():
    from ministack.services.cloudformation import provisioners

    @cache
    def operations(service):
        models = [MODELS.get(service, service), *(["s3"] if service == "s3" else [])]
        names = {name for each in models for name in Loader().load_service_model(each, "service-2")["operations"]}
        # IAM's names know no case, and one of S3's is shorter than its operation.
        return {name.lower() for name in names} | {"putbucketnotification"}

    kinds = {name: (kind_of(name), verbs) for name, verbs in provisioners._RESOURCE_HANDLERS.items()}
    asked = {
        (name, service, action)
        for name, (kind, verbs) in kinds.items()
        if kind and kind.actions
        for service, _, actions in [kind.actions.partition(":")]
        for verb, action in zip(("create", "update", "delete"), actions.split(), strict=True)
        if verb in verbs and service != "apigateway"  # whose actions are HTTP's methods
    }
    assert [each for each in sorted(asked) if each[2].lower() not in operations(each[1])] == []


def user_of_stacks(account, embedded):
    """The client of a new user who may do everything with stacks, and what gives her more permissions."""
    iam = account["iam"]
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    stacks = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}

    def give(*statements):
        iam.put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=policy(stacks, *statements))

    give()
    hers = boto3.client(
        "cloudformation", endpoint_url=embedded.endpoint, region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip
    return hers, give
