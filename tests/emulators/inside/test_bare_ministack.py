"""What MiniStack itself still lacks. When one of these fails, MiniStack has learned it: delete the module it names."""

import asyncio
import http.client
import inspect
import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from urllib.parse import urlsplit

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError
from ministack.core import iam_evaluator
from ministack.services import eventbridge

from lab_harness.authors.http import Http
from lab_harness.aws import Clients
from lab_harness.emulators.credentials import DUMMY
from lab_harness.emulators.exchange import call_json
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorError
from tests.emulators.inside.test_websockets import handshake, websocket_api
from tests.waiting import PATIENCE, wait_until

ROLE = "arn:aws:iam::000000000000:role/any"


class Bare:
    """A MiniStack without our additions."""

    name = "bare"

    learner = checks = DUMMY

    def __init__(self, port):
        self.endpoint = f"http://127.0.0.1:{port}"

    def ready(self):
        try:
            return call_json(f"{self.endpoint}/_ministack/health")
        except EmulatorError:
            return None


@contextmanager
def running(folder):
    """MiniStack alone, its state in a folder; killed at the end."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(folder),
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": "000000000000",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        "LAMBDA_EXECUTOR": "local",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "--bind", f"127.0.0.1:{port}"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        bare = Bare(port)
        wait_until(bare.ready)
        yield bare
    finally:
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:  # its functions outlive it
            each.kill()
        process.wait()


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    with running(tmp_path_factory.mktemp("bare")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def aws(bare):
    return Clients(bare)


def get(endpoint, headers):
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=PATIENCE)
    try:
        connection.request("GET", "/", headers=headers)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


def invoke(aws, name, source, **settings):
    """Create a function and invoke it once."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("lambda_function.py", source)
    lambda_ = aws["lambda"]
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=ROLE,
        Handler="lambda_function.handler",
        Code={"ZipFile": buffer.getvalue()},
        **settings,
    )
    return json.load(lambda_.invoke(FunctionName=name)["Payload"])


def test_exception_loses_its_class_name(aws):
    answer = invoke(aws, "failing", "def handler(event, context): raise ValueError('no')")
    message = "MiniStack keeps an exception's class name: runtime.py and function_worker.py may be deleted"
    assert answer["errorType"] == "Runtime.HandlerError", message


def test_logger_info_is_lost(aws):
    source = (
        "import logging\nlog = logging.getLogger()\nlog.setLevel('INFO')\ndef handler(event, context): log.info('seen')"
    )
    invoke(aws, "logging", source)
    events = aws["logs"].filter_log_events(logGroupName="/aws/lambda/logging")["events"]
    assert any("START" in event["message"] for event in events)
    message = "MiniStack gives the root logger a handler: start_logging of function_worker.py may be deleted"
    assert not any("seen" in event["message"] for event in events), message


def test_durable_function_runs_as_a_plain_one(aws):
    config = {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}
    source = "def handler(event, context): return 'DurableExecutionArn' in event"
    found = invoke(aws, "durable", source, DurableConfig=config)
    kept = aws["lambda"].list_durable_executions_by_function(FunctionName="durable")["DurableExecutions"]
    assert (found, kept) == (False, []), "MiniStack runs durable functions: notebook 1 may let learners try one"


def test_anybody_writes_awss_own_metrics(aws):
    aws["cloudwatch"].put_metric_data(Namespace="AWS/Lambda", MetricData=[{"MetricName": "Forged", "Value": 1.0}])
    names = [each["MetricName"] for each in aws["cloudwatch"].list_metrics(Namespace="AWS/Lambda")["Metrics"]]
    assert "Forged" in names, "MiniStack refuses data for AWS's own namespaces: metrics.py may be deleted"


def test_functions_calls_cannot_be_told_from_the_learners(aws):
    source = "import os\ndef handler(event, context): return os.environ.get('AWS_SESSION_TOKEN', '')"
    message = "MiniStack gives each function credentials of its own: call_log.py can read the caller from them"
    assert invoke(aws, "credentials", source) == "", message


def test_history_has_no_states_of_a_branch_and_no_previous_event(aws):
    branch = {"StartAt": "Inside", "States": {"Inside": {"Type": "Pass", "End": True}}}
    parallel = {"Type": "Parallel", "Branches": [branch], "End": True}
    definition = json.dumps({"StartAt": "Both", "States": {"Both": parallel}})
    sfn = aws["stepfunctions"]
    machine = sfn.create_state_machine(name="history", roleArn=ROLE, definition=definition)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")
    events = sfn.get_execution_history(executionArn=execution)["events"]
    names = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    assert names == ["Both"], "MiniStack records the states of branches: history.py may be deleted"
    assert not any(event.get("previousEventId") for event in events), "MiniStack links events: history.py may shrink"


