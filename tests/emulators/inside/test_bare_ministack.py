"""What MiniStack itself still lacks. When one of these fails, MiniStack has learned it: delete the module it names."""

import asyncio
import http.client
import inspect
import io
import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError
from ministack.core import cloudfront_js, iam_actions, iam_evaluator
from ministack.services import cloudfront as cloudfront_service
from ministack.services import cloudwatch, cognito, eventbridge, s3, scheduler
from ministack.services import dynamodb as dynamodb_service
from ministack.services import kinesis as kinesis_service
from ministack.services.cloudformation import handlers as cfn_handlers

from lab_harness.authors.http import Http
from lab_harness.aws import Clients
from lab_harness.emulators.credentials import DUMMY
from lab_harness.emulators.exchange import call_json
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorError
from tests.emulators.inside.access.test_fetches import REFUSED, guarded_by, keys
from tests.emulators.inside.apis.test_websockets import handshake, websocket_api
from tests.emulators.inside.edge.distributions.distributions import (
    behavior,
    bucket_origin,
    config,
    control,
    custom_origin,
)
from tests.log_lines import log_lines
from tests.roles import everybody, policy
from tests.waiting import PATIENCE, wait_until

ROLE = "arn:aws:iam::000000000000:role/any"


class Bare:
    """A MiniStack without our additions."""

    name = "bare"
    learner = checks = DUMMY
    marks: ClassVar[dict[str, str]] = {}

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


def get(endpoint, headers=None, path="/"):
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers or {})
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
    message = "MiniStack keeps an exception's class name: functions/runtime.py and functions/worker.py may be deleted"
    assert answer["errorType"] == "Runtime.HandlerError", message


def test_logger_info_is_lost(aws):
    source = (
        "import logging\nlog = logging.getLogger()\nlog.setLevel('INFO')\ndef handler(event, context): log.info('seen')"
    )
    invoke(aws, "logging", source)
    events = aws["logs"].filter_log_events(logGroupName="/aws/lambda/logging")["events"]
    assert any("START" in event["message"] for event in events)
    message = "MiniStack gives the root logger a handler: start_logging of functions/worker.py may be deleted"
    assert not any("seen" in event["message"] for event in events), message


def test_durable_function_runs_as_a_plain_one(aws):
    config = {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}
    source = "def handler(event, context): return 'DurableExecutionArn' in event"
    found = invoke(aws, "durable", source, DurableConfig=config)
    kept = aws["lambda"].list_durable_executions_by_function(FunctionName="durable")["DurableExecutions"]
    assert (found, kept) == (False, []), "MiniStack runs durable functions: functions/durable.py may shrink"


def test_anybody_writes_awss_own_metrics(aws):
    aws["cloudwatch"].put_metric_data(Namespace="AWS/Lambda", MetricData=[{"MetricName": "Forged", "Value": 1.0}])
    names = [each["MetricName"] for each in aws["cloudwatch"].list_metrics(Namespace="AWS/Lambda")["Metrics"]]
    assert "Forged" in names, "MiniStack refuses data for AWS's own namespaces: monitoring/metrics.py may be deleted"


def test_functions_calls_cannot_be_told_from_the_learners(aws):
    source = "import os\ndef handler(event, context): return os.environ.get('AWS_SESSION_TOKEN', '')"
    message = "MiniStack gives each function credentials of its own: records/call_log.py can read the caller from them"
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
    assert names == ["Both"], "MiniStack records the states of branches: machines/history.py may be deleted"
    assert not any(event.get("previousEventId") for event in events), "machines/history.py may shrink"


def test_website_address_answers_with_a_listing(aws, bare):
    s3 = aws["s3"]
    s3.create_bucket(Bucket="site")
    s3.put_object(Bucket="site", Key="index.html", Body=b"welcome", ContentType="text/html")
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    _, text = get(bare.endpoint, {"Host": f"site.s3-website.localhost:{urlsplit(bare.endpoint).port}"})
    message = "MiniStack serves a website's index document: buckets/websites.py may be deleted"
    assert "welcome" not in text, message


def test_definition_that_is_no_json_is_accepted(aws):
    try:
        aws["stepfunctions"].create_state_machine(name="nonsense", definition="no JSON", roleArn=ROLE)
    except ClientError as error:
        pytest.fail(f"MiniStack refuses an invalid definition: machines/definitions.py may be deleted ({error})")


def test_choice_rule_about_a_field_that_is_not_there_is_only_not_met(aws):
    rule = {"Variable": "$.size", "NumericEquals": 1, "Next": "End"}
    states = {"Which": {"Type": "Choice", "Choices": [rule], "Default": "End"}, "End": {"Type": "Succeed"}}
    sfn, definition = aws["stepfunctions"], json.dumps({"StartAt": "Which", "States": states})
    machine = sfn.create_state_machine(name="choice", roleArn=ROLE, definition=definition)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING")
    message = "MiniStack fails an execution for a missing field: machines/choices.py may be deleted"
    assert sfn.describe_execution(executionArn=execution)["status"] == "SUCCEEDED", message


def test_stage_serves_the_api_as_it_stands(aws, bare):
    gateway = aws["apigateway"]
    made = gateway.create_rest_api(name="rest")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.create_deployment(restApiId=made["id"], stageName="test")
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    assert Http(bare.endpoint).api(made["id"], "test", "GET", "/").status == 200


def test_an_api_of_which_nothing_is_said_is_regional(aws):
    made = aws["apigateway"].create_rest_api(name="rest")
    assert made["endpointConfiguration"]["types"] == ["REGIONAL"], (
        "be_edge_optimised in apis/rest_apis.py may be deleted"
    )


def test_patch_and_gateway_response_keep_what_they_should_read(aws, bare):
    gateway = aws["apigateway"]
    made = gateway.create_rest_api(name="refusing")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    change = {"op": "add", "path": "/requestModels/application~1json", "value": "Empty"}
    kept = gateway.update_method(**method, patchOperations=[change])["requestModels"]
    assert kept == {"application~1json": "Empty"}, "MiniStack reads ~1: _change_at in apis/rest_apis.py may be deleted"
    name = "$context.error.validationErrorString"
    templates = {"application/json": name}
    about = {"restApiId": made["id"], "responseType": "MISSING_AUTHENTICATION_TOKEN"}
    gateway.put_gateway_response(**about, responseTemplates=templates)
    gateway.create_deployment(restApiId=made["id"], stageName="test")
    found = Http(bare.endpoint).api(made["id"], "test", "POST", "/").text
    assert found == name, "MiniStack fills the name: apis/validation_errors.py may be deleted"


def test_event_of_an_http_api_has_no_cookies(aws, bare):
    invoke(aws, "baked", "def handler(event, context): return sorted(event)")
    arn = aws["lambda"].get_function_configuration(FunctionName="baked")["FunctionArn"]
    gateway = aws["apigatewayv2"]
    api = gateway.create_api(Name="http", ProtocolType="HTTP", Target=arn)["ApiId"]
    about = {"IntegrationType": "AWS_PROXY", "IntegrationUri": arn, "PayloadFormatVersion": "1.0"}
    target = f"integrations/{gateway.create_integration(ApiId=api, **about)['IntegrationId']}"
    gateway.create_route(ApiId=api, RouteKey="GET /", Target=target)
    gateway.create_stage(ApiId=api, StageName="live", AutoDeploy=True)
    found = Http(bare.endpoint).api(api, "live", "GET", "/", headers={"Cookie": "paw=7"}).json()
    message = "MiniStack knows cookies, and the format 1.0: see what of apis/proxy_events.py may be deleted"
    assert "cookies" not in found and "rawPath" in found, message


