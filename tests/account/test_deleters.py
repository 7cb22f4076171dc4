"""Tests for deleting resources: each type with all that AWS wants gone before it, and nothing else."""

import json
import time

import pytest

from lab_harness.account.resources import deleters
from lab_harness.aws import Clients
from tests.labs.helpers import zipped
from tests.roles import ready, trust

ROLE_ARN = "arn:aws:iam::000000000000:role/worker-role"
READ_LOGS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "logs:GetLogEvents", "Resource": "*"}],
    }
)
WAITING = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 300, "End": True}}})
NAMES = ("mine", "mine-too", "not-mine")


def create_function(clients, name):
    clients["lambda"].create_function(
        FunctionName=name, Runtime="python3.12", Handler="lambda_function.handler",
        Role=ready(clients.emulator, ROLE_ARN), Code={"ZipFile": zipped("def handler(event, context): print('ran')\n")},
    )  # fmt: skip


NAMESPACE = {"ServiceNamespace": "dynamodb"}
SCALED = {**NAMESPACE, "ScalableDimension": "dynamodb:table:WriteCapacityUnits"}
RARE = {  # types of services that LocalStack lacks
    "AWS::ApiGatewayV2::Api": "apigatewayv2",
    "AWS::ApplicationAutoScaling::ScalableTarget": "application-autoscaling",
}


def create_queue(clients, name):
    sqs = clients["sqs"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def create_table(clients, name):
    clients["dynamodb"].create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def create_backup(clients, name):
    create_table(clients, f"{name}-table")
    clients["dynamodb"].create_backup(TableName=f"{name}-table", BackupName=name)


def create_scalable_target(clients, name):
    clients["dynamodb"].create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    clients["application-autoscaling"].register_scalable_target(
        **SCALED, ResourceId=f"table/{name}", MinCapacity=5, MaxCapacity=40
    )
    clients["dynamodb"].delete_table(TableName=name)  # which its target outlives


def create_role(clients, name):
    iam = clients["iam"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda"))
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=READ_LOGS)
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")


def create_state_machine(clients, name, kind="STANDARD"):
    created = clients["stepfunctions"].create_state_machine(
        name=name, definition=WAITING, roleArn=ready(clients.emulator, ROLE_ARN), type=kind
    )
    return created["stateMachineArn"]


def create_alarm(clients, name):
    clients["cloudwatch"].put_metric_alarm(
        AlarmName=name, Namespace="Shop", MetricName="Sales", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="LessThanThreshold",
    )  # fmt: skip


def create_topic(clients, name):
    sns = clients["sns"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")
    return topic


def create_rule(clients, name, bus="default"):
    events = clients["events"]
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["shop"]}))
    targets = [{"Id": id, "Arn": "arn:aws:sqs:us-east-1:000000000000:any"} for id in ("one", "two")]
    events.put_targets(Rule=name, EventBusName=bus, Targets=targets)


def create_event_bus(clients, name):
    clients["events"].create_event_bus(Name=name)
    for rule in ("mine", "another"):
        create_rule(clients, rule, name)


def create_instance(clients, name):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    clients["ec2"].run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=tags)


def create_rest_api(clients, name):
    """An API with a stage, and its id."""
    gateway = clients["apigateway"]
    api = gateway.create_rest_api(name=name)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    gateway.create_deployment(restApiId=api, stageName="prod")
    return api


def create_api_key(clients, name):
    return clients["apigateway"].create_api_key(name=name, enabled=True)["id"]


def create_usage_plan(clients, name, *apis):
    stages = [{"apiId": api, "stage": "prod"} for api in apis]
    return clients["apigateway"].create_usage_plan(name=name, apiStages=stages)["id"]


def create_http_api(clients, name):
    gateway = clients["apigatewayv2"]
    api = gateway.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)


def create_bucket(clients, name):
    clients["s3"].create_bucket(Bucket=name)
    clients["s3"].put_object(Bucket=name, Key="folder/cat.txt", Body=b"miau")


def create_log_group(clients, name):
    logs = clients["logs"]
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    logs.put_log_events(
        logGroupName=name, logStreamName="one", logEvents=[{"timestamp": int(time.time() * 1000), "message": "hello"}]
    )


def create_layer(clients, name):
    package = zipped("def helper(): pass")
    clients["lambda"].publish_layer_version(LayerName=name, Content={"ZipFile": package})
    clients["lambda"].publish_layer_version(LayerName=name, Content={"ZipFile": package})


