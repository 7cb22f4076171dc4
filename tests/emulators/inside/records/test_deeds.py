"""Tests for what the emulator sees happen inside: whose doing a run, an item or a mail is, and what Lambda logs."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.authors import functions
from lab_harness.authors.witness import Witness, no_witness
from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.records.deeds import MAX_DEEDS, MAX_EVENT, Deeds
from lab_harness.emulators.process import free_port
from tests.labs.helpers import zipped
from tests.roles import let_in, let_publish, ready
from tests.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/functions"
ECHO = "def lambda_handler(event, context):\n    print('got', event)\n    return event"
WRITE = """
import boto3, json
def lambda_handler(event, context):
    table = boto3.resource("dynamodb").Table("Things")
    bodies = [json.loads(each["body"]) for each in event["Records"]] if "Records" in event else [event]
    for item in bodies:
        table.put_item(Item=item)
"""


@pytest.fixture
def account(embedded):
    """The learner's clients of an empty account with the table Things and the queue things."""
    embedded.reset()
    ready(embedded, ROLE)
    learner = Clients(embedded, as_learner=True)
    learner["dynamodb"].create_table(
        TableName="Things",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    learner["sqs"].create_queue(QueueName="things")
    return learner


@pytest.fixture
def witness(embedded):
    return Witness(embedded)


def create(clients, name, code=ECHO, logs_to=None):
    settings = {"LoggingConfig": {"LogGroup": logs_to}} if logs_to else {}
    made = clients["lambda"].create_function(
        FunctionName=name, Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=ROLE,
        Code={"ZipFile": zipped(code)}, Timeout=30, **settings,  # boto3 is loaded slowly where much else is done
    )  # fmt: skip
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
    return made["FunctionArn"]


def invoke(clients, name, event):
    clients["lambda"].invoke(FunctionName=name, Payload=json.dumps(event))


def put(clients, key):
    clients["dynamodb"].put_item(TableName="Things", Item={"id": {"S": key}})


def test_whoever_invokes_a_function_is_its_caller(account, embedded, witness):
    create(account, "echo")
    invoke(account, "echo", {"id": "o-1"})
    moment = witness.moment()
    invoke(Clients(embedded), "echo", {"id": "o-2"})
    assert witness.callers("echo", "o-1", 0) == {"learner"}
    assert witness.callers("echo", "o-2", 0) == {"checks"}
    assert witness.callers("echo", "o-1", moment) == witness.callers("other", "o-2", 0) == set()


def test_an_event_source_mapping_has_the_function_run_and_the_function_writes(account, witness):
    create(account, "write", WRITE)
    url = account["sqs"].get_queue_url(QueueName="things")["QueueUrl"]
    arn = account["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    account["lambda"].create_event_source_mapping(EventSourceArn=arn, FunctionName="write")
    account["sqs"].send_message(QueueUrl=url, MessageBody='{"id": "o-17"}')
    wait_until(lambda: witness.writers("Things", "o-17", 0) == {"function write"})
    assert witness.callers("write", "o-17", 0) == {"sqs things"}
    assert witness.writers("Things", "o-1", 0) == set()


def test_what_a_buckets_notification_starts_the_uploader_has_started(account, embedded, witness):
    arn = create(account, "echo")
    account["s3"].create_bucket(Bucket="photos")
    let_in(account, "echo", "s3")
    told = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    account["s3"].put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=told)
    account["s3"].put_object(Bucket="photos", Key="cat-1.jpg", Body=b"x")
    Clients(embedded)["s3"].put_object(Bucket="photos", Key="cat-2.jpg", Body=b"x")
    wait_until(lambda: witness.callers("echo", "cat-2.jpg", 0) == {"checks"})
    wait_until(lambda: witness.callers("echo", "cat-1.jpg", 0) == {"learner"})


def test_every_way_to_write_an_item_is_told(account, witness):
    dynamodb, item, key = account["dynamodb"], {"id": {"S": "a"}}, {"id": {"S": "a"}}
    ways = [
        lambda: dynamodb.put_item(TableName="Things", Item=item),
        lambda: dynamodb.update_item(TableName="Things", Key=key, UpdateExpression="REMOVE x"),
        lambda: dynamodb.batch_write_item(RequestItems={"Things": [{"PutRequest": {"Item": item}}]}),
        lambda: dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "Things", "Item": item}}]),
        lambda: dynamodb.execute_statement(Statement="UPDATE Things SET y = 1 WHERE id = 'a'"),
        lambda: dynamodb.delete_item(TableName="Things", Key=key),
    ]
    for number, write in enumerate(ways):
        moment = witness.moment()
        write()
        assert witness.writers("Things", "a", moment) == {"learner"}, number


def test_what_an_execution_does_is_its_doing(account, witness):
    create(account, "echo")
    states = {
        "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Write",
                "Parameters": {"FunctionName": "echo", "Payload.$": "$"}, "ResultPath": None},
        "Write": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "End": True,
                  "Parameters": {"TableName": "Things", "Item": {"id": {"S.$": "$.id"}}}},
    }  # fmt: skip
    definition = json.dumps({"StartAt": "Ask", "States": states})
    machine = account["stepfunctions"].create_state_machine(name="steps", definition=definition, roleArn=ROLE)
    account["stepfunctions"].start_execution(stateMachineArn=machine["stateMachineArn"], input='{"id": "p-3"}')
    wait_until(lambda: witness.writers("Things", "p-3", 0) == {"states steps"})
    assert witness.callers("echo", "p-3", 0) == {"states steps"}


