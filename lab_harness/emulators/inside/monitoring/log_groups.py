"""Lets log groups be listed while functions write to them, and forgets events that are older than they are kept.

MiniStack adds up a group's log streams as it lists it, and a function that begins another one meanwhile, in a thread of
its own, makes that fail: "dictionary changed size during iteration". A check that asked for logs was broken by it.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html (2026)
"""

from bisect import bisect_left
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock

ATTEMPTS = 100  # each takes less time than a function needs to begin a stream
DAY = 86_400  # seconds
READING = ("_describe_log_streams", "_get_log_events", "_filter_log_events", "_start_query")


def install() -> None:
    """Change MiniStack's CloudWatch Logs. This takes effect when its module is imported."""
    hooks.change({"cloudwatch_logs": {"_describe_log_groups": _describe, **dict.fromkeys(READING, _read)}})


def _describe(original: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    for _ in range(ATTEMPTS - 1):
        try:
            return _read(original, instance, args, kwargs)
        except RuntimeError:
            continue  # It only reads, so it may begin again.
    return _read(original, instance, args, kwargs)


def _read(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import cloudwatch_logs

    for group in list(cloudwatch_logs._log_groups.values()):
        if days := group.get("retentionInDays"):
            for stream in list(group["streams"].values()):
                _forget(cloudwatch_logs, stream, clock.now() - days * DAY)
    return original(*args, **kwargs)


def _forget(cloudwatch_logs: Any, stream: dict[str, Any], moment: float) -> None:
    """Forget what a stream has from before a moment."""
    with cloudwatch_logs._log_events_lock:
        events = stream["events"]
        old = bisect_left(events, moment * 1000, key=cloudwatch_logs._event_timestamp)
        if old:
            stream["events"] = events[old:]
            stream["firstEventTimestamp"] = events[old]["timestamp"] if old < len(events) else None