def test_metric_filter_measures_nothing(aws):
    group = {"logGroupName": "measured"}
    aws["logs"].create_log_group(**group)
    aws["logs"].create_log_stream(**group, logStreamName="s")
    metric = {"metricName": "errors", "metricNamespace": "Measured", "metricValue": "1"}
    aws["logs"].put_metric_filter(**group, filterName="f", filterPattern="", metricTransformations=[metric])
    events = [{"timestamp": int(time.time() * 1000), "message": "ERROR"}]
    aws["logs"].put_log_events(**group, logStreamName="s", logEvents=events)
    found = aws["cloudwatch"].list_metrics(Namespace="Measured")["Metrics"]
    assert found == [], "MiniStack measures: monitoring/metric_filters.py may be deleted"


def test_canary_is_forgotten(aws):
    gateway = aws["apigateway"]
    api = gateway.create_rest_api(name="canary")["id"]
    gateway.create_deployment(restApiId=api, stageName="test")
    gateway.create_deployment(restApiId=api, stageName="test", canarySettings={"percentTraffic": 10})
    message = "MiniStack knows canaries: apis/canaries.py may be deleted"
    assert "canarySettings" not in gateway.get_stage(restApiId=api, stageName="test"), message


def test_mock_writes_its_template_as_it_stands(aws, bare):
    gateway = aws["apigateway"]
    made = gateway.create_rest_api(name="templates")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    template = "#foreach($i in [1, 2])$i#end"
    gateway.put_integration_response(**method, statusCode="200", responseTemplates={"application/json": template})
    gateway.create_deployment(restApiId=made["id"], stageName="test")
    message = "MiniStack renders templates: see what of integrations/ may be deleted"
    assert Http(bare.endpoint).api(made["id"], "test", "GET", "/").text == template, message


def test_integration_with_a_service_does_nothing(aws, bare):
    gateway = aws["apigateway"]
    aws["kinesis"].create_stream(StreamName="visits", ShardCount=1)
    made = gateway.create_rest_api(name="services")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    uri = "arn:aws:apigateway:us-east-1:kinesis:action/ListStreams"
    templates = {"application/json": "{}"}
    gateway.put_integration(**method, type="AWS", integrationHttpMethod="POST", uri=uri, requestTemplates=templates)
    gateway.put_integration_response(**method, statusCode="200")
    gateway.create_deployment(restApiId=made["id"], stageName="test")
    message = "MiniStack asks services: integrations/services.py may be deleted"
    assert Http(bare.endpoint).api(made["id"], "test", "GET", "/").status == 504, message


def test_stage_has_no_cache_to_flush(aws):
    gateway = aws["apigateway"]
    api = gateway.create_rest_api(name="cached")["id"]
    gateway.create_deployment(restApiId=api, stageName="test")
    with pytest.raises(ClientError, match="Unknown API Gateway v1 path"):  # else apis/stage_caches.py may be deleted
        gateway.flush_stage_cache(restApiId=api, stageName="test")


def test_imported_definition_makes_an_empty_api(aws):
    definition = {"openapi": "3.0.1", "info": {"title": "imported"}, "paths": {"/pets": {"get": {"responses": {}}}}}
    api = aws["apigateway"].import_rest_api(body=json.dumps(definition))["id"]
    message = "MiniStack imports definitions: see what of openapi/ may be deleted"
    assert [each["path"] for each in aws["apigateway"].get_resources(restApiId=api)["items"]] == ["/"], message


def test_method_cannot_be_tried_and_stages_log_nothing(aws, bare):
    gateway = aws["apigateway"]
    made = gateway.create_rest_api(name="logged")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    with pytest.raises(ClientError):  # else apis/trial_invocations.py may be deleted
        gateway.test_invoke_method(**method)
    gateway.create_deployment(restApiId=made["id"], stageName="test")
    changes = [{"op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO"}]
    gateway.update_stage(restApiId=made["id"], stageName="test", patchOperations=changes)
    assert Http(bare.endpoint).api(made["id"], "test", "GET", "/").status == 200
    groups = aws["logs"].describe_log_groups(logGroupNamePrefix="API-Gateway")["logGroups"]
    assert groups == [], "MiniStack logs executions: apis/logs.py may be deleted"


def test_stack_makes_a_stage_without_its_cache(aws):
    api = {"Ref": "Api"}
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "stacked"}},
        "Deployed": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": api}},
        "Live": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": api, "StageName": "live", "DeploymentId": {"Ref": "Deployed"}, "CacheClusterEnabled": True,
            },
        },
    }  # fmt: skip
    aws["cloudformation"].create_stack(StackName="stacked", TemplateBody=json.dumps({"Resources": resources}))
    wait = {"Delay": 0.1, "MaxAttempts": 300}
    aws["cloudformation"].get_waiter("stack_create_complete").wait(StackName="stacked", WaiterConfig=wait)
    (made,) = [each["id"] for each in aws["apigateway"].get_rest_apis()["items"] if each["name"] == "stacked"]
    stage = aws["apigateway"].get_stage(restApiId=made, stageName="live")
    assert not stage["cacheClusterEnabled"], "MiniStack heeds it: apis/stacks.py may be deleted"


def test_stack_makes_a_table_and_a_mapping_without_all_of_their_settings_and_knows_no_auto_scaling(aws):
    aws["kinesis"].create_stream(StreamName="stacked", ShardCount=1)
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/stacked"
    table = {
        "TableName": "stacked", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
        "KinesisStreamSpecification": {"StreamArn": stream},
    }  # fmt: skip
    mapping = {"EventSourceArn": stream, "FunctionName": "stacked", "StartingPosition": "LATEST"}
    resources = {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": table},
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {**mapping, "TumblingWindowInSeconds": 60},
        },
    }
    formation, wait = aws["cloudformation"], {"Delay": 0.1, "MaxAttempts": 300}
    formation.create_stack(StackName="expiring", TemplateBody=json.dumps({"Resources": resources}))
    formation.get_waiter("stack_create_complete").wait(StackName="expiring", WaiterConfig=wait)
    found = aws["dynamodb"].describe_time_to_live(TableName="stacked")["TimeToLiveDescription"]
    assert found["TimeToLiveStatus"] == "DISABLED", "MiniStack heeds it: stacks/settings.py may shrink"
    told = aws["dynamodb"].describe_kinesis_streaming_destination(TableName="stacked")["KinesisDataStreamDestinations"]
    assert not told, "MiniStack heeds it: CHANGES in stacks/settings.py may be deleted"
    (made,) = aws["lambda"].list_event_source_mappings(EventSourceArn=stream)["EventSourceMappings"]
    assert not made.get("TumblingWindowInSeconds"), "MiniStack heeds it: _mapping in stacks/settings.py may be deleted"
    aws["lambda"].delete_event_source_mapping(UUID=made["UUID"])
    scaled = {"Scaled": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {}}}
    with pytest.raises(ClientError, match="Unrecognized resource types"):  # else auto_scaling/stacks.py may be deleted
        formation.create_stack(StackName="scaling", TemplateBody=json.dumps({"Resources": scaled}))


