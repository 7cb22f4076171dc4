"""Dead-letter queues of SNS's subscriptions, EventBridge's targets and Scheduler's schedules, which MiniStack lacks.

What cannot be delivered, because its receiver is gone or does not let the sender in, goes to the queue that is
configured for it, if this lets the sender in: a queue of a topic's or a rule's by its own policy, a schedule's by the
schedule's role. SNS and EventBridge do not try such a delivery again. As long as the retry policy says, Scheduler does
where the receiver is gone or a call of its universal targets fails, and EventBridge where an API destination does not
answer, or is at fault; in MiniStack nothing fails otherwise.

https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html (2026)
"""

import contextvars
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import wrapt

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.moving_time.clock import SCALE
from lab_harness.emulators.inside.permissions.asking import answers, refusals
from lab_harness.emulators.inside.receivers import gone
from lab_harness.emulators.inside.rules import api_destinations

FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0  # AWS's seconds before the second try, and at most; each wait is twice the last
RETRIES, OLDEST = 185, 86_400  # unless the retry policy says otherwise: retries, and seconds until an event is dropped
TOPICS, RULES, SCHEDULES = "sns.amazonaws.com", "events.amazonaws.com", "scheduler.amazonaws.com"
# In the ARN of an endpoint outside, which may take seconds to answer, and of a call that a schedule makes.
OUTSIDE = (":api-destination/", ":aws-sdk:")
ATTEMPT = "<aws.scheduler.attempt-number>"  # what a schedule's input asks for
NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
# What EventBridge and Scheduler call a receiver that is gone, and one that does not let them in.
CODES = {RULES: ("NO_RESOURCE", "NO_PERMISSIONS"), SCHEDULES: ("ResourceNotFoundException", "AccessDeniedException")}


class Problem(NamedTuple):
    """Why something could not be delivered. `gone` says that its receiver is not there; `code` is EventBridge's own."""

    message: str
    gone: bool
    code: str = ""
    again: bool = False


def install() -> None:
    """Make MiniStack keep what it cannot deliver. This takes effect when it imports SNS and EventBridge."""
    wrapt.register_post_import_hook(_change_sns, "ministack.services.sns")
    wrapt.register_post_import_hook(_change_eventbridge, "ministack.services.eventbridge")


def _change_sns(sns: Any) -> None:
    wrapt.wrap_function_wrapper(sns, "_deliver_to_sqs", _to_subscribed_queue)
    wrapt.wrap_function_wrapper(sns, "_deliver_to_lambda", _to_subscribed_function)


def _change_eventbridge(eventbridge: Any) -> None:
    wrapt.wrap_function_wrapper(eventbridge, "_invoke_target", _to_target)
    wrapt.wrap_function_wrapper(eventbridge, "_dispatch_to_api_destination", api_destinations.call)


def _attempt(deliver: Any, args: Any, kwargs: Any, receiver: str, role: str = "") -> Problem | None:
    """Deliver once; why that failed, or None."""
    if words := gone(receiver):
        return Problem(words, gone=True)
    api_destinations.failed.set(None)
    with refusals() as refused:
        deliver(*args, **kwargs)
    if failed := api_destinations.failed.get():
        return Problem(failed.message, gone=False, code=failed.code, again=failed.again)
    words = refused.get(receiver) or refused.get(role or receiver) or ""
    return Problem(words, gone=False) if words else None


def _text(**values: str) -> dict[str, dict[str, str]]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}


def _keep(queue: str, body: str, attributes: dict[str, Any], **fifo: str) -> None:
    """Send a dead letter; one that SQS does not take is lost, as on AWS."""
    from ministack.services import sqs

    with suppress(sqs._Err):
        found = sqs._queue_by_arn(queue)
        asked = {
            "MessageBody": body,
            "MessageAttributes": attributes,
            **{key: each for key, each in fifo.items() if each},
        }
        if found is not None:
            sqs._act_send_message(asked, found["url"])


def _lets_in(queue: str, service: str, source: str) -> bool:
    from ministack.services import sqs

    return bool(gone(queue) == "" and sqs.queue_policy_allows(queue, service, source, ACCOUNT))


# SNS


