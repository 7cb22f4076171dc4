"""What checks ask of a function: its answer to an event, and what its log says."""

import json
import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from lab_harness.authors.checks import Failure

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


def invoke(lambda_: Any, name: str, event: Any) -> Invocation:
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


def log(logs: Any, name: str, containing: str = "") -> list[str]:
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


def mentions(text: str, name: str) -> bool:
    """Whether a text has this name as a whole word: o-1 is not in o-17."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def latest_log(logs: Any, name: str) -> str:
    """The last lines of a function's log, as evidence for `Failure.found`."""
    lines = log(logs, name)[-SHOWN_LOG_LINES:]
    return "\n".join(["the function's log ends with:", *lines]) if lines else "the function has logged nothing"


def _decoded(payload: bytes) -> Any:
    try:
        return json.loads(payload) if payload else None
    except ValueError:
        return payload.decode("utf-8", "replace")