SENDS = """
import boto3
from botocore.config import Config

def handler(event, context):
    told = {"endpoint_url": "https://abc.execute-api.localhost/live", "region_name": "us-east-1"}
    once = Config(connect_timeout=2, retries={"max_attempts": 0})
    client = boto3.client("apigatewaymanagementapi", **told, config=once)
    try:
        client.post_to_connection(ConnectionId="none", Data=b"")
    except Exception as error:
        return type(error).__name__
"""


def test_function_does_not_reach_connections_by_the_name_in_its_event(aws):
    message = "MiniStack leads there: functions/connections.py may be deleted"
    assert invoke(aws, "sends", SENDS, Timeout=30) != "GoneException", message


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
    assert "dynamodb:LeadingKeys" not in iam_actions.dynamodb_service_context(b'{"Key": {"id": {"S": "1"}}}'), (
        "MiniStack knows which items are asked for: authorization/item_keys.py may shrink"
    )
    read = iam_actions.request_tag_context("lambda", "lambda:AddPermission", b'{"Principal": "*"}', {})
    assert read == {}, "MiniStack knows what a request says: authorization/request_keys.py may shrink"
    for service, name in ((cfn_handlers, "stacks"), (dynamodb_service, "lent")):
        assert "enforce(" not in inspect.getsource(service), f"MiniStack asks the caller: authorization/{name}.py"
    asking = Path(find_spec("ministack.app").origin).read_text(encoding="utf-8")
    assert "TagQueue" not in asking, "MiniStack asks who tags what they make: authorization/tagging.py may be deleted"
    two = {"x-amz-target": "AmazonSSM.GetParameters"}, b'{"Names": ["/a", "/b"]}', {}
    found = iam_actions.extract_resource_arn("ssm", "POST", "/", *two, "us-east-1", "000000000000")
    assert found == "*", "MiniStack finds several parameters: authorization/several.py may shrink"
    delivery = inspect.getsource(eventbridge._invoke_target)
    assert "AUTH" not in delivery, "MiniStack asks whether a rule may call its target: authorization/deliveries.py"


def test_cloudwatchs_newest_protocol_is_read_with_a_library_that_is_not_here():
    assert find_spec("cbor2") is None, "MiniStack can read CBOR: monitoring/rpc_cbor.py may be deleted"
    assert "import cbor2" in inspect.getsource(cloudwatch.handle_request)


QUEUE = "arn:aws:sqs:us-east-1:000000000000:taken"
TAKEN = {
    "function_limits": lambda aws: aws["lambda"].update_function_configuration(FunctionName="taking", Timeout=5000),
    "an archive of nothing, in function_limits": lambda aws: aws["lambda"].update_function_code(
        FunctionName="taking", ZipFile=b"PK\5\6" + bytes(18)
    ),
    "concurrency": lambda aws: aws["lambda"].put_function_concurrency(
        FunctionName="taking", ReservedConcurrentExecutions=2000
    ),
    "payloads": lambda aws: aws["lambda"].invoke(
        FunctionName="taking", InvocationType="Event", Payload=json.dumps("x" * 1_100_000)
    ),
    "event_sources/limits": lambda aws: aws["lambda"].create_event_source_mapping(
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
    "of one that differs, in filter_policies": lambda aws: [
        aws["sns"].subscribe(
            TopicArn=aws["sns"].create_topic(Name="again")["TopicArn"], Protocol="sqs", Endpoint=QUEUE,
            Attributes={"RawMessageDelivery": raw},
        )
        for raw in ("true", "false")
    ],
    "bucket_notifications": lambda aws: aws["s3"].put_bucket_notification_configuration(
        Bucket="taken",
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}] * 2},
    ),
    "policy_documents": lambda aws: aws["iam"].create_role(RoleName="taken", AssumeRolePolicyDocument="{}"),
    "rest_refusals": lambda aws: aws["apigateway"].create_deployment(
        restApiId=aws["apigateway"].create_rest_api(name="taken")["id"], stageName="test"
    ),
    "user_attributes": lambda aws: aws["cognito-idp"].admin_create_user(
        UserPoolId=aws["cognito-idp"].create_user_pool(PoolName="taken")["UserPool"]["Id"], Username="ana",
        UserAttributes=[{"Name": "custom:none", "Value": "1"}],
    ),
    "bad_requests": lambda aws: aws["kinesis"].get_shard_iterator(
        StreamName="taken", ShardId="shardId-000000000000", ShardIteratorType="AT_SEQUENCE_NUMBER"
    ),
    "universal_targets": lambda aws: aws["scheduler"].create_schedule(
        Name="taken", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl", "RoleArn": ROLE},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def taking(aws):
    """An account with a function, a queue and a bucket."""
    invoke(aws, "taking", "def handler(event, context): pass")
    aws["sqs"].create_queue(QueueName="taken")
    aws["s3"].create_bucket(Bucket="taken")
    aws["kinesis"].create_stream(StreamName="taken", ShardCount=1)
    return aws


@pytest.mark.parametrize("module", TAKEN)
def test_what_aws_refuses_is_taken(taking, module):
    try:
        TAKEN[module](taking)
    except ClientError as error:
        pytest.fail(f"MiniStack refuses it: {module}.py may be deleted ({error})")


def test_stack_makes_what_its_service_refuses(aws):
    template = {"Resources": {"Made": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}}}
    aws["cloudformation"].create_stack(
        StackName="made", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )

    def ended():
        found = aws["cloudformation"].describe_stacks(StackName="made")["Stacks"][0]["StackStatus"]
        return "" if found.endswith("IN_PROGRESS") else found

    assert wait_until(ended) == "CREATE_COMPLETE", "MiniStack's stacks ask the services: templates/ may be deleted"


def test_batch_is_tried_more_often_than_its_mapping_says(aws):
    invoke(aws, "poisoned", "def handler(event, context): raise ValueError(event)")
    aws["kinesis"].create_stream(StreamName="poisoned", ShardCount=1)
    arn = aws["kinesis"].describe_stream(StreamName="poisoned")["StreamDescription"]["StreamARN"]
    mapping = aws["lambda"].create_event_source_mapping(
        FunctionName="poisoned", EventSourceArn=arn, StartingPosition="TRIM_HORIZON", MaximumRetryAttempts=0
    )
    aws["kinesis"].put_record(StreamName="poisoned", Data=b"1", PartitionKey="1")
    read = {"logGroupName": "/aws/lambda/poisoned", "filterPattern": "Records"}

    def tries():
        return {event["logStreamName"] for event in aws["logs"].filter_log_events(**read)["events"]}

    assert wait_until(lambda: len(tries()) > 2), "MiniStack gives batches up: event_sources/ may shrink"
    aws["lambda"].delete_event_source_mapping(UUID=mapping["UUID"])


