"""Solutions that look right and are not: functions that know a check by sight, and evidence written by hand.

Each earns what an honest reading of it gives.
"""

import contextlib
import json
import threading
import time

import boto3
import pytest
from botocore.exceptions import ClientError

from lab_harness import run_checks
from lab_harness.account.services.lambda_ import delete_mapping
from lab_harness.authors import api_gateway, executions, items
from lab_harness.aws import Clients
from lab_harness.lab.labs import all_labs
from tests.roles import policy
from tests.waiting import PATIENCE, in_thread, wait_until

from .helpers import deploy, failure, not_passed, zipped
from .test_termination_alert import launch, pattern_for, put_policy, put_rule, put_target, subscribe

LABS = {lab.id: lab for lab in all_labs()}


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
        return Clients(clients.emulator, as_learner=True)

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


def create_another(clients, code, role="process-pet-order-role"):
    role = clients["iam"].get_role(RoleName=role)["Role"]["Arn"]
    clients["lambda"].create_function(
        FunctionName="another", Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=role,
        Code={"ZipFile": zipped(code)},
    )  # fmt: skip
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName="another", WaiterConfig={"Delay": 0.1})


def let_call(clients, role):
    """Let a role call the other function."""
    may = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    clients["iam"].put_role_policy(RoleName=role, PolicyName="calls", PolicyDocument=policy(may))


def found(clients, name, check):
    """What a check found that alone fails."""
    report = run_checks(LABS[name], clients, [check])
    assert not_passed(report) == {check}
    return next(result.found for result in report if result.name == check)


def test_another_function_that_writes_the_orders_is_seen(clients, built):
    learner = built("orders_pipeline")
    create_another(learner, REFERENCE)
    let_call(learner, "process-pet-order-role")
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
    monkeypatch.setattr(ORDER_CHECKS.probes, "QUICKLY", 6)
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
    let_call(learner, "process-pet-order-role")
    with contextlib.suppress(ClientError):
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="mine")
    tell = 'import boto3 as b; b.client("lambda").invoke(FunctionName="another", Payload=json.dumps(event))'
    deploy(clients, "process-pet-order", silent.replace("    failures = []", f"    {tell}\n    failures = []"))
    found(clients, "orders_pipeline", "function_logs_order_ids")
    lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert any('"orderId": ' in line for line in lines)  # a reader by hand would take them for the function's


@pytest.mark.parametrize("before", ["another/", "my-"])
def test_a_queue_whose_url_merely_ends_in_the_name_is_another(clients, before):
    for name in ("pet-orders", "pet-orders-dlq"):
        with contextlib.suppress(ClientError):  # as AWS refuses a slash
            clients["sqs"].create_queue(QueueName=f"{before}{name}")
    assert "queues_exist" in failed(clients, "orders_pipeline", "queues_exist")


def test_a_mapping_to_a_function_whose_name_merely_begins_so_is_another(clients, built):
    learner = built("orders_pipeline")
    lambda_ = learner["lambda"]
    (mapping,) = lambda_.list_event_source_mappings(FunctionName="process-pet-order")["EventSourceMappings"]
    delete_mapping(clients, "process-pet-order", mapping["UUID"])
    role = learner["iam"].get_role(RoleName="process-pet-order-role")["Role"]["Arn"]
    other = {"Runtime": "python3.13", "Handler": "lambda_function.lambda_handler", "Role": role}
    lambda_.create_function(FunctionName="process-pet-order-2", Code={"ZipFile": zipped(REFERENCE)}, **other)
    lambda_.create_event_source_mapping(EventSourceArn=mapping["EventSourceArn"], FunctionName="process-pet-order-2")
    assert found(clients, "orders_pipeline", "mapping_is_enabled") == "no mapping between the two"


# state_machine


def handler(lab, function, folder="functions"):
    return (LABS[lab].folder / folder / function / "lambda_function.py").read_text("utf-8")


