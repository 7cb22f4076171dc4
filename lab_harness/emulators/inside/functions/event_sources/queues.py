"""A queue as a mapping's source: what is received, gathered, given to the function, and then deleted or left.

Messages of a FIFO queue go to the function group by group, one batch at a time for each group, and groups side by side:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (2026)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from lab_harness.emulators.inside.functions.event_sources import batches
from lab_harness.emulators.inside.functions.event_sources.batches import (
    FAILED,
    NEVER,
    OK,
    REPORT,
    Batch,
    BatchResult,
    Filling,
)

SIDE_BY_SIDE = 5  # batches, as AWS begins with; AWS grows up to 1,250
PAUSE = 1.0  # seconds after a function's error; AWS reads less, by no figure that it tells
THROTTLED_PAUSE = 0.5  # seconds until a batch that was throttled is tried again
AT_ONCE = 10  # messages that SQS gives with one answer


@dataclass
class Messages(Batch):
    """A batch of messages, which the queue hides until a time."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    until: float = 0.0


class Queue:
    """The queue of one mapping."""

    def __init__(self, mapping: dict[str, Any]) -> None:
        self._mapping = mapping
        self.name = f"sqs {self._arn.rpartition(':')[2]}"
        self.due = 0.0
        self._running = 0
        self._resting = 0.0  # until then nothing is received
        self._gathered: list[dict[str, Any]] = []  # messages that wait until the batch is full, or its window over
        self._since = 0.0  # when the first of them was received
        self._ready: list[Messages] = []
        self._throttled: list[tuple[float, Messages]] = []

    @property
    def _arn(self) -> str:
        return str(self._mapping["EventSourceArn"])

    def receive(self) -> Iterator[Messages]:
        """The batches that are due now."""
        from ministack.services import sqs

        queue, moment = sqs._queue_by_arn(self._arn), batches.now()
        self.due = self._resting if moment < self._resting else NEVER
        if queue is None or moment < self._resting:
            return
        while self._running < self._limit() and (batch := self._next(queue, moment)):
            self._running += 1
            yield batch
        if self._running < self._limit():  # Else it is looked at when a batch is done.
            self.due = min([self.due, *self._times(queue, moment)])

    def _times(self, queue: dict[str, Any], moment: float) -> Iterator[float]:
        """When something changes by itself: a window ends, a message is seen again, a throttled batch is tried."""
        if self._gathered:
            yield self._since + self._window()
        yield from (when for when, _ in self._throttled)
        yield from (seen for each in list(queue["messages"]) if (seen := each.get("visible_at", 0.0)) > moment)

    def _limit(self) -> int:
        from ministack.services import lambda_svc

        most = (self._mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") or SIDE_BY_SIDE
        reserved = (lambda_svc._functions.get(self._mapping["FunctionName"]) or {}).get("concurrency")
        return int(most if reserved is None else min(most, reserved))

    def _window(self) -> float:
        return float(self._mapping.get("MaximumBatchingWindowInSeconds") or 0)

    def _next(self, queue: dict[str, Any], moment: float) -> Messages | None:
        for number, (when, batch) in enumerate(self._throttled):
            if when <= moment:
                del self._throttled[number]
                return batch
        if not self._ready:
            self._ready = list(self._by_group(queue) if queue["is_fifo"] else self._in_time(queue, moment))
        return self._ready.pop(0) if self._ready else None

    def _by_group(self, queue: dict[str, Any]) -> Iterator[Messages]:
        received = sorted(self._received(queue, self._size()), key=lambda each: str(each["group_id"]))  # a stable sort
        for _, messages in groupby(received, key=lambda each: each["group_id"]):
            yield self._batch(queue, list(messages))

    def _in_time(self, queue: dict[str, Any], moment: float) -> Iterator[Messages]:
        """A batch of what has been gathered, if it is full or its window is over."""
        if not self._gathered:
            self._since = moment
        received = self._received(queue, self._size() - len(self._gathered))
        # One that was hidden for less than the window comes again.
        self._gathered = list({each["id"]: each for each in self._gathered + received}.values())
        filling = Filling(self._size())
        for message in self._gathered:
            record = self._record(message)
            if not filling.takes(record):
                break
            filling.add(message, record)
        taken: list[dict[str, Any]] = filling.records
        full = len(taken) == self._size() or len(taken) < len(self._gathered)
        if taken and (full or moment >= self._since + self._window()):
            self._gathered, self._since = self._gathered[len(taken) :], moment
            yield self._batch(queue, taken)

    def _size(self) -> int:
        return int(self._mapping.get("BatchSize") or AT_ONCE)

    def _received(self, queue: dict[str, Any], most: int) -> list[dict[str, Any]]:
        """Up to so many messages, hidden from now on; those that no filter lets through are deleted."""
        from ministack.services import sqs

        found: list[dict[str, Any]] = []
        while len(found) < most and (
            some := sqs._receive_messages_for_esm(queue["url"], min(most - len(found), AT_ONCE))
        ):
            kept = {each["messageId"] for each in batches.matching(self._mapping, [self._record(one) for one in some])}
            found += [each for each in some if each["id"] in kept]
            self._delete([each for each in some if each["id"] not in kept])
        return found

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        from ministack.services import sqs

        queue = sqs._queue_by_arn(self._arn)
        if queue is not None:
            sqs._delete_messages_for_esm(queue["url"], {each["receipt_handle"] for each in messages})

    def _batch(self, queue: dict[str, Any], messages: list[dict[str, Any]]) -> Messages:
        until = batches.now() + int(queue["attributes"].get("VisibilityTimeout", 30))
        event = {"Records": [self._record(each) for each in messages]}
        # Copies, for a message that is received again has another receipt handle.
        return Messages(event, [each["id"] for each in messages], [dict(each) for each in messages], until)

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        """A message as the function gets it."""
        record = {
            "messageId": message["id"],
            "receiptHandle": message["receipt_handle"],
            "body": message["body"],
            "attributes": dict(_attributes(message)),
            "messageAttributes": {
                name: {"stringListValues": [], "binaryListValues": []}
                | {key[:1].lower() + key[1:]: value for key, value in told.items()}
                for name, told in (message.get("message_attributes") or {}).items()
            },
            "md5OfBody": message["md5_body"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._arn.split(":")[3],
        }
        digest = {"md5OfMessageAttributes": message["md5_attrs"]} if message.get("md5_attrs") else {}
        return record | digest

    def settle(self, batch: Messages, answer: BatchResult) -> None:
        """Delete what the function has done; what it has not is seen again when the queue hides it no longer."""
        self._running -= 1
        if answer.throttled and batches.now() + THROTTLED_PAUSE < batch.until:
            self._throttled.append((batches.now() + THROTTLED_PAUSE, batch))
            return
        failed = None if answer.failed else self._failures(batch, answer)
        self._mapping["LastProcessingResult"] = FAILED if failed is None else OK
        if answer.failed:
            self._resting = batches.now() + PAUSE
        if failed is not None:
            self._delete([each for each in batch.messages if each["id"] not in failed])

    def _failures(self, batch: Messages, answer: BatchResult) -> set[str] | None:
        if REPORT not in (self._mapping.get("FunctionResponseTypes") or []):
            return set()
        return batches.reported(answer.result.get("body"), batch.ids)


def _attributes(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A message's attributes by AWS's names; a trace and a group only where it has one."""
    told = message.get("sys") or {}
    yield "ApproximateReceiveCount", str(message["receive_count"])
    if told.get("AWSTraceHeader"):
        yield "AWSTraceHeader", told["AWSTraceHeader"]
    yield "SentTimestamp", str(int(message["sent_at"] * 1000))
    for name, key in (("SequenceNumber", "seq"), ("MessageGroupId", "group_id")):
        if message.get(key) is not None:
            yield name, str(message[key])
    yield "SenderId", str(told.get("SenderId") or "")
    if message.get("dedup_id"):
        yield "MessageDeduplicationId", message["dedup_id"]
    yield "ApproximateFirstReceiveTimestamp", str(int((message.get("first_receive_at") or message["sent_at"]) * 1000))
    if told.get("DeadLetterQueueSourceArn"):
        yield "DeadLetterQueueSourceArn", told["DeadLetterQueueSourceArn"]
