"""The types of resources that CloudFormation asks for, and the permissions to make, change and delete one.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
has the services' names in IAM, and their actions (2026).
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside.stacks.templates.verbs import actions

DEFAULT = "default"  # the group of schedules, and the bus of rules, that are in no other


class Kind(NamedTuple):
    """A type of resources, with its service as CloudFormation names it.

    `actions` make one, change one and delete one; `resource` is the last part of an ARN, or all of it, with the value
    of the property `named`.
    """

    service: str
    actions: str
    resource: str
    named: str

    def arn(self, name: str, properties: Mapping[str, Any]) -> str:
        """The ARN by which permissions are asked for a resource of this name, in the group or the bus that it is in."""
        bus = str(properties.get("EventBusName") or DEFAULT).rpartition("/")[2]
        group = properties.get("GroupName") or DEFAULT
        found = self.resource.format(name=_plain(name), group=group, bus="" if bus == DEFAULT else f"{bus}/")
        service = self.actions.partition(":")[0]
        place = f"arn:aws:iam::{ACCOUNT}" if service == "iam" else f"arn:aws:{service}:{REGION}:{ACCOUNT}"
        return found if found == "*" or found.startswith("arn:") else f"{place}:{found}"


def _plain(name: str) -> str:
    """The name of what an ARN or a URL names, without a version's number; any other name as it is."""
    if versioned := re.search(":(?:function|layer):([^:]+)", name):
        return versioned[1]
    return re.split("[/:]", name)[-1] if name.startswith(("arn:", "http")) else name