def create_schedule(clients, name):
    role = ready(clients.emulator)
    clients["scheduler"].create_schedule(
        Name=name,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:sqs:us-east-1:000000000000:any", "RoleArn": role},
    )


CREATE = {
    "AWS::ApiGateway::ApiKey": create_api_key,
    "AWS::ApiGateway::RestApi": create_rest_api,
    "AWS::ApiGateway::UsagePlan": create_usage_plan,
    "AWS::ApiGatewayV2::Api": create_http_api,
    "AWS::ApplicationAutoScaling::ScalableTarget": create_scalable_target,
    "AWS::CloudWatch::Alarm": create_alarm,
    "AWS::DynamoDB::Backup": create_backup,
    "AWS::DynamoDB::Table": create_table,
    "AWS::EC2::Instance": create_instance,
    "AWS::Events::EventBus": create_event_bus,
    "AWS::Events::Rule": create_rule,
    "AWS::IAM::Role": create_role,
    "AWS::Lambda::Function": create_function,
    "AWS::Lambda::LayerVersion": create_layer,
    "AWS::Logs::LogGroup": create_log_group,
    "AWS::S3::Bucket": create_bucket,
    "AWS::Scheduler::Schedule": create_schedule,
    "AWS::SNS::Topic": create_topic,
    "AWS::SQS::Queue": create_queue,
    "AWS::StepFunctions::StateMachine": create_state_machine,
}


def instances(clients):
    """The Name tags of the instances that are neither terminated nor about to be."""
    found = [each for one in clients["ec2"].describe_instances()["Reservations"] for each in one["Instances"]]
    alive = [each for each in found if each["State"]["Name"] in ("pending", "running")]
    return [tag["Value"] for each in alive for tag in each["Tags"] if tag["Key"] == "Name"]


THERE = {
    "AWS::ApiGateway::ApiKey": lambda c: [each["name"] for each in c["apigateway"].get_api_keys()["items"]],
    "AWS::ApiGateway::RestApi": lambda c: [each["name"] for each in c["apigateway"].get_rest_apis()["items"]],
    "AWS::ApiGateway::UsagePlan": lambda c: [each["name"] for each in c["apigateway"].get_usage_plans()["items"]],
    "AWS::ApiGatewayV2::Api": lambda c: [each["Name"] for each in c["apigatewayv2"].get_apis()["Items"]],
    "AWS::ApplicationAutoScaling::ScalableTarget": lambda c: [
        each["ResourceId"].partition("/")[2]
        for each in c["application-autoscaling"].describe_scalable_targets(**NAMESPACE)["ScalableTargets"]
    ],
    "AWS::CloudWatch::Alarm": lambda c: [
        each["AlarmName"] for each in c["cloudwatch"].describe_alarms()["MetricAlarms"]
    ],
    "AWS::DynamoDB::Backup": lambda c: [each["BackupName"] for each in c["dynamodb"].list_backups()["BackupSummaries"]],
    "AWS::DynamoDB::Table": lambda c: c["dynamodb"].list_tables()["TableNames"],
    "AWS::EC2::Instance": instances,
    "AWS::Events::EventBus": lambda c: [each["Name"] for each in c["events"].list_event_buses()["EventBuses"]],
    "AWS::Events::Rule": lambda c: [each["Name"] for each in c["events"].list_rules()["Rules"]],
    "AWS::IAM::Role": lambda c: [each["RoleName"] for each in c["iam"].list_roles()["Roles"]],
    "AWS::Lambda::Function": lambda c: [each["FunctionName"] for each in c["lambda"].list_functions()["Functions"]],
    "AWS::Lambda::LayerVersion": lambda c: [each["LayerName"] for each in c["lambda"].list_layers()["Layers"]],
    "AWS::Logs::LogGroup": lambda c: [each["logGroupName"] for each in c["logs"].describe_log_groups()["logGroups"]],
    "AWS::S3::Bucket": lambda c: [each["Name"] for each in c["s3"].list_buckets()["Buckets"]],
    "AWS::Scheduler::Schedule": lambda c: [each["Name"] for each in c["scheduler"].list_schedules()["Schedules"]],
    "AWS::SNS::Topic": lambda c: [each["TopicArn"].rpartition(":")[2] for each in c["sns"].list_topics()["Topics"]],
    "AWS::SQS::Queue": lambda c: [url.rpartition("/")[2] for url in c["sqs"].list_queues().get("QueueUrls", [])],
    "AWS::StepFunctions::StateMachine": lambda c: [
        each["name"] for each in c["stepfunctions"].list_state_machines()["stateMachines"]
    ],
}


