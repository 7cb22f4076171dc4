"""What checks ask of SQS: which queues there are, what they hold; and the event by which Lambda reads one."""

import hashlib
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from lab_harness.authors.made import owe, owed
from lab_harness.authors.memory import Owed
from lab_harness.emulators.base import ACCOUNT

RECEIVED_A_SECOND = 50  # messages, ten at a time, at least, on a busy machine


def names(sqs: Any) -> list[str]:
    """The names of all queues. A URL is `…/<account>/<name>`: one that merely ends in a name is another queue's."""
    pages = sqs.get_paginator("list_queues").paginate()
    return [url.partition(f"/{ACCOUNT}/")[2] for page in pages for url in page.get("QueueUrls", [])]


def attributes(sqs: Any, name: str) -> dict[str, str]:
    """All attributes of the queue of this name."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


def event(queue_arn: str, bodies: Mapping[str, str]) -> dict[str, Any]:
    """The event by which Lambda hands messages to a function; `bodies` maps message ids to bodies.

    Nothing in it tells that no queue was asked. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    now = int(time.time() * 1000)
    common = {"ApproximateReceiveCount": "1", "SentTimestamp": str(now - 20), "SenderId": queue_arn.split(":")[4]}
    records = [
        {
            "messageId": message_id,
            "receiptHandle": str(uuid.uuid4()),
            "body": body,
            "attributes": common | {"ApproximateFirstReceiveTimestamp": str(now)},
            "messageAttributes": {},
            "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": "us-east-1",
        }
        for message_id, body in bodies.items()
    ]
    return {"Records": records}


def counts(sqs: Any, url: str) -> dict[str, int]:
    """How many messages a queue holds: visible, in flight (received, not yet deleted) and delayed."""
    states = {
        "visible": "ApproximateNumberOfMessages",
        "in flight": "ApproximateNumberOfMessagesNotVisible",
        "delayed": "ApproximateNumberOfMessagesDelayed",
    }
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(states.values()))["Attributes"]
    return {state: int(found[name]) for state, name in states.items()}


def take(sqs: Any, url: str, mine: Callable[[str], bool] = lambda body: True, hidden: int = 2) -> list[str]:
    """Remove the messages from a queue whose bodies are `mine`, and return their bodies.

    The others are hidden for `hidden` seconds, in a long queue for more, and counted as received once more, so this
    is for queues without a redrive policy of their own.
    """
    taken = []
    for message in received(sqs, url, hidden):
        if mine(message["Body"]):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken.append(message["Body"])
    return taken


def send(sqs: Any, queue: str, bodies: Collection[str], dead_letter_queue: str) -> None:
    """Send messages to a queue, at most ten, in one batch; `take_dead` knows them again."""
    sent = owe("messages", queue, dead=dead_letter_queue, bodies=list(bodies))
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    sent.note(ids=[each["MessageId"] for each in answer.get("Successful", [])])


def take_dead(sqs: Any, dead_letter_queue: str) -> list[str]:
    """Remove the checks' own messages, also those of earlier runs, from a dead-letter queue; returns their bodies."""
    sent = [each for each in owed("messages") if each.details["dead"] == dead_letter_queue]
    url = sqs.get_queue_url(QueueName=dead_letter_queue)["QueueUrl"]
    bodies = []
    for message in received(sqs, url, hidden=2) if sent else ():
        if any(_is_of(message, each) for each in sent):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(message["Body"])
    return bodies


def _is_of(message: Mapping[str, Any], sent: Owed) -> bool:
    """Whether a message is of a batch: by its id, which it keeps; by its body where a check did not learn its id."""
    if "ids" in sent.details:
        return message["MessageId"] in sent.details["ids"]
    recent = int(message["Attributes"]["SentTimestamp"]) >= sent.time * 1000
    return recent and message["Body"] in sent.details["bodies"]


def received(sqs: Any, url: str, hidden: int) -> Iterator[dict[str, Any]]:
    """Receive each of a queue's visible messages once, with its SentTimestamp.

    Each is hidden until the last is there: in a long queue the first would else come again before that, without end.
    """
    seen: set[str] = set()
    hidden += counts(sqs, url)["visible"] // RECEIVED_A_SECOND
    wanted = {"MaxNumberOfMessages": 10, "VisibilityTimeout": hidden, "MessageSystemAttributeNames": ["SentTimestamp"]}
    while messages := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0, **wanted).get("Messages"):
        if seen.issuperset(message["MessageId"] for message in messages):
            return
        seen.update(message["MessageId"] for message in messages)
        yield from messages
