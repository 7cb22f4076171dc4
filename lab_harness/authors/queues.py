"""What checks ask of SQS: which queues there are, what they hold; and the event by which Lambda reads one."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lab_harness.authors import customers
from lab_harness.authors.made import owe, owed
from lab_harness.authors.memory import Owed
from lab_harness.authors.words import as_json

BATCH = 10  # messages in an answer of SQS's, at most
# What lets topics, rules and buckets send to a queue.
FROM_SERVICES = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": [f"{service}.amazonaws.com" for service in ("sns", "events", "s3")]},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    },
}
RECEIVED_A_SECOND = 50  # messages, ten at a time, at least, on a busy machine


def url(sqs: Any, name: str) -> str:
    """The URL of the queue of this name, which is there.

    For example:

        counts = queues.counts(sqs, queues.url(sqs, QUEUE))
    """
    return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])


def arn(sqs: Any, name: str) -> str:
    """The ARN of the queue of this name, which is there.

    For example:

        expect.permissions(iam, ROLE, [("sqs:SendMessage", queues.arn(sqs, QUEUE))], "Section 5 lists what is called.")
    """
    return attributes(sqs, name)["QueueArn"]


def attributes(sqs: Any, name: str) -> dict[str, str]:
    """All attributes of the queue of this name, which is there.

    For example:

        seconds = int(queues.attributes(sqs, QUEUE)["VisibilityTimeout"])
    """
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url(sqs, name), AttributeNames=["All"])["Attributes"]
    return found


def event(queue_arn: str, bodies: Mapping[str, str]) -> dict[str, Any]:
    """The event by which Lambda hands messages to a function; `bodies` maps message ids to bodies.

    Nothing in it tells that no queue was asked. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html

        answer = functions.invoke(lambda_, FUNCTION, queues.event(queues.arn(sqs, QUEUE), {"m-1": json.dumps(order)}))
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


def reported(answer: Any) -> set[str]:
    """The message ids that a function's answer reports as failed; none where it is not of the form that Lambda reads.

    For example:

        wrong = queues.reported(invocation.payload) != bad_ids
    """
    try:
        return {failed["itemIdentifier"] for failed in answer["batchItemFailures"]}
    except (TypeError, KeyError):
        return set()


def counts(sqs: Any, url: str) -> dict[str, int]:
    """How many messages a queue holds: visible, in flight (received, not yet deleted) and delayed.

    For example:

        if not queues.counts(sqs, queues.url(sqs, QUEUE))["visible"]: ...
    """
    kinds = {"visible": "", "in flight": "NotVisible", "delayed": "Delayed"}
    names = {state: f"ApproximateNumberOfMessages{kind}" for state, kind in kinds.items()}
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names.values()))["Attributes"]
    return {state: int(found[name]) for state, name in names.items()}


def described(sqs: Any, name: str) -> str:
    """What a queue holds, as evidence for `Failure.found`: pet-orders holds 1 visible, 0 in flight, 0 delayed.

    For example:

        raise Failure(expected=f"no message left in {QUEUE}", found=queues.described(sqs, QUEUE), next_step="…")
    """
    return f"{name} holds {', '.join(f'{count} {state}' for state, count in counts(sqs, url(sqs, name)).items())}"


def peek(sqs: Any, queue: str) -> list[str]:
    """The bodies of all messages that wait in the queue of this name; they stay as visible as they were.

    Up to ten are looked at without being hidden, more of them are hidden for a moment. Only their receive count grows,
    which would matter to a queue with a redrive policy.

        bodies = queues.peek(sqs, QUEUE)
    """
    where = url(sqs, queue)
    if counts(sqs, where)["visible"] <= BATCH:
        wanted = {"MaxNumberOfMessages": BATCH, "VisibilityTimeout": 0, "WaitTimeSeconds": 0}
        return [each["Body"] for each in sqs.receive_message(QueueUrl=where, **wanted).get("Messages", [])]
    messages = list(received(sqs, where, hidden=2))
    for each in messages:
        sqs.change_message_visibility(QueueUrl=where, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0)
    return [each["Body"] for each in messages]


