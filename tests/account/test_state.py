"""Tests for what an account holds: each thing that a lab can build or leave behind is a difference, nothing else is."""

import json
import secrets
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from lab_harness.account.changes import READS
from lab_harness.account.resources import remove_resources
from lab_harness.account.service import Part
from lab_harness.account.state import account_state, differences, readers
from lab_harness.authors.made import remember
from lab_harness.aws import Clients
from lab_harness.emulators.localstack import LocalStack
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorNotReady
from lab_harness.lab.labs import load_lab
from lab_harness.runner import run_checks
from tests.labs.helpers import zipped
from tests.per_lab import LABS
from tests.roles import ready, trust
from tests.waiting import in_thread, wait_until

BUILT, LEFT = Part.BUILT, Part.LEFT
TRUST = trust("lambda")
ROLE = "arn:aws:iam::000000000000:role/any"
ECHO = "def lambda_handler(event, context):\n    print(event)\n"
PASSES = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
IMAGE = "ami-0abcdef1234567890"


def built(*services):
    return {BUILT: frozenset(services), LEFT: frozenset()}


def left(*services):
    return {BUILT: frozenset(), LEFT: frozenset(services)}


def both(service):
    return {BUILT: frozenset({service}), LEFT: frozenset({service})}


# Each story does one thing after the other, tells what differs afterwards, and leaves nothing behind.


def story_sqs(clients, name):
    sqs = clients["sqs"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    yield both("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="a text")
    yield left("sqs")
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)
    yield left("sqs")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    yield built("sqs")
    sqs.delete_queue(QueueUrl=url)
    yield both("sqs")


def story_dynamodb(clients, name):
    dynamodb = clients["dynamodb"]
    key = {"AttributeName": "id", "AttributeType": "S"}
    schema = {"AttributeName": "id", "KeyType": "HASH"}
    table = {"TableName": name, "AttributeDefinitions": [key], "KeySchema": [schema]}
    dynamodb.create_table(**table, BillingMode="PAY_PER_REQUEST")
    yield both("dynamodb")
    for price in ("1", "2"):
        dynamodb.put_item(TableName=name, Item={"id": {"S": "one"}, "price": {"N": price}})
        yield left("dynamodb")
    dynamodb.update_table(
        TableName=name,
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    yield built("dynamodb")
    dynamodb.delete_table(TableName=name)
    yield both("dynamodb")


def story_iam(clients, name):
    iam = clients["iam"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    yield built("iam")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
    yield built("iam")
    managed = {"RoleName": name, "PolicyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
    iam.attach_role_policy(**managed)
    yield built("iam")
    iam.detach_role_policy(**managed)
    yield built("iam")
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    iam.delete_role(RoleName=name)
    yield built("iam")


def function(clients, name):
    lambda_ = clients["lambda"]
    code = {"ZipFile": zipped(ECHO)}
    handler = "lambda_function.lambda_handler"
    lambda_.create_function(FunctionName=name, Runtime="python3.13", Role=ROLE, Handler=handler, Code=code)
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
    return lambda_


def story_lambda(clients, name):
    lambda_ = function(clients, name)
    yield built("lambda")
    lambda_.add_permission(FunctionName=name, StatementId="a", Action="lambda:InvokeFunction", Principal="*")
    yield built("lambda")
    lambda_.remove_permission(FunctionName=name, StatementId="a")
    yield built("lambda")
    lambda_.update_function_code(FunctionName=name, ZipFile=zipped(f"{ECHO}    return 1"))
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
    yield built("lambda")
    lambda_.delete_function(FunctionName=name)
    yield built("lambda")


def story_mapping(clients, name):
    url = clients["sqs"].create_queue(QueueName=name)["QueueUrl"]
    arn = clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    lambda_ = function(clients, name)
    yield {BUILT: frozenset({"lambda", "sqs"}), LEFT: frozenset({"sqs"})}
    mapping = lambda_.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)["UUID"]
    wait_until(lambda: lambda_.get_event_source_mapping(UUID=mapping)["State"] == "Enabled")
    yield built("lambda")
    lambda_.delete_event_source_mapping(UUID=mapping)
    wait_until(lambda: not lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"])
    yield built("lambda")
    lambda_.delete_function(FunctionName=name)
    clients["sqs"].delete_queue(QueueUrl=url)
    yield {BUILT: frozenset({"lambda", "sqs"}), LEFT: frozenset({"sqs"})}


def story_logs(clients, name):
    logs = clients["logs"]
    lambda_ = function(clients, name)
    yield built("lambda")
    for _ in range(2):
        lambda_.invoke(FunctionName=name, Payload=b"{}")
        yield left("logs")
    logs.put_retention_policy(logGroupName=f"/aws/lambda/{name}", retentionInDays=7)
    yield both("logs")
    logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")
    yield both("logs")
    lambda_.delete_function(FunctionName=name)
    yield built("lambda")


def story_s3(clients, name):
    s3 = clients["s3"]
    s3.create_bucket(Bucket=name)
    yield built("s3")
    s3.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    yield built("s3")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    yield built("s3")
    for body in (b"one", b"two"):
        s3.put_object(Bucket=name, Key="index.html", Body=body)
        yield left("s3")
    s3.delete_object(Bucket=name, Key="index.html")
    yield left("s3")
    s3.delete_bucket(Bucket=name)
    yield built("s3")


def story_sns(clients, name):
    sns = clients["sns"]
    arn = sns.create_topic(Name=name)["TopicArn"]
    yield built("sns")
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="ada@example.com")
    yield built("sns")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="News")
    yield built("sns")
    for each in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    yield built("sns")
    sns.delete_topic(TopicArn=arn)
    yield built("sns")


def story_events(clients, name):
    events = clients["events"]
    events.create_event_bus(Name=name)
    yield built("events")
    for bus in ("default", name):
        rule = {"Name": name, "EventBusName": bus}
        events.put_rule(**rule, EventPattern=json.dumps({"source": ["shop"]}))
        yield built("events")
        target = {"Rule": name, "EventBusName": bus}
        events.put_targets(**target, Targets=[{"Id": "one", "Arn": "arn:aws:sqs:us-east-1:000000000000:any"}])
        yield built("events")
        events.disable_rule(**rule)
        yield built("events")
        events.remove_targets(**target, Ids=["one"])
        events.delete_rule(**rule)
        yield built("events")
    events.delete_event_bus(Name=name)
    yield built("events")


def story_ec2(clients, name):
    ec2 = clients["ec2"]
    launched = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"]
    ids = [each["InstanceId"] for each in launched]
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 1})
    yield both("ec2")
    ec2.create_tags(Resources=ids, Tags=[{"Key": "Name", "Value": name}])
    yield both("ec2")
    ec2.terminate_instances(InstanceIds=ids)
    yield both("ec2")


