"""Where Lambda sends what came of an asynchronous event: to a dead-letter queue the event, to a destination a record.

Both are sent to, if both are configured, as AWS does (https://aws.amazon.com/blogs/compute/introducing-aws-lambda-destinations/,
2019). The record's form: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html (2026).
What cannot be delivered is counted by Lambda's metric for it and dropped, as on AWS.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.records.deeds import acting
from lab_harness.emulators.inside.scopes import within
from lab_harness.iam.contexts import service_of

LONGEST_MESSAGE = 1024  # bytes of an error's message in the attribute of a dead letter
THROTTLED = 429
NOT_INVOKED = "Function not invoked. Function is configured with zero reserved concurrent executions"

# What sends to a destination, by the service in its ARN.
ACTIONS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "events": "events:PutEvents",
    "s3": "s3:PutObject",
}

log = logging.getLogger("lab_harness.asynchronous")


@dataclass(frozen=True)
class Outcome:
    """What came of an event. `condition` is AWS's word for it, `result` the last run's or None if there was none."""

    id: str
    condition: str
    runs: int
    payload: Any
    result: dict[str, Any] | None
    config: dict[str, Any]  # the function's, with the ARN by which it was invoked
    settings: dict[str, Any]  # the function's, for events

    @property
    def succeeded(self) -> bool:
        """Whether the function has returned."""
        return self.condition == "Success"

    @property
    def function(self) -> str:
        """The function's ARN with its version or alias."""
        arn = str(self.config["FunctionArn"])
        return arn if arn.count(":") > 6 else f"{arn}:$LATEST"

    @property
    def throttled(self) -> bool:
        """Whether the last thing that happened to it was that it was throttled."""
        return bool((self.result or {}).get("throttle"))


def hand_on(outcome: Outcome) -> None:
    """Send what came of an event to wherever the function is configured to send it."""
    with within(acting, f"lambda {outcome.config['FunctionName']}"):
        if not outcome.succeeded:
            _count(outcome, "AsyncEventsDropped")
            dead_letters = (outcome.config.get("DeadLetterConfig") or {}).get("TargetArn")
            _send(
                dead_letters, json.dumps(outcome.payload), dead_letter_attributes(outcome), outcome, "DeadLetterErrors"
            )
        side = "OnSuccess" if outcome.succeeded else "OnFailure"
        destination = ((outcome.settings.get("DestinationConfig") or {}).get(side) or {}).get("Destination")
        _send(destination, json.dumps(record(outcome), default=str), {}, outcome, "DestinationDeliveryFailures")


def record(outcome: Outcome) -> dict[str, Any]:
    """AWS's record of an event that is over."""
    moment = clock.today().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {
        "version": "1.0",
        "timestamp": moment,
        "requestContext": {
            "requestId": outcome.id,
            "functionArn": outcome.function,
            "condition": outcome.condition,
            "approximateInvokeCount": outcome.runs,
        },
        "requestPayload": outcome.payload,
    }
    if outcome.result is None or outcome.throttled:
        return told
    answered = {"statusCode": 200, "executedVersion": outcome.config.get("Version", "$LATEST")}
    if not outcome.succeeded:
        answered["functionError"] = outcome.result.get("function_error") or "Unhandled"
    return {**told, "responseContext": answered, "responsePayload": outcome.result.get("body")}


def dead_letter_attributes(outcome: Outcome) -> dict[str, dict[str, str]]:
    """The attributes of a dead letter, whose body is the event itself."""
    body = (outcome.result or {}).get("body")
    message = body.get("errorMessage") if isinstance(body, dict) else body
    if outcome.throttled:
        message = "Rate Exceeded."
    elif outcome.result is None:
        message = NOT_INVOKED
    code = THROTTLED if outcome.result is None or outcome.throttled else 200
    shown = str(message or "").encode()[:LONGEST_MESSAGE].decode(errors="ignore")
    return {
        "RequestID": {"DataType": "String", "StringValue": outcome.id},
        "ErrorCode": {"DataType": "Number", "StringValue": str(code)},
        "ErrorMessage": {"DataType": "String", "StringValue": shown or "none"},
    }


