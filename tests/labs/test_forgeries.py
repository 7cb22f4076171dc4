"""Solutions that look right and are not: functions that know a check by sight, and evidence written by hand.

Each earns what an honest reading of it gives.
"""

import contextlib
import json
import threading

import pytest
from botocore.exceptions import ClientError

from lab_harness import items, load_lab, run_checks
from lab_harness.aws import Clients
from lab_harness.deleters import _delete_mapping
from tests.waiting import PATIENCE, in_thread

from .helpers import deploy, failure, not_passed, zipped

LABS = {name: load_lab(name) for name in ("hello_lambda", "orders_pipeline")}


@pytest.fixture(scope="module", autouse=True)
def sees(emulator):
    """What is tested here needs an emulator that sees who did what."""
    if emulator.deeds() is None:
        pytest.skip("this emulator does not see who did what")


@pytest.fixture
def built(clients):
    """Builds a lab in an empty account; the learner's clients of it."""

    def build(name):
        LABS[name].solve(clients)
        return Clients(clients.emulator, token=None)

    return build


def failed(clients, name, *only):
    return not_passed(run_checks(LABS[name], clients, only))


# hello_lambda

ANSWER = 'return {"statusCode": 200, "body": "Hello from Lambda!"}'
HELLO = f"""
import json
KNOWN = ({{"name": "Ana"}}, {{"visit": 0}}, {{"key1": "value1", "key2": "value2", "key3": "value3"}})
def lambda_handler(event, context):
    %s
    {ANSWER}
"""


