"""What checks do with Step Functions: run a state machine, read its execution, show the history as evidence."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.answers import pages
from lab_harness.authors.checks import Failure, eventually
from lab_harness.authors.made import owe, remember
from lab_harness.authors.memory import Owed
from lab_harness.authors.witness import present

SHOWN_EVENTS = 16  # of a history: the end of one iteration, with its errors
WAITS = "The last state entered is where it waits; see what that state waits for."
FAILS_AGAIN = "The last state entered fails, and is tried again: its last error says why."
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
    owed: Owed
    stopped: bool = False

    def now(self) -> Execution:
        """The execution as it is at this moment."""
        return read_execution(self.stepfunctions, self.arn)

    def end(self, within: float, meanwhile: Callable[[], object] = lambda: None) -> Execution:
        """The execution at its end, or when stopped; Failure if it runs longer. `meanwhile` is called at each look."""

        def look() -> Execution:
            present().clock.hasten_executions()
            meanwhile()
            execution = self.now()
            # LocalStack never ends a stopped one that waits for a task token's answer.
            if execution.status == RUNNING and not self.stopped:
                raise Failure(
                    expected="an execution that comes to its end",
                    found=execution.described(),
                    next_step=FAILS_AGAIN if any(map(_has_failed, execution.events[-1:])) else WAITS,
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

        with executions.probe_execution(stepfunctions, "hello-world", {"IsHelloWorldExample": True}) as probe:
            execution = probe.end(within=10)
    """
    probe = _start(stepfunctions, machine, data)
    try:
        yield probe
    finally:
        probe.stop()


def run_execution(stepfunctions: Any, machine: str, data: Any, within: float) -> Execution:
    """An execution of the state machine of this name, at its end; Failure when it runs for longer.

    For example:

        execution = executions.run_execution(stepfunctions, "hello-world", {"IsHelloWorldExample": True}, within=20)
    """
    with probe_execution(stepfunctions, machine, data) as probe:
        return probe.end(within)


def read_execution(stepfunctions: Any, arn: str) -> Execution:
    """An execution with its whole history.

    For example:

        history = executions.read_execution(stepfunctions, arn).described()
    """
    history = pages(stepfunctions, "get_execution_history", "events", executionArn=arn)
    found = stepfunctions.describe_execution(executionArn=arn)
    output = json.loads(found["output"]) if found["status"] == SUCCEEDED else None
    return Execution(arn, found["status"], output, found.get("error", ""), found.get("cause", ""), tuple(history))


def state_machines(stepfunctions: Any) -> dict[str, str]:
    """The ARNs of all state machines by name.

    For example:

        arn = executions.state_machines(stepfunctions)["pet-adoption"]
    """
    machines = pages(stepfunctions, "list_state_machines", "stateMachines")
    return {each["name"]: each["stateMachineArn"] for each in machines}


def describe_machine(stepfunctions: Any, name: str) -> dict[str, Any]:
    """The state machine of this name, which is there, as describe_state_machine tells it.

    For example:

        kind = executions.describe_machine(stepfunctions, "pet-adoption")["type"]
    """
    found: dict[str, Any] = stepfunctions.describe_state_machine(stateMachineArn=state_machines(stepfunctions)[name])
    return found


def definition_problems(definition: str) -> list[str]:
    """What AWS would find wrong with a definition in Amazon States Language; LocalStack accepts more than AWS.

    For example:

        problems = executions.definition_problems(found["definition"])
    """
    from lab_harness.states_language import problems

    return [str(problem) for problem in problems(definition)]


def decoded(text: str) -> dict[str, Any]:
    """A JSON object; empty where the text is none.

    For example:

        pet = executions.decoded(message).get("petId")
    """
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def stop_execution(stepfunctions: Any, arn: str) -> None:
    """Stop an execution, if it still runs.

    For example:

        executions.stop_execution(stepfunctions, arn)
    """
    with suppress(ClientError):
        stepfunctions.stop_execution(executionArn=arn)


def _start(stepfunctions: Any, machine: str, data: Any) -> ProbeExecution:
    problem, of_machine = "no such state machine", state_machines(stepfunctions).get(machine)
    if of_machine:
        # The name is one as the service gives where none is asked for, which most do; so it is known before.
        name = remember(str(uuid.uuid4()))
        owed = owe("execution", name, arn=f"{of_machine.replace(':stateMachine:', ':execution:')}:{name}")
        try:
            started = stepfunctions.start_execution(stateMachineArn=of_machine, name=name, input=json.dumps(data))
            return ProbeExecution(stepfunctions, started["executionArn"], owed)
        except ClientError as error:
            owed.gone()
            problem = error.response["Error"]["Message"]
    raise Failure(
        expected=f"a state machine {machine} that can be started",
        found=problem,
        next_step="list_state_machines shows what is there, describe_state_machine its status.",
    )


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
    return str(decoded(cause).get("errorMessage", cause))