def user_pools(clients):
    return clients["cognito-idp"].list_user_pools(MaxResults=60)["UserPools"]


def create_user(clients, name):
    idp = clients["cognito-idp"]
    there = [each["Id"] for each in user_pools(clients) if each["Name"] == "people"]
    pool = there[0] if there else idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
    idp.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")


def create_delivery_stream(clients, name):
    clients["s3"].create_bucket(Bucket="archive")
    destination = {"RoleARN": ready(clients.emulator, ROLE_ARN), "BucketARN": "arn:aws:s3:::archive"}
    clients["firehose"].create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination)


CREATE |= {
    "AWS::Kinesis::Stream": lambda c, name: c["kinesis"].create_stream(StreamName=name, ShardCount=1),
    "AWS::KinesisFirehose::DeliveryStream": create_delivery_stream,
    "AWS::Cognito::UserPool": lambda c, name: c["cognito-idp"].create_user_pool(PoolName=name),
    "AWS::Cognito::UserPoolUser": create_user,
    "AWS::Cognito::IdentityPool": lambda c, name: c["cognito-identity"].create_identity_pool(
        IdentityPoolName=name, AllowUnauthenticatedIdentities=False
    ),
}
THERE |= {
    "AWS::Kinesis::Stream": lambda c: c["kinesis"].list_streams()["StreamNames"],
    "AWS::KinesisFirehose::DeliveryStream": lambda c: c["firehose"].list_delivery_streams()["DeliveryStreamNames"],
    "AWS::Cognito::UserPool": lambda c: [each["Name"] for each in user_pools(c)],
    "AWS::Cognito::UserPoolUser": lambda c: [
        user["Username"]
        for pool in user_pools(c)
        for user in c["cognito-idp"].list_users(UserPoolId=pool["Id"])["Users"]
    ],
    "AWS::Cognito::IdentityPool": lambda c: [
        each["IdentityPoolName"] for each in c["cognito-identity"].list_identity_pools(MaxResults=60)["IdentityPools"]
    ],
}