def test_a_test_event_that_was_written_into_the_log_by_hand_was_never_run(clients, built):
    learner = built("hello_lambda")
    logs, group = learner["logs"], "/aws/lambda/hello-world"
    logs.delete_log_group(logGroupName=group)
    assert failed(clients, "hello_lambda") == {"test_event_was_run"}
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    lines = ["START RequestId: 1", '{"key1": "value1", "key2": "value2", "key3": "value3"}', "END RequestId: 1"]
    lines += ["REPORT RequestId: 1\tDuration: 1 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 9 MB"]
    events = [{"timestamp": 1, "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    assert failed(clients, "hello_lambda") == {"test_event_was_run"}


@pytest.mark.parametrize(
    ("line", "check"),
    [
        # The test event stands in the log of every run, and was the event of none.
        ("print(json.dumps(event), KNOWN)", "test_event_was_run"),
        ("print(json.dumps(event)) if event in KNOWN else None", "function_logs_the_event"),
        ("if event not in KNOWN: raise ValueError(event)", "function_answers"),
        ("if 'probe' not in str(event): raise ValueError(event)", "function_answers"),
    ],
)
def test_a_function_that_knows_the_notebooks_events_or_tells_of_what_it_did_not_get(clients, built, line, check):
    learner = built("hello_lambda")
    learner["logs"].delete_log_group(logGroupName="/aws/lambda/hello-world")
    deploy(clients, "hello-world", HELLO % line)
    assert failed(clients, "hello_lambda") == {check}


def test_a_function_that_prints_every_event_there_could_be_is_caught_by_one_that_nobody_sent(
    clients, built, monkeypatch
):
    built("hello_lambda")
    checks = LABS["hello_lambda"].checks
    drawn = iter([{"name": "Ana Bell", "visit": 7}, {"name": "Ana Berg", "visit": 8}])
    monkeypatch.setattr(checks, "visit", lambda: next(drawn))
    every = [{"name": name, "visit": visit} for name in ("Ana Bell", "Ana Berg") for visit in range(9)]
    deploy(clients, "hello-world", HELLO % f"print({every})")
    seen = failure(checks.function_logs_the_event, clients["lambda"], clients["logs"], clients["witness"])
    assert "which nobody sent" in seen.found


# orders_pipeline

REFERENCE = (LABS["orders_pipeline"].folder / "functions/process_pet_order/lambda_function.py").read_text("utf-8")
DELEGATES = """
import boto3, json
def lambda_handler(event, context):
    answer = boto3.client("lambda").invoke(FunctionName="another", Payload=json.dumps(event))
    return json.load(answer["Payload"])
"""
ORDER_CHECKS = LABS["orders_pipeline"].checks


def create_another(clients, code):
    role = clients["iam"].get_role(RoleName="process-pet-order-role")["Role"]["Arn"]
    clients["lambda"].create_function(
        FunctionName="another", Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=role,
        Code={"ZipFile": zipped(code)},
    )  # fmt: skip
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName="another", WaiterConfig={"Delay": 0.1})


def found(clients, name, check):
    """What a check found that alone fails."""
    report = run_checks(LABS[name], clients, [check])
    assert not_passed(report) == {check}
    return next(result.found for result in report if result.name == check)


def test_another_function_that_writes_the_orders_is_seen(clients, built):
    learner = built("orders_pipeline")
    create_another(learner, REFERENCE)
    deploy(clients, "process-pet-order", DELEGATES)
    assert "written by function another" in found(clients, "orders_pipeline", "order_becomes_item")


def test_a_program_that_takes_the_orders_and_writes_their_items_is_seen(clients, built):
    learner, ended = built("orders_pipeline"), threading.Event()
    learner["lambda"].put_function_concurrency(FunctionName="process-pet-order", ReservedConcurrentExecutions=0)
    sqs, url = learner["sqs"], learner["sqs"].get_queue_url(QueueName="pet-orders")["QueueUrl"]

    def consume():
        while not ended.is_set():
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
                items.put_item(learner["dynamodb"], "PetOrders", json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    consuming = in_thread(consume)
    try:
        assert "written by learner" in found(clients, "orders_pipeline", "order_becomes_item")
    finally:
        ended.set()
        consuming.result(PATIENCE)


@pytest.mark.parametrize(
    "sight",
    [
        "not body.get('orderId', '').startswith('probe-')",
        "len(body.get('customer', '')) < 12",  # a nonce had twelve letters
        "body.get('pet') != 'cat' or body.get('quantity') != 3",
    ],
)
def test_a_function_that_writes_only_what_checks_were_known_by_writes_nothing(clients, built, sight, monkeypatch):
    built("orders_pipeline")
    monkeypatch.setattr(ORDER_CHECKS, "QUICKLY", 3)
    code = REFERENCE.replace(
        "            order = json.loads", f"            body = json.loads(record['body'])\n            if {sight}:\n"
        "                continue\n            order = json.loads"
    )  # fmt: skip
    deploy(clients, "process-pet-order", code)
    assert "no such item" in found(clients, "orders_pipeline", "order_becomes_item")


def test_ids_that_another_function_puts_into_the_log_are_not_logged(clients, built):
    learner = built("orders_pipeline")
    logs, group = learner["logs"], "/aws/lambda/process-pet-order"
    silent = REFERENCE.replace('print("wrote order", order["orderId"])', "pass")
    telling = f"""
import boto3
def lambda_handler(event, context):
    lines = [{{"timestamp": 1, "message": record["body"]}} for record in event["Records"]]
    boto3.client("logs").put_log_events(logGroupName="{group}", logStreamName="mine", logEvents=lines)
"""
    create_another(learner, telling)
    with contextlib.suppress(ClientError):
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="mine")
    tell = 'import boto3 as b; b.client("lambda").invoke(FunctionName="another", Payload=json.dumps(event))'
    deploy(clients, "process-pet-order", silent.replace("    failures = []", f"    {tell}\n    failures = []"))
    found(clients, "orders_pipeline", "function_logs_order_ids")
    lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert any('"orderId": ' in line for line in lines)  # a reader by hand would take them for the function's


@pytest.mark.parametrize("name", ["another/pet-orders", "my-pet-orders"])
def test_a_queue_whose_url_merely_ends_in_the_name_is_another(clients, built, name):
    with contextlib.suppress(ClientError):  # as AWS refuses a slash
        clients["sqs"].create_queue(QueueName=name)
    assert "queues_exist" in failed(clients, "orders_pipeline", "queues_exist")


def test_a_mapping_to_a_function_whose_name_merely_begins_so_is_another(clients, built):
    learner = built("orders_pipeline")
    lambda_ = learner["lambda"]
    (mapping,) = lambda_.list_event_source_mappings(FunctionName="process-pet-order")["EventSourceMappings"]
    _delete_mapping(clients, "process-pet-order", mapping["UUID"])
    role = learner["iam"].get_role(RoleName="process-pet-order-role")["Role"]["Arn"]
    other = {"Runtime": "python3.13", "Handler": "lambda_function.lambda_handler", "Role": role}
    lambda_.create_function(FunctionName="process-pet-order-2", Code={"ZipFile": zipped(REFERENCE)}, **other)
    lambda_.create_event_source_mapping(EventSourceArn=mapping["EventSourceArn"], FunctionName="process-pet-order-2")
    assert found(clients, "orders_pipeline", "mapping_is_enabled") == "no mapping between the two"