def story_apigateway(clients, name):
    gateway = clients["apigateway"]
    api = gateway.create_rest_api(name=name)["id"]
    yield built("apigateway")
    method = {
        "restApiId": api,
        "resourceId": gateway.get_resources(restApiId=api)["items"][0]["id"],
        "httpMethod": "GET",
    }
    gateway.put_method(**method, authorizationType="NONE")
    yield built("apigateway")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    yield built("apigateway")
    for _ in range(2):  # the stage serves another deployment the second time
        gateway.create_deployment(restApiId=api, stageName="prod")
        yield built("apigateway")
    plan = gateway.create_usage_plan(name=name)["id"]
    yield built("apigateway")
    key = gateway.create_api_key(name=name, enabled=True)["id"]
    yield built("apigateway")
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    yield built("apigateway")
    gateway.delete_usage_plan(usagePlanId=plan)
    gateway.delete_api_key(apiKey=key)
    gateway.delete_rest_api(restApiId=api)
    yield built("apigateway")


def story_apigatewayv2(clients, name):
    gateway = clients["apigatewayv2"]
    api = gateway.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    yield built("apigatewayv2")
    gateway.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=ROLE, PayloadFormatVersion="2.0")
    yield built("apigatewayv2")
    gateway.create_route(ApiId=api, RouteKey="GET /items")
    yield built("apigatewayv2")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    yield built("apigatewayv2")
    gateway.delete_api(ApiId=api)
    yield built("apigatewayv2")


def story_stepfunctions(clients, name):
    sfn = clients["stepfunctions"]
    arn = sfn.create_state_machine(name=name, definition=json.dumps(PASSES), roleArn=ROLE)["stateMachineArn"]
    yield built("stepfunctions")
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")
    yield left("stepfunctions")
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps({**PASSES, "Comment": "another"}))
    yield built("stepfunctions")
    sfn.delete_state_machine(stateMachineArn=arn)
    yield both("stepfunctions")


STORIES = [value for name, value in globals().items() if name.startswith("story_")]


def read_services(clients):
    """The operations that these clients call from now on, as the list fills."""
    called = []
    for service in supported(clients):
        clients[service].meta.events.register("before-call", lambda model, **_: called.append(model.name))
    return called


def supported(clients):
    return [service for service in readers() if clients.emulator.supports(service)]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__.removeprefix("story_"))
def test_what_is_done_in_a_service_is_a_difference_in_it_alone(story, clients, emulator):
    if not emulator.supports(story.__name__.removeprefix("story_").replace("mapping", "lambda")):
        pytest.skip("the emulator lacks the service")
    ready(emulator, ROLE)
    watched = Clients(emulator)  # of its own: we listen to their events
    services, called = supported(watched), read_services(watched)
    before = account_state(watched, services)
    for number, expected in enumerate(story(Clients(emulator), f"thing-{secrets.token_hex(6)}")):
        assert wait_until(lambda: differences(before, account_state(watched, services)) == expected), number  # noqa: B023
        before = account_state(watched, services)
    assert differences(before, account_state(watched, services)) == built()
    assert called
    assert all(READS.fullmatch(operation) for operation in called), called