def create_distribution(clients, name):
    origin = {
        "Id": "site",
        "DomainName": "site.s3.us-east-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    behavior = {"TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": CACHING}
    clients["cloudfront"].create_distribution(
        DistributionConfig={
            "CallerReference": name, "Comment": name, "Enabled": True, "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behavior,
        }
    )  # fmt: skip


CACHING = "658327ea-f89d-4fab-a63d-7e88639e58f6"  # Managed-CachingOptimized
ACCESS = {"SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"}
FORWARDED = {
    "HeadersConfig": {"HeaderBehavior": "none"},
    "CookiesConfig": {"CookieBehavior": "none"},
    "QueryStringsConfig": {"QueryStringBehavior": "none"},
}
COUNTING = {"EnableAcceptEncodingGzip": True, **FORWARDED}
FUNCTION = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
CODE = b"function handler(event) { return event.request; }"
CREATE |= {
    "AWS::CloudFront::Distribution": create_distribution,
    "AWS::CloudFront::OriginAccessControl": lambda c, name: c["cloudfront"].create_origin_access_control(
        OriginAccessControlConfig={"Name": name, **ACCESS}
    ),
    "AWS::CloudFront::CachePolicy": lambda c, name: c["cloudfront"].create_cache_policy(
        CachePolicyConfig={"Name": name, "MinTTL": 0, "ParametersInCacheKeyAndForwardedToOrigin": COUNTING}
    ),
    "AWS::CloudFront::OriginRequestPolicy": lambda c, name: c["cloudfront"].create_origin_request_policy(
        OriginRequestPolicyConfig={"Name": name, **FORWARDED}
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": lambda c, name: c["cloudfront"].create_response_headers_policy(
        ResponseHeadersPolicyConfig={"Name": name}
    ),
    "AWS::CloudFront::Function": lambda c, name: c["cloudfront"].create_function(
        Name=name, FunctionConfig=FUNCTION, FunctionCode=CODE
    ),
    "AWS::CloudFront::KeyValueStore": lambda c, name: c["cloudfront"].create_key_value_store(Name=name),
}


def edge(operation, name):
    """What lists the names of things of CloudFront's."""
    return lambda c: [name(each) for each in next(iter_values(getattr(c["cloudfront"], operation)())).get("Items", [])]


def iter_values(answer):
    return (value for key, value in answer.items() if key != "ResponseMetadata")


THERE |= {
    "AWS::CloudFront::Distribution": edge("list_distributions", lambda each: each["Comment"]),
    "AWS::CloudFront::OriginAccessControl": edge("list_origin_access_controls", lambda each: each["Name"]),
    "AWS::CloudFront::CachePolicy": edge(
        "list_cache_policies", lambda each: each["CachePolicy"]["CachePolicyConfig"]["Name"]
    ),
    "AWS::CloudFront::OriginRequestPolicy": edge(
        "list_origin_request_policies", lambda each: each["OriginRequestPolicy"]["OriginRequestPolicyConfig"]["Name"]
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": edge(
        "list_response_headers_policies",
        lambda each: each["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]["Name"],
    ),
    "AWS::CloudFront::Function": edge("list_functions", lambda each: each["Name"]),
    "AWS::CloudFront::KeyValueStore": edge("list_key_value_stores", lambda each: each["Name"]),
}
RARE |= {kind: "cloudfront" for kind in CREATE if kind.startswith("AWS::CloudFront::")}
RARE |= {kind: "cognito-idp" for kind in CREATE if kind.startswith("AWS::Cognito::")}


def kinds(clients):
    """The types that the emulator has."""
    return [kind for kind in CREATE if kind not in RARE or clients.emulator.supports(RARE[kind])]


def left(clients, kind):
    """The names that things of a type have, of those which these tests give."""
    return sorted({*THERE[kind](clients)} & {*NAMES})


def all_left(clients):
    return {kind: left(clients, kind) for kind in kinds(clients)}


@pytest.fixture(scope="module")
def made(emulator):
    """Clients that all of these tests share: making those of 15 services takes a while."""
    return Clients(emulator)


@pytest.fixture
def account(made):
    """Clients of an account that has none of what these tests make; LocalStack's cannot be emptied at once."""
    if made.emulator.name == "embedded":
        made.emulator.reset()
        yield made
        return
    yield made
    for kind, names in all_left(made).items():
        for name in names:
            deleters()[kind](made, name)


@pytest.fixture
def delete(account):
    """Deletes what has a name, by the last part of its type."""
    by_name = {kind.rpartition("::")[2]: deleter for kind, deleter in deleters().items()}
    return lambda kind, name="mine": by_name[kind](account, name)


def test_each_type_that_can_be_removed_has_a_test():
    assert deleters().keys() == CREATE.keys() == THERE.keys()


def test_only_what_has_the_name_and_the_type_is_removed(account):
    for kind in kinds(account):
        for name in NAMES:
            CREATE[kind](account, name)
    expected = {kind: sorted(NAMES) for kind in kinds(account)}
    assert all_left(account) == expected
    for kind in kinds(account):
        assert deleters()[kind](account, "mine")
        expected[kind] = ["mine-too", "not-mine"]
        assert left(account, kind) == expected[kind]
    assert all_left(account) == expected


@pytest.mark.parametrize("kind", CREATE)
def test_removing_twice_removes_nothing_more(account, kind):
    if kind not in kinds(account):
        pytest.skip(f"{account.emulator.name} has no such thing")
    assert not deleters()[kind](account, "mine")
    CREATE[kind](account, "mine")
    assert deleters()[kind](account, "mine")
    assert not deleters()[kind](account, "mine")


def test_emulator_without_http_apis_has_none_to_remove(account, monkeypatch):
    monkeypatch.setattr(type(account.emulator), "supports", lambda _self, service: service != "apigatewayv2")
    monkeypatch.setattr(account, "_made", {"apigatewayv2": None})
    assert not deleters()["AWS::ApiGatewayV2::Api"](account, "mine")


def test_function_goes_with_its_log_and_its_event_source_mappings(account, delete):
    lambda_ = account["lambda"]
    for name in ("mine", "not-mine"):
        create_function(account, name)
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
        lambda_.invoke(FunctionName=name)
        create_log_group(account, f"/aws/lambda/{name}-too")
        lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=create_queue(account, f"{name}-queue"))
    assert delete("Function")
    groups = {each for each in THERE["AWS::Logs::LogGroup"](account) if each.startswith("/aws/lambda/")}
    assert groups >= {"/aws/lambda/mine-too", "/aws/lambda/not-mine-too"}
    assert "/aws/lambda/mine" not in groups
    mappings = lambda_.list_event_source_mappings()["EventSourceMappings"]
    assert [each["FunctionArn"].rpartition(":")[2] for each in mappings] == ["not-mine"]
    assert delete("Function", "not-mine")
    for queue in ("mine-queue", "not-mine-queue"):
        assert delete("Queue", queue)
    for name in ("mine", "not-mine"):
        assert delete("LogGroup", f"/aws/lambda/{name}-too")


def test_state_machine_goes_with_its_running_executions(account, delete):
    sfn = account["stepfunctions"]
    arns = {name: create_state_machine(account, name) for name in ("mine", "not-mine")}
    started = {
        name: [sfn.start_execution(stateMachineArn=arns[name])["executionArn"] for _ in range(3)] for name in arns
    }
    assert delete("StateMachine")
    assert left(account, "AWS::StepFunctions::StateMachine") == ["not-mine"]
    assert status_of(sfn, started["not-mine"]) == {"RUNNING"}
    assert status_of(sfn, started["mine"]) <= {"ABORTED", "gone"}


def status_of(sfn, executions):
    found = set()
    for arn in executions:
        try:
            found.add(sfn.describe_execution(executionArn=arn)["status"])
        except sfn.exceptions.ExecutionDoesNotExist:
            found.add("gone")
    return found


def test_express_state_machine_goes_too(account, delete):
    create_state_machine(account, "mine", "EXPRESS")
    assert delete("StateMachine")
    assert left(account, "AWS::StepFunctions::StateMachine") == []


def test_topic_goes_with_its_subscriptions(account, delete):
    sns = account["sns"]
    for name in ("mine", "not-mine"):
        topic = create_topic(account, name)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=create_queue(account, "mine"))
    assert delete("Topic")
    left = {each["TopicArn"].rpartition(":")[2] for each in sns.list_subscriptions()["Subscriptions"]}
    assert left & {*NAMES} == {"not-mine"}


