"""Alarms of CloudWatch that call functions, which AWS has since December 2023; MiniStack only publishes to topics.

The function must let CloudWatch's alarms call it, by its own policy, and gets an asynchronous event.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html (2026)
"""

import logging
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.functions import invocations
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.iam.contexts import service_of

INVOKE, ALARMS = "lambda:InvokeFunction", "lambda.alarms.cloudwatch.amazonaws.com"
ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}  # by the state

log = logging.getLogger("lab_harness.alarm_functions")


def install() -> None:
    """Make MiniStack call functions. This takes effect when it imports CloudWatch."""
    calls = Calls()
    hooks.change({"cloudwatch": {"_dispatch_alarm_actions": calls.act, "reset": calls.forget}})


class Calls:
    """What the alarms of an emulator call. It remembers why an alarm was in the state before."""

    def __init__(self) -> None:
        self._states: dict[str, dict[str, str]] = {}  # by the alarm's ARN

    def act(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Call the functions of an alarm whose state has changed, and do what MiniStack does."""
        alarm, before, now, reason, *_ = args
        state = _state(alarm, now, reason)
        previous = self._states.get(alarm["AlarmArn"], {})
        event = _event(alarm, state, previous if previous.get("value") == before else {"value": before})
        self._states[alarm["AlarmArn"]] = state
        if alarm.get("ActionsEnabled", True):
            _call((each for each in alarm.get(ACTIONS.get(now, "")) or [] if service_of(each) == "lambda"), event)
        return original(*args, **kwargs)

    def forget(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Forget all states, as the account is emptied."""
        self._states.clear()
        return original(*args, **kwargs)


def _call(functions: Iterable[str], event: dict[str, Any]) -> None:
    """Give functions an event, those that let it; what goes wrong here never hinders the alarm."""
    from ministack.services import lambda_svc

    for each in functions:
        try:
            if answers.service(ALARMS, INVOKE, each, event["alarmArn"]) and (record := invocations.called(each)):
                lambda_svc.invoke_async_with_retry(record, event)
        except Exception:
            log.exception("The alarm %s could not call %s.", event["alarmArn"], each)


def _state(alarm: Mapping[str, Any], value: str, reason: str) -> dict[str, str]:
    data = alarm.get("StateReasonData")
    return {"value": value, "reason": reason} | ({"reasonData": data} if data else {}) | {"timestamp": _moment()}


def _moment() -> str:
    return datetime.fromtimestamp(clock.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def _event(alarm: Mapping[str, Any], state: dict[str, str], previous: dict[str, str]) -> dict[str, Any]:
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": ACCOUNT,
        "time": state["timestamp"],
        "region": REGION,
        "alarmData": {
            "alarmName": alarm["AlarmName"],
            "state": state,
            "previousState": previous,
            "configuration": _configuration(alarm),
        },
    }


def _configuration(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """How an alarm is configured: a composite one by its rule, another by its metric."""
    described = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if rule := alarm.get("AlarmRule"):
        return described | {"alarmRule": rule}
    metric = {
        "namespace": alarm.get("Namespace", ""),
        "name": alarm.get("MetricName", ""),
        "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []},
    }
    measured = {
        "metric": metric,
        "period": int(alarm.get("Period") or 60),
        "stat": alarm.get("Statistic") or alarm.get("ExtendedStatistic") or "",
        **({"unit": alarm["Unit"]} if alarm.get("Unit") else {}),
    }
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["AlarmArn"]))  # the same each time
    return described | {"metrics": [{"id": name, "metricStat": measured, "returnData": True}]}
