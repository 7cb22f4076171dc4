"""The alarms in CloudWatch that a policy makes, and that nobody else should change.

Their thresholds are those that AWS's own have: at a target of 70 % more than 42 units a minute for each that is
provisioned, and less than 30, for the target less twenty points.
"""

import uuid
from typing import Any, NamedTuple

from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.tables.auto_scaling.tables import Scaled

HIGH, LOW = "AlarmHigh", "AlarmLow"
KEEPING = ("ProvisionedCapacityHigh", "ProvisionedCapacityLow")  # look whether somebody else changed the capacity
POINTS = 20  # per cent below the target
MINUTE = 60
SLOW = 300, 3  # seconds, periods: of those on the provisioned capacity


class Rule(NamedTuple):
    """When an alarm rings: so many minutes, one after the other, on this side of the threshold."""

    minutes: int
    operator: str


RULES = {HIGH: Rule(2, "GreaterThanThreshold"), LOW: Rule(15, "LessThanThreshold")}


def thresholds(target: float, provisioned: int) -> dict[str, float]:
    """Units a minute above which there is more capacity, and below which there is less."""
    low = max(0.0, target - POINTS)
    return {HIGH: target / 100 * provisioned * MINUTE, LOW: low / 100 * provisioned * MINUTE}


def put(policy: dict[str, Any], what: Scaled, provisioned: int) -> None:
    """Make a policy's alarms, or give them the thresholds of a capacity that has changed."""
    from ministack.services import cloudwatch

    settings = policy["TargetTrackingScalingPolicyConfiguration"]
    limits = thresholds(settings["TargetValue"], provisioned)
    names = {_kind(each["AlarmName"]): each["AlarmName"] for each in policy.get("Alarms", [])}
    kinds = [HIGH, *([] if settings.get("DisableScaleIn") else [LOW]), *KEEPING]
    for kind in kinds:
        name = names.setdefault(kind, f"TargetTracking-{policy['ResourceId']}-{kind}-{uuid.uuid4()}")
        cloudwatch._put_metric_alarm({}, {"AlarmName": name, **_about(policy, what, kind, limits, provisioned)}, True)
    remove([names[kind] for kind in names.keys() - set(kinds)])
    policy["Alarms"] = [
        {"AlarmName": names[kind], "AlarmARN": cloudwatch._alarms[names[kind]]["AlarmArn"]} for kind in kinds
    ]


def _about(
    policy: dict[str, Any], what: Scaled, kind: str, limits: dict[str, float], provisioned: int
) -> dict[str, Any]:
    shared = {
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy['PolicyARN']}.",
        "AlarmActions": [policy["PolicyARN"]],
        "Namespace": "AWS/DynamoDB",
        "Dimensions": what.dimensions,
    }
    if kind in RULES:
        return shared | {
            "MetricName": f"Consumed{what.unit}",
            "Statistic": "Sum",
            "Period": MINUTE,
            "EvaluationPeriods": RULES[kind].minutes,
            "ComparisonOperator": RULES[kind].operator,
            "Threshold": limits[kind],
        }
    period, periods = SLOW
    return shared | {
        "MetricName": f"Provisioned{what.unit}",
        "Statistic": "Average",
        "Period": period,
        "EvaluationPeriods": periods,
        "ComparisonOperator": "GreaterThanThreshold" if kind.endswith(HIGH[-4:]) else "LessThanThreshold",
        "Threshold": float(provisioned),
    }


def there(policy: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The alarms of a policy that nobody deleted, by their kind."""
    from ministack.services import cloudwatch

    names = [each["AlarmName"] for each in policy.get("Alarms", [])]
    return {_kind(name): cloudwatch._alarms[name] for name in names if name in cloudwatch._alarms}


def judge(alarm: dict[str, Any], values: list[float]) -> bool:
    """Set an alarm's state by what each of the last minutes consumed, the newest first; whether it rings.

    Of a minute without any request CloudWatch has no value, so with one of these the alarm knows nothing.
    """
    from ministack.services import cloudwatch

    rule = RULES[_kind(alarm["AlarmName"])]
    limit, known = alarm["Threshold"], len(values) == rule.minutes
    over = [value > limit if rule.operator.startswith("Greater") else value < limit for value in values]
    state = ("ALARM" if all(over) else "OK") if known else "INSUFFICIENT_DATA"
    if state != (before := alarm["StateValue"]):
        shown = ", ".join(f"{value:g}" for value in values)
        words = "greater than" if rule.operator.startswith("Greater") else "less than"
        how = words if state == "ALARM" else f"not {words}"
        reason = f"Threshold Crossed: {len(values)} datapoints [{shown}] were {how} the threshold ({limit:g})."
        alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(clock.now()))
        cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    return state == "ALARM"


def remove(names: list[str]) -> None:
    """Delete alarms."""
    from ministack.services import cloudwatch

    for name in names:
        cloudwatch._alarms.pop(name, None)


def _kind(name: str) -> str:
    """Which of a policy's alarms it is, by its name, which ends with a UUID."""
    return name[:-37].rpartition("-")[2]
