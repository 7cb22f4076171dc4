"""What CloudWatch knows of queues, and the alarms on it; MiniStack measures no queue, so such alarms sleep for ever.

Queues are measured each second, as AWS does each minute, from the first alarm on a queue's metric, or the first
question for one, on. An alarm's period counts in the same way: one of 60 seconds looks at one measurement. Other
alarms are MiniStack's.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html (2026)
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import wrapt

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.records.deeds import acting_as

NAMESPACE, DIMENSION = "AWS/SQS", "QueueName"
PERIOD = 60  # AWS's seconds between two measurements
TICK = 1.0  # ours
MOST = 1440  # measurements of a queue that are looked at: the longest that an alarm may look back, a day
# Seconds after which the same values are noted again: of a queue with messages, of others
REPEATED, RESTING = 5.0, 60.0
VISIBLE = "ApproximateNumberOfMessagesVisible"
COUNTS = {
    VISIBLE: "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}
OLDEST = "ApproximateAgeOfOldestMessage"
STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "Sum": sum,
    "SampleCount": len,
}
COMPARED: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (lambda value, limit: value >= limit, "greater than or equal to"),
    "GreaterThanThreshold": (lambda value, limit: value > limit, "greater than"),
    "LessThanThreshold": (lambda value, limit: value < limit, "less than"),
    "LessThanOrEqualToThreshold": (lambda value, limit: value <= limit, "less than or equal to"),
}

log = logging.getLogger("lab_harness.queue_metrics")


def install() -> None:
    """Make MiniStack measure queues. This takes effect when it imports CloudWatch."""
    wrapt.register_post_import_hook(_change_cloudwatch, "ministack.services.cloudwatch")


def _change_cloudwatch(cloudwatch: Any) -> None:
    watch = Watch()
    for name in ("_put_metric_alarm", "_get_metric_statistics", "_get_metric_data", "cloudformation_put_metric_alarm"):
        wrapt.wrap_function_wrapper(cloudwatch, name, watch.begin_with)
    for name, ours in (
        ("_restore_state", watch.begin_with_alarms),
        ("_evaluate_alarm", _leave_to_us),
        ("_dispatch_alarm_actions", _as_alarm),
        ("reset", watch.forget),
    ):
        wrapt.wrap_function_wrapper(cloudwatch, name, ours)


def _leave_to_us(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    return None if args[0].get("Namespace") == NAMESPACE else original(*args, **kwargs)


def _as_alarm(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Let an alarm do what it does, as its own doing."""
    with acting_as(f"cloudwatch {args[0].get('AlarmName')}"):
        return original(*args, **kwargs)


class Watch:
    """Measures the queues of an emulator, and looks at the alarms on them."""

    def __init__(self) -> None:
        self._measured: dict[str, deque[dict[str, float]]] = {}
        self._noted: dict[str, tuple[float, list[float]]] = {}
        self._begun = False
        self._beginning = threading.Lock()

    def begin_with(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Answer a call, and measure from then on if it was about queues."""
        if not self._begun and NAMESPACE in repr(args):
            self._measure(note=True)  # so that the very first question has an answer
            self._begin()
        return original(*args, **kwargs)

    def begin_with_alarms(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Load what was saved, and measure from then on if there are alarms on queues."""
        loaded = original(*args, **kwargs)
        if NAMESPACE in repr((args[0] or {}).get("alarms")):
            self._begin()
        return loaded

    def forget(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Forget what was measured, as the account is emptied."""
        self._measured.clear()
        self._noted.clear()
        return original(*args, **kwargs)

    def _begin(self) -> None:
        with self._beginning:
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        from ministack.core.responses import request_scope

        while True:
            time.sleep(TICK)
            try:
                with request_scope(ACCOUNT, REGION):
                    self._measure()
                    self._look()
            except Exception:
                log.exception("The queues could not be measured.")

    def _measure(self, note: bool = False) -> None:
        from ministack.services import sqs

        for queue in list(sqs._queues.values()):
            values = _values(queue)
            self._measured.setdefault(queue["name"], deque(maxlen=MOST)).append(values)
            self._note(queue["name"], values, note)

    def _note(self, queue: str, values: dict[str, float], always: bool) -> None:
        """Tell CloudWatch of values that are new, or that it was told long ago: all that is told is saved to disk."""
        from ministack.services import cloudwatch

        counts = [values[name] for name in COUNTS]
        moment, before = self._noted.get(queue, (0.0, []))
        rests = clock.now() - moment < (REPEATED if any(counts) else RESTING)
        if counts == before and rests and not always:
            return
        self._noted[queue] = clock.now(), counts
        for name, value in values.items():
            unit = "Seconds" if name == OLDEST else "Count"
            cloudwatch.record_metric(NAMESPACE, name, value, unit, {DIMENSION: queue})

    def _look(self) -> None:
        """Look at each alarm on a queue, and change its state where it must."""
        from ministack.services import cloudwatch

        for alarm in list(cloudwatch._alarms.values()):
            if alarm.get("Namespace") != NAMESPACE:
                continue
            queues = [each["Value"] for each in alarm.get("Dimensions", []) if each["Name"] == DIMENSION]
            measured = list(self._measured.get(queues[0], ())) if len(queues) == 1 else []
            values = [each[alarm["MetricName"]] for each in measured if alarm["MetricName"] in each]
            state, reason = _judged(alarm, values)
            if state and state != alarm["StateValue"]:
                _change_state(alarm, state, reason)


def _values(queue: dict[str, Any]) -> dict[str, float]:
    from ministack.services import sqs

    sqs._refresh_counts(queue)
    counts = {name: float(queue["attributes"][attribute]) for name, attribute in COUNTS.items()}
    oldest = min((message["sent_at"] for message in list(queue["messages"])), default=clock.now())
    return {**counts, OLDEST: float(int(clock.now() - oldest))}


def _judged(alarm: dict[str, Any], values: Sequence[float]) -> tuple[str, str]:
    """The state that an alarm should be in, and why; empty where there is too little to know."""
    statistic = STATISTICS.get(alarm.get("Statistic") or "")
    compared = COMPARED.get(alarm.get("ComparisonOperator") or "")
    each, periods = max(1, int(alarm["Period"]) // PERIOD), int(alarm["EvaluationPeriods"])
    if not statistic or not compared or len(values) < each:
        return "", ""
    breaches, words = compared
    recent = [values[max(0, end - each) : end] for end in range(len(values), 0, -each)][:periods]
    points = [float(statistic(some)) for some in recent if len(some) == each]
    over = [point for point in points if breaches(point, alarm["Threshold"])]
    is_alarm = len(over) >= int(alarm.get("DatapointsToAlarm") or periods)
    shown = ", ".join(f"{point:g}" for point in points)
    many = f"{len(points)} datapoint{'s were' if len(points) > 1 else ' was'}"
    how = words if is_alarm else f"not {words}"
    told = f"Threshold Crossed: {many} {how} the threshold ({alarm['Threshold']:g}): {shown}."
    return ("ALARM" if is_alarm else "OK"), told


def _change_state(alarm: dict[str, Any], state: str, reason: str) -> None:
    from ministack.services import cloudwatch

    before = alarm["StateValue"]
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(clock.now()))
    cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)
