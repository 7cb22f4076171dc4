"""What checks do with Step Functions: run a state machine, answer its task tokens, show its history as evidence."""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from lab_harness.answers import pages
from lab_harness.authors import functions, queues
from lab_harness.authors.checks import Failure, eventually
from lab_harness.authors.made import is_made, made

SHOWN_EVENTS = 16  # of a history: the end of one iteration, with its errors
RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"


@dataclass(frozen=True)
class Execution:
    """An execution as it was when looked at.

    `output` is its decoded JSON, None unless it succeeded; `error` and `cause` are empty unless it failed.
    """

    arn: str
    status: str
    output: Any
    error: str
    cause: str
    events: tuple[dict[str, Any], ...]

    def entered(self, kind: str = "") -> list[str]:
        """The names of the states entered so far, or of those of one type, such as "Wait", in their order."""
        ending = f"{kind}StateEntered"
        return [_details(event)["name"] for event in self.events if event["type"].endswith(ending)]

    def errors(self) -> list[str]:
        """The errors with which tasks failed, one for each attempt."""
        failed = [event for event in self.events if _has_failed(event)]
        return [_details(event).get("error", "") for event in failed]

    def described(self, about: str = "") -> str:
        """Outcome and history as evidence for `Failure.found`; `about` keeps to states whose input has that text."""
        lines = [_line(event) for event in self.events if self._is_about(event, about)]
        shown = [line for line in lines if line][-SHOWN_EVENTS:]
        return "\n".join([self._head(), "its history ends with:", *shown] if shown else [self._head()])

    def _head(self) -> str:
        if self.status == SUCCEEDED:
            return f"the execution SUCCEEDED with the output {json.dumps(self.output)}"
        return f"the execution is {self.status}" + (f" with {self.error}: {_message(self.cause)}" if self.error else "")

    def _is_about(self, event: dict[str, Any], text: str) -> bool:
        """Whether the state in which the event happened got the text as part of its input."""
        if not text:
            return True
        by_id = {each["id"]: each for each in self.events}
        while not event["type"].endswith("StateEntered"):
            before = by_id.get(event.get("previousEventId", 0))
            if before is None:
                return False
            event = before
        # A Map's own input holds what all of its iterations get.
        return text in _details(event).get("input", "") and not event["type"].startswith("Map")


@dataclass
class ProbeExecution:
    """An execution that a check has started."""

    stepfunctions: Any
    arn: str
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
        with suppress(ClientError):
            self.stepfunctions.stop_execution(executionArn=self.arn)


@contextmanager
def probe_execution(stepfunctions: Any, machine: str, data: Any) -> Iterator[ProbeExecution]:
    """Start an execution of the state machine of this name, and stop it afterwards if it still runs.

    Raises Failure when there is no such machine, or it cannot be started.

        with probe_execution(stepfunctions, "hello-world", {"IsHelloWorldExample": True}) as probe:
            execution = probe.end(within=10)
    """
    probe = ProbeExecution(stepfunctions, _start(stepfunctions, machine, data))
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

    def answer_messages() -> None:
        for body in queue.take():
            bodies.append(body)
            message = _decoded(body)
            if not _answer_token(stepfunctions, str(message.get("taskToken") or "none"), answer(message)):
                unanswered.append(body)
                probe.stop()

    try:
        with probe_execution(stepfunctions, machine, data) as probe:
            return Answered(probe.end(within, answer_messages), bodies, unanswered)
    finally:
        bodies += queue.take()


def token_queue(stepfunctions: Any, sqs: Any, machine: str, queue: str, tags: Collection[str]) -> TokenQueue:
    """The queue of this name. What comes from now on is the probe's, unless the state machine runs for somebody."""
    arn = state_machines(stepfunctions).get(machine)
    running = stepfunctions.list_executions(stateMachineArn=arn, statusFilter="RUNNING") if arn else {}
    others = [each for each in running.get("executions", []) if not is_made(each["name"])]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    return TokenQueue(sqs, url, tags, float("inf") if others else time.time() * 1000)


def read_execution(stepfunctions: Any, arn: str) -> Execution:
    """An execution with its whole history."""
    history = pages(stepfunctions, "get_execution_history", "events", executionArn=arn)
    found = stepfunctions.describe_execution(executionArn=arn)
    output = json.loads(found["output"]) if found["status"] == SUCCEEDED else None
    return Execution(arn, found["status"], output, found.get("error", ""), found.get("cause", ""), tuple(history))


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


def _start(stepfunctions: Any, machine: str, data: Any) -> str:
    problem, arn = "no such state machine", state_machines(stepfunctions).get(machine)
    if arn:
        try:  # without a name, as most executions are started: the service gives one
            started = str(stepfunctions.start_execution(stateMachineArn=arn, input=json.dumps(data))["executionArn"])
            made(started.rpartition(":")[2])
            return started
        except ClientError as error:
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


def _details(event: dict[str, Any]) -> dict[str, Any]:
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})


def _has_failed(event: dict[str, Any]) -> bool:
    """Whether the event is a task's failed attempt: `TaskFailed`, `LambdaFunctionFailed`, `TaskTimedOut` …"""
    kind = event["type"]
    return kind.endswith(("Failed", "TimedOut")) and not kind.startswith(("Execution", "Map", "Parallel"))


def _line(event: dict[str, Any]) -> str:
    details = _details(event)
    if event["type"].endswith("StateEntered"):
        return f"  {details['name']} entered"
    return f"  failed with {details.get('error')}: {_message(details.get('cause', ''))}" if _has_failed(event) else ""


def _message(cause: str) -> str:
    """What a function's exception said, out of the JSON that Step Functions gives as the cause."""
    return str(_decoded(cause).get("errorMessage", cause))


def _decoded(text: str) -> dict[str, Any]:
    """A JSON object; empty where the text is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
