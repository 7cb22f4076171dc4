"""How much capacity is left: for a table and each global index what was provisioned, and five minutes of it saved up.

What was not used within the last 300 seconds may be used at once (AWS's burst capacity); then requests get what is
provisioned, second by second. A new table begins with these 300 seconds, which AWS does not promise. One partition
gets 1,000 write units and 3,000 read units a second, whatever the table has (both 2026):
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab_harness.emulators.inside.levels import Bucket
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.tables import consumption

BURST = 300.0  # seconds
PARTITION = {"Read": 3000.0, "Write": 1000.0}  # units a second
MOST_PARTITIONS = 1000  # that are remembered


@dataclass(frozen=True)
class Limit:
    """One limit that a request must keep: by which name it is remembered, its rate, and AWS's word for its reason."""

    name: tuple[str, ...]
    rate: float  # units a second
    seconds: float
    reason: str
    resource: str


_buckets: dict[tuple[str, ...], Bucket] = {}


def left(limit: Limit) -> float:
    """How many units are left now."""
    return _bucket(limit).level(limit.rate, limit.seconds)


def is_spent(limit: Limit) -> bool:
    """Whether nothing is left."""
    return left(limit) <= 0


def take(limit: Limit, units: float) -> None:
    """Take away so many units, even if fewer are left: AWS knows what a request costs once it is done."""
    left(limit)
    _bucket(limit).left -= units


def note_refusal(table: dict[str, Any], limit: Limit) -> None:
    """Count a request that one of a table's limits has kept back."""
    index = limit.name[1] if len(limit.name) == 3 else ""
    kind = limit.name[-1]
    provisioned = 0.0 if is_on_demand(table) else float(table["ProvisionedThroughput"][f"{kind}CapacityUnits"])
    consumption.note(consumption.of(table, kind, index), 0.0, limit.rate if index else provisioned, throttled=1)


def forget() -> None:
    """Forget all, as the account is emptied."""
    _buckets.clear()


def of_table(table: dict[str, Any], kind: str) -> Limit | None:
    """The limit of a table for `kind`, Read or Write; None where it is on demand and has no maximum."""
    resource = table["TableArn"]
    if is_on_demand(table):
        most = (table.get("OnDemandThroughput") or {}).get(f"Max{kind}RequestUnits", -1)
        reason = f"Table{kind}MaxOnDemandThroughputExceeded"
        return Limit((table["TableId"], kind), most, 1.0, reason, resource) if most > 0 else None
    rate = float(table["ProvisionedThroughput"][f"{kind}CapacityUnits"])
    return Limit((table["TableId"], kind), rate, BURST, f"Table{kind}ProvisionedThroughputExceeded", resource)


def of_indexes(table: dict[str, Any], kind: str) -> Iterator[tuple[dict[str, Any], Limit]]:
    """The global indexes of a provisioned table, each with its limit."""
    for index in [] if is_on_demand(table) else table.get("GlobalSecondaryIndexes") or []:
        rate = float((index.get("ProvisionedThroughput") or {}).get(f"{kind}CapacityUnits") or math.inf)
        reason = f"Index{kind}ProvisionedThroughputExceeded"
        name = (table["TableId"], index["IndexName"], kind)
        yield index, Limit(name, rate, BURST, reason, index.get("IndexArn", ""))


def of_partition(table: dict[str, Any], kind: str, value: str) -> Limit:
    """The limit of one value of a table's partition key."""
    name = (table["TableId"], "", value, kind)
    return Limit(name, PARTITION[kind], 1.0, f"Table{kind}KeyRangeThroughputExceeded", table["TableArn"])


def is_on_demand(table: dict[str, Any]) -> bool:
    """Whether it is paid by request."""
    return (table.get("BillingModeSummary") or {}).get("BillingMode") == "PAY_PER_REQUEST"


def _bucket(limit: Limit) -> Bucket:
    if limit.name not in _buckets:
        if len(_buckets) > MOST_PARTITIONS:
            for name in [name for name, each in _buckets.items() if len(name) == 4 and each.moment < clock.now() - 1]:
                del _buckets[name]
        _buckets[limit.name] = Bucket(limit.rate * limit.seconds, clock.now())
    return _buckets[limit.name]