@pytest.fixture(scope="module")
def versioned(aws):
    """An account with a function that has two versions, and an alias with weights."""
    source = "import os\ndef handler(event, context): return os.environ.get('AWS_LAMBDA_INITIALIZATION_TYPE')"
    invoke(aws, "versioned", source, SnapStart={"ApplyOn": "PublishedVersions"})
    lambda_ = aws["lambda"]
    lambda_.publish_version(FunctionName="versioned")
    lambda_.update_function_configuration(FunctionName="versioned", Description="other")
    lambda_.publish_version(FunctionName="versioned")
    for version in "12":
        read = {"FunctionName": "versioned", "Qualifier": version}
        wait_until(lambda read=read: lambda_.get_function_configuration(**read)["State"] == "Active")
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    lambda_.create_alias(FunctionName="versioned", Name="live", FunctionVersion="1", RoutingConfig=weights)
    return lambda_


def test_version_of_a_policy_is_not_made_the_default(aws):
    statement = '{"Effect": "Allow", "Action": "*", "Resource": "*"}'
    document = f'{{"Version": "2012-10-17", "Statement": {statement}}}'
    arn = aws["iam"].create_policy(PolicyName="versions", PolicyDocument=document)["Policy"]["Arn"]
    message = "MiniStack knows SetDefaultPolicyVersion: permissions/policy_versions.py may be deleted"
    with pytest.raises(ClientError):
        aws["iam"].set_default_policy_version(PolicyArn=arn, VersionId="v1")
        pytest.fail(message)


def test_definition_makes_no_http_api(aws):
    with pytest.raises(ClientError):
        aws["apigatewayv2"].import_api(Body='{"openapi": "3.0.1", "info": {"title": "hotel"}, "paths": {}}')
        pytest.fail("MiniStack knows ImportApi: apis/openapi/http_apis.py and http_exports.py may be deleted")


def test_ciphertext_is_not_encrypted_anew(aws):
    key = aws["kms"].create_key()["KeyMetadata"]["KeyId"]
    blob = aws["kms"].encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(ClientError):
        aws["kms"].re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)
        pytest.fail("MiniStack knows ReEncrypt: permissions/encryption.py may shrink")


def test_groups_of_a_pool_are_not_changed(aws):
    pool = aws["cognito-idp"].create_user_pool(PoolName="groups")["UserPool"]["Id"]
    aws["cognito-idp"].create_group(UserPoolId=pool, GroupName="vets")
    with pytest.raises(ClientError):
        aws["cognito-idp"].update_group(UserPoolId=pool, GroupName="vets", Precedence=1)
        pytest.fail("MiniStack knows UpdateGroup: logins/groups.py may be deleted")


