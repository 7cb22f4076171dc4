"""Tests for what checks ask of SQS."""

import json

import pytest

from lab_harness.authors import inventory, made, queues
from lab_harness.authors.made import is_made, remembered_in
from tests.waiting import wait_until


@pytest.fixture
def queue(clients):
    """SQS, and the URL of a queue."""
    return clients["sqs"], clients["sqs"].create_queue(QueueName="letters")["QueueUrl"]


def test_queue_counts_tell_visible_in_flight_and_delayed_apart(queue):
    sqs, url = queue
    for delay in (0, 0, 0, 60):
        sqs.send_message(QueueUrl=url, MessageBody="hello", DelaySeconds=delay)
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)
    assert queues.counts(sqs, url) == {"visible": 2, "in flight": 1, "delayed": 1}


def test_queue_attributes_are_found_by_the_queues_name(queue):
    assert queues.attributes(queue[0], "letters")["QueueArn"].endswith(":letters")


def test_messages_with_a_text_are_taken_and_the_others_come_back(queue):
    sqs, url = queue
    for body in [f"letter {number}" for number in range(12)] + ["probe 1", "letter with a probe 2"]:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert sorted(queues.take(sqs, url, lambda body: "probe" in body, hidden=1)) == [
        "letter with a probe 2",
        "probe 1",
    ]
    wait_until(lambda: queues.counts(sqs, url)["visible"] >= 12)
    assert queues.counts(sqs, url) == {"visible": 12, "in flight": 0, "delayed": 0}
    assert queues.take(sqs, url, lambda body: "probe" in body, hidden=1) == []


def test_a_message_behind_more_than_ten_others_is_taken_though_none_is_to_be_hidden(queue):
    sqs, url = queue
    for body in [*(f"letter {number}" for number in range(13)), "probe"]:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert queues.take(sqs, url, lambda body: body == "probe", hidden=0) == ["probe"]


def test_taking_from_an_empty_queue_takes_nothing(queue):
    assert queues.take(*queue) == []


def test_queue_is_found_by_name_and_what_it_holds_is_described(queue):
    sqs, url = queue
    assert (queues.url(sqs, "letters"), queues.arn(sqs, "letters")[-8:]) == (url, ":letters")
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert queues.described(sqs, "letters") == "letters holds 1 visible, 0 in flight, 0 delayed"


def test_a_probes_queue_hears_all_that_has_come_so_far_and_is_gone_afterwards(clients):
    sqs = clients["sqs"]
    with pytest.raises(ValueError), queues.probe_queue(sqs) as probe:
        assert [is_made(name) for name in inventory.names(sqs, "queues")] == [True]
        sqs.send_message(QueueUrl=probe.url, MessageBody="one")
        assert probe.hear() == ["one"]
        sqs.send_message(QueueUrl=probe.url, MessageBody="two")
        assert probe.hear(wait=1) == ["one", "two"]
        assert not any(queues.counts(sqs, probe.url).values())
        raise ValueError
    assert inventory.names(sqs, "queues") == []


class SlowQueue:
    """What of SQS a probe needs, with one queue; on a machine so busy that five receives take a second."""

    def __init__(self, length):
        self.hidden_until = {f"letter {number}": 0 for number in range(length)}
        self.receives = 0

    def visible(self):
        return [body for body, until in self.hidden_until.items() if until <= self.receives / 5]

    def get_queue_attributes(self, **wanted):
        names = wanted["AttributeNames"]
        return {"Attributes": dict.fromkeys(names, "0") | {names[0]: str(len(self.visible()))}}

    def receive_message(self, **wanted):
        self.receives += 1
        assert self.receives < 1000, "it is read without end"
        bodies = self.visible()[: wanted["MaxNumberOfMessages"]]
        self.hidden_until |= dict.fromkeys(bodies, self.receives / 5 + wanted["VisibilityTimeout"])
        return {"Messages": [{"MessageId": body, "Body": body, "ReceiptHandle": body} for body in bodies]}

    def delete_message(self, **wanted):
        del self.hidden_until[wanted["ReceiptHandle"]]


def test_a_queue_that_takes_longer_to_read_than_messages_are_hidden_is_read_to_its_end_once():
    slow = SlowQueue(length=600)
    assert queues.take(slow, "url", lambda body: body == "letter 599") == ["letter 599"]
    assert slow.receives <= 61


@pytest.fixture
def redriven(clients):
    """SQS, with a queue whose messages go to another one after the first receive."""
    sqs = clients["sqs"]
    dead = sqs.create_queue(QueueName="letters-dlq")["QueueUrl"]
    policy = {"deadLetterTargetArn": queues.attributes(sqs, "letters-dlq")["QueueArn"], "maxReceiveCount": 1}
    url = sqs.create_queue(QueueName="letters", Attributes={"RedrivePolicy": json.dumps(policy)})["QueueUrl"]

    def redrive():
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return queues.counts(sqs, dead)["visible"]

    return sqs, url, redrive


def test_of_equal_messages_in_a_dead_letter_queue_only_those_that_checks_sent_are_taken(redriven, tmp_path):
    sqs, url, redrive = redriven
    with remembered_in(tmp_path, "here", "lab"):
        sqs.send_message(QueueUrl=url, MessageBody="no order")
        queues.send(sqs, "letters", ["no order", "neither"], "letters-dlq")
        assert queues.take_dead(sqs, "letters-dlq") == []
        wait_until(lambda: redrive() == 3)
        assert sorted(queues.take_dead(sqs, "letters-dlq")) == ["neither", "no order"]
        assert queues.counts(sqs, f"{url}-dlq") == {"visible": 0, "in flight": 1, "delayed": 0}
        assert queues.take_dead(sqs, "letters-dlq") == []


def test_messages_whose_ids_a_killed_check_did_not_learn_are_known_by_their_bodies(redriven, tmp_path):
    sqs, url, redrive = redriven
    with remembered_in(tmp_path, "here", "lab"):
        made.owe("messages", "letters", dead="letters-dlq", bodies=["no order"])
        for body in ("no order", "another"):
            sqs.send_message(QueueUrl=url, MessageBody=body)
        wait_until(lambda: redrive() == 2)
        assert queues.take_dead(sqs, "letters-dlq") == ["no order"]


@pytest.mark.parametrize("many", [0, 3, 23])
def test_waiting_messages_are_all_seen_and_stay_as_visible_as_they_were(clients, many):
    sqs, bodies = clients["sqs"], {f"letter {number}" for number in range(many)}
    url = sqs.create_queue(QueueName="letters")["QueueUrl"]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert set(queues.peek(sqs, "letters")) == bodies
    assert queues.counts(sqs, url) == {"visible": many, "in flight": 0, "delayed": 0}


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ({"batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-2"}]}, {"m-1", "m-2"}),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": [{"id": "m-1"}]}, set()),
        ({"batchItemFailures": 3}, set()),
        ([], set()),
        (None, set()),
    ],
)
def test_messages_that_an_answer_reports_as_failed(answer, ids):
    assert queues.reported(answer) == ids


def test_what_strangers_send_to_a_checks_queue_is_no_event():
    class Sqs:
        def receive_message(self, **_):
            return {}

    probe = queues.ProbeQueue(Sqs(), "url", "arn")
    probe.heard = ["garbage", "[1]", "7", "[" * 100_000, '{"source": "pets"}']
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(queues, "take", lambda *_: [])
        assert probe.objects() == [{"source": "pets"}]
