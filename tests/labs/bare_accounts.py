"""What a lab asks for, built bare: each resource is there, by its name, with nothing set that it can do without."""

import json

from lab_harness.account.resources import deleters

from .helpers import zipped

CODE = "def lambda_handler(event, context):\n    return None\n"
ACCOUNT = "arn:aws:%s:us-east-1:000000000000:%s"
SERVICES = ("lambda", "states", "firehose", "scheduler")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": [f"{name}.amazonaws.com" for name in SERVICES]},
        }
    ],
}
SPARE = "bare-role"  # where a resource cannot do without a role
DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


def a_function(clients, name):
    clients["lambda"].create_function(
        FunctionName=name, Role=spare_role(clients), Runtime="python3.13", Handler="lambda_function.lambda_handler",
        Code={"ZipFile": zipped(CODE)},
    )  # fmt: skip


def a_role(clients, name):
    clients["iam"].create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))


def spare_role(clients):
    iam = clients["iam"]
    if SPARE not in [each["RoleName"] for each in iam.list_roles()["Roles"]]:
        a_role(clients, SPARE)
    return f"arn:aws:iam::000000000000:role/{SPARE}"


def a_table(clients, name):
    clients["dynamodb"].create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "bare", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "bare", "AttributeType": "S"}],
    )  # fmt: skip


def a_queue(clients, name):
    clients["sqs"].create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if name.endswith(".fifo") else {})


def an_api(clients, name):
    chat = "chat" in name
    how = {"RouteSelectionExpression": "$request.body.action"} if chat else {}
    clients["apigatewayv2"].create_api(Name=name, ProtocolType="WEBSOCKET" if chat else "HTTP", **how)


def a_distribution(clients, name):
    clients["cloudfront"].create_distribution(
        DistributionConfig={
            "CallerReference": "bare", "Comment": name, "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "bare", "DomainName": "example.com",
                        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"},
                    }
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "bare", "ViewerProtocolPolicy": "allow-all",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
        }
    )  # fmt: skip


def a_cache_policy(clients, name):
    clients["cloudfront"].create_cache_policy(CachePolicyConfig={"Name": name, "MinTTL": 0})


def an_edge_function(clients, name):
    clients["cloudfront"].create_function(
        Name=name, FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
        FunctionCode=b"function handler(event) { return event.request; }",
    )  # fmt: skip


def an_access_control(clients, name):
    clients["cloudfront"].create_origin_access_control(
        OriginAccessControlConfig={
            "Name": name, "SigningProtocol": "sigv4", "SigningBehavior": "never",
            "OriginAccessControlOriginType": "s3",
        }
    )  # fmt: skip


def an_alarm(clients, name):
    clients["cloudwatch"].put_metric_alarm(
        AlarmName=name, MetricName="Bare", Namespace="Bare", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip


def a_rule(clients, name):
    bus, _, rule = name.rpartition("/")
    clients["events"].put_rule(Name=rule, EventPattern='{"source": ["bare"]}', **({"EventBusName": bus} if bus else {}))


def a_delivery_stream(clients, name):
    clients["firehose"].create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={"RoleARN": spare_role(clients), "BucketARN": "arn:aws:s3:::bare"},
    )


def a_layer(clients, name):
    clients["lambda"].publish_layer_version(LayerName=name, Content={"ZipFile": zipped("", "python/bare.py")})


def a_schedule(clients, name):
    target = {"Arn": ACCOUNT % ("lambda", "function:bare"), "RoleArn": spare_role(clients)}
    clients["scheduler"].create_schedule(
        Name=name, ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )


def a_machine(clients, name):
    clients["stepfunctions"].create_state_machine(name=name, definition=DEFINITION, roleArn=spare_role(clients))


# What is no resource without another one, which the lab names, too, is left out: a backup, a scalable target.
BARE = {
    "AWS::ApiGateway::ApiKey": lambda clients, name: clients["apigateway"].create_api_key(name=name),
    "AWS::ApiGateway::RestApi": lambda clients, name: clients["apigateway"].create_rest_api(name=name),
    "AWS::ApiGateway::UsagePlan": lambda clients, name: clients["apigateway"].create_usage_plan(name=name),
    "AWS::ApiGatewayV2::Api": an_api,
    "AWS::CloudFront::CachePolicy": a_cache_policy,
    "AWS::CloudFront::Distribution": a_distribution,
    "AWS::CloudFront::Function": an_edge_function,
    "AWS::CloudFront::OriginAccessControl": an_access_control,
    "AWS::CloudWatch::Alarm": an_alarm,
    "AWS::Cognito::IdentityPool": lambda clients, name: clients["cognito-identity"].create_identity_pool(
        IdentityPoolName=name, AllowUnauthenticatedIdentities=False
    ),
    "AWS::Cognito::UserPool": lambda clients, name: clients["cognito-idp"].create_user_pool(PoolName=name),
    "AWS::DynamoDB::Table": a_table,
    "AWS::EC2::Instance": lambda clients, name: clients["ec2"].run_instances(
        ImageId="ami-1", MinCount=1, MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
    ),
    "AWS::Events::EventBus": lambda clients, name: clients["events"].create_event_bus(Name=name),
    "AWS::Events::Rule": a_rule,
    "AWS::IAM::Role": a_role,
    "AWS::Kinesis::Stream": lambda clients, name: clients["kinesis"].create_stream(StreamName=name, ShardCount=1),
    "AWS::KinesisFirehose::DeliveryStream": a_delivery_stream,
    "AWS::Lambda::Function": a_function,
    "AWS::Lambda::LayerVersion": a_layer,
    "AWS::Logs::LogGroup": lambda clients, name: clients["logs"].create_log_group(logGroupName=name),
    "AWS::S3::Bucket": lambda clients, name: clients["s3"].create_bucket(Bucket=name),
    "AWS::SNS::Topic": lambda clients, name: clients["sns"].create_topic(Name=name),
    "AWS::SQS::Queue": a_queue,
    "AWS::Scheduler::Schedule": a_schedule,
    "AWS::StepFunctions::StateMachine": a_machine,
}  # fmt: skip
LEFT_OUT = {"AWS::DynamoDB::Backup", "AWS::ApplicationAutoScaling::ScalableTarget"}
assert BARE.keys() | LEFT_OUT <= deleters().keys()


def build(clients, lab):
    """Build each resource of a lab bare, and beside them nothing but a role."""
    for resource in lab.file.resources:
        if resource.type not in LEFT_OUT:
            BARE[resource.type](clients, resource.name)