def test_changed_address_is_still_called_verified(aws):
    pool = aws["cognito-idp"].create_user_pool(PoolName="addresses", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    about, verified = {"UserPoolId": pool, "Username": "ana"}, {"Name": "email_verified", "Value": "true"}
    address = {"Name": "email", "Value": "ana@example.com"}
    aws["cognito-idp"].admin_create_user(**about, MessageAction="SUPPRESS", UserAttributes=[address, verified])
    changed = [address | {"Value": "new@example.com"}]
    aws["cognito-idp"].admin_update_user_attributes(**about, UserAttributes=changed)
    found = aws["cognito-idp"].admin_get_user(**about)["UserAttributes"]
    assert verified in found, (
        "MiniStack has addresses verified anew: see what of logins/new_addresses.py may be deleted"
    )


def test_route_is_there_twice_and_an_api_in_one_call_has_none(aws):
    gateway = aws["apigatewayv2"]
    arn = "arn:aws:lambda:us-east-1:000000000000:function:none"
    api = gateway.create_api(Name="quick", ProtocolType="HTTP", Target=arn)["ApiId"]
    assert gateway.get_routes(ApiId=api)["Items"] == [], "MiniStack makes it: apis/quick_create.py may be deleted"
    for _ in range(2):
        gateway.create_route(ApiId=api, RouteKey="GET /pets")
    assert len(gateway.get_routes(ApiId=api)["Items"]) == 2, "MiniStack refuses it: apis/route_refusals.py may go"


def test_usage_of_a_plan_is_not_told(aws):
    gateway = aws["apigateway"]
    plan = gateway.create_usage_plan(name="told", quota={"limit": 3, "period": "DAY"})["id"]
    key = gateway.create_api_key(name="told", enabled=True)["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    found = gateway.get_usage(usagePlanId=plan, startDate="2026-12-01", endDate="2026-12-01")
    assert "items" not in found, "MiniStack tells it: see what of apis/usage_plans.py may be deleted"


def test_users_attributes_cannot_be_deleted(aws):
    pool = aws["cognito-idp"].create_user_pool(PoolName="attributes")["UserPool"]["Id"]
    aws["cognito-idp"].admin_create_user(UserPoolId=pool, Username="ana")
    with pytest.raises(ClientError, match="InvalidAction"):
        aws["cognito-idp"].admin_delete_user_attributes(UserPoolId=pool, Username="ana", UserAttributeNames=["name"])
        pytest.fail("MiniStack deletes attributes: logins/deleted_attributes.py may be deleted")


def test_invocation_of_the_first_kind_is_not_known(aws):
    invoke(aws, "invoked-async", "def handler(event, context): pass")
    with pytest.raises(ClientError):
        aws["lambda"].invoke_async(FunctionName="invoked-async", InvokeArgs=b"{}")
        pytest.fail("MiniStack knows InvokeAsync: _invoke_as_once of functions/asynchronous.py may be deleted")


def test_function_is_pending_for_a_while_though_nothing_is_made_ready(aws):
    invoke(aws, "pending", "def handler(event, context): pass")
    aws["lambda"].update_function_configuration(FunctionName="pending", Timeout=5)
    config = aws["lambda"].get_function_configuration(FunctionName="pending")
    message = "MiniStack's functions are ready when asked: functions/states.py may be deleted"
    assert config["LastUpdateStatus"] == "InProgress", message


def test_alias_with_weights_calls_its_first_version_only(versioned):
    ran = {versioned.invoke(FunctionName="versioned", Qualifier="live")["ExecutedVersion"] for _ in range(30)}
    assert ran == {"1"}, "MiniStack sends calls to both versions: functions/aliases.py may be deleted"


def test_statement_id_is_taken_once_for_a_function_and_its_aliases(versioned):
    may = {"FunctionName": "versioned", "StatementId": "api", "Action": "lambda:InvokeFunction"}
    versioned.add_permission(**may, Qualifier="1", Principal="apigateway.amazonaws.com")
    with pytest.raises(ClientError):  # else functions/policies.py may be deleted
        versioned.add_permission(**may, Qualifier="2", Principal="apigateway.amazonaws.com")


def test_reservation_is_forgotten_where_a_version_is_called(versioned):
    versioned.put_function_concurrency(FunctionName="versioned", ReservedConcurrentExecutions=0)
    try:
        versioned.invoke(FunctionName="versioned", Qualifier="1")
    except ClientError as error:
        pytest.fail(f"MiniStack throttles versions, too: functions/concurrency.py may shrink ({error})")


def test_provisioned_concurrency_is_ready_at_once_for_what_is_not_published(versioned):
    provision = {"FunctionName": "versioned", "Qualifier": "$LATEST", "ProvisionedConcurrentExecutions": 2}
    made = versioned.put_provisioned_concurrency_config(**provision)
    assert made["Status"] == "READY", "MiniStack makes environments ready: functions/provisioned.py may be deleted"


def test_function_is_not_told_how_its_environment_was_made_ready(versioned):
    answer = versioned.invoke(FunctionName="versioned", Qualifier="2")
    message = "MiniStack tells how an environment was made ready: functions/initialization.py may be deleted"
    assert json.load(answer["Payload"]) is None, message


def test_url_of_a_function_leads_nowhere(versioned):
    url = versioned.create_function_url_config(FunctionName="versioned", AuthType="NONE")["FunctionUrl"]
    assert urlsplit(url).hostname.endswith(".on.aws"), (
        "MiniStack tells its own address: functions/urls.py may be deleted"
    )


def test_event_is_run_under_another_id_than_the_answers(aws):
    invoke(aws, "asynchronous", "def handler(event, context): print('ran for', event)")
    answer = aws["lambda"].invoke(FunctionName="asynchronous", InvocationType="Event", Payload=b'"an event"')
    read = {"logGroupName": "/aws/lambda/asynchronous", "filterPattern": "an event"}
    wait_until(lambda: log_lines(aws["logs"], "/aws/lambda/asynchronous", filterPattern="an event"))
    (line,) = aws["logs"].filter_log_events(**read)["events"]
    stream = aws["logs"].get_log_events(
        logGroupName="/aws/lambda/asynchronous", logStreamName=line["logStreamName"], startFromHead=True
    )
    message = "MiniStack runs an event under the id of its answer: functions/asynchronous.py may shrink"
    assert answer["ResponseMetadata"]["RequestId"] not in stream["events"][0]["message"], message


def test_settings_of_latest_are_kept_apart_from_those_without_a_qualifier(aws):
    invoke(aws, "settings", "def handler(event, context): return 1")
    aws["lambda"].put_function_event_invoke_config(FunctionName="settings", Qualifier="$LATEST", MaximumRetryAttempts=1)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):  # else functions/asynchronous.py may shrink
        aws["lambda"].get_function_event_invoke_config(FunctionName="settings")


def test_function_imports_what_is_installed_for_ministack(aws):
    message = "MiniStack's functions see their own modules only: functions/modules.py may be deleted"
    assert invoke(aws, "importing", "import click\ndef handler(event, context): return click.__name__") == "click", (
        message
    )


def test_each_function_starts_python_anew(aws):
    program = invoke(aws, "anew", "import sys\ndef handler(event, context): return sys.orig_argv[-1]")
    message = "MiniStack forks its functions from a warm process: functions/forking.py and zygote.py may be deleted"
    assert program.endswith("_worker.py"), message


def test_function_of_a_websocket_api_leaves_no_log(aws, bare):
    invoke(aws, "connected", "def handler(event, context): return {'statusCode': 200}")
    aws["logs"].delete_log_group(logGroupName="/aws/lambda/connected")
    arn = aws["lambda"].get_function_configuration(FunctionName="connected")["FunctionArn"]
    api = websocket_api(aws["apigatewayv2"], arn)
    assert asyncio.run(handshake(urlsplit(bare.endpoint).port, api, "key=right")) == 101
    groups = aws["logs"].describe_log_groups(logGroupNamePrefix="/aws/lambda/connected")["logGroups"]
    assert groups == [], "MiniStack runs such functions as all others: apis/websockets.py may be deleted"


def test_handshake_is_refused_by_one_status_for_all(aws, bare):
    invoke(aws, "strict", "def handler(event, context): return {'statusCode': 401}")
    arn = aws["lambda"].get_function_configuration(FunctionName="strict")["FunctionArn"]
    api = websocket_api(aws["apigatewayv2"], arn)
    found = asyncio.run(handshake(urlsplit(bare.endpoint).port, api, "key=wrong"))
    assert found == 403, "MiniStack tells the function's status: see what of apis/socket_answers.py may be deleted"


def test_messages_cannot_be_moved_back_from_a_dead_letter_queue(aws):
    with pytest.raises(ClientError, match="InvalidAction"):
        aws["sqs"].list_message_move_tasks(SourceArn="arn:aws:sqs:us-east-1:000000000000:dead")
        pytest.fail("MiniStack moves messages: queues/move_tasks.py may be deleted")


def test_sources_of_a_dead_letter_queue_are_not_told(aws):
    url = aws["sqs"].create_queue(QueueName="told")["QueueUrl"]
    with pytest.raises(ClientError, match="InvalidAction"):
        aws["sqs"].list_dead_letter_source_queues(QueueUrl=url)
        pytest.fail("MiniStack tells them: queues/dead_letter_sources.py may be deleted")


def test_subscription_has_no_dead_letter_queue(aws):
    sns, sqs = aws["sns"], aws["sqs"]
    url, arn = sqs.create_queue(QueueName="undelivered")["QueueUrl"], "arn:aws:sqs:us-east-1:000000000000:undelivered"
    topic = sns.create_topic(Name="undelivered")["TopicArn"]
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{arn}-gone", Attributes=redrive)
    sns.publish(TopicArn=topic, Message="for nobody")
    sqs.send_message(QueueUrl=url, MessageBody="the end")  # behind any that MiniStack would have sent
    (found,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert found["Body"] == "the end", "MiniStack keeps what SNS cannot deliver: queues/dead_letters.py may shrink"


def test_queues_are_not_measured(aws):
    aws["sqs"].create_queue(QueueName="measured")
    asked = {"Namespace": "AWS/SQS", "Dimensions": [{"Name": "QueueName", "Value": "measured"}]}
    found = aws["cloudwatch"].list_metrics(**asked)["Metrics"]
    assert found == [], "MiniStack measures queues: queues/metrics.py may shrink"


@pytest.fixture
def clicks(aws):
    """Kinesis with a stream of one shard, which holds a record."""
    kinesis = aws["kinesis"]
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.put_record(StreamName="clicks", Data=b"x", PartitionKey="k")
    yield kinesis
    kinesis.delete_stream(StreamName="clicks")


def test_shard_that_is_split_is_gone_with_its_records(clicks):
    clicks.split_shard(StreamName="clicks", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    found = [each["ShardId"][-1] for each in clicks.list_shards(StreamName="clicks")["Shards"]]
    assert found == ["1", "2"], "MiniStack keeps closed shards: resharding/ may shrink"


def test_old_records_are_looked_for_by_putting_a_new_list_in_the_old_ones_place():
    found = 'shard["records"] = [r for r in shard["records"]' in inspect.getsource(kinesis_service)
    assert found, "MiniStack keeps a shard's list: resharding/reading.py may shrink"


def test_stream_on_demand_has_one_shard(aws):
    aws["kinesis"].create_stream(StreamName="free", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    shards = aws["kinesis"].list_shards(StreamName="free")["Shards"]
    assert len(shards) == 1, "MiniStack gives a stream on demand its shards: resharding/modes.py may be deleted in part"


def test_shard_takes_and_gives_as_much_as_it_is_asked(clicks):
    records = [{"Data": b"x" * 900_000, "PartitionKey": "k"}] * 5
    refused = sum(
        clicks.put_records(StreamName="clicks", Records=records)["FailedRecordCount"] for _ in range(3)
    )  # fmt: skip
    assert refused == 0, "MiniStack limits what a shard takes: streams/shard_limits.py may be deleted"


def test_firehose_writes_each_record_at_once_and_compresses_none(aws):
    s3, firehose = aws["s3"], aws["firehose"]
    s3.create_bucket(Bucket="archived")
    destination = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::archived", "CompressionFormat": "GZIP"}
    firehose.create_delivery_stream(DeliveryStreamName="archive", ExtendedS3DestinationConfiguration=destination)
    firehose.put_record_batch(DeliveryStreamName="archive", Records=[{"Data": b"a"}, {"Data": b"b"}])
    found = wait_until(lambda: len(each := s3.list_objects_v2(Bucket="archived").get("Contents", [])) == 2 and each)
    bodies = [s3.get_object(Bucket="archived", Key=each["Key"])["Body"].read() for each in found]
    assert sorted(bodies) == [b"a", b"b"], "MiniStack collects, or compresses: delivery_streams/ may shrink"


def test_lines_of_logs_go_to_a_function_that_lets_nobody_call_it(aws):
    aws["logs"].create_log_group(logGroupName="/told")
    message = "MiniStack asks a function's policy, or takes any target: monitoring/log_subscriptions.py may shrink"
    for name in ("one", "two", "three"):
        about = {"logGroupName": "/told", "filterName": name, "filterPattern": ""}
        aws["logs"].put_subscription_filter(
            **about, destinationArn=ROLE.replace("iam::", "lambda:us-east-1:").replace("role/any", "function:told")
        )
    assert len(aws["logs"].describe_subscription_filters(logGroupName="/told")["subscriptionFilters"]) == 3, message


def test_function_is_not_found_by_a_part_of_its_arn(aws):
    invoke(aws, "partial", "def handler(event, context): return 1")
    with pytest.raises(ClientError, match="ResourceNotFound"):  # else functions/partial_arns.py may be deleted
        aws["lambda"].get_function(FunctionName="000000000000:function:partial")


def test_alarm_calls_no_function(aws):
    invoke(aws, "rung", "def handler(event, context): print('called', event.get('source'))")
    function = aws["lambda"].get_function_configuration(FunctionName="rung")["FunctionArn"]
    aws["cloudwatch"].put_metric_alarm(
        AlarmName="full", Namespace="Shop", MetricName="Waiting", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[function],
    )  # fmt: skip
    aws["cloudwatch"].set_alarm_state(AlarmName="full", StateValue="ALARM", StateReason="tried")
    aws["lambda"].invoke(FunctionName="rung")  # which comes after
    lines = [each["message"] for each in aws["logs"].filter_log_events(logGroupName="/aws/lambda/rung")["events"]]
    called = [line.strip() for line in lines if line.startswith("called")]
    assert called == ["called None"] * 2, "monitoring/alarm_functions.py may be deleted"


@pytest.fixture
def pets(aws):
    """A provisioned table with one item of 9 KB."""
    dynamodb = aws["dynamodb"]
    dynamodb.create_table(
        TableName="Pets",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    dynamodb.put_item(TableName="Pets", Item={"id": {"S": "cat"}, "text": {"S": "x" * 9000}})
    yield dynamodb
    dynamodb.delete_table(TableName="Pets")


def test_read_costs_the_same_whatever_is_read_and_a_table_has_no_end(pets):
    found = pets.get_item(TableName="Pets", Key={"id": {"S": "cat"}}, ReturnConsumedCapacity="TOTAL")
    assert found["ConsumedCapacity"]["CapacityUnits"] == 0.5, "capacity/ may go"
    for _ in range(40):
        pets.put_item(TableName="Pets", Item={"id": {"S": "cat"}, "text": {"S": "x" * 9000}})


def test_tables_are_not_measured_nor_scaled_and_are_lowered_as_often_as_one_likes(aws, pets):
    asked = {"Namespace": "AWS/DynamoDB", "Dimensions": [{"Name": "TableName", "Value": "Pets"}]}
    assert aws["cloudwatch"].list_metrics(**asked)["Metrics"] == [], "tables/metrics.py may go"
    for units in (9, 8, 7, 6, 5, 4):
        throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": units}
        told = pets.update_table(TableName="Pets", ProvisionedThroughput=throughput)["TableDescription"]
    assert not told["ProvisionedThroughput"].get("NumberOfDecreasesToday"), "capacity/decreases.py may go"
    for verb in ("Create", "Delete"):  # were it refused, the refusal of auto_scaling/replicas.py might go
        pets.update_table(TableName="Pets", ReplicaUpdates=[{verb: {"RegionName": "eu-west-1"}}])
    with pytest.raises(ClientError):
        aws["application-autoscaling"].describe_scalable_targets(ServiceNamespace="dynamodb")


def test_two_indexes_are_created_at_once(pets):
    parts = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
    both = [{"Create": {"IndexName": name, **parts}} for name in ("one", "two")]
    types = [{"AttributeName": "id", "AttributeType": "S"}]
    told = pets.update_table(TableName="Pets", AttributeDefinitions=types, GlobalSecondaryIndexUpdates=both)
    assert len(told["TableDescription"]["GlobalSecondaryIndexes"]) == 2, "tables/index_updates may go"


def test_every_read_sees_every_write(pets):
    arn = pets.describe_table(TableName="Pets")["Table"]["TableArn"]
    pets.tag_resource(ResourceArn=arn, Tags=[{"Key": "lab:replica-lag", "Value": "60"}])
    pets.put_item(TableName="Pets", Item={"id": {"S": "dog"}})
    assert "Item" in pets.get_item(TableName="Pets", Key={"id": {"S": "dog"}}), "see tables/replica_lag.py"


def test_table_without_recovery_is_restored_as_it_is_now(pets):
    about = {"SourceTableName": "Pets", "TargetTableName": "Restored"}
    pets.restore_table_to_point_in_time(**about, RestoreDateTime=1)
    pets.delete_table(TableName="Restored")


def test_export_writes_nothing(aws, pets):
    aws["s3"].create_bucket(Bucket="exports")
    arn = pets.describe_table(TableName="Pets")["Table"]["TableArn"]
    export = pets.export_table_to_point_in_time(TableArn=arn, S3Bucket="exports")["ExportDescription"]["ExportArn"]
    wait_until(lambda: pets.describe_export(ExportArn=export)["ExportDescription"]["ExportStatus"] == "COMPLETED")
    assert aws["s3"].list_objects_v2(Bucket="exports")["KeyCount"] == 0, "table_exports may go"


def test_items_expire_without_a_record():
    _, _, source = inspect.getsource(dynamodb_service).partition("def _ttl_reaper")
    source, _, _ = source.partition("\nasync def ")
    assert "_remove_item" in source
    assert "_emit_stream_event" not in source, "time_to_live may go"


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
    message = "MiniStack emits EC2 state-change events: InstanceWatch of rules/ec2_events.py may be deleted"
    assert [json.loads(mail["Body"])["source"] for mail in received] == ["test"], message


def test_mail_to_an_email_subscriber_is_kept_nowhere(aws, bare):
    sns = aws["sns"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ann@example.com")
    sns.publish(TopicArn=topic, Subject="Hello", Message="a mail to Ann")
    kept = json.dumps(call_json(f"{bare.endpoint}/_ministack/ses/messages"))
    message = "MiniStack keeps the mails of email subscriptions: records/inbox.py may be deleted"
    assert "a mail to Ann" not in kept, message


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_foreign_web_page_is_answered(bare, headers):
    response, _ = get(bare.endpoint, headers)
    assert response.status == 200, "MiniStack refuses foreign web pages: access/guard.py may be deleted"


def test_any_web_page_may_read_the_answers(bare):
    response, _ = get(bare.endpoint, {"Origin": "https://evil.example"})
    message = "MiniStack no longer opens itself to every web page: look whether access/guard.py may be deleted"
    assert response.headers["Access-Control-Allow-Origin"] == "*", message


def test_killed_emulator_forgets_what_was_created(tmp_path):
    with running(tmp_path) as emulator:
        Clients(emulator)["sqs"].create_queue(QueueName="lost")
    with running(tmp_path) as emulator:
        found = Clients(emulator)["sqs"].list_queues().get("QueueUrls", [])
    assert found == [], "MiniStack saves its state before it is stopped: state/saving.py may be deleted"


def test_state_machine_has_all_the_time_in_the_world(aws):
    definition = {
        "StartAt": "Wait",
        "TimeoutSeconds": 1,
        "States": {"Wait": {"Type": "Wait", "Seconds": 2, "End": True}},
    }
    states = aws["stepfunctions"]
    machine = states.create_state_machine(name="slow", roleArn=ROLE, definition=json.dumps(definition))[
        "stateMachineArn"
    ]
    execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    wait_until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")
    message = "MiniStack ends what takes too long: machines/deadlines.py may shrink"
    assert states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED", message


def test_refresh_token_is_valid_for_ever_and_events_of_logs_are_kept(aws):
    refreshing = inspect.getsource(cognito._refresh_auth_user)
    assert "exp" not in refreshing.replace("expired", ""), "logins/refresh_tokens.py may be deleted"
    logs, day = aws["logs"], 86_400_000
    logs.create_log_group(logGroupName="/kept")
    logs.create_log_stream(logGroupName="/kept", logStreamName="s")
    event = {"timestamp": int(time.time() * 1000) - 2 * day, "message": "old"}
    logs.put_log_events(logGroupName="/kept", logStreamName="s", logEvents=[event])
    logs.put_retention_policy(logGroupName="/kept", retentionInDays=1)
    found = logs.filter_log_events(logGroupName="/kept")["events"]
    assert found, "MiniStack deletes what is older than its group keeps: monitoring/log_groups.py may shrink"


def test_time_cannot_be_moved_and_zones_count_for_nothing():
    message = "MiniStack reads a schedule's time zone: rules/timetables.py may be deleted in part"
    assert "zoneinfo" not in inspect.getsource(scheduler).lower(), message
    assert not any("advance" in name for name in vars(scheduler)), "MiniStack has a clock: see moving_time/services.py"


def test_loop_by_way_of_a_bucket_is_not_followed():
    source = inspect.getsource(s3)
    assert "_invoke_depth" not in source, "functions/recursive_loops.py may be deleted"


def test_schedule_does_not_tell_of_its_time():
    assert "scheduled-time" not in inspect.getsource(scheduler), (
        "MiniStack replaces the keywords: timetables._told may go"
    )


def user_pool(aws, **settings):
    """A user pool, and a client of it that takes passwords."""
    idp = aws["cognito-idp"]
    pool = idp.create_user_pool(PoolName="owners", AutoVerifiedAttributes=["email"], **settings)["UserPool"]["Id"]
    client = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="site", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    return idp, pool, client


def test_user_is_confirmed_by_a_code_that_everybody_knows(aws):
    idp, pool, client = user_pool(aws)
    idp.sign_up(ClientId=client, Username="ana", Password="Correct-horse-9")
    idp.confirm_sign_up(ClientId=client, Username="ana", ConfirmationCode="123456")
    status = idp.admin_get_user(UserPoolId=pool, Username="ana")["UserStatus"]
    assert status == "CONFIRMED", "MiniStack makes codes of its own: logins/user_codes.py may be deleted in part"
    source = inspect.getsource(cognito)
    assert '"_confirmation_code": "123456"' in source, "MiniStack makes codes of its own: see logins/user_codes.py"


def test_challenge_is_answered_without_a_password_and_guessing_is_free(aws):
    idp, pool, client = user_pool(aws)
    idp.admin_create_user(UserPoolId=pool, Username="ana", MessageAction="SUPPRESS")
    made_up = {"USERNAME": "ana", "NEW_PASSWORD": "Correct-horse-9"}
    answer = idp.respond_to_auth_challenge(
        ClientId=client, ChallengeName="NEW_PASSWORD_REQUIRED", Session="x" * 20, ChallengeResponses=made_up
    )
    assert answer["AuthenticationResult"], "MiniStack knows whose session a challenge is: logins/sign_in.py may shrink"
    assert "Password attempts exceeded" not in inspect.getsource(cognito), "MiniStack locks out: see logins/sign_in.py"
    message = "MiniStack takes an authenticator's code once: logins/authenticators.py may shrink"
    assert "already been used" not in inspect.getsource(cognito), message


def test_functions_of_a_user_pool_are_called_in_part(aws):
    source = inspect.getsource(cognito)
    for trigger in ("PostConfirmation", "PreAuthentication", "PostAuthentication", "UserMigration"):
        message = f"MiniStack calls {trigger}: delete what logins/user_triggers.py does for it"
        assert trigger not in source.replace("TokenGeneration", ""), message
    assert "MINISTACK_COGNITO_PRETOKEN_STRICT" in source, "MiniStack is strict by now: see user_triggers"


def test_update_of_a_user_pool_keeps_what_it_does_not_name(aws):
    idp, pool, _ = user_pool(aws)
    idp.update_user_pool(UserPoolId=pool, MfaConfiguration="OFF")
    kept = idp.describe_user_pool(UserPoolId=pool)["UserPool"]["AutoVerifiedAttributes"]
    assert kept == ["email"], "MiniStack resets what an update does not name: delete logins/pool_updates.py"


def test_hosted_login_has_no_token_and_sends_anywhere(bare, aws):
    idp, pool, _ = user_pool(aws)
    client = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="web", AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"],
        AllowedOAuthFlowsUserPoolClient=True, CallbackURLs=["http://localhost/back"],
    )["UserPoolClient"]["ClientId"]  # fmt: skip
    query = f"client_id={client}&redirect_uri=http%3A%2F%2Flocalhost%2Fback&response_type=code"
    _, page = get(bare.endpoint, path=f"/oauth2/authorize?{query}")
    message = "MiniStack's login page is safe by now: logins/hosted_login.py may shrink"
    assert "csrf" not in page.lower(), message
    answer, _ = get(bare.endpoint, path=f"/logout?client_id={client}&logout_uri=https%3A%2F%2Fevil.example")
    assert answer.status == 302, message


def test_anybody_is_given_credentials_of_an_identity_that_is_not_there(aws):
    given = aws["cognito-identity"].get_credentials_for_identity(IdentityId=f"us-east-1:{'0' * 36}")
    message = "MiniStack knows its identities: authorization/identities.py may shrink"
    assert given["Credentials"]["AccessKeyId"], message
    assert "preferred_role" not in inspect.getsource(cognito), "MiniStack knows roles of groups: see identities.py"


def test_edge_keeps_nothing_and_takes_any_distribution(aws, bare):
    cloudfront = aws["cloudfront"]
    aws["s3"].create_bucket(Bucket="edge")
    aws["s3"].put_object(Bucket="edge", Key="page", Body=b"page")
    aws["s3"].delete_public_access_block(Bucket="edge")
    aws["s3"].put_bucket_policy(Bucket="edge", Policy=policy(everybody("s3:GetObject", "arn:aws:s3:::edge/*")))
    made = cloudfront.create_distribution(
        DistributionConfig=config([bucket_origin(bucket="edge")], behavior(), [behavior("none", PathPattern="/x")])
    )["Distribution"]
    assert made["Status"] == "Deployed", (
        "MiniStack refuses distributions, and deploys later: edge/refusals.py may shrink"
    )
    host = {"Host": f"{made['DomainName'].partition('.')[0]}.cloudfront.localhost"}
    answers = [get(bare.endpoint, host, "/page")[0] for _ in range(2)]
    seen = [(answer.status, answer.headers["X-Cache"]) for answer in answers]
    message = "MiniStack keeps answers at the edge: edge/distributions/stored.py and caches.py may be deleted"
    assert seen == [(200, "Miss from cloudfront")] * 2, message
    batch = {"Paths": {"Quantity": 1, "Items": ["no/path"]}, "CallerReference": "1"}
    invalidated = cloudfront.create_invalidation(DistributionId=made["Id"], InvalidationBatch=batch)["Invalidation"]
    assert invalidated["Status"] == "Completed", (
        "MiniStack refuses paths: edge/distributions/invalidations.py may shrink"
    )


def test_settings_of_a_distribution_are_told_in_part_and_its_access_control_can_be_deleted(aws):
    cloudfront = aws["cloudfront"]
    origin = bucket_origin(control(aws))
    asked = config([origin], behavior())
    del asked["CacheBehaviors"]
    id = cloudfront.create_distribution(DistributionConfig=asked)["Distribution"]["Id"]
    told = cloudfront.get_distribution_config(Id=id)["DistributionConfig"]
    assert "CacheBehaviors" not in told, "MiniStack tells all settings: edge/distributions/whole.py may be deleted"
    etag = cloudfront.get_origin_access_control(Id=origin["OriginAccessControlId"])["ETag"]
    cloudfront.delete_origin_access_control(Id=origin["OriginAccessControlId"], IfMatch=etag)
    left = cloudfront.list_origin_access_controls()["OriginAccessControlList"]["Quantity"]
    assert left == 0, "MiniStack knows what is in use: edge/distributions/in_use.py may be deleted"


def test_edge_serves_without_a_signature_and_measures_nothing(aws, bare):
    cloudfront = aws["cloudfront"]
    key = {"CallerReference": "key", "Name": "key", "EncodedKey": "none"}
    id = cloudfront.create_public_key(PublicKeyConfig=key)["PublicKey"]["Id"]
    group = cloudfront.create_key_group(KeyGroupConfig={"Name": "group", "Items": [id]})["KeyGroup"]["Id"]
    trusted = {"TrustedKeyGroups": {"Enabled": True, "Quantity": 1, "Items": [group]}}
    asked = config([bucket_origin(bucket="nowhere")], behavior(**trusted))
    made = cloudfront.create_distribution(DistributionConfig=asked)["Distribution"]
    _, text = get(bare.endpoint, {"Host": f"{made['DomainName'].partition('.')[0]}.cloudfront.localhost"})
    assert "MissingKey" not in text, "MiniStack asks for signatures: edge/distributions/signed.py may go"
    told = aws["cloudwatch"].list_metrics(Namespace="AWS/CloudFront")["Metrics"]
    assert not told, "MiniStack measures distributions: edge/distributions/measures.py may be deleted"
    source = {"SourceType": "S3", "SourceARN": "arn:aws:s3:::nowhere/none.json"}
    store = cloudfront.create_key_value_store(Name="store", ImportSource=source)["KeyValueStore"]
    assert store["Status"] == "READY", "MiniStack imports key value pairs: edge/functions/stores.py may shrink"


def test_edge_sends_requests_to_any_server(aws, bare):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ports = {"HTTPPort": port, "HTTPSPort": port, "OriginProtocolPolicy": "http-only", "OriginReadTimeout": 1}
        origin = custom_origin("127.0.0.1") | {"CustomOriginConfig": ports}
        made = aws["cloudfront"].create_distribution(DistributionConfig=config([origin], behavior("api")))[
            "Distribution"
        ]
        get(bare.endpoint, {"Host": f"{made['DomainName'].partition('.')[0]}.cloudfront.localhost"})
        server.settimeout(PATIENCE)
        server.accept()[0].close()


def test_functions_of_cloudfront_are_not_tested_or_limited(aws):
    cloudfront = aws["cloudfront"]
    about, code = {"Comment": "", "Runtime": "cloudfront-js-2.0"}, b"function handler(e) { return e; }" + b" " * 10_240
    made = cloudfront.create_function(Name="edge", FunctionConfig=about, FunctionCode=code)
    assert made["ETag"], "MiniStack knows how large a function may be: edge/functions/api.py may shrink"
    with pytest.raises(ClientError) as refused:
        cloudfront.test_function(Name="edge", IfMatch=made["ETag"], EventObject=b"{}")
    status = refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert status == 404, "MiniStack tests functions: edge/functions/api.py may shrink"
    source = inspect.getsource(cloudfront_js)
    assert "quickjs" not in source, "MiniStack runs functions in an engine of its own: edge/functions may be deleted"


def test_lambda_at_edge_is_anything_and_never_runs(aws):
    item = {"EventType": "viewer-request", "LambdaFunctionARN": "arn:aws:lambda:eu-west-1:000000000000:function:none"}
    associated = behavior(LambdaFunctionAssociations={"Quantity": 1, "Items": [item]})
    made = aws["cloudfront"].create_distribution(DistributionConfig=config([bucket_origin()], associated))
    assert made["Distribution"]["Id"], "MiniStack looks at functions for the edge: edge/lambdas may shrink"
    assert "Not modelled" in (cloudfront_service.__doc__ or ""), "MiniStack's data plane has changed: see edge/lambdas"
    assert "Lambda@Edge" in cloudfront_service.__doc__, "MiniStack runs Lambda@Edge: edge/lambdas may be deleted"


def test_any_address_is_opened(aws, bare, tmp_path):
    (tmp_path / ".well-known").mkdir()
    (tmp_path / ".well-known" / "jwks.json").write_text(keys(), encoding="utf-8")
    status = guarded_by(aws, bare.endpoint, tmp_path.as_uri())
    assert status not in REFUSED, "MiniStack opens no files for the keys of tokens: access/fetches.py may shrink"


def test_templates_have_aliases(aws):
    template = "Resources:\n  One: &one {Type: AWS::SQS::Queue}\n  Two: *one\n"
    told = aws["cloudformation"].validate_template(TemplateBody=template)
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 200, "MiniStack refuses them: stacks/aliases.py may be deleted"