def test_rule_is_removed_from_the_default_bus_only(account, delete):
    create_rule(account, "mine")
    create_event_bus(account, "not-mine")
    assert delete("Rule")
    rules = account["events"].list_rules(EventBusName="not-mine")["Rules"]
    assert sorted(each["Name"] for each in rules) == ["another", "mine"]


def test_event_bus_goes_with_its_rules_and_leaves_those_of_others(account, delete):
    create_rule(account, "mine")
    for bus in ("mine", "not-mine"):
        create_event_bus(account, bus)
    assert delete("EventBus")
    assert left(account, "AWS::Events::Rule") == ["mine"]
    assert len(account["events"].list_rules(EventBusName="not-mine")["Rules"]) == 2


def test_all_instances_of_a_name_go_those_that_are_stopped_too(account, delete):
    for _ in range(3):
        create_instance(account, "mine")
    ec2 = account["ec2"]
    named = [
        {"Name": "tag:Name", "Values": ["mine"]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    found = [each for one in ec2.describe_instances(Filters=named)["Reservations"] for each in one["Instances"]]
    ec2.stop_instances(InstanceIds=[found[0]["InstanceId"]])
    assert delete("Instance")
    ids = [each["InstanceId"] for each in found]
    states = [each for one in ec2.describe_instances(InstanceIds=ids)["Reservations"] for each in one["Instances"]]
    assert {each["State"]["Name"] for each in states} <= {"shutting-down", "terminated"}
    assert len(states) == 3
    assert not delete("Instance")


def test_instance_without_a_name_stays(account, delete):
    created = account["ec2"].run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]
    assert not delete("Instance")
    account["ec2"].terminate_instances(InstanceIds=[created["InstanceId"]])


def test_usage_plan_goes_with_its_stages_and_keys_which_stay(account, delete):
    gateway = account["apigateway"]
    plan = create_usage_plan(account, "mine", *(create_rest_api(account, name) for name in ("mine", "not-mine")))
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=create_api_key(account, "mine"), keyType="API_KEY")
    assert delete("UsagePlan")
    assert left(account, "AWS::ApiGateway::UsagePlan") == []
    assert left(account, "AWS::ApiGateway::RestApi") == ["mine", "not-mine"]
    assert left(account, "AWS::ApiGateway::ApiKey") == ["mine"]
    assert delete("ApiKey")
    assert delete("RestApi")


@pytest.mark.parametrize("first", ["ApiKey", "RestApi"])
def test_usage_plan_whose_key_or_api_is_gone_can_still_be_removed(account, delete, first):
    plan = create_usage_plan(account, "mine", create_rest_api(account, "mine"))
    key = create_api_key(account, "mine")
    account["apigateway"].create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    assert delete(first)
    assert delete("UsagePlan")


