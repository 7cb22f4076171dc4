"""What CloudWatch knows of tables: consumed and provisioned capacity, and what was throttled, minute by minute.

MiniStack measures no table. A minute's values are there at once, where AWS takes some minutes, and as long as the
emulator runs.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html (2026)
"""

from collections.abc import Iterator
from typing import Any

from lab_harness.emulators.inside.monitoring import own_metrics
from lab_harness.emulators.inside.monitoring.own_metrics import Metric
from lab_harness.emulators.inside.tables import consumption
from lab_harness.emulators.inside.tables.consumption import Minute, Whose

NAMESPACE = "AWS/DynamoDB"


def install() -> None:
    """Make MiniStack know it. This takes effect when it imports CloudWatch."""
    own_metrics.install(NAMESPACE, _known)


def _known(account: str, in_region: str) -> Iterator[Metric]:
    for whose, minutes in consumption.all_minutes().items():
        region, owner = whose.table.split(":")[3:5]
        if (owner, region) == (account, in_region):
            for metric, points in _points(whose, minutes):
                if points:
                    yield Metric(metric, _dimensions(whose), "Count", points)


def _dimensions(whose: Whose) -> dict[str, str]:
    table = {"TableName": whose.table.rpartition("/")[2]}
    return table | ({"GlobalSecondaryIndexName": whose.index} if whose.index else {})


def _points(whose: Whose, minutes: dict[int, Minute]) -> Iterator[tuple[str, list[tuple[int, dict[str, Any]]]]]:
    """The metrics of a table or an index, each with its points."""
    consumed = [(when, _statistics(each)) for when, each in minutes.items() if each.requests]
    provisioned = [(when, {"Value": each.provisioned}) for when, each in minutes.items() if each.provisioned]
    throttled = [
        (when, {"Value": 1.0, "Count": float(each.throttled)}) for when, each in minutes.items() if each.throttled
    ]
    yield from (
        (f"Consumed{whose.kind}CapacityUnits", consumed),
        (f"Provisioned{whose.kind}CapacityUnits", provisioned),
        (f"{whose.kind}ThrottleEvents", throttled),
    )


def _statistics(minute: Minute) -> dict[str, Any]:
    """What a minute consumed, as CloudWatch keeps many values at once; the mean stands for the least and the most."""
    mean = minute.consumed / minute.requests
    kept = {"SampleCount": minute.requests, "Sum": minute.consumed, "Minimum": mean, "Maximum": mean}
    return {"Value": mean, "_stat": kept}