def test_website_address_answers_with_a_listing(aws, bare):
    s3 = aws["s3"]
    s3.create_bucket(Bucket="site")
    s3.put_object(Bucket="site", Key="index.html", Body=b"welcome", ContentType="text/html")
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    _, text = get(bare.endpoint, {"Host": f"site.s3-website.localhost:{urlsplit(bare.endpoint).port}"})
    message = "MiniStack serves a website's index document: websites.py may be deleted"
    assert "welcome" not in text, message


def test_definition_that_is_no_json_is_accepted(aws):
    try:
        aws["stepfunctions"].create_state_machine(name="nonsense", definition="no JSON", roleArn=ROLE)
    except ClientError as error:
        pytest.fail(f"MiniStack refuses an invalid definition: definitions.py may be deleted ({error})")


def test_stage_serves_the_api_as_it_stands(aws, bare):
    gateway = aws["apigateway"]
    made = gateway.create_rest_api(name="rest")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.create_deployment(restApiId=made["id"], stageName="test")
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    assert Http(bare.endpoint).api(made["id"], "test", "GET", "/").status == 200


def test_policy_that_does_not_exist_is_attached(aws):
    aws["iam"].create_role(RoleName="worker", AssumeRolePolicyDocument="{}")
    aws["iam"].attach_role_policy(RoleName="worker", PolicyArn="arn:aws:iam::000000000000:policy/none")


def test_permissions_count_for_nothing_and_where_they_do_services_stay_free_and_variables_unread(aws, bare):
    aws["iam"].create_user(UserName="nobody")
    key = aws["iam"].create_access_key(UserName="nobody")["AccessKey"]
    nobody = boto3.client(
        "sqs", endpoint_url=bare.endpoint, region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip
    assert nobody.create_queue(QueueName="of-nobody")["QueueUrl"], "MiniStack asks for permissions: see authorization/"
    home = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::homes/${aws:username}"}
    asked = iam_evaluator.EvalContext(
        "arn:aws:iam::000000000000:user/ana", "User", "000000000000", "s3:GetObject", "arn:aws:s3:::homes/ana",
        "us-east-1", principal_keys={"aws:username": "ana"},
    )  # fmt: skip
    read = iam_evaluator.parse_policy_document({"Version": "2012-10-17", "Statement": home})
    message = "MiniStack reads policy variables: authorization/decisions.py may be deleted"
    assert iam_evaluator.evaluate(asked, [read]).decision == "ImplicitDeny", message
    delivery = inspect.getsource(eventbridge._invoke_target)
    assert "AUTH" not in delivery, "MiniStack asks whether a rule may call its target: authorization/deliveries.py"


QUEUE = "arn:aws:sqs:us-east-1:000000000000:taken"
TAKEN = {
    "function_limits": lambda aws: aws["lambda"].update_function_configuration(FunctionName="taking", Timeout=5000),
    "concurrency": lambda aws: aws["lambda"].put_function_concurrency(
        FunctionName="taking", ReservedConcurrentExecutions=2000
    ),
    "payloads": lambda aws: aws["lambda"].invoke(
        FunctionName="taking", InvocationType="Event", Payload=json.dumps("x" * 1_100_000)
    ),
    "event_sources": lambda aws: aws["lambda"].create_event_source_mapping(
        FunctionName="taking", EventSourceArn=QUEUE, FilterCriteria={"Filters": [{"Pattern": "no JSON"}]}
    ),
    "queue_limits": lambda aws: aws["sqs"].send_message(
        QueueUrl=aws["sqs"].get_queue_url(QueueName="taken")["QueueUrl"], MessageBody="x", DelaySeconds=901
    ),
    "schedules": lambda aws: aws["events"].put_rule(Name="taken", ScheduleExpression="cron(61 12 * * ? *)"),
    "filter_policies": lambda aws: aws["sns"].subscribe(
        TopicArn=aws["sns"].create_topic(Name="taken")["TopicArn"], Protocol="sqs", Endpoint=QUEUE,
        Attributes={"FilterPolicy": "no JSON"},
    ),
    "bucket_notifications": lambda aws: aws["s3"].put_bucket_notification_configuration(
        Bucket="taken",
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}] * 2},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def taking(aws):
    """An account with a function, a queue and a bucket."""
    invoke(aws, "taking", "def handler(event, context): pass")
    aws["sqs"].create_queue(QueueName="taken")
    aws["s3"].create_bucket(Bucket="taken")
    return aws