@pytest.mark.parametrize("kind", ["ApiKey", "RestApi", "UsagePlan", "Api"])
def test_all_of_one_name_go_where_names_are_not_unique(account, delete, kind):
    [full] = [each for each in CREATE if each.endswith(f"::{kind}")]
    if full not in kinds(account):
        pytest.skip(f"{account.emulator.name} has no such thing")
    for _ in range(2):
        CREATE[full](account, "mine")
    assert delete(kind)
    assert left(account, full) == []


@pytest.mark.parametrize("kind", ["ApiKey", "RestApi", "UsagePlan"])
def test_things_are_found_beyond_the_first_page(account, delete, kind):
    [full] = [each for each in CREATE if each.endswith(f"::{kind}")]
    create = {"RestApi": lambda clients, name: clients["apigateway"].create_rest_api(name=name)}.get(kind, CREATE[full])
    for _ in range(30):  # AWS gives 25 on a page
        create(account, "not-mine")
    create(account, "mine")
    assert delete(kind)
    assert delete(kind, "not-mine")


def test_bucket_goes_with_its_objects_versions_and_delete_markers(account, delete):
    s3 = account["s3"]
    create_bucket(account, "mine")
    s3.put_bucket_versioning(Bucket="mine", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket="mine", Key="folder/cat.txt", Body=body)
        s3.put_object(Bucket="mine", Key="größe & <co> +%20.txt", Body=body)
    s3.delete_object(Bucket="mine", Key="folder/cat.txt")
    s3.put_bucket_versioning(Bucket="mine", VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket="mine", Key="folder/cat.txt", Body=b"three")
    assert delete("Bucket")
    assert left(account, "AWS::S3::Bucket") == []


def test_bucket_with_a_policy_a_website_and_an_unfinished_upload_goes(account, delete):
    s3 = account["s3"]
    create_bucket(account, "mine")
    s3.put_bucket_website(Bucket="mine", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    s3.create_multipart_upload(Bucket="mine", Key="unfinished")
    assert delete("Bucket")
    s3.create_bucket(Bucket="mine")
    assert s3.list_object_versions(Bucket="mine").get("Versions", []) == []
    assert delete("Bucket")


def test_what_a_distribution_uses_goes_with_it(account, delete):
    if not account.emulator.supports("cloudfront"):
        pytest.skip("no CloudFront")
    for name in ("mine", "not-mine"):
        CREATE["AWS::CloudFront::CachePolicy"](account, name)
        CREATE["AWS::CloudFront::Distribution"](account, name)
    cloudfront, logs = account["cloudfront"], account["logs"]
    policies = cloudfront.list_cache_policies(Type="custom")["CachePolicyList"]["Items"]
    ids = {each["CachePolicy"]["CachePolicyConfig"]["Name"]: each["CachePolicy"]["Id"] for each in policies}
    for each in cloudfront.list_distributions()["DistributionList"]["Items"]:
        told = cloudfront.get_distribution_config(Id=each["Id"])
        config = told["DistributionConfig"]
        config["DefaultCacheBehavior"].pop("ForwardedValues", None)
        config["DefaultCacheBehavior"]["CachePolicyId"] = ids[each["Comment"]]
        cloudfront.update_distribution(Id=each["Id"], IfMatch=told["ETag"], DistributionConfig=config)
    assert delete("CachePolicy")
    assert (
        left(account, "AWS::CloudFront::Distribution") == left(account, "AWS::CloudFront::CachePolicy") == ["not-mine"]
    )
    CREATE["AWS::CloudFront::Function"](account, "mine")
    for group in ("/aws/cloudfront/function/mine", "/aws/cloudfront/function/not-mine"):
        create_log_group(account, group)
    assert deleters()["AWS::CloudFront::Function"](account, "mine")
    found = logs.describe_log_groups(logGroupNamePrefix="/aws/cloudfront/")["logGroups"]
    assert [each["logGroupName"] for each in found] == ["/aws/cloudfront/function/not-mine"]


def test_a_distribution_whose_origin_is_called_as_a_key_value_store_stays(account, delete):
    if not account.emulator.supports("cloudfront"):
        pytest.skip("no CloudFront")
    CREATE["AWS::CloudFront::KeyValueStore"](account, "site")
    CREATE["AWS::CloudFront::Distribution"](account, "mine")
    assert delete("KeyValueStore", "site")
    assert left(account, "AWS::CloudFront::Distribution") == ["mine"]
