"""Tests for the tab of queues."""

import json

import pytest

from lab_harness.authors.made import remember
from tests.waiting import wait_until

from .helpers import Partly, Refusing, look, rows, words

LABS = ["orders_pipeline"]


@pytest.fixture
def sqs(account):
    return account["sqs"]


@pytest.fixture
def create(sqs):
    """Creates queues, which are deleted afterwards: of LocalStack's only the labs' are."""
    urls = []

    def queue(name, dead_letters="", receives=3):
        arn = f"arn:aws:sqs:us-east-1:000000000000:{dead_letters}"
        policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})}
        urls.append(sqs.create_queue(QueueName=name, Attributes=policy if dead_letters else {})["QueueUrl"])
        return urls[-1]

    yield queue
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


def shown(clients):
    [table] = look("orders_pipeline", "queues", clients)
    return {row["queue"]: row for row in rows(table)}


def test_messages_are_counted_and_stay_undisturbed(account, sqs, create):
    url = create("pet-orders")
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    for _ in range(3):
        row = shown(account)["pet-orders"]
        assert (row["visible"], row["in flight"], row["delayed"]) == ("2", "1", "1")
    wanted = {"MessageSystemAttributeNames": ["ApproximateReceiveCount"], "MaxNumberOfMessages": 10}
    messages = sqs.receive_message(QueueUrl=url, **wanted)["Messages"]
    assert [message["Attributes"]["ApproximateReceiveCount"] for message in messages] == ["1", "1"]


def test_dead_letter_queue_and_its_source_name_each_other(account, create):
    create("pet-orders-dlq")
    create("pet-orders", "pet-orders-dlq", receives=5)
    table = shown(account)
    assert table["pet-orders"]["dead letters go to"] == "pet-orders-dlq, after 5 receives"
    assert table["pet-orders-dlq"]["dead letters of"] == "pet-orders"
    assert (table["pet-orders"]["dead"], table["pet-orders-dlq"]["dead"]) == ("0", "")
    assert table["pet-orders-dlq"]["dead letters go to"] == table["pet-orders"]["dead letters of"] == ""


def test_redrive_policy_that_names_a_deleted_queue_says_so(account, sqs, create):
    dead = sqs.create_queue(QueueName="pet-orders-dlq")["QueueUrl"]
    create("pet-orders", "pet-orders-dlq")
    sqs.delete_queue(QueueUrl=dead)
    wait_until(lambda: "pet-orders-dlq" not in shown(account))
    redrive = shown(account)["pet-orders"]["dead letters go to"]
    assert redrive == "pet-orders-dlq, which is not there, after 3 receives"


def test_labs_queues_come_first_then_the_others_and_none_of_the_checks(account, create):
    for name in ("another", "pet-orders-dlq", "pet-orders", remember("ec2-events-17")):
        create(name)
    names = list(shown(account))
    assert names[:2] == ["pet-orders", "pet-orders-dlq"]
    assert "another" in names
    assert "ec2-events-17" not in names


def test_messages_that_are_dead_are_counted_where_they_came_from(account, sqs, create):
    dead = create("pet-orders-dlq")
    create("pet-orders", "pet-orders-dlq")
    for number in range(2):
        sqs.send_message(QueueUrl=dead, MessageBody=str(number))
    sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=1)
    assert shown(account)["pet-orders"]["dead"] == "2"


def test_queue_that_is_deleted_meanwhile_is_left_out(account, sqs, create):
    for name in ("pet-orders", "pet-orders-dlq"):
        create(name)
    gone = Refusing(
        sqs, "get_queue_attributes", "QueueDoesNotExist", when=lambda asked: asked["QueueUrl"].endswith("-dlq")
    )
    assert "pet-orders" in shown(Partly(account, sqs=gone))
    assert "pet-orders-dlq" not in shown(Partly(account, sqs=gone))


@pytest.mark.parametrize("policy", ["no JSON", "[]", "{}", '"text"', '{"deadLetterTargetArn": null}'])
def test_redrive_policy_that_is_none_is_no_obstacle(account, sqs, create, policy):
    create("pet-orders")

    class Odd:
        exceptions = sqs.exceptions
        get_paginator = sqs.get_paginator

        def get_queue_attributes(self, **_):
            return {"Attributes": {"RedrivePolicy": policy}}

    assert shown(Partly(account, sqs=Odd()))["pet-orders"]["visible"] == ""


def test_of_many_queues_only_the_first_are_shown(account, create):
    for number in range(51):
        create(f"many-{number}")
    assert words(look("orders_pipeline", "queues", account))[-1].startswith("and ")
