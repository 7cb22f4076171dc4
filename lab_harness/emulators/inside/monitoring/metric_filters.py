"""Metric filters of log groups: each new line that fits a filter's pattern is a point of its metric.

MiniStack keeps the filters, and measures nothing.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html (2026)
"""

import logging
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.monitoring.filter_patterns import flaw, matcher, number, value_at
from lab_harness.emulators.inside.moving_time import clock

MOST_FILTERS, MOST_DIMENSIONS = 100, 3  # of a group, of a metric
EXCLUSIVE = "Invalid metric transformation: dimensions and default value are mutually exclusive properties."
MINUTE = 60_000  # milliseconds

log = logging.getLogger("lab_harness.metric_filters")
_told: dict[tuple[int, str], int] = {}  # by filter (its moment) and metric: the last minute of which it has a point


def install() -> None:
    """Make MiniStack's CloudWatch Logs measure. This takes effect when its module is imported."""
    refuse({"cloudwatch_logs": {"_put_metric_filter": _refused}})
    hooks.change({"cloudwatch_logs": {"_fanout_to_subscription_filters": _measure}})


def _refused(asked: dict[str, Any]) -> Any:
    from ministack.services import cloudwatch_logs

    group, name = asked.get("logGroupName"), asked.get("filterName")
    others = [key for key in cloudwatch_logs._metric_filters if key[0] == group and key[1] != name]
    if len(others) >= MOST_FILTERS:
        return cloudwatch_logs.error_response_json("LimitExceededException", "Resource limit exceeded.", 400)
    message = flaw(asked.get("filterPattern") or "")
    for each in asked.get("metricTransformations") or []:
        message = message or _wrong(each)
    return cloudwatch_logs.error_response_json("InvalidParameterException", message, 400) if message else None


def _wrong(told: dict[str, Any]) -> str:
    """What is wrong with a metric transformation; "" where nothing is."""
    value, dimensions = str(told.get("metricValue", "")), told.get("dimensions") or {}
    if not value.startswith("$") and number(value) is None:
        return f"Invalid metric transformation: metricValue {value} is neither a number nor a field."
    if dimensions and told.get("defaultValue") is not None:
        return EXCLUSIVE
    if len(dimensions) > MOST_DIMENSIONS:
        return f"Invalid metric transformation: it has more than {MOST_DIMENSIONS} dimensions."
    return ""


def _measure(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Measure new lines of a group; what goes wrong here never hinders who has written them."""
    from ministack.services import cloudwatch_logs

    group, _, events = args
    try:
        for (name, _), each in list(cloudwatch_logs._metric_filters.items()):
            if name == group and events:
                _publish(each, events)
    except Exception:
        log.exception("The lines of %s could not be measured.", group)
    return original(*args, **kwargs)


def _publish(found: dict[str, Any], events: list[dict[str, Any]]) -> None:
    from ministack.services import cloudwatch

    fits = matcher(found["filterPattern"] or "")
    for told in found["metricTransformations"]:
        key, points = (found["creationTime"], told["metricName"]), []
        for event in events:
            when = event.get("timestamp", int(clock.now() * 1000))
            if fits(event.get("message", "")):
                points += [(when, *point) for point in _point(told, event["message"])]
        measured = {when // MINUTE for when, *_ in points}
        points += [(minute * MINUTE, *default) for minute, default in _defaults(told, events, measured, _told.get(key))]
        for when, value, dimensions in points:
            _told[key] = max(_told.get(key, 0), when // MINUTE)
            unit = told.get("unit") or "None"
            cloudwatch._store_datum(
                told["metricNamespace"], told["metricName"], dimensions, when / 1000, unit, value, None, None, None
            )
        if points:
            cloudwatch._evaluate_all_alarms()


def _point(told: dict[str, Any], line: str) -> list[tuple[float, dict[str, str]]]:
    """The value of a line that fits, and its dimensions; nothing where the line lacks one of them."""
    written = told["metricValue"]
    value = number(str(value_at(line, written) if written.startswith("$") else written))
    dimensions = {name: value_at(line, path) for name, path in (told.get("dimensions") or {}).items()}
    if value is None or None in dimensions.values():
        return []
    return [(value, {name: str(each) for name, each in dimensions.items()})]


def _defaults(
    told: dict[str, Any], events: list[dict[str, Any]], measured: set[int], last: int | None
) -> list[tuple[int, tuple[float, dict[str, str]]]]:
    """The default value, once for each minute in which lines came of which none fits."""
    if told.get("defaultValue") is None:
        return []
    minutes = {event.get("timestamp", int(clock.now() * 1000)) // MINUTE for event in events} - measured - {last}
    return [(minute, (float(told["defaultValue"]), {})) for minute in sorted(minutes)]
