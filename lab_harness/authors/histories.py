"""An execution of a state machine as checks read it: its outcome and its history, shown as evidence."""

import json
from dataclasses import dataclass
from typing import Any

from lab_harness.answers import pages

SHOWN_EVENTS = 16  # of a history: the end of one iteration, with its errors
SUCCEEDED = "SUCCEEDED"


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


def read_execution(stepfunctions: Any, arn: str) -> Execution:
    """An execution with its whole history."""
    history = pages(stepfunctions, "get_execution_history", "events", executionArn=arn)
    found = stepfunctions.describe_execution(executionArn=arn)
    output = json.loads(found["output"]) if found["status"] == SUCCEEDED else None
    return Execution(arn, found["status"], output, found.get("error", ""), found.get("cause", ""), tuple(history))


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


def decoded(text: str) -> dict[str, Any]:
    """A JSON object; empty where the text is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
