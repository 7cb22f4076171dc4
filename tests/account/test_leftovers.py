"""Tests for what is taken away of the checks' own: what is theirs, when it may be, and nothing of the learner's."""

import dataclasses
import json

import pytest

from lab_harness.account.leftovers import LATEST, take_away
from lab_harness.authors import buckets, inventory, items, queues, witness
from lab_harness.authors.executions import state_machines
from lab_harness.authors.made import owe, remembered_in
from lab_harness.aws import Clients
from lab_harness.turns import PATIENCE
from tests.late_writer import LateWriter
from tests.roles import ready
from tests.test_states_language import ROLE
from tests.waiting import wait_until

TABLE = "Pets"


@pytest.fixture
def memory(tmp_path):
    with remembered_in(tmp_path, "here", "lab") as memory:
        yield memory


def create_table(dynamodb):
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture
def table(clients):
    create_table(clients["dynamodb"])
    return clients["dynamodb"]


def ids(dynamodb):
    return sorted(items.ids(dynamodb, TABLE, "id"))


def run_long_ago(memory, seconds):
    """Have it that all that is owed has been owed for so much longer."""
    for each in memory.owed():
        each.time -= seconds


def owe_item(name, before=None, queue=""):
    return owe("item", name, table=TABLE, key="id", before=before, queue=queue)


def test_resources_go_and_what_is_not_there_any_more_is_forgotten(memory, clients):
    clients["sqs"].create_queue(QueueName="ana-keller-1")
    clients["sqs"].create_queue(QueueName="learners")
    for name in ("ana-keller-1", "bo-lund-2"):
        owe("AWS::SQS::Queue", name)
    take_away(memory, clients)
    assert inventory.names(clients["sqs"], "queues") == ["learners"]
    assert memory.owed() == []


def test_a_key_leaves_the_learners_plan_and_goes(memory, clients):
    gateway = clients["apigateway"]
    plan = gateway.create_usage_plan(name="basic")["id"]
    for name in ("ana-keller-1", "learners"):
        key = gateway.create_api_key(name=name)["id"]
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    owe("AWS::ApiGateway::ApiKey", "ana-keller-1")
    take_away(memory, clients)
    assert [key["name"] for key in gateway.get_usage_plan_keys(usagePlanId=plan)["items"]] == ["learners"]
    assert [key["name"] for key in gateway.get_api_keys()["items"]] == ["learners"]


def test_a_subscription_of_a_queue_that_is_gone_goes(memory, clients):
    topic = clients["sns"].create_topic(Name="news")["TopicArn"]
    for name in ("ana-keller-1", "learners"):
        queue = f"arn:aws:sqs:us-east-1:000000000000:{name}"
        clients["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    owe("AWS::SNS::Subscription", "ana-keller-1")
    take_away(memory, clients)
    left = clients["sns"].list_subscriptions()["Subscriptions"]
    assert [each["Endpoint"].rpartition(":")[2] for each in left] == ["learners"]


def test_an_execution_is_stopped(memory, clients):
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
    sfn = clients["stepfunctions"]
    machine = sfn.create_state_machine(
        name="waits", definition=json.dumps(definition), roleArn=ready(clients.emulator, ROLE)
    )["stateMachineArn"]
    mine, learners = (sfn.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(2))
    owe("execution", mine.rpartition(":")[2], arn=mine)
    take_away(memory, clients)
    statuses = [sfn.describe_execution(executionArn=arn)["status"] for arn in (mine, learners)]
    assert statuses == ["ABORTED", "RUNNING"]
    assert "waits" in state_machines(sfn)


def send_tokens(sqs, *pets):
    url = sqs.create_queue(QueueName="approvals")["QueueUrl"]
    for pet in pets:
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"petId": pet, "taskToken": "t"}))
    return url


def test_messages_with_the_task_tokens_of_an_execution_go(memory, clients):
    owe("tokens", "approvals", tags=["p-17"])
    url = send_tokens(clients["sqs"], "p-17", "p-1")
    take_away(memory, clients)
    assert sum(queues.counts(clients["sqs"], url).values()) == 1


