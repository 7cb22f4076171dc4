"""Tests for the probes: invoke a function, read its log, count and take messages."""

import io
import zipfile
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lab_harness import (
    Failure,
    function_log,
    invoke_function,
    latest_log,
    nonce,
    queue_attributes,
    queue_counts,
    take_messages,
)
from tests.waiting import wait_until

HANDLER = """
def handler(event, context):
    print("got", event)
    if event == "fail":
        raise ValueError("no good")
    return {"echo": event}
"""


@pytest.fixture
def function(clients):
    """Lambda with the function `echo`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", HANDLER)
    clients["lambda"].create_function(
        FunctionName="echo",
        Runtime="python3.12",
        Handler="main.handler",
        Role="arn:aws:iam::000000000000:role/worker",
        Code={"ZipFile": buffer.getvalue()},
    )
    return clients["lambda"]


@pytest.fixture
def queue(clients):
    """SQS, and the URL of a queue."""
    return clients["sqs"], clients["sqs"].create_queue(QueueName="letters")["QueueUrl"]


class Answering:
    """A Lambda client that answers every invocation so; an exception is raised."""

    def __init__(self, answer, **more):
        self.answer, self.more = answer, more

    def invoke(self, **_):
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Payload": io.BytesIO(self.answer), **self.more}


def test_nonces_differ():
    assert len({nonce() for _ in range(100)}) == 100


def test_invocation_gives_the_decoded_answer(function):
    found = invoke_function(function, "echo", {"a": [1, "ü"]})
    assert (found.payload, found.error) == ({"echo": {"a": [1, "ü"]}}, None)
    assert found.described() == 'the answer {"echo": {"a": [1, "\\u00fc"]}}'


def test_exception_in_the_function_is_evidence_not_an_error(function):
    found = invoke_function(function, "echo", "fail")
    assert found.error == "Unhandled"
    assert found.described() == "the function failed with ValueError: no good"


@pytest.mark.parametrize(
    ("answer", "payload"),
    [(b"", None), (b"null", None), (b"no JSON \xff", "no JSON \N{REPLACEMENT CHARACTER}"), (b"[1]", [1])],
)
def test_answer_of_any_kind_can_be_described(answer, payload):
    for error in (None, "Unhandled"):
        found = invoke_function(Answering(answer, FunctionError=error), "echo", {})
        assert (found.payload, found.error) == (payload, error)
        assert found.described().startswith("the answer ")


def test_missing_function_is_a_failure_that_names_it(function):
    with pytest.raises(Failure) as caught:
        invoke_function(function, "ecco", {})
    assert caught.value.expected == "a function ecco that can be invoked"
    assert "Function not found" in caught.value.found
    assert "get_function_configuration(FunctionName='ecco')" in caught.value.next_step


def test_function_that_takes_too_long_is_a_failure():
    with pytest.raises(Failure) as caught:
        invoke_function(Answering(ReadTimeoutError(endpoint_url="http://127.0.0.1:4566")), "echo", {})
    assert (caught.value.expected, caught.value.found) == ("an answer from echo within seconds", "no answer")


def test_function_log_has_the_lines_that_contain_a_text_oldest_first(function, clients):
    for event in ("first", "second"):
        invoke_function(function, "echo", event)
    logs = clients["logs"]
    assert function_log(logs, "echo", "got") == ["got first", "got second"]
    assert function_log(logs, "echo", "got sec") == ["got second"]
    assert function_log(logs, "echo", "nothing like it") == []
    kinds = [line.split()[0] for line in function_log(logs, "echo")]
    assert [kind for kind in kinds if kind != "INIT_START"] == ["START", "got", "END", "REPORT"] * 2


def test_function_without_a_log_has_no_lines(clients):
    assert function_log(clients["logs"], "never-ran") == []
    assert latest_log(clients["logs"], "never-ran") == "the function has logged nothing"


def test_log_that_cannot_be_read_is_not_taken_for_an_empty_one():
    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "FilterLogEvents")

    logs = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=refuse))
    with pytest.raises(ClientError, match="not you"):
        function_log(logs, "echo")


def test_latest_log_is_the_last_sixteen_lines(function, clients):
    for number in range(8):
        invoke_function(function, "echo", number)
    heading, *lines = latest_log(clients["logs"], "echo").splitlines()
    assert heading == "the function's log ends with:"
    assert len(lines) == 16
    assert lines == function_log(clients["logs"], "echo")[-16:]


def test_queue_counts_tell_visible_in_flight_and_delayed_apart(queue):
    sqs, url = queue
    for delay in (0, 0, 0, 60):
        sqs.send_message(QueueUrl=url, MessageBody="hello", DelaySeconds=delay)
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)
    assert queue_counts(sqs, url) == {"visible": 2, "in flight": 1, "delayed": 1}


def test_queue_attributes_are_found_by_the_queues_name(queue):
    assert queue_attributes(queue[0], "letters")["QueueArn"].endswith(":letters")


def test_messages_with_a_text_are_taken_and_the_others_come_back(queue):
    sqs, url = queue
    for body in [f"letter {number}" for number in range(12)] + ["probe 1", "letter with a probe 2"]:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert sorted(take_messages(sqs, url, lambda body: "probe" in body, hidden=1)) == [
        "letter with a probe 2",
        "probe 1",
    ]
    wait_until(lambda: queue_counts(sqs, url)["visible"] >= 12)
    assert queue_counts(sqs, url) == {"visible": 12, "in flight": 0, "delayed": 0}
    assert take_messages(sqs, url, lambda body: "probe" in body, hidden=1) == []


def test_taking_from_an_empty_queue_takes_nothing(queue):
    assert take_messages(*queue) == []


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
    assert take_messages(slow, "url", lambda body: body == "letter 599") == ["letter 599"]
    assert slow.receives <= 61
