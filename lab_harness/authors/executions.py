"""What checks do with Step Functions: run a state machine, and answer its task tokens."""

import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from lab_harness.answers import pages
from lab_harness.authors import functions, queues
from lab_harness.authors.checks import Failure, eventually
from lab_harness.authors.histories import Execution, decoded, read_execution
from lab_harness.authors.made import is_made, made, owe
from lab_harness.authors.memory import Owed

RUNNING = "RUNNING"


@dataclass
class ProbeExecution:
    """An execution that a check has started."""

    stepfunctions: Any
    arn: str
    owed: Owed
    stopped: bool = False

    def now(self) -> Execution:
        """The execution as it is at this moment."""
        return read_execution(self.stepfunctions, self.arn)

    def end(self, within: float, meanwhile: Callable[[], object] = lambda: None) -> Execution:
        """The execution at its end, or when it was stopped; Failure when it runs for longer.

        `meanwhile` is called at each look.
        """

        def look() -> Execution:
            meanwhile()
            execution = self.now()
            # LocalStack never ends a stopped one that waits for a task token's answer.
            if execution.status == RUNNING and not self.stopped:
                raise Failure(
                    expected="an execution that comes to its end",
                    found=execution.described(),
                    next_step="The last state entered is where it waits; see what that state waits for.",
                )
            return execution

        return eventually(look, within=within)

    def stop(self) -> None:
        """Stop it, if it still runs."""
        self.stopped = True
        stop_execution(self.stepfunctions, self.arn)
        self.owed.gone()


@contextmanager
def probe_execution(stepfunctions: Any, machine: str, data: Any) -> Iterator[ProbeExecution]:
    """Start an execution of the state machine of this name, and stop it afterwards if it still runs.

    Raises Failure when there is no such machine, or it cannot be started.

        with probe_execution(stepfunctions, "hello-world", {"IsHelloWorldExample": True}) as probe:
            execution = probe.end(within=10)
    """
    probe = _start(stepfunctions, machine, data)
    try:
        yield probe
    finally:
        probe.stop()


def run_execution(stepfunctions: Any, machine: str, data: Any, within: float) -> Execution:
    """An execution of the state machine of this name, at its end; Failure when it runs for longer."""
    with probe_execution(stepfunctions, machine, data) as probe:
        return probe.end(within)


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
            tagged = any(functions.mentions(message["Body"], tag) for tag in self.tags)
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
    `cause`. A message that cannot be answered ends the execution, which would wait for ever.
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
    """The queue of this name. What comes from now on is the probe's, unless the state machine runs for somebody."""
    arn = state_machines(stepfunctions).get(machine)
    running = stepfunctions.list_executions(stateMachineArn=arn, statusFilter="RUNNING") if arn else {}
    others = [each for each in running.get("executions", []) if not is_made(each["name"])]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    return TokenQueue(sqs, url, tags, float("inf") if others else time.time() * 1000)


def state_machines(stepfunctions: Any) -> dict[str, str]:
    """The ARNs of all state machines by name."""
    machines = pages(stepfunctions, "list_state_machines", "stateMachines")
    return {each["name"]: each["stateMachineArn"] for each in machines}


def describe_machine(stepfunctions: Any, name: str) -> dict[str, Any]:
    """The state machine of this name, which is there, as describe_state_machine tells it."""
    found: dict[str, Any] = stepfunctions.describe_state_machine(stateMachineArn=state_machines(stepfunctions)[name])
    return found


def definition_problems(definition: str) -> list[str]:
    """What AWS would find wrong with a definition in Amazon States Language; LocalStack accepts more than AWS."""
    from lab_harness.states_language import problems

    return [str(problem) for problem in problems(definition)]


def stop_execution(stepfunctions: Any, arn: str) -> None:
    """Stop an execution, if it still runs."""
    with suppress(ClientError):
        stepfunctions.stop_execution(executionArn=arn)


def _start(stepfunctions: Any, machine: str, data: Any) -> ProbeExecution:
    problem, of_machine = "no such state machine", state_machines(stepfunctions).get(machine)
    if of_machine:
        # The name is one as the service gives where none is asked for, which most do; so it is known before.
        name = made(str(uuid.uuid4()))
        arn = f"{of_machine.replace(':stateMachine:', ':execution:')}:{name}"
        execution = owe("execution", name, arn=arn)
        try:
            started = stepfunctions.start_execution(stateMachineArn=of_machine, name=name, input=json.dumps(data))
            return ProbeExecution(stepfunctions, started["executionArn"], execution)
        except ClientError as error:
            execution.gone()
            problem = error.response["Error"]["Message"]
    raise Failure(
        expected=f"a state machine {machine} that can be started",
        found=problem,
        next_step="list_state_machines shows what is there, describe_state_machine its status.",
    )


def _answer_token(stepfunctions: Any, token: str, answer: Mapping[str, str]) -> bool:
    send = stepfunctions.send_task_success if "output" in answer else stepfunctions.send_task_failure
    try:
        send(taskToken=token, **answer)
    except ClientError:
        return False
    return True
