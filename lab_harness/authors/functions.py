"""What checks ask of a function: its answer to an event, and what its log says."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from lab_harness.answers import pages
from lab_harness.authors import inventory, mishaps
from lab_harness.authors.checks import Failure
from lab_harness.authors.log_lines import in_text_format
from lab_harness.authors.witness import Witness, no_witness, present
from lab_harness.emulators.base import ACCOUNT, REGION

ENDED = "the function failed with "
SHOWN_LOG_LINES = 16  # a traceback and the lines around it
STREAM = "2026/11/29/[$LATEST]5b7d40c1"  # a log stream's name as Lambda makes it


@dataclass(frozen=True)
class Invocation:
    """What a function answered: `payload` is its decoded JSON, `error` is AWS's FunctionError or None."""

    payload: Any
    error: str | None

    def described(self) -> str:
        """The answer as evidence for `Failure.found`."""
        if self.error and isinstance(self.payload, dict):
            kind, message = self.payload.get("errorType", "error"), self.payload.get("errorMessage", "")
            return f"{ENDED}{kind}: {message}"
        return f"the answer {json.dumps(self.payload)}"

    def next_step(self, otherwise: str) -> str:
        """What to do about the error that the function ended in; `otherwise` where it is none of Python's own."""
        return mishaps.next_step(self.described().removeprefix(ENDED), otherwise) if self.error else otherwise


def invoke(lambda_: Any, name: str, event: Any) -> Invocation:
    """A function's answer to an event; Failure where it cannot be invoked or takes too long.

    For example:

        invocation = functions.invoke(lambda_, FUNCTION, {"name": customers.full_name(), "visit": customers.number()})
    """
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


def arn(lambda_: Any, name: str) -> str:
    """The ARN of a function, which is there.

    For example:

        expect.notification(s3, BUCKET, functions.arn(lambda_, FUNCTION), "Section 5 shows the notification.")
    """
    return str(lambda_.get_function_configuration(FunctionName=name)["FunctionArn"])


def mappings(lambda_: Any, name: str, source_arn: str) -> list[dict[str, Any]]:
    """The event source mappings by which Lambda reads a source, such as a queue, for a function.

    For example:

        types = [each.get("FunctionResponseTypes") for each in functions.mappings(lambda_, FUNCTION, queue_arn)]
    """
    found = pages(lambda_, "list_event_source_mappings", "EventSourceMappings", EventSourceArn=source_arn)
    return [mapping for mapping in found if mapping["FunctionArn"].split(":")[6] == name]


def log_permissions(logs: Any, *names: str) -> list[tuple[str, str]]:
    """What a role must allow so that these functions can log: pairs as `expect.permissions` takes them.

    A log group that is there need not be created.

        expect.permissions(iam, ROLE, functions.log_permissions(logs, FUNCTION), "Notebook 01 names a managed policy.")
    """
    there = inventory.names(logs, "log groups")
    needed = []
    for name in names:
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{log_group(name)}"
        if log_group(name) not in there:
            needed.append(("logs:CreateLogGroup", f"{group}:log-stream:"))
        needed += [(f"logs:{what}", f"{group}:log-stream:{STREAM}") for what in ("CreateLogStream", "PutLogEvents")]
    return needed


def log_group(name: str) -> str:
    """The name of a function's log group, there or not.

    For example:

        left = functions.log_group(FUNCTION) in inventory.names(logs, "log groups")
    """
    return f"/aws/lambda/{name}"


def log(logs: Any, name: str, containing: str = "", *, since: float = 0.0, witness: Witness = no_witness) -> list[str]:
    """The lines of a function's log that contain a text, oldest first; none where it has no log group yet.

    They were written from `since` on, a time as `clock.now()` gives it. With a witness they are those that Lambda
    itself wrote, where the emulator tells. A line in Lambda's JSON format is told in its text format. Raises no
    Failure.

        reports = functions.log(logs, FUNCTION, "REPORT RequestId:", witness=witness)
    """
    runs = witness.runs(name)
    own = None if runs is None else [line for run in runs if run.time >= since for line in run.lines]
    return [line for line in (_lines(logs, name, since) if own is None else own) if containing in line]


def next_step(logs: Any, name: str, otherwise: str, raised: str = "") -> str:
    """What to do about the error in which a function's latest run ended; `otherwise` where it ended in none.

    `raised` is for an error that is none of Python's own, such as ClientError; without it that is `otherwise`, too.

    For example:

        step = functions.next_step(logs, FUNCTION, "Compare what the handler writes with the message.")
    """
    runs = present().runs(name)
    lines = runs[-1].lines if runs else log(logs, name)
    starts = [number for number, line in enumerate(lines) if line.startswith("START RequestId:")]
    last = lines[starts[-1] if starts else 0 :]
    failed = any(line.startswith("[ERROR]") for line in last)
    return mishaps.next_step("\n".join(last), (failed and raised) or otherwise)


def latest_log(logs: Any, name: str) -> str:
    """The last lines of a function's log, as evidence for `Failure.found`.

    Where the emulator tells whose doing a run was, the learner's latest run comes first, then the latest of a check.

    For example:

        raise Failure(expected=f"the item {order}", found=functions.latest_log(logs, FUNCTION), next_step="…")
    """
    runs = present().runs(name) or []
    latest = {run.probe: run for run in runs}  # they are in the order of their times
    if True not in latest:
        return _ending("the function's log ends with:", log(logs, name))
    of_check = _ending("when a check had it run, the function logged:", latest[True].lines)
    if False not in latest:
        return of_check
    return _ending("when you had it run last, the function logged:", latest[False].lines) + "\n" + of_check


def _ending(heading: str, lines: list[str]) -> str:
    shown, before = lines[-SHOWN_LOG_LINES:], lines[:-SHOWN_LOG_LINES]
    if not any(line.startswith("START RequestId:") for line in shown):  # A long traceback hides what it is of.
        shown = [*[line for line in before if line.startswith("[ERROR]")][-1:], "…", *shown] if before else shown
    return "\n".join([heading, *shown]) if lines else "the function has logged nothing"


def _lines(logs: Any, name: str, since: float) -> list[str]:
    events: list[dict[str, Any]] = []
    try:
        # filterPattern is not used: LocalStack ignores it.
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=log_group(name)):
            events += page["events"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
    return [
        in_text_format(event["message"].rstrip("\n")) for event in events if event["timestamp"] >= int(since * 1000)
    ]


def _decoded(payload: bytes) -> Any:
    try:
        return json.loads(payload) if payload else None
    except ValueError:
        return payload.decode("utf-8", "replace")