def reserve_by(clients, **task):
    """Let the state machine reserve pets by another Task than a call of reserve-pet."""
    stepfunctions = clients["stepfunctions"]
    found = executions.describe_machine(stepfunctions, "pet-adoption")
    definition = json.loads(found["definition"])
    definition["States"]["EachPet"]["ItemProcessor"]["States"]["ReservePet"].update(task)
    stepfunctions.update_state_machine(stateMachineArn=found["stateMachineArn"], definition=json.dumps(definition))


def test_a_machine_that_does_the_functions_work_itself_or_has_another_do_it_is_seen(clients, built):
    learner = built("state_machine")
    check = "available_pet_is_reserved"
    write = {
        "TableName": "Pets", "Key": {"petId": {"S.$": "$.petId"}}, "UpdateExpression": "SET #s = :r",
        "ConditionExpression": "#s = :a", "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":r": {"S": "reserved"}, ":a": {"S": "available"}},
    }  # fmt: skip
    reserve_by(learner, Resource="arn:aws:states:::dynamodb:updateItem", Parameters=write)
    assert "runs of reserve-pet for it by nobody" in found(clients, "state_machine", check)
    create_another(learner, handler("state_machine", "reserve_pet", "given"), "pet-functions-role")
    let_call(learner, "pet-adoption-role")
    call = {"FunctionName": "another", "Payload.$": "$"}
    reserve_by(learner, Resource="arn:aws:states:::lambda:invoke", Parameters=call)
    assert "runs of reserve-pet for it by nobody" in found(clients, "state_machine", check)


def test_a_function_that_looks_pets_up_only_under_the_names_that_checks_gave_them_finds_none(clients, built):
    built("state_machine")
    code = handler("state_machine", "check_pet", "given")
    first = "def lambda_handler(event, context):\n"
    deploy(
        clients,
        "check-pet",
        code.replace(first, f"{first}    if 'probe' not in event['petId']:\n        return None\n"),
    )
    report = run_checks(LABS["state_machine"], clients, ["check_pet_knows_pets", "check_pet_counts_down"])
    assert not_passed(report) == {"check_pet_knows_pets", "check_pet_counts_down"}


# termination_alert

ALERT = LABS["termination_alert"].checks


@pytest.fixture
def alert(clients):
    """The lab built but for the mail: the instance has ended while the rule was off."""
    learner = Clients(clients.emulator, as_learner=True)
    learner["sns"].create_topic(Name=ALERT.TOPIC)
    subscribe(learner)
    instance = launch(learner)
    put_rule(learner, pattern_for(instance))
    put_target(learner)
    put_policy(learner, {})
    learner["events"].disable_rule(Name=ALERT.RULE)
    learner["ec2"].terminate_instances(InstanceIds=[instance])
    wait_until(lambda: ALERT.probes.named_instances(learner["ec2"])[instance] == "terminated")
    time.sleep(1)  # until the emulator has announced that, to a rule that is off
    learner["events"].enable_rule(Name=ALERT.RULE)
    return learner, instance


def not_mailed(clients, monkeypatch):
    monkeypatch.setattr(ALERT.probes, "SHORTLY", 1)
    return failed(clients, "termination_alert", "terminate") == {"mail_arrived"}


def test_a_mail_that_was_published_by_hand_tells_of_nothing(clients, alert, monkeypatch):
    learner, instance = alert
    event = json.dumps(ALERT.probes.termination(instance))
    learner["sns"].publish(TopicArn=ALERT.probes.topic_arn(learner["sns"]), Message=event)
    wait_until(lambda: [mail.text for mail in learner["inbox"]()] == [event])
    assert not_mailed(clients, monkeypatch)


