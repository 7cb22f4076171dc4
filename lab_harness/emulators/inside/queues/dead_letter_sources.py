"""Tells which queues have a queue as their dead-letter queue: ListDeadLetterSourceQueues, which MiniStack lacks.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html (2026)
"""

import json
from contextlib import suppress
from typing import Any

import wrapt

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.queues.limits import invalid

NAME = "ListDeadLetterSourceQueues"
MOST = 1000  # queues of one answer


def install() -> None:
    """Teach MiniStack this call. This takes effect when it imports SQS."""
    wrapt.register_post_import_hook(_change_sqs, "ministack.services.sqs")
    hooks.change({"sqs": {"_to_xml": _as_xml}})


def _change_sqs(sqs: Any) -> None:
    sqs._HANDLERS[NAME] = _sources


def _sources(data: dict[str, Any], url: str) -> dict[str, Any]:
    """The queues' URLs. Only where a number of them is asked for is there a token for the next."""
    from ministack.services import sqs

    queue = sqs._get_q(data.get("QueueUrl", url), f"sqs:{NAME}")
    most = data.get("MaxResults")
    if most is not None and not 1 <= int(most) <= MOST:
        raise invalid(most, "MaxResults", f"Must be an integer from 1 to {MOST}.")
    begin = str(data.get("NextToken") or "0")
    if not begin.isdecimal():
        raise invalid(begin, "NextToken", "Must be a token of an earlier answer.")
    arn = queue["attributes"]["QueueArn"]
    found = [each for each, other in list(sqs._queues.items()) if _dead_letters_of(other) == arn]
    end = int(begin) + int(most or MOST)
    more = {"NextToken": str(end)} if most is not None and end < len(found) else {}
    return {"queueUrls": [sqs._externalize_url(each) for each in found[int(begin) : end]], **more}


def _dead_letters_of(queue: dict[str, Any]) -> str:
    """The ARN of a queue's dead-letter queue; empty where it has none."""
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(queue["attributes"]["RedrivePolicy"])["deadLetterTargetArn"])
    return ""


def _as_xml(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """The answer for those who speak SQS's older protocol."""
    from ministack.services import sqs

    action, told = args
    if action != NAME:
        return original(*args, **kwargs)
    members = "".join(f"<QueueUrl>{sqs._esc(each)}</QueueUrl>" for each in told["queueUrls"])
    token = f"<NextToken>{told['NextToken']}</NextToken>" if "NextToken" in told else ""
    return sqs._xml_resp(200, f"{NAME}Response", f"<{NAME}Result>{members}{token}</{NAME}Result>")