def test_mail_is_a_difference(clients):
    sns = clients["sns"]
    arn = sns.create_topic(Name=f"thing-{secrets.token_hex(6)}")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="ada@example.com")
    before = account_state(clients, ["sns"])
    sns.publish(TopicArn=arn, Message="A text.")
    assert wait_until(lambda: differences(before, account_state(clients, ["sns"])) == left("sns"))
    sns.delete_topic(TopicArn=arn)


def prepare(lab, clients, request):
    """Solve the lab where nothing of it is left."""
    if clients.emulator.name == "localstack":
        if "ec2" in lab.file.services:
            request.getfixturevalue("relay")
        remove_resources(lab, clients)
    lab.solve(clients)


@pytest.mark.parametrize("name", LABS)
def test_solved_lab_that_nobody_touches_is_the_same_at_each_look(name, clients, request):
    prepare(load_lab(name), clients, request)
    services = supported(clients)

    def look_twice():
        return differences(account_state(clients, services), account_state(clients, services))

    wait_until(lambda: look_twice() == built())  # what the solution set going has come to its end
    assert [look_twice() for _ in range(3)] == [built()] * 3


@pytest.mark.parametrize("name", ["pets_api", "termination_alert"])
def test_what_checks_build_for_a_moment_is_not_seen(name, clients, request):
    lab = load_lab(name)
    prepare(lab, clients, request)
    services = supported(clients)
    before = account_state(clients, services)
    looks, running = [], in_thread(run_checks, lab, clients)
    while not running.done():
        looks.append(differences(before, account_state(clients, services))[BUILT])
    assert running.result().complete
    assert len(looks) > 1
    assert set(looks) == {frozenset()}


# Without an emulator.


class Service:
    """One service, as a client that answers an operation with the page that it is given, or raises it."""

    def __init__(self, **pages):
        self.pages = pages

    def get_paginator(self, operation):
        return SimpleNamespace(paginate=lambda **_: [self.answer(operation)])

    def answer(self, operation):
        page = self.pages.get(operation, {})
        if isinstance(page, Exception):
            raise page
        return page

    def __getattr__(self, operation):
        return lambda **_: self.answer(operation)


def role(name):
    return {"RoleName": name, "RoleLastUsed": {"LastUsedDate": secrets.token_hex(6)}}


def iam(*names):
    return Service(get_account_authorization_details={"RoleDetailList": list(map(role, names)), "Policies": []})


def test_services_that_differ_are_told_by_part():
    before = account_state({"iam": iam("one")}, ["iam"])
    assert differences(before, account_state({"iam": iam("one")}, ["iam"])) == built()
    assert differences(before, account_state({"iam": iam("one", "two")}, ["iam"])) == built("iam")
    assert differences(before, account_state({"iam": iam()}, ["iam"])) == built("iam")


def test_what_checks_made_for_themselves_is_left_out():
    before = account_state({"iam": iam("one")}, ["iam"])
    assert differences(before, account_state({"iam": iam("one", remember("ana-keller-17"))}, ["iam"])) == built()


def test_service_of_which_nothing_is_read_is_left_out():
    assert account_state({}, ["sts", "a-service-of-the-future"]) == {}


def test_service_in_which_something_went_while_it_was_read_is_looked_at_again_the_next_time():
    gone = ClientError({"Error": {"Code": "QueueDoesNotExist"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "Any")
    sqs = Service(list_queues={"QueueUrls": ["http://localhost/one"]}, get_queue_attributes=gone)
    state = account_state({"iam": iam("one"), "sqs": sqs}, ["iam", "sqs"])
    assert {service for service, _ in state} == {"iam"}
    assert differences({**state, ("sqs", BUILT): frozenset({"a queue"})}, state) == built()


def test_setting_that_cannot_be_read_is_told_from_one_that_is_not_there():
    def bucket(policy):
        return Service(list_buckets={"Buckets": [{"Name": "one"}]}, get_bucket_policy=policy)

    def refusal(status):
        return ClientError({"Error": {}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetBucketPolicy")

    none, some = ({"s3": bucket(policy)} for policy in (refusal(404), {"Policy": "{}"}))
    assert differences(account_state(none, ["s3"]), account_state(some, ["s3"])) == built("s3")
    assert account_state({"s3": bucket(refusal(403))}, ["s3"]) == {}


def test_emulator_that_does_not_answer_is_an_error():
    clients = Clients(LocalStack(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(EmulatorNotReady, match="stopped answering at"):
        account_state(clients, ["sqs"])


def test_what_is_of_no_concern_is_left_out(clients):
    for name in ("theirs", "mine"):
        clients["sqs"].create_queue(QueueName=name)
    rows = account_state(clients, ["sqs"], lambda text: "theirs" not in text)["sqs", BUILT]
    assert "mine" in str(rows)
    assert "theirs" not in str(rows)