def refusal(config: dict[str, Any], target: str) -> str:
    """Why a function, of this configuration, may not send to a target, by its ARN; empty where it may."""
    action = ACTIONS.get(service_of(target))
    by = f"lambda.amazonaws.com/{config['FunctionName']}"
    return answers.role(config.get("Role", ""), by, action, target) if action else ""


def _send(target: str | None, text: str, attributes: dict[str, Any], outcome: Outcome, failures: str) -> None:
    if not target:
        return
    try:
        if refused := refusal(outcome.config, target):
            raise PermissionError(refused)
        SENDERS[service_of(target)](target, text, attributes, outcome)
    except Exception as error:
        log.warning("What came of the event %s could not be sent to %s: %s", outcome.id, target, error)
        _count(outcome, failures)


def _count(outcome: Outcome, metric: str) -> None:
    from ministack.services import cloudwatch

    cloudwatch.record_metric("AWS/Lambda", metric, 1, "Count", {"FunctionName": outcome.config["FunctionName"]})


def to_queue(target: str, text: str, attributes: dict[str, Any], _outcome: Outcome | None = None) -> None:
    """Send a text to a queue, by its ARN. Raises LookupError where there is no such standard queue."""
    from ministack.services import sqs

    queue = sqs._queue_by_arn(target)
    if queue is None or queue["is_fifo"]:  # AWS sends to standard queues only.
        raise LookupError("there is no such standard queue")
    sqs._act_send_message({"MessageBody": text, "MessageAttributes": attributes}, queue["url"])


def to_topic(target: str, text: str, attributes: dict[str, Any], _outcome: Outcome | None = None) -> None:
    """Publish a text to a topic, by its ARN. Raises LookupError where there is none."""
    from ministack.services import sns

    if sns.publish_internal(target, text, message_attributes=attributes) is None:
        raise LookupError("there is no such topic")


def _to_function(target: str, text: str, _attributes: dict[str, Any], _outcome: Outcome) -> None:
    from ministack.services import lambda_svc

    function, config, _ = lambda_svc._get_func_record_for_ref(target)
    if not function:
        raise LookupError("there is no such function")
    called = lambda_svc._execution_record_for_config(function, {**config, "FunctionArn": target})
    lambda_svc.invoke_async_with_retry(called, json.loads(text))


def _to_bus(target: str, text: str, _attributes: dict[str, Any], outcome: Outcome) -> None:
    from ministack.services import eventbridge

    kind = "Success" if outcome.succeeded else "Failure"
    entry = {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {kind}",
        "Resources": [target, outcome.function],
        "Detail": text,
        "EventBusName": target,
    }
    _, _, body = eventbridge._put_events({"Entries": [entry]})
    if problem := json.loads(body)["Entries"][0].get("ErrorMessage"):
        raise LookupError(problem)


def _to_bucket(target: str, text: str, _attributes: dict[str, Any], outcome: Outcome) -> None:
    to_bucket(target, f"aws/lambda/async/{outcome.config['FunctionName']}", text)


def to_bucket(target: str, folder: str, text: str) -> None:
    """Write a text as an object of its own into a bucket, by its ARN. Raises LookupError where there is none."""
    from ministack.services import s3

    key = f"{folder}/{clock.today():%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{s3.new_uuid()}"
    status, _, _ = s3._put_object(target.rpartition(":")[2], key, text.encode(), {})
    if status != HTTPStatus.OK:
        raise LookupError("there is no such bucket")


SENDERS: dict[str, Callable[[str, str, dict[str, Any], Outcome], None]] = {
    "sqs": to_queue,
    "sns": to_topic,
    "lambda": _to_function,
    "events": _to_bus,
    "s3": _to_bucket,
}