@pytest.mark.parametrize("module", TAKEN)
def test_what_aws_refuses_is_taken(taking, module):
    try:
        TAKEN[module](taking)
    except ClientError as error:
        pytest.fail(f"MiniStack refuses it: {module}.py may be deleted ({error})")


def test_event_is_run_under_another_id_than_the_answers(aws):
    invoke(aws, "asynchronous", "def handler(event, context): print('ran for', event)")
    answer = aws["lambda"].invoke(FunctionName="asynchronous", InvocationType="Event", Payload=b'"an event"')
    read = {"logGroupName": "/aws/lambda/asynchronous", "filterPattern": "an event"}
    (line,) = wait_until(lambda: aws["logs"].filter_log_events(**read)["events"])
    stream = aws["logs"].get_log_events(
        logGroupName="/aws/lambda/asynchronous", logStreamName=line["logStreamName"], startFromHead=True
    )
    message = "MiniStack runs an event under the id of its answer: asynchronous.py may shrink"
    assert answer["ResponseMetadata"]["RequestId"] not in stream["events"][0]["message"], message


def test_function_imports_what_is_installed_for_ministack(aws):
    message = "MiniStack's functions see their own modules only: function_modules.py may be deleted"
    assert invoke(aws, "importing", "import click\ndef handler(event, context): return click.__name__") == "click", (
        message
    )


def test_function_of_a_websocket_api_leaves_no_log(aws, bare):
    invoke(aws, "connected", "def handler(event, context): return {'statusCode': 200}")
    aws["logs"].delete_log_group(logGroupName="/aws/lambda/connected")
    arn = aws["lambda"].get_function_configuration(FunctionName="connected")["FunctionArn"]
    api = websocket_api(aws["apigatewayv2"], arn)
    assert asyncio.run(handshake(urlsplit(bare.endpoint).port, api, "key=right")) == 101
    groups = aws["logs"].describe_log_groups(logGroupNamePrefix="/aws/lambda/connected")["logGroups"]
    assert groups == [], "MiniStack runs such functions as all others: websockets.py may be deleted"


def test_terminated_instance_emits_no_event(aws):
    ec2, events, sqs = aws["ec2"], aws["events"], aws["sqs"]
    url = sqs.create_queue(QueueName="instance-events")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:instance-events"
    events.put_rule(Name="instances", EventPattern='{"source": ["aws.ec2", "test"]}')
    events.put_targets(Rule="instances", Targets=[{"Id": "queue", "Arn": arn}])
    started = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"]
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"] for instance in started])
    # An event of our own comes behind any that MiniStack would have sent.
    events.put_events(Entries=[{"Source": "test", "DetailType": "end", "Detail": "{}"}])
    received = wait_until(lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"))
    message = "MiniStack emits EC2 state-change events: InstanceWatch of ec2_events.py may be deleted"
    assert [json.loads(mail["Body"])["source"] for mail in received] == ["test"], message


def test_mail_to_an_email_subscriber_is_kept_nowhere(aws, bare):
    sns = aws["sns"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ann@example.com")
    sns.publish(TopicArn=topic, Subject="Hello", Message="a mail to Ann")
    kept = json.dumps(call_json(f"{bare.endpoint}/_ministack/ses/messages"))
    message = "MiniStack keeps the mails of email subscriptions: inbox.py may be deleted"
    assert "a mail to Ann" not in kept, message


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_foreign_web_page_is_answered(bare, headers):
    response, _ = get(bare.endpoint, headers)
    assert response.status == 200, "MiniStack refuses foreign web pages: guard.py may be deleted"


def test_any_web_page_may_read_the_answers(bare):
    response, _ = get(bare.endpoint, {"Origin": "https://evil.example"})
    message = "MiniStack no longer opens itself to every web page: look whether guard.py may be deleted"
    assert response.headers["Access-Control-Allow-Origin"] == "*", message


def test_killed_emulator_forgets_what_was_created(tmp_path):
    with running(tmp_path) as emulator:
        Clients(emulator)["sqs"].create_queue(QueueName="lost")
    with running(tmp_path) as emulator:
        found = Clients(emulator)["sqs"].list_queues().get("QueueUrls", [])
    assert found == [], "MiniStack saves its state before it is stopped: saving.py may be deleted"
