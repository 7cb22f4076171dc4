"""What checks act with when looking is not enough: invoke a function, read its log, send and take messages."""

import hashlib
import json
import re
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from lab_harness.authors.checks import Failure
from lab_harness.emulators.base import ACCOUNT

RECEIVED_A_SECOND = 50  # messages, ten at a time, at least, on a busy machine
SHOWN_LOG_LINES = 16  # a traceback and the lines around it


@dataclass(frozen=True)
class Invocation:
    """What a function answered: `payload` is its decoded JSON, `error` is AWS's FunctionError or None."""

    payload: Any
    error: str | None

    def described(self) -> str:
        """The answer as evidence for `Failure.found`."""
        if self.error and isinstance(self.payload, dict):
            kind, message = self.payload.get("errorType", "error"), self.payload.get("errorMessage", "")
            return f"the function failed with {kind}: {message}"
        return f"the answer {json.dumps(self.payload)}"


def nonce() -> str:
    """A short text that nobody could have known before."""
    return secrets.token_hex(6)


def invoke_function(lambda_: Any, name: str, event: Any) -> Invocation:
    """Invoke a function and wait for its answer. Raises Failure when it cannot be invoked or takes too long."""
    try:
        response = lambda_.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        payload = response["Payload"].read()
    except ReadTimeoutError:
        raise Failure(
            expected=f"an answer from {name} within seconds",
            found="no answer",
            next_step="Look in the handler for an endless loop or a long wait, and lower the function's timeout.",
        ) from None
    except ClientError as error:
        raise Failure(
            expected=f"a function {name} that can be invoked",
            found=error.response["Error"]["Message"],
            next_step=f"Look at the function's State with get_function_configuration(FunctionName={name!r}).",
        ) from None
    return Invocation(_decoded(payload), response.get("FunctionError"))


def function_log(logs: Any, name: str, containing: str = "") -> list[str]:
    """The lines of a function's log that contain a text, oldest first; none where it has no log group yet."""
    group = f"/aws/lambda/{name}"
    lines: list[str] = []
    try:
        # filterPattern is not used: LocalStack ignores it.
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            lines += [event["message"].rstrip("\n") for event in page["events"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
    return [line for line in lines if containing in line]


def names(text: str, name: str) -> bool:
    """Whether a text has this name as a whole: o-1 is not named in o-17."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def latest_log(logs: Any, name: str) -> str:
    """The last lines of a function's log, as evidence for `Failure.found`."""
    lines = function_log(logs, name)[-SHOWN_LOG_LINES:]
    return "\n".join(["the function's log ends with:", *lines]) if lines else "the function has logged nothing"


def _decoded(payload: bytes) -> Any:
    try:
        return json.loads(payload) if payload else None
    except ValueError:
        return payload.decode("utf-8", "replace")


def queue_names(sqs: Any) -> list[str]:
    """The names of all queues. A URL is `…/<account>/<name>`: one that merely ends in a name is another queue's."""
    pages = sqs.get_paginator("list_queues").paginate()
    return [url.partition(f"/{ACCOUNT}/")[2] for page in pages for url in page.get("QueueUrls", [])]


def queue_attributes(sqs: Any, name: str) -> dict[str, str]:
    """All attributes of the queue of this name."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return attributes


def sqs_event(queue_arn: str, bodies: Mapping[str, str]) -> dict[str, Any]:
    """The event by which Lambda hands messages to a function; `bodies` maps message ids to bodies.

    Nothing in it tells that no queue was asked. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    now = int(time.time() * 1000)
    received = {"ApproximateReceiveCount": "1", "SentTimestamp": str(now - 20), "SenderId": queue_arn.split(":")[4]}
    records = [
        {
            "messageId": message_id,
            "receiptHandle": str(uuid.uuid4()),
            "body": body,
            "attributes": received | {"ApproximateFirstReceiveTimestamp": str(now)},
            "messageAttributes": {},
            "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": "us-east-1",
        }
        for message_id, body in bodies.items()
    ]
    return {"Records": records}


def queue_counts(sqs: Any, url: str) -> dict[str, int]:
    """How many messages a queue holds: visible, in flight (received, not yet deleted) and delayed."""
    names = {
        "visible": "ApproximateNumberOfMessages",
        "in flight": "ApproximateNumberOfMessagesNotVisible",
        "delayed": "ApproximateNumberOfMessagesDelayed",
    }
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names.values()))["Attributes"]
    return {state: int(attributes[name]) for state, name in names.items()}


def take_messages(sqs: Any, url: str, mine: Callable[[str], bool] = lambda body: True, hidden: int = 2) -> list[str]:
    """Remove the messages from a queue whose bodies are `mine`, and return their bodies.

    The others are hidden for `hidden` seconds, in a long queue for more, and counted as received once more, so this
    is for queues without a redrive policy of their own.
    """
    taken = []
    for message in handed_out(sqs, url, hidden):
        if mine(message["Body"]):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken.append(message["Body"])
    return taken


def handed_out(sqs: Any, url: str, hidden: int) -> Iterator[dict[str, Any]]:
    """Receive each of a queue's visible messages once, with its SentTimestamp.

    Each is hidden until the last is there: in a long queue the first would else come again before that, without end.
    """
    seen: set[str] = set()
    hidden += queue_counts(sqs, url)["visible"] // RECEIVED_A_SECOND
    wanted = {"MaxNumberOfMessages": 10, "VisibilityTimeout": hidden, "MessageSystemAttributeNames": ["SentTimestamp"]}
    while messages := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0, **wanted).get("Messages"):
        if seen.issuperset(message["MessageId"] for message in messages):
            return
        seen.update(message["MessageId"] for message in messages)
        yield from messages