def _to_subscribed_queue(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    endpoint, envelope, raw, message = args
    problem = _attempt(original, args, kwargs, endpoint)
    if problem:
        sent = kwargs.get("message_attributes") or {} if raw else {}
        fifo = {
            "MessageGroupId": kwargs.get("message_group_id", ""),
            "MessageDeduplicationId": kwargs.get("message_dedup_id", ""),
        }
        _of_subscription(kwargs["topic_arn"], "sqs", endpoint, message if raw else envelope, sent, problem, **fifo)


def _to_subscribed_function(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    endpoint, envelope, topic, *_ = args
    problem = _attempt(original, args, kwargs, endpoint)
    if problem:
        _of_subscription(topic, "lambda", endpoint, envelope, {}, problem)


def _of_subscription(
    topic: str, protocol: str, endpoint: str, body: str, sent: dict[str, Any], problem: Problem, **fifo: str
) -> None:
    """Keep what a subscription did not get: the message as it would have got it."""
    from ministack.core.responses import new_uuid
    from ministack.services import sns

    for each in (sns._topic_by_arn_any_scope(topic) or {"subscriptions": []})["subscriptions"]:
        if (each["protocol"], each["endpoint"]) != (protocol, endpoint):
            continue
        with suppress(ValueError, KeyError, TypeError):
            queue = json.loads(each["attributes"]["RedrivePolicy"])["deadLetterTargetArn"]
            if _lets_in(queue, TOPICS, topic):
                about = _text(RequestID=new_uuid(), ErrorMessage=problem.message)
                code = {"ErrorCode": {"DataType": "Number", "StringValue": "404" if problem.gone else "403"}}
                _keep(queue, body, {**sent, **about, **code}, **fifo)


# EventBridge and Scheduler


def _to_target(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Deliver to a rule's target or a schedule's; what has to wait, does so in a thread of its own."""
    target, event, rule, *_ = args
    delivery = Delivery(original, args, kwargs)
    takes_time = any(each in target.get("Arn", "") for each in OUTSIDE)
    problem = None if takes_time else delivery.attempt()
    if takes_time or (problem and problem.again):
        clock.Thread(target=contextvars.copy_context().run, args=(delivery.run, problem), daemon=True).start()
    elif problem:
        _of_target(target, event, rule, problem)


def _numbered(target: dict[str, Any], number: int) -> dict[str, Any]:
    """A schedule's target for a try of this number, of which its input may ask to be told."""
    text = target.get("Input") or ""
    return {**target, "Input": text.replace(ATTEMPT, str(number))} if ATTEMPT in text else target


class Delivery:
    """A delivery to a target that may be tried again."""

    def __init__(self, deliver: Any, args: Any, kwargs: Any) -> None:
        self._deliver, self._args, self._kwargs = deliver, args, kwargs

    def attempt(self, number: int = 1) -> Problem | None:
        """Try once, for that many times in all; why that failed, or None."""
        target, event, *more = self._args
        args = (_numbered(target, number), event, *more)
        found = _attempt(self._deliver, args, self._kwargs, target.get("Arn", ""), target.get("RoleArn", ""))
        again = found is not None and found.gone and event.get("Source") == "aws.scheduler"
        return found._replace(again=True) if found and again else found

    def run(self, problem: Problem | None = None) -> None:
        """Try until it is delivered, or may not be tried again; the first try may have had a problem."""
        target, event, rule, *_ = self._args
        policy = target.get("RetryPolicy") or {}
        most, oldest = policy.get("MaximumRetryAttempts", RETRIES), policy.get("MaximumEventAgeInSeconds", OLDEST)
        tries, age = 0, 0.0
        problem = problem or self.attempt()
        while problem:
            wait = min(FIRST_WAIT * 2**tries, LONGEST_WAIT)
            over = (
                "MaximumRetryAttempts" if tries >= most else "MaximumEventAgeInSeconds" if age + wait > oldest else ""
            )
            if over or not problem.again:
                _of_target(target, event, rule, problem, tries, over if problem.again else "")
                return
            clock.sleep(wait * SCALE)
            tries, age = tries + 1, age + wait
            problem = self.attempt(tries + 1)


def _of_target(
    target: dict[str, Any],
    event: dict[str, Any],
    rule: dict[str, Any],
    problem: Problem,
    tries: int = 0,
    over: str = "",
) -> None:
    """Keep what a target did not get: a rule's event, or what a schedule would have sent."""
    from ministack.services import eventbridge

    queue = (target.get("DeadLetterConfig") or {}).get("Arn") or ""
    by = SCHEDULES if event.get("Source") == "aws.scheduler" else RULES
    missing, refused = CODES[by]
    if by == SCHEDULES and problem.gone and ":sqs:" in target["Arn"]:
        missing = NO_QUEUE
    about = _text(
        TARGET_ARN=target["Arn"],
        ERROR_CODE=problem.code or (missing if problem.gone else refused),
        ERROR_MESSAGE=problem.message,
        RETRY_ATTEMPTS=str(tries),
        EXHAUSTED_RETRY_CONDITION=over,
    )
    if not queue:
        return
    if by == RULES:
        if _lets_in(queue, RULES, rule.get("Arn", "")):
            whole = eventbridge._pattern_event_view(event).event_with_detail()
            _keep(queue, json.dumps(whole), about | _text(RULE_ARN=rule.get("Arn", "")))
    elif not answers.role(target.get("RoleArn", ""), f"{SCHEDULES}/{rule.get('Name')}", "sqs:SendMessage", queue):
        due = datetime.fromtimestamp(event["Time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        of_schedule = _text(
            SCHEDULE_ARN=rule.get("Arn", ""),
            SCHEDULED_TIME=due,
            EXECUTION_ID=event["EventId"],
            IS_PAYLOAD_TRUNCATED="false",
        )
        _keep(queue, _numbered(target, tries + 1).get("Input") or "{}", about | of_schedule)