def test_tokens_that_a_killed_check_had_received_go_when_they_can_be_seen_again(memory, clients):
    sqs = clients["sqs"]
    owe("tokens", "approvals", tags=["p-17"])
    url = send_tokens(sqs, "p-17")
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"]
    take_away(memory, clients)
    assert [owed.kind for owed in memory.owed()] == ["tokens"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    take_away(memory, clients)
    assert (sum(queues.counts(sqs, url).values()), memory.owed()) == (0, [])


@pytest.mark.parametrize("seconds", [-PATIENCE, 2 * PATIENCE], ids=["before the run", "after it"])
def test_tokens_of_the_same_pet_are_the_learners_where_they_came_at_another_time(memory, clients, seconds):
    owe("tokens", "approvals", tags=["p-17"])
    run_long_ago(memory, seconds)
    url = send_tokens(clients["sqs"], "p-17")
    take_away(memory, clients)
    assert sum(queues.counts(clients["sqs"], url).values()) == 1
    assert memory.owed() == []


def test_items_are_put_back(memory, clients, table):
    before = {"id": {"S": "b"}, "raw": {"B": b"\0\xff"}}
    for name in ("a", "b", "learners"):
        items.put_item(table, TABLE, {"id": name, "status": "of a check"})
    owe_item("a")
    owe_item("b", before)
    take_away(memory, clients)
    assert ids(table) == ["b", "learners"]
    assert table.get_item(TableName=TABLE, Key={"id": {"S": "b"}})["Item"] == before
    assert memory.owed() == []


def test_an_item_that_the_learner_has_written_since_is_the_learners(memory, clients, table, embedded):
    for name in ("p-1", "p-17"):
        owe_item(name)
        items.put_item(table, TABLE, {"id": name})
    items.put_item(Clients(embedded, as_learner=True)["dynamodb"], TABLE, {"id": "p-17", "status": "mine"})
    take_away(memory, clients)
    assert ids(table) == ["p-17"]
    assert memory.owed() == []


def write_by_function(clients, monkeypatch, key, seconds):
    """Have the emulator tell that a function wrote an item, so many seconds from now."""
    items.put_item(clients["dynamodb"], TABLE, {"id": key, "status": "mine"})
    last, deeds = clients.emulator.deeds()
    told = [*deeds[:-1], dataclasses.replace(deeds[-1], by="function add-pet", time=deeds[-1].time + seconds)]
    monkeypatch.setattr(clients.emulator, "deeds", lambda since=0: (last, told))


def test_an_item_that_a_function_has_written_long_after_the_run_is_the_learners(memory, clients, table, monkeypatch):
    owe_item("p-17")
    write_by_function(clients, monkeypatch, "p-17", 2 * PATIENCE)
    take_away(memory, clients)
    assert ids(table) == ["p-17"]
    assert memory.owed() == []


def test_an_item_that_a_function_has_written_during_the_run_goes(memory, clients, table, monkeypatch):
    owe_item("p-17")
    write_by_function(clients, monkeypatch, "p-17", PATIENCE / 2)
    take_away(memory, clients)
    assert ids(table) == []


def test_nothing_is_put_back_into_a_table_that_was_made_since(memory, clients, table):
    owe_item("a", {"id": {"S": "a"}})
    owe_item("learners")
    run_long_ago(memory, 60)
    table.delete_table(TableName=TABLE)
    create_table(table)
    items.put_item(table, TABLE, {"id": "learners"})
    take_away(memory, clients)
    assert ids(table) == ["learners"]
    assert memory.owed() == []


@pytest.mark.parametrize(("seconds", "left"), [(LATEST / 2, []), (2 * LATEST, ["cat-1.jpg"])])
def test_an_object_goes_unless_it_has_come_too_late_for_the_run(memory, clients, seconds, left):
    s3 = clients["s3"]
    s3.create_bucket(Bucket="uploads")
    owe("object", "cat-1.jpg", bucket="uploads")
    run_long_ago(memory, seconds)
    s3.put_object(Bucket="uploads", Key="cat-1.jpg", Body=b"x")
    take_away(memory, clients)
    assert buckets.keys(s3, "uploads") == left
    assert memory.owed() == []


@pytest.mark.parametrize("kind", ["AWS::No::Such", "item", "object", "messages", "tokens", "execution"])
def test_what_cannot_be_understood_is_forgotten_and_keeps_no_check_from_running(memory, clients, kind):
    clients["sqs"].create_queue(QueueName="ana-keller-1")
    owe("AWS::SQS::Queue", "ana-keller-1")
    clients["sqs"].create_queue(QueueName="odd")
    owe(kind, "odd", unknown=1)
    take_away(memory, clients)
    assert memory.owed() == []
    assert inventory.names(clients["sqs"], "queues") == ["odd"]


def test_what_may_come_of_a_queue_later_is_owed_until_the_queue_is_empty(memory, clients, table):
    sqs = clients["sqs"]
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.create_queue(QueueName="orders-dlq")
    queues.send(sqs, "orders", ["an order", "no order"], "orders-dlq")
    owe_item("o-1", queue="orders")
    take_away(memory, clients)
    assert [each.kind for each in memory.owed()] == ["item", "messages"]
    items.put_item(table, TABLE, {"id": "o-1"})  # as a function does that comes late
    sqs.purge_queue(QueueUrl=url)
    wait_until(lambda: not any(queues.counts(sqs, url).values()))
    take_away(memory, clients)
    assert (ids(table), memory.owed()) == ([], [])


def test_what_a_function_writes_late_for_a_killed_run_goes(memory, clients, table, embedded, tmp_path, monkeypatch):
    writer = LateWriter(clients, tmp_path, TABLE)
    owe_item("a")
    writer.start(clients, "a")
    writer.write_once_awaited(embedded, monkeypatch)
    take_away(memory, clients)
    assert embedded.going() == 0
    assert (ids(table), memory.owed()) == ([], [])


def test_what_a_function_may_write_still_is_owed_on(memory, clients, table, embedded, tmp_path, monkeypatch):
    monkeypatch.setattr(witness, "AT_WORK", 0.0)
    writer = LateWriter(clients, tmp_path, TABLE)
    owe_item("a")
    writer.start(clients, "a")
    take_away(memory, clients)
    assert [each.name for each in memory.owed()] == ["a"]
    writer.gate.touch()
    wait_until(lambda: embedded.going() == 0)
    assert ids(table) == ["a"]
    take_away(memory, clients)
    assert (ids(table), memory.owed()) == ([], [])


def test_where_the_learner_has_removed_all_there_is_nothing_to_take_away(memory, clients):
    owe_item("a", {"id": {"S": "a"}})
    owe_item("b", queue="orders")
    owe("messages", "orders", dead="orders-dlq", bodies=["x"])
    owe("tokens", "approvals", tags=["p-17"])
    owe("execution", "e", arn="arn:aws:states:us-east-1:000000000000:execution:none:e")
    take_away(memory, clients)
    assert memory.owed() == []


def test_an_error_keeps_nothing_else_from_being_taken_away(memory, clients, table, monkeypatch):
    for name in ("a", "b"):
        items.put_item(table, TABLE, {"id": name})
    owe_item("a")
    owe("item", "b", table=TABLE, key="no such key", before=None, queue="")  # which DynamoDB refuses
    take_away(memory, clients)
    assert ids(table) == ["b"]
    assert [each.name for each in memory.owed()] == ["b"]
