"""What checks do with the task tokens that executions send to a queue: take them out, and answer them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from lab_harness.authors import queues
from lab_harness.authors.executions import Execution, decoded, probe_execution, state_machines
from lab_harness.authors.made import is_made, owe
from lab_harness.authors.witness import present
from lab_harness.authors.words import mentions


@dataclass(frozen=True)
class TokenQueue:
    """A queue to which executions of a state machine send task tokens, and what of it is one probe's.

    That is a message which has one of `tags` as a whole word, or which came after `since` (in ms). Others are hidden
    for 2 seconds, in a long queue for more, and counted as received once more, and stay.
    """

    sqs: Any
    url: str
    tags: Collection[str]
    since: float

    def take(self) -> list[str]:
        """Remove the probe's messages, and return their bodies."""
        bodies = []
        for message in queues.received(self.sqs, self.url, hidden=2):
            tagged = any(mentions(message["Body"], tag) for tag in self.tags)
            if tagged or int(message["Attributes"]["SentTimestamp"]) >= self.since:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(message["Body"])
        return bodies


class Answered(NamedTuple):
    """An execution at its end, all messages that it sent, and those of them that could not be answered."""

    execution: Execution
    messages: list[str]
    unanswered: list[str]


def run_answering(
    stepfunctions: Any,
    machine: str,
    data: Any,
    queue: TokenQueue,
    answer: Callable[[dict[str, Any]], Mapping[str, str]],
    within: float,
) -> Answered:
    """Run an execution to its end and answer the task tokens that it sends.

    `answer` gets a message's JSON, and returns what to answer its `taskToken` with: an `output`, or `error` and
    `cause`. A message that cannot be answered ends the execution, which would wait for ever. Failure where the state
    machine cannot be started, or runs for longer than `within` seconds.

        queue = task_tokens.token_queue(stepfunctions, sqs, MACHINE, QUEUE, tags=pet_ids)
        ran = task_tokens.run_answering(stepfunctions, MACHINE, data, queue, lambda message: APPROVE, within=20)
    """
    bodies: list[str] = []
    unanswered: list[str] = []
    tokens = owe("tokens", queue.url.rpartition("/")[2], tags=list(queue.tags))

    def answer_messages() -> None:
        for body in queue.take():
            bodies.append(body)
            message = decoded(body)
            if not _answer_token(stepfunctions, str(message.get("taskToken") or "none"), answer(message)):
                unanswered.append(body)
                probe.stop()

    try:
        with probe_execution(stepfunctions, machine, data) as probe:
            return Answered(probe.end(within, answer_messages), bodies, unanswered)
    finally:
        bodies += queue.take()
        tokens.gone()


def token_queue(stepfunctions: Any, sqs: Any, machine: str, queue: str, tags: Collection[str]) -> TokenQueue:
    """The queue of this name. What comes from now on is the probe's, unless the state machine runs for somebody.

    For example:

        queue = task_tokens.token_queue(stepfunctions, sqs, MACHINE, QUEUE, tags=pet_ids)
    """
    arn = state_machines(stepfunctions).get(machine)
    running = stepfunctions.list_executions(stateMachineArn=arn, statusFilter="RUNNING") if arn else {}
    others = [each for each in running.get("executions", []) if not is_made(each["name"])]
    return TokenQueue(sqs, queues.url(sqs, queue), tags, float("inf") if others else present().clock.now() * 1000)


def _answer_token(stepfunctions: Any, token: str, answer: Mapping[str, str]) -> bool:
    send = stepfunctions.send_task_success if "output" in answer else stepfunctions.send_task_failure
    try:
        send(taskToken=token, **answer)
    except ClientError:
        return False
    return True
