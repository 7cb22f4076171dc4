"""Refuses notifications of a bucket that S3 refuses: ambiguous ones, unknown events, functions that do not exist.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html (2026)
"""

from itertools import combinations
from typing import Any

from lab_harness.emulators.inside.constraints import refuse

AMBIGUOUS = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports S3."""
    refuse({"s3": {"_validate_notification_configs": _refusal}})


def _refusal(rules: list[dict[str, Any]], _region: str, _bucket: str = "", unchecked: bool = False) -> Any:
    from ministack.services import lambda_svc, s3

    if any(event not in _events() for rule in rules for event in rule["events"]):
        return s3._invalid_notification_config("A specified event is not supported for notifications.")
    if any(_overlap(one, other) for one, other in combinations(rules, 2)):
        return s3._invalid_notification_config(AMBIGUOUS)
    functions = [] if unchecked else [rule["arn"] for rule in rules if rule["type"] == "lambda"]
    if missing := [arn for arn in functions if not lambda_svc._get_func_record_for_ref(arn)[0]]:
        told = f"Unable to validate the following destination configurations: {', '.join(missing)}"
        return s3._invalid_notification_config(told)
    return None


def _events() -> list[str]:
    from ministack.core.responses import _service_model

    events: list[str] = _service_model("s3").shape_for("Event").enum
    return events


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether an object could fall under both rules, for the same event."""
    return (
        any(_same(event, another) for event in one["events"] for another in other["events"])
        and _one_begins((one["filter_prefix"] or ""), (other["filter_prefix"] or ""))
        and _one_begins((one["filter_suffix"] or "")[::-1], (other["filter_suffix"] or "")[::-1])
    )


def _same(event: str, another: str) -> bool:
    return _one_begins(event.removesuffix("*"), another.removesuffix("*")) and (
        event == another or "*" in event + another
    )


def _one_begins(text: str, other: str) -> bool:
    return text.startswith(other) or other.startswith(text)