@pytest.mark.parametrize("rule", ["another", ALERT.RULE])
def test_an_event_of_ones_own_that_a_rule_rewrites_is_no_termination(clients, alert, monkeypatch, rule):
    learner, instance = alert
    events, topic = learner["events"], ALERT.probes.topic_arn(learner["sns"])
    pattern = ALERT.probes.rule_pattern(events)
    forged = json.dumps(ALERT.probes.termination(instance))
    events.put_rule(Name=rule, EventPattern='{"source": ["mine"]}')
    events.put_targets(Rule=rule, Targets=[{"Id": "forged", "Arn": topic, "Input": forged}])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "x", "Detail": "{}"}])
    wait_until(lambda: forged in [mail.text for mail in learner["inbox"]()])
    events.remove_targets(Rule=rule, Ids=["forged"])
    events.put_rule(Name=ALERT.RULE, EventPattern=pattern)
    assert not_mailed(clients, monkeypatch)


@pytest.mark.parametrize(
    "asked",
    [
        {"source": [{"anything-but": {"prefix": "probe"}}]},
        {"detail-type": [{"anything-but": {"prefix": "Probe"}}]},
        {"source": [{"prefix": "aws."}]},
        {"source": [{"suffix": "ec2"}]},
        {"detail-type": [{"prefix": "EC2 Instance"}]},
        {"detail-type": [{"suffix": "State-change Notification"}]},
    ],
)
def test_a_pattern_that_leaves_out_only_what_checks_were_known_by_matches_too_much(clients, built, asked):
    learner = built("termination_alert")
    pattern = json.loads(ALERT.probes.rule_pattern(learner["events"])) | asked
    learner["events"].put_rule(Name=ALERT.RULE, EventPattern=json.dumps(pattern))
    assert failed(clients, "termination_alert", "rule_ignores_others") == {"rule_ignores_others"}


# pets_api

STORE = handler("pets_api", "pet_store")
OLD_NO_PETS = [None, "a cat, please", '["type", "price"]', '{"price": 5}', '{"type": "cat"}']
OLD_NO_PETS += [f'{{"type": "cat", "price": {price}}}' for price in ('"5"', "true", "-5")]


@pytest.mark.parametrize(
    ("lines", "check"),
    [
        (f"if body in {OLD_NO_PETS}: return answer(400, {{}})\n    pet = json.loads(body)", "bad_pet_is_refused"),
        (
            "pet = json.loads(body or '{}')\n    if len(pet.get('type', '')) != 12: raise ValueError",
            "new_pet_is_answered",
        ),
    ],
)
def test_a_store_that_knows_only_what_checks_have_sent_before_sells_nothing(clients, built, lines, check):
    built("pets_api")
    body = STORE[STORE.index("def add_pet") : STORE.index("def answer")]
    told = f"def add_pet(body):\n    {lines}\n    return answer(201, {{'pet': pet, 'message': 'success'}})\n\n\n"
    deploy(clients, "pet-store", STORE.replace(body, told))
    assert failed(clients, "pets_api", check) == {check}


