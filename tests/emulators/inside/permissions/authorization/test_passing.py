"""Tests for roles that are handed to services: by whom who may pass them, to a service that they trust."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.permissions.authorization.test_calls import denied, user
from tests.labs.helpers import zipped
from tests.roles import policy, role, trust

CREATE = {
    "Effect": "Allow", "Resource": "*",
    "Action": ["lambda:*", "states:*", "events:*", "scheduler:*", "pipes:*", "firehose:*", "apigateway:*",
               "cognito-identity:*"],
}  # fmt: skip
DEFINITION = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:m"


@pytest.fixture
def clients(embedded):
    embedded.reset()
    return Clients(embedded, as_learner=True)


def function(arn):
    return {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Handler": "a.b",
        "Role": arn,
        "Code": {"ZipFile": zipped("")},
    }


def schedule(arn):
    return {"Name": "s", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": MACHINE, "RoleArn": arn}}  # fmt: skip


def pipe(arn):
    return {"Name": "p", "RoleArn": arn, "Target": "arn:aws:sns:us-east-1:000000000000:news",
            "Source": "arn:aws:dynamodb:us-east-1:000000000000:table/pets/stream/2026-11-01T00:00:00.000"}  # fmt: skip


def stream(arn):
    return {"DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": {"RoleARN": arn,
            "BucketARN": "arn:aws:s3:::archive"}}  # fmt: skip


HANDED = [
    ("lambda", "create_function", function, "InvalidParameterValueException",
     "The role defined for the function cannot be assumed by Lambda."),
    ("stepfunctions", "create_state_machine", lambda arn: {"name": "m", "definition": DEFINITION, "roleArn": arn},
     "AccessDeniedException", "Neither the global service principal states.amazonaws.com, nor the regional one"),
    ("scheduler", "create_schedule", schedule, "ValidationException",
     "must allow AWS EventBridge Scheduler to assume the role"),
    ("events", "put_targets", lambda arn: {"Rule": "r", "Targets": [{"Id": "1", "Arn": MACHINE, "RoleArn": arn}]},
     "ValidationException", "cannot be assumed by principal 'events.amazonaws.com'"),
    ("pipes", "create_pipe", pipe, "ValidationException", "cannot be assumed by principal 'pipes.amazonaws.com'"),
    ("firehose", "create_delivery_stream", stream, "InvalidArgumentException", "Firehose is unable to assume role"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "call", "asked", "code", "words"), HANDED)
def test_role_is_passed_by_whom_who_may_and_only_to_that_service(clients, embedded, service, call, asked, code, words):
    arn = role(clients)
    clients["events"].put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    make = getattr(user(clients, embedded, CREATE).client(service, endpoint_url=embedded.endpoint), call)
    refused = denied(make, **asked(arn))
    assert refused[0] == "AccessDeniedException"
    assert refused[2] == (
        f"User: arn:aws:iam::000000000000:user/ana is not authorized to perform: iam:PassRole on resource: {arn} "
        "because no identity-based policy allows the iam:PassRole action"
    )
    principal = {"stepfunctions": "states"}.get(service, service) + ".amazonaws.com"
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": arn}
    for wanted in ("ec2.amazonaws.com", principal):
        given = {**passing, "Condition": {"StringEquals": {"iam:PassedToService": wanted}}}
        clients["iam"].put_user_policy(UserName="ana", PolicyName="pass", PolicyDocument=policy(given))
        if wanted != principal:
            assert denied(make, **asked(arn))[0] == "AccessDeniedException"
    make(**asked(arn))
    clients["iam"].delete_user_policy(UserName="ana", PolicyName="pass")
    assert "iam:PassRole" in denied(make, **asked(arn))[2]


@pytest.mark.parametrize(("service", "call", "asked", "code", "words"), HANDED)
def test_role_must_trust_the_service(clients, service, call, asked, code, words):
    arn = role(clients, services=["ec2"])
    clients["events"].put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    make = getattr(clients[service], call)
    with pytest.raises(ClientError, match=f"{code}.*{words}"):
        make(**asked(arn))
    with pytest.raises(ClientError, match=words):
        make(**asked("arn:aws:iam::000000000000:role/none"))
    clients["iam"].update_assume_role_policy(
        RoleName="worker", PolicyDocument=trust({"stepfunctions": "states"}.get(service, service))
    )
    make(**asked(arn))
    clients["iam"].update_assume_role_policy(RoleName="worker", PolicyDocument=trust("ec2"))
    with pytest.raises(ClientError, match=f"{code}.*{words}"):
        make(**asked(arn))


def rest_integration(clients):
    """What an integration of a method of a REST API is made for."""
    api = clients["apigateway"].create_rest_api(name="shop")
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    clients["apigateway"].put_method(**method, authorizationType="NONE")
    uri = "arn:aws:apigateway:us-east-1:sqs:path/000000000000/waiting"
    return {**method, "type": "AWS", "integrationHttpMethod": "POST", "uri": uri}


def http_integration(clients):
    api = clients["apigatewayv2"].create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    return {"ApiId": api, "IntegrationType": "AWS_PROXY", "IntegrationUri": MACHINE, "PayloadFormatVersion": "2.0"}


def identity_pool(clients):
    made = clients["cognito-identity"].create_identity_pool(IdentityPoolName="p", AllowUnauthenticatedIdentities=True)
    return {"IdentityPoolId": made["IdentityPoolId"]}


# Where AWS finds out only later whether a role trusts the service.
TAKEN = [
    ("apigateway", "put_integration", rest_integration, lambda arn: {"credentials": arn}, "apigateway"),
    ("apigatewayv2", "create_integration", http_integration, lambda arn: {"CredentialsArn": arn}, "apigateway"),
    ("cognito-identity", "set_identity_pool_roles", identity_pool, lambda arn: {"Roles": {"authenticated": arn}},
     "cognito-identity"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "call", "made", "asked", "principal"), TAKEN)
def test_role_is_passed_by_whom_who_may_to_what_uses_it_later(clients, embedded, service, call, made, asked, principal):
    arn, given = role(clients, services=["ec2"]), made(clients)
    make = getattr(user(clients, embedded, CREATE).client(service, endpoint_url=embedded.endpoint), call)
    code, _status, message = denied(make, **given, **asked(arn))
    assert (code.removesuffix("Exception"), "iam:PassRole on resource: " + arn in message) == ("AccessDenied", True)
    condition = {"StringEquals": {"iam:PassedToService": f"{principal}.amazonaws.com"}}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": arn, "Condition": condition}
    clients["iam"].put_user_policy(UserName="ana", PolicyName="pass", PolicyDocument=policy(passing))
    make(**given, **asked(arn))
    clients["iam"].delete_user_policy(UserName="ana", PolicyName="pass")
    assert "iam:PassRole" in denied(make, **given, **asked(arn))[2]


def test_integration_that_uses_its_callers_own_credentials_needs_no_role(clients, embedded):
    make = user(clients, embedded, CREATE).client("apigateway", endpoint_url=embedded.endpoint).put_integration
    make(**rest_integration(clients), credentials="arn:aws:iam::*:user/*")


def test_stream_is_given_another_role_by_whom_who_may_pass_it(clients, embedded):
    clients["firehose"].create_delivery_stream(**stream(role(clients)))
    strong = role(clients, "strong")
    update = user(clients, embedded, CREATE).client("firehose", endpoint_url=embedded.endpoint).update_destination
    there = clients["firehose"].describe_delivery_stream(DeliveryStreamName="s")["DeliveryStreamDescription"]
    asked = {
        "DeliveryStreamName": "s",
        "CurrentDeliveryStreamVersionId": there["VersionId"],
        "DestinationId": there["Destinations"][0]["DestinationId"],
    }
    assert "iam:PassRole" in denied(update, **asked, ExtendedS3DestinationUpdate={"RoleARN": strong})[2]
    update(**asked, ExtendedS3DestinationUpdate={"Prefix": "logs/", "ErrorOutputPrefix": "lost/"})


def group(clients):
    return {"UserPoolId": clients["cognito-idp"].create_user_pool(PoolName="p")["UserPool"]["Id"], "GroupName": "g"}


def log_filter(clients):
    clients["kinesis"].create_stream(StreamName="lines", ShardCount=1)
    clients["logs"].create_log_group(logGroupName="/shop")
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/lines"
    return {"logGroupName": "/shop", "filterName": "all", "filterPattern": "", "destinationArn": stream}


def definition(arn):
    integration = {"type": "aws", "httpMethod": "POST", "credentials": arn, "uri": SENDING}
    paths = {"/": {"get": {"responses": {}, "x-amazon-apigateway-integration": integration}}}
    return {"body": json.dumps({"openapi": "3.0.1", "info": {"title": "x", "version": "1"}, "paths": paths})}


def profile(clients):
    clients["iam"].create_instance_profile(InstanceProfileName="p")
    return {"InstanceProfileName": "p"}


def instance(clients):
    profile(clients)
    clients["iam"].add_role_to_instance_profile(InstanceProfileName="p", RoleName="worker")
    return {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "p"}}


def new_stack(_clients):
    resources = {"Made": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    return {"StackName": "shop", "TemplateBody": json.dumps({"Resources": resources})}


def nothing(_clients):
    return {}


SENDING = "arn:aws:apigateway:us-east-1:sqs:path/000000000000/waiting"
LOGGING = {"op": "replace", "path": "/cloudwatchRoleArn"}
ELSEWHERE = [
    ("cognito-idp", "create_group", group, lambda arn: {"RoleArn": arn}, "cognito-idp"),
    ("logs", "put_subscription_filter", log_filter, lambda arn: {"roleArn": arn}, "logs"),
    ("apigateway", "update_account", nothing, lambda arn: {"patchOperations": [LOGGING | {"value": arn}]},
     "apigateway"),
    ("apigateway", "import_rest_api", nothing, definition, "apigateway"),
    ("iam", "add_role_to_instance_profile", profile, lambda _: {"RoleName": "worker"}, "ec2"),
    ("ec2", "run_instances", instance, lambda _: {}, "ec2"),
    ("cloudformation", "create_stack", new_stack, lambda arn: {"RoleARN": arn}, "cloudformation"),
    ("cloudformation", "create_change_set",
     lambda clients: new_stack(clients) | {"ChangeSetName": "c", "ChangeSetType": "CREATE"},
     lambda arn: {"RoleARN": arn}, "cloudformation"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "call", "made", "asked", "principal"), ELSEWHERE)
def test_no_other_way_leads_to_a_role_that_may_not_be_passed(clients, embedded, service, call, made, asked, principal):
    arn = role(clients, services=["apigateway", "cloudformation", "logs", "ec2"])
    given = made(clients) | asked(arn)
    all_but = {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}
    make = getattr(user(clients, embedded, all_but).client(service, endpoint_url=embedded.endpoint), call)
    words = f"is not authorized to perform: iam:PassRole on resource: {arn}"
    assert words in denied(make, **given)[2]
    condition = {"StringEquals": {"iam:PassedToService": f"{principal}.amazonaws.com"}}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": arn, "Condition": condition}
    clients["iam"].put_user_policy(UserName="ana", PolicyName="pass", PolicyDocument=policy(passing))
    make(**given)
    clients["iam"].delete_user_policy(UserName="ana", PolicyName="pass")
    assert words in denied(make, **given)[2]