def take(sqs: Any, url: str, mine: Callable[[str], bool] = lambda body: True, hidden: int = 2) -> list[str]:
    """Remove the messages from a queue whose bodies are `mine`, and return their bodies.

    The others are hidden for `hidden` seconds, in a long queue for more, and counted as received once more, so this
    is for queues without a redrive policy of their own.

        dead = queues.take(sqs, queues.url(sqs, DEAD_LETTER_QUEUE), lambda body: body in SENT)
    """
    taken = []
    for message in received(sqs, url, hidden):
        if mine(message["Body"]):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken.append(message["Body"])
    return taken


def send(sqs: Any, queue: str, bodies: Collection[str], dead_letter_queue: str) -> None:
    """Send messages to a queue, at most ten, in one batch; `take_dead` knows them again.

    For example:

        queues.send(sqs, QUEUE, [json.dumps(order)], DEAD_LETTER_QUEUE)
    """
    sent = owe("messages", queue, dead=dead_letter_queue, bodies=list(bodies))
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    answer = sqs.send_message_batch(QueueUrl=url(sqs, queue), Entries=entries)
    sent.note(ids=[each["MessageId"] for each in answer.get("Successful", [])])


def take_dead(sqs: Any, dead_letter_queue: str) -> list[str]:
    """Remove the checks' own messages, also those of earlier runs, from a dead-letter queue; returns their bodies.

    For example:

        dead = queues.take_dead(sqs, DEAD_LETTER_QUEUE)
    """
    sent = [each for each in owed("messages") if each.details["dead"] == dead_letter_queue]
    dead = url(sqs, dead_letter_queue)
    bodies = []
    for message in received(sqs, dead, hidden=2) if sent else ():
        if any(_is_of(message, each) for each in sent):
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(message["Body"])
    return bodies


@dataclass
class ProbeQueue:
    """A queue of a check's own. `hear` returns the bodies of all messages that have come so far."""

    sqs: Any
    url: str
    arn: str
    heard: list[str] = field(default_factory=list)

    def hear(self, wait: int = 0) -> list[str]:
        """The bodies of all messages so far; it waits so many seconds for one more."""
        self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=wait, VisibilityTimeout=0)
        self.heard += take(self.sqs, self.url)
        return self.heard

    def objects(self, wait: int = 0) -> list[dict[str, Any]]:
        """The JSON objects among the bodies so far: whoever finds the queue may send anything to it."""
        return [each for each in map(as_json, self.hear(wait)) if isinstance(each, dict)]


@contextmanager
def probe_queue(sqs: Any) -> Iterator[ProbeQueue]:
    """A queue of a check's own, for what a topic, a rule or a bucket sends; it is gone afterwards.

    For example:

        with queues.probe_queue(sqs) as queue, topics.probe_subscription(sns, TOPIC, queue.arn):
            ...  # do what publishes
            bodies = queue.hear(wait=1)
    """
    owed_queue = owe("AWS::SQS::Queue", customers.resource_name())
    made = sqs.create_queue(QueueName=owed_queue.name, Attributes={"Policy": json.dumps(FROM_SERVICES)})["QueueUrl"]
    try:
        yield ProbeQueue(sqs, made, arn(sqs, owed_queue.name))
    finally:
        owed_queue.take_away(sqs.delete_queue, QueueUrl=made)


def received(sqs: Any, url: str, hidden: int) -> Iterator[dict[str, Any]]:
    """Receive each of a queue's visible messages once, with its SentTimestamp.

    Where there are more than ten, each is hidden until the last is there: otherwise the first would come again, and
    those behind them never.

        bodies = [message["Body"] for message in queues.received(sqs, queues.url(sqs, QUEUE), hidden=2)]
    """
    seen: set[str] = set()
    visible = counts(sqs, url)["visible"]
    hidden = (max(hidden, 2) if visible > BATCH else hidden) + visible // RECEIVED_A_SECOND
    wanted = {"MaxNumberOfMessages": 10, "VisibilityTimeout": hidden, "MessageSystemAttributeNames": ["SentTimestamp"]}
    while messages := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0, **wanted).get("Messages"):
        if seen.issuperset(message["MessageId"] for message in messages):
            return
        seen.update(message["MessageId"] for message in messages)
        yield from messages


def _is_of(message: Mapping[str, Any], sent: Owed) -> bool:
    """Whether a message is of a batch: by its id, which it keeps; by its body where a check did not learn its id."""
    if "ids" in sent.details:
        return message["MessageId"] in sent.details["ids"]
    recent = int(message["Attributes"]["SentTimestamp"]) >= sent.time * 1000
    return recent and message["Body"] in sent.details["bodies"]
