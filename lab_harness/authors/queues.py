"""What checks ask of SQS: which queues there are, what they hold; and the event by which Lambda reads one."""

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

RECEIVED_A_SECOND = 50  # messages, ten at a time, at least, on a busy machine


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
