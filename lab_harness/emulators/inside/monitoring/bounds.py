"""Keeps what a loop can make without end within the emulator's memory: metrics, their values, log groups and streams.

Each dimension that is drawn at random makes a metric. On AWS that fills the bill, here it would fill the memory.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html (2026: a million log groups)
"""

from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse

MOST_METRICS, MOST_VALUES = 10_000, 200_000
MOST_GROUPS, MOST_STREAMS = 10_000, 50_000


class FullError(Exception):
    """There is no place for a metric's value."""


_values = 0  # of all metrics, at least: those that are gone since the last request are counted still


def install() -> None:
    """Make MiniStack refuse what is more. This takes effect when it imports CloudWatch and CloudWatch Logs."""
    refuse({"cloudwatch_logs": {"_create_log_group": _no_more_groups, "_create_log_stream": _no_more_streams}})
    measures = {"_evict_old_metrics": _count, "_store_datum": _store, "_put_metric_data": _put}
    hooks.change({"cloudwatch": measures})


def _count(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    """With each request MiniStack looks at all values, and forgets old ones."""
    global _values  # noqa: PLW0603
    original(*args, **kwargs)
    _values = _counted()


def _counted() -> int:
    from ministack.services import cloudwatch

    return sum(map(len, list(cloudwatch._metrics._data.values())))


def _store(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    from ministack.services import cloudwatch

    global _values  # noqa: PLW0603
    namespace, name, dimensions, _when, _unit, _value, values, *_ = args
    more = 1 if values is None else len(values)
    _values += more
    if _values > MOST_VALUES:
        _values = _counted() + more  # A reset may have taken them.
    if _values > MOST_VALUES:
        raise FullError(f"{MOST_VALUES:,} values of metrics")
    is_new = (namespace, name, cloudwatch._dims_key(dimensions)) not in cloudwatch._metrics
    if is_new and len(cloudwatch._metrics._data) >= MOST_METRICS:
        raise FullError(f"{MOST_METRICS:,} metrics")
    original(*args, **kwargs)


def _put(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import cloudwatch

    try:
        return original(*args, **kwargs)
    except FullError as full:
        _, _, is_cbor, *is_json = args
        message = f"The quota for metrics of this account has been reached: {_kept(full)}"
        use_json = bool(kwargs.get("is_json", is_json and is_json[0]))
        return cloudwatch._error("LimitExceeded", message, 400, use_json=use_json, use_cbor=is_cbor)


def _no_more_groups(_asked: dict[str, Any]) -> Any:
    from ministack.services import cloudwatch_logs

    return _refused(len(cloudwatch_logs._log_groups._data) >= MOST_GROUPS, f"{MOST_GROUPS:,} log groups")


def _no_more_streams(_asked: dict[str, Any]) -> Any:
    from ministack.services import cloudwatch_logs

    there = sum(len(group["streams"]) for group in list(cloudwatch_logs._log_groups._data.values()))
    return _refused(there >= MOST_STREAMS, f"{MOST_STREAMS:,} log streams")


def _refused(full: bool, most: str) -> Any:
    from ministack.services import cloudwatch_logs

    message = f"Resource limit exceeded. {_kept(most)}"
    return cloudwatch_logs.error_response_json("LimitExceededException", message, 400) if full else None


def _kept(most: Any) -> str:
    return f"The course's emulator keeps {most}."