def test_what_a_request_sets_going_is_its_apis_doing(account, embedded, witness):
    arn = create(account, "echo", "def lambda_handler(event, context): return {'statusCode': 200, 'body': 'hello'}")
    let_in(account, "echo", "apigateway")
    gateway = account["apigatewayv2"]
    api = gateway.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    proxy = {"IntegrationType": "AWS_PROXY", "IntegrationUri": arn, "PayloadFormatVersion": "2.0"}
    integration = gateway.create_integration(ApiId=api, **proxy)["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /x/{id}", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    assert Clients(embedded)["http"].api(api, "$default", "GET", "/x/p-9").text == "hello"
    assert witness.callers("echo", "p-9", 0) == {f"execute-api {api}"}


def test_a_mail_says_who_published_it_and_from_which_event(account, embedded):
    sns, events = account["sns"], account["events"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ana@example.com")
    sns.publish(TopicArn=topic, Message="by hand")
    let_publish(account, topic, "events")
    events.put_rule(Name="orders", EventPattern='{"source": ["pet-shop"]}')
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": topic, "Input": '"rewritten"'}])
    entry = {"Source": "pet-shop", "DetailType": "order placed", "Detail": '{"orderId": "o-1"}'}
    events.put_events(Entries=[entry])
    wait_until(lambda: len(embedded.inbox()) == 2)
    by_hand, by_rule = embedded.inbox()
    assert (by_hand.by, by_hand.event) == ("learner", None)
    assert (by_rule.by, by_rule.text) == ("events orders", '"rewritten"')
    event = {"source": "pet-shop", "detail-type": "order placed", "detail": {"orderId": "o-1"}}
    assert by_rule.event == event


def test_only_lambdas_own_lines_are_its_runs_and_a_restart_keeps_them(tmp_path):
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    try:
        learner = Clients(emulator, as_learner=True)
        ready(emulator, ROLE)
        create(learner, "echo")
        invoke(learner, "echo", {"visit": 7})
        logs, group = learner["logs"], "/aws/lambda/echo"
        (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
        place = {"logGroupName": group, "logStreamName": stream["logStreamName"]}
        logs.put_log_events(**place, logEvents=[{"timestamp": 1, "message": "got {'visit': 8}"}])
        for _ in range(2):
            (run,) = emulator.runs("echo")
            assert (run.by, json.loads(run.event)) == ("learner", {"visit": 7})
            assert [line.split()[0] for line in run.lines] == ["START", "got", "END", "REPORT"]
            assert "got {'visit': 8}" not in functions.log(logs, "echo", witness=Witness(emulator))
            emulator.stop()
            emulator.start()
            logs = Clients(emulator)["logs"]
        assert "labRun" not in json.dumps(logs.filter_log_events(logGroupName=group)["events"])
        logs.delete_log_group(logGroupName=group)
        assert emulator.runs("echo") == []
    finally:
        emulator.stop()


def test_what_another_function_logs_into_a_functions_group_is_not_its_run(account, embedded):
    create(account, "echo")
    create(account, "another", logs_to="/aws/lambda/echo")
    invoke(account, "another", {"visit": 1})
    invoke(account, "echo", {"visit": 2})
    lines = [event["message"] for event in account["logs"].filter_log_events(logGroupName="/aws/lambda/echo")["events"]]
    assert "got {'visit': 1}" in lines
    assert [json.loads(run.event) for run in embedded.runs("echo")] == [{"visit": 2}]


def test_an_emulator_that_sees_nothing_leaves_it_to_the_log(account):
    class Blind:
        def deeds(self, since=0):
            return None

        def runs(self, function):
            return None

    create(account, "echo")
    invoke(account, "echo", {"visit": 7})
    for witness in (Witness(Blind()), no_witness):
        assert (witness.moment(), witness.runs("echo"), witness.callers("echo", "7", 0)) == (0, None, None)
        assert "got {'visit': 7}" in functions.log(account["logs"], "echo", witness=witness)


def test_deeds_and_their_details_are_bounded_and_forgotten_with_the_account():
    deeds = Deeds()
    for number in range(MAX_DEEDS + 10):
        deeds.add("run", str(number), "x" * (MAX_EVENT + 1) if number > MAX_DEEDS else "")
    kept = deeds.since(0)["deeds"]
    assert (len(kept), kept[0]["number"], kept[-1]["number"]) == (MAX_DEEDS, 11, MAX_DEEDS + 10)
    assert len(kept[-1]["detail"]) == MAX_EVENT
    deeds.clear()
    assert deeds.since(0) == {"last": MAX_DEEDS + 10, "deeds": []}


@pytest.mark.parametrize("name", ["AWS/Lambda", "AWS/SQS"])
def test_nobody_puts_data_into_a_metric_of_awss_own(account, name):
    cloudwatch = account["cloudwatch"]
    data = [{"MetricName": "Invocations", "Value": 1.0, "Dimensions": [{"Name": "FunctionName", "Value": "x"}]}]
    with pytest.raises(ClientError, match="Namespace"):
        cloudwatch.put_metric_data(Namespace=name, MetricData=data)
    cloudwatch.put_metric_data(Namespace="PetShop", MetricData=data)
    assert [each["Namespace"] for each in cloudwatch.list_metrics()["Metrics"]] == ["PetShop"]
