"""Tests for deleting resources: each type with all that AWS wants gone before it, and nothing else."""

import json
import time

import pytest

from lab_harness.account.resources import deleters
from lab_harness.aws import Clients
from tests.labs.helpers import zipped
from tests.roles import ready

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


def create_role(clients, name):
    iam = clients["iam"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=READ_LOGS)
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")


def create_state_machine(clients, name, kind="STANDARD"):
    created = clients["stepfunctions"].create_state_machine(
        name=name, definition=WAITING, roleArn=ready(clients.emulator, ROLE_ARN), type=kind
    )
    return created["stateMachineArn"]


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


CREATE = {
    "AWS::ApiGateway::ApiKey": create_api_key,
    "AWS::ApiGateway::RestApi": create_rest_api,
    "AWS::ApiGateway::UsagePlan": create_usage_plan,
    "AWS::ApiGatewayV2::Api": create_http_api,
    "AWS::DynamoDB::Table": create_table,
    "AWS::EC2::Instance": create_instance,
    "AWS::Events::EventBus": create_event_bus,
    "AWS::Events::Rule": create_rule,
    "AWS::IAM::Role": create_role,
    "AWS::Lambda::Function": create_function,
    "AWS::Logs::LogGroup": create_log_group,
    "AWS::S3::Bucket": create_bucket,
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
    "AWS::DynamoDB::Table": lambda c: c["dynamodb"].list_tables()["TableNames"],
    "AWS::EC2::Instance": instances,
    "AWS::Events::EventBus": lambda c: [each["Name"] for each in c["events"].list_event_buses()["EventBuses"]],
    "AWS::Events::Rule": lambda c: [each["Name"] for each in c["events"].list_rules()["Rules"]],
    "AWS::IAM::Role": lambda c: [each["RoleName"] for each in c["iam"].list_roles()["Roles"]],
    "AWS::Lambda::Function": lambda c: [each["FunctionName"] for each in c["lambda"].list_functions()["Functions"]],
    "AWS::Logs::LogGroup": lambda c: [each["logGroupName"] for each in c["logs"].describe_log_groups()["logGroups"]],
    "AWS::S3::Bucket": lambda c: [each["Name"] for each in c["s3"].list_buckets()["Buckets"]],
    "AWS::SNS::Topic": lambda c: [each["TopicArn"].rpartition(":")[2] for each in c["sns"].list_topics()["Topics"]],
    "AWS::SQS::Queue": lambda c: [url.rpartition("/")[2] for url in c["sqs"].list_queues().get("QueueUrls", [])],
    "AWS::StepFunctions::StateMachine": lambda c: [
        each["name"] for each in c["stepfunctions"].list_state_machines()["stateMachines"]
    ],
}


def kinds(clients):
    """The types that the emulator has."""
    return [kind for kind in CREATE if kind != "AWS::ApiGatewayV2::Api" or clients.emulator.supports("apigatewayv2")]


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
