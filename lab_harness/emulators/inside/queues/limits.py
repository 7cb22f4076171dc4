"""Refuses what SQS refuses: times and attributes out of range, a second purge, dead-letter queues that do not fit.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ (2026)
"""

import json
import re
from contextlib import suppress
from typing import Any

from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.moving_time import clock

NAME = re.compile(r"[\w-]{1,80}|[\w-]{1,75}\.fifo", re.ASCII)
LONGEST_DELAY, LONGEST_TIMEOUT, LONGEST_WAIT = 900, 43_200, 20  # seconds
BETWEEN_PURGES = 60  # seconds
MOST_SOURCES = 10
BATCHES, MOST_ENTRIES = ("_act_send_message_batch", "_act_delete_message_batch", "_act_change_visibility_batch"), 10
PURGED = "labPurged"  # the key in a queue of when it was purged; MiniStack answers with keys of its own only
READ_ONLY = frozenset({"All", "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"})
UNFIT = "Amazon SQS can't create the redrive allow policy"


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports SQS."""
    problems = {
        "_act_create_queue": _created,
        "_act_set_queue_attributes": _set,
        "_act_send_message": _sent,
        "_act_receive_message": _received,
        "_act_change_visibility": _changed,
        "_act_purge_queue": _purged,
        **dict.fromkeys(BATCHES, _batched),
    }
    refuse({"sqs": problems})


def _error(code: str, message: str, status: int = 400) -> Exception:
    from ministack.services import sqs

    error: Exception = sqs._Err(code, message, status)
    return error


def invalid(value: Any, parameter: str, reason: str) -> Exception:
    """SQS's error for a value of a parameter, to be raised."""
    return _error("InvalidParameterValue", f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def _within(data: dict[str, Any], parameter: str, longest: int, reason: str) -> None:
    value = data.get(parameter)
    if value is not None and not 0 <= int(value) <= longest:
        raise invalid(value, parameter, reason)


def _sent(data: dict[str, Any], _url: str) -> None:
    _within(data, "DelaySeconds", LONGEST_DELAY, f"DelaySeconds must be >= 0 and <= {LONGEST_DELAY}.")


def _batched(data: dict[str, Any], _url: str) -> None:
    """MiniStack refuses these as well, in words of its own."""
    sent = len(data.get("Entries") or [])
    if sent > MOST_ENTRIES:
        told = f"Maximum number of entries per request are {MOST_ENTRIES}. You have sent {sent}."
        raise _error("TooManyEntriesInBatchRequest", told)


def _received(data: dict[str, Any], _url: str) -> None:
    _within(data, "WaitTimeSeconds", LONGEST_WAIT, f"Must be >= 0 and <= {LONGEST_WAIT}, if provided.")
    _within(data, "VisibilityTimeout", LONGEST_TIMEOUT, f"Must be >= 0 and <= {LONGEST_TIMEOUT}, if provided.")


def _changed(data: dict[str, Any], _url: str) -> None:
    reason = f"VisibilityTimeout must be an integer between 0 and {LONGEST_TIMEOUT}."
    _within(data, "VisibilityTimeout", LONGEST_TIMEOUT, reason)


def _purged(data: dict[str, Any], url: str) -> None:
    from ministack.services import sqs

    queue = sqs._get_q(data.get("QueueUrl", url))
    if clock.now() - queue.get(PURGED, 0) < BETWEEN_PURGES:
        only = f"Only one PurgeQueue operation on {queue['name']} is allowed every {BETWEEN_PURGES} seconds."
        raise _error("PurgeQueueInProgress", only, 403)
    queue[PURGED] = clock.now()


def _created(data: dict[str, Any], _url: str) -> None:
    name = data.get("QueueName") or ""
    if name and not NAME.fullmatch(name):
        rule = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        raise _error("InvalidParameterValue", rule)
    _attributes(data, name.endswith(".fifo"), name)


def _set(data: dict[str, Any], url: str) -> None:
    from ministack.services import sqs

    queue = sqs._get_q(data.get("QueueUrl", url))
    _attributes(data, queue["is_fifo"], queue["name"])


def _attributes(data: dict[str, Any], fifo: bool, name: str) -> None:
    from ministack.core.responses import _service_model

    attributes = data.get("Attributes") or {}
    for attribute in attributes:
        known = _service_model("sqs").shape_for("QueueAttributeName").enum
        if attribute not in known or attribute in READ_ONLY or attribute.startswith("ApproximateNumber"):
            raise _error("InvalidAttributeName", f"Unknown Attribute {attribute}.")
    _redrive(attributes.get("RedrivePolicy"), fifo, name)
    _redrive_allow(attributes.get("RedriveAllowPolicy"))


def _redrive(policy: str | None, fifo: bool, name: str) -> None:
    """Raise AWS's error for a dead-letter queue that this queue may not have; MiniStack looks at the policy's form."""
    from ministack.services import sqs

    target = None
    with suppress(ValueError, TypeError, AttributeError):
        target = sqs._queue_by_arn(json.loads(policy or "")["deadLetterTargetArn"])
    if target is None:
        return
    if target["is_fifo"] != fifo:
        raise invalid(policy, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.")
    allowed = json.loads(target["attributes"].get("RedriveAllowPolicy") or "{}")
    own_arn = target["attributes"]["QueueArn"].rpartition(":")[0] + f":{name}"
    permission = allowed.get("redrivePermission", "allowAll")
    if permission == "denyAll" or (permission == "byQueue" and own_arn not in allowed.get("sourceQueueArns", [])):
        # AWS refuses it; the words are ours.
        raise invalid(policy, "RedrivePolicy", "The dead-letter queue's RedriveAllowPolicy does not allow this queue.")


def _redrive_allow(policy: str | None) -> None:
    if not policy:
        return
    form = f"Invalid value for the parameter RedriveAllowPolicy. Reason: {UNFIT}, as it’s in an unsupported format."
    try:
        parsed = json.loads(policy)
        permission, sources = parsed["redrivePermission"], parsed.get("sourceQueueArns")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _error("InvalidParameterValue", form) from None
    if permission not in ("allowAll", "denyAll", "byQueue") or not isinstance(sources or [], list):
        raise _error("InvalidParameterValue", form)
    if permission != "byQueue" and sources:
        why = "To specify one or more source queue ARNs, you must set redrivePermission to byQueue."
    elif permission == "byQueue" and not sources:
        why = "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values."
    elif len(sources or []) > MOST_SOURCES:
        why = f"The maximum number of source queue ARNs you can specify is {MOST_SOURCES}."
    else:
        return
    raise invalid(policy, "RedriveAllowPolicy", f"{UNFIT}. {why}")