KINDS = {
    "AWS::ApiGateway::Account": Kind("ApiGateway", "apigateway:PATCH PATCH PATCH", "*", ""),
    "AWS::ApiGateway::Authorizer": Kind("ApiGateway", "apigateway:POST PATCH DELETE", "*", ""),
    "AWS::ApiGateway::Method": Kind("ApiGateway", "apigateway:PUT PUT DELETE", "*", ""),
    "AWS::ApiGatewayV2::Authorizer": Kind("ApiGatewayV2", "apigateway:POST PATCH DELETE", "*", ""),
    "AWS::ApiGatewayV2::Integration": Kind("ApiGatewayV2", "apigateway:POST PATCH DELETE", "*", ""),
    "AWS::CloudWatch::Alarm": Kind(
        "CloudWatch", "cloudwatch:PutMetricAlarm PutMetricAlarm DeleteAlarms", "alarm:{name}", "AlarmName"
    ),
    "AWS::CloudFront::Distribution": Kind(
        "CloudFront", "cloudfront:CreateDistribution UpdateDistribution DeleteDistribution", "*", ""
    ),
    "AWS::Cognito::IdentityPool": Kind(
        "CognitoIdentity", "cognito-identity:CreateIdentityPool UpdateIdentityPool DeleteIdentityPool", "*", ""
    ),
    "AWS::Cognito::IdentityPoolPrincipalTag": Kind(
        "CognitoIdentity", f"cognito-identity:{'SetPrincipalTagAttributeMap ' * 3}", "*", ""
    ),
    "AWS::Cognito::IdentityPoolRoleAttachment": Kind(
        "CognitoIdentity", "cognito-identity:SetIdentityPoolRoles SetIdentityPoolRoles SetIdentityPoolRoles", "*", ""
    ),
    "AWS::Cognito::UserPoolGroup": Kind(
        "CognitoIdentityProvider", "cognito-idp:CreateGroup UpdateGroup DeleteGroup", "*", ""
    ),
    "AWS::DynamoDB::GlobalTable": Kind(
        "DynamoDb", "dynamodb:CreateTable UpdateTable DeleteTable", "table/{name}", "TableName"
    ),
    "AWS::DynamoDB::Table": Kind(
        "DynamoDb", "dynamodb:CreateTable UpdateTable DeleteTable", "table/{name}", "TableName"
    ),
    "AWS::Events::EventBus": Kind(
        "EventBridge", "events:CreateEventBus UpdateEventBus DeleteEventBus", "event-bus/{name}", "Name"
    ),
    "AWS::Events::Rule": Kind("EventBridge", "events:PutRule PutRule DeleteRule", "rule/{bus}{name}", "Name"),
    "AWS::IAM::InstanceProfile": Kind(
        "Iam",
        "iam:CreateInstanceProfile AddRoleToInstanceProfile DeleteInstanceProfile",
        "instance-profile/{name}",
        "InstanceProfileName",
    ),
    "AWS::IAM::ManagedPolicy": Kind(
        "Iam", "iam:CreatePolicy CreatePolicyVersion DeletePolicy", "policy/{name}", "ManagedPolicyName"
    ),
    "AWS::IAM::Role": Kind("Iam", "iam:CreateRole UpdateAssumeRolePolicy DeleteRole", "role/{name}", "RoleName"),
    "AWS::IAM::User": Kind("Iam", "iam:CreateUser UpdateUser DeleteUser", "user/{name}", "UserName"),
    "AWS::Kinesis::Stream": Kind(
        "Kinesis", "kinesis:CreateStream UpdateShardCount DeleteStream", "stream/{name}", "Name"
    ),
    "AWS::KinesisFirehose::DeliveryStream": Kind(
        "Firehose",
        "firehose:CreateDeliveryStream UpdateDestination DeleteDeliveryStream",
        "deliverystream/{name}",
        "DeliveryStreamName",
    ),
    "AWS::Lambda::Alias": Kind(
        "Lambda", "lambda:CreateAlias UpdateAlias DeleteAlias", "function:{name}", "FunctionName"
    ),
    "AWS::Lambda::EventInvokeConfig": Kind(
        "Lambda",
        "lambda:PutFunctionEventInvokeConfig PutFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig",
        "function:{name}",
        "FunctionName",
    ),
    "AWS::Lambda::EventSourceMapping": Kind(
        "Lambda", "lambda:CreateEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping", "*", ""
    ),
    "AWS::Lambda::Function": Kind(
        "Lambda", "lambda:CreateFunction UpdateFunctionConfiguration DeleteFunction", "function:{name}", "FunctionName"
    ),
    "AWS::Lambda::LayerVersion": Kind(
        "Lambda", "lambda:PublishLayerVersion PublishLayerVersion DeleteLayerVersion", "layer:{name}", "LayerName"
    ),
    "AWS::Lambda::Permission": Kind(
        "Lambda", "lambda:AddPermission AddPermission RemovePermission", "function:{name}", "FunctionName"
    ),
    "AWS::Lambda::Url": Kind(
        "Lambda",
        "lambda:CreateFunctionUrlConfig UpdateFunctionUrlConfig DeleteFunctionUrlConfig",
        "function:{name}",
        "TargetFunctionArn",
    ),
    "AWS::Lambda::Version": Kind(
        "Lambda", "lambda:PublishVersion PublishVersion DeleteFunction", "function:{name}", "FunctionName"
    ),
    "AWS::Logs::LogGroup": Kind(
        "CloudWatchLogs", "logs:CreateLogGroup PutRetentionPolicy DeleteLogGroup", "log-group:{name}", "LogGroupName"
    ),
    "AWS::Logs::MetricFilter": Kind(
        "CloudWatchLogs",
        "logs:PutMetricFilter PutMetricFilter DeleteMetricFilter",
        "log-group:{name}",
        "LogGroupName",
    ),
    "AWS::Logs::SubscriptionFilter": Kind(
        "CloudWatchLogs", "logs:PutSubscriptionFilter PutSubscriptionFilter DeleteSubscriptionFilter", "*", ""
    ),
    "AWS::Pipes::Pipe": Kind("Pipes", "pipes:CreatePipe UpdatePipe DeletePipe", "pipe/{name}", "Name"),
    "AWS::S3::Bucket": Kind(
        "S3", "s3:CreateBucket PutBucketNotification DeleteBucket", "arn:aws:s3:::{name}", "BucketName"
    ),
    "AWS::S3::BucketPolicy": Kind(
        "S3", "s3:PutBucketPolicy PutBucketPolicy DeleteBucketPolicy", "arn:aws:s3:::{name}", "Bucket"
    ),
    "AWS::SNS::Subscription": Kind("Sns", "sns:Subscribe SetSubscriptionAttributes Unsubscribe", "{name}", "TopicArn"),
    "AWS::SNS::Topic": Kind("Sns", "sns:CreateTopic SetTopicAttributes DeleteTopic", "{name}", "TopicName"),
    "AWS::SNS::TopicPolicy": Kind(
        "Sns", "sns:SetTopicAttributes SetTopicAttributes SetTopicAttributes", "{name}", "Topics"
    ),
    "AWS::SQS::Queue": Kind("Sqs", "sqs:CreateQueue SetQueueAttributes DeleteQueue", "{name}", "QueueName"),
    "AWS::SQS::QueuePolicy": Kind(
        "Sqs", "sqs:SetQueueAttributes SetQueueAttributes SetQueueAttributes", "{name}", "Queues"
    ),
    "AWS::Scheduler::Schedule": Kind(
        "Scheduler", "scheduler:CreateSchedule UpdateSchedule DeleteSchedule", "schedule/{group}/{name}", "Name"
    ),
    "AWS::StepFunctions::StateMachine": Kind(
        "Sfn",
        "states:CreateStateMachine UpdateStateMachine DeleteStateMachine",
        "stateMachine:{name}",
        "StateMachineName",
    ),
}
THEMSELVES = "AWS::ApplicationAutoScaling::"  # ask what they need as they are made (`auto_scaling.stacks`)
POLICY = Kind("Iam", "", "", "")  # whose permissions are all for whom it is given to
NOBODYS = ("AWS::CDK::", "AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::CustomResource")


def kind_of(name: str) -> Kind | None:
    """What is asked about a type of resources; None where a stack makes nothing of anybody's, or they ask themselves.

    Of a type that is not in the list the permissions are for every resource.
    """
    if name == "AWS::IAM::Policy":
        return POLICY
    if name in KINDS or name.startswith((THEMSELVES, *NOBODYS)):
        return KINDS.get(name)
    _, service, thing = name.split("::")
    return Kind(service, actions(service, thing), "*", "")