def test_a_pet_that_api_gateway_answers_by_itself_is_seen(clients, built):
    learner = built("pets_api")
    gateway, checks = learner["apigateway"], LABS["pets_api"].checks
    api = api_gateway.one_named(gateway, "REST API", "PetStore")["id"]
    there = {each["path"]: each["id"] for each in gateway.get_resources(restApiId=api)["items"]}
    made = gateway.create_resource(restApiId=api, parentId=there["/pets"], pathPart="2")["id"]
    method = {"restApiId": api, "resourceId": made, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_method_response(**method, statusCode="200")
    templates = {"application/json": json.dumps(checks.PETS[1])}
    gateway.put_integration_response(**method, statusCode="200", responseTemplates=templates)
    gateway.create_deployment(restApiId=api, stageName="prod")
    assert "runs of pet-store for it by nobody" in found(clients, "pets_api", "pet_is_answered")


# web_app

ITEMS = handler("web_app", "pet_shop_items")
OLD_BAD = ["no JSON", "", None, '"9.50"', "-1", "true", "null", "NaN"]


def test_a_function_that_has_another_work_on_the_table_is_seen(clients, built):
    learner = built("web_app")
    create_another(learner, ITEMS, "pet-shop-items-role")
    let_call(clients, "pet-shop-items-role")
    deploy(clients, "pet-shop-items", DELEGATES)
    assert "by function another" in found(clients, "web_app", "put_writes_the_item")


def test_a_function_that_refuses_only_the_bodies_that_checks_have_sent_before_takes_other_bad_ones(clients, built):
    built("web_app")
    checked = ITEMS[ITEMS.index("    texts, price") : ITEMS.index('    return {"id": sent')]
    lax = f"""
    price = sent.get("price")
    if not sent.get("id") or not sent.get("type") or json.dumps(price, default=str) in {OLD_BAD}:
        return None
    price = Decimal(price)
"""
    deploy(clients, "pet-shop-items", ITEMS.replace(checked, lax))
    assert failed(clients, "web_app", "bad_body_is_400") == {"bad_body_is_400"}


# first_steps


def test_a_queue_of_another_account_or_region_or_name_is_not_the_first(clients, built):
    for name in ("my-first-steps", "another/first-steps"):
        with contextlib.suppress(ClientError):  # as AWS refuses a slash
            clients["sqs"].create_queue(QueueName=name)
    for key, region in (("123456789012", "us-east-1"), ("test", "eu-west-1")):
        session = boto3.session.Session(key, clients.emulator.learner.secret_access_key, region_name=region)
        session.client("sqs", endpoint_url=clients.emulator.endpoint).create_queue(QueueName="first-steps")
    assert failed(clients, "first_steps") == {"queue_exists"}


# lambda_under_load

FORGED_REPORT = 'print("REPORT RequestId: 1\\tDuration: 200.00 ms\\tBilled Duration: 200 ms\\tMemory Size: 128 MB")'


def test_a_report_that_a_handler_prints_is_not_lambdas(clients, built):
    built("lambda_under_load")
    work = "    time.sleep(WORK)\n"
    source = handler("lambda_under_load", "resize_order")
    assert work in source
    deploy(clients, "resize-order", source.replace(work, f"    {FORGED_REPORT}\n"))
    assert " ms" in found(clients, "lambda_under_load", "photo_is_resized")


# api_in_depth, streams


def test_a_chat_that_another_function_keeps_is_seen(clients, built):
    learner = built("api_in_depth")
    code = (LABS["api_in_depth"].folder / "functions/pet_chat/lambda_function.py").read_text(encoding="utf-8")
    create_another(learner, code, "pet-chat-role")
    about = learner["lambda"].get_function_configuration(FunctionName="pet-chat")["Environment"]
    learner["lambda"].update_function_configuration(FunctionName="another", Environment=about)
    learner["lambda"].get_waiter("function_updated_v2").wait(FunctionName="another", WaiterConfig={"Delay": 0.1})
    learner["lambda"].add_permission(
        FunctionName="another", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    gateway = learner["apigatewayv2"]
    (api,) = [each["ApiId"] for each in gateway.get_apis()["Items"] if each["Name"] == "pet-chat"]
    (leads,) = gateway.get_integrations(ApiId=api)["Items"]
    uri = leads["IntegrationUri"].replace("pet-chat", "another")
    gateway.update_integration(ApiId=api, IntegrationId=leads["IntegrationId"], IntegrationUri=uri)
    gateway.create_deployment(ApiId=api, StageName="live")
    assert "written by function another" in found(clients, "api_in_depth", "connections_are_kept")


def test_a_mail_that_the_function_itself_publishes_says_nothing_of_its_log(clients, built, monkeypatch):
    learner = built("streams")
    code = (LABS["streams"].folder / "functions/track_pet/lambda_function.py").read_text(encoding="utf-8")
    topic = next(each["TopicArn"] for each in learner["sns"].list_topics()["Topics"])
    publish = f"boto3.client('sns').publish(TopicArn={topic!r}, Message=told['partitionKey']); print('WARN', "
    assert 'print("ERROR", ' in code
    deploy(learner, "track-pet", "import boto3\n" + code.replace('print("ERROR", ', publish))
    monkeypatch.setattr(LABS["streams"].checks.probes, "QUICKLY", 2)
    assert "no such mail" in found(clients, "streams", "bad_records_are_mailed")
