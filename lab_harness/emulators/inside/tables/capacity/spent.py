"""What a request has consumed of a table and of its indexes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

READ_UNIT, WRITE_UNIT = 4096, 1024  # bytes
STRONG, EVENTUAL, TRANSACTIONAL = 1.0, 0.5, 2.0  # read units for each 4 KB


@dataclass
class Spent:
    """Capacity units of a table itself, of its global indexes and of its local ones, by their names."""

    table: float = 0.0
    global_: dict[str, float] = field(default_factory=dict)
    local: dict[str, float] = field(default_factory=dict)

    def told(self, table: str, how: str) -> dict[str, Any]:
        """It as AWS tells it: `how` is TOTAL or INDEXES."""
        total = self.table + sum(self.global_.values()) + sum(self.local.values())
        answer: dict[str, Any] = {"TableName": table, "CapacityUnits": total}
        if how == "INDEXES":
            answer["Table"] = {"CapacityUnits": self.table}
            for kind, units in (("GlobalSecondaryIndexes", self.global_), ("LocalSecondaryIndexes", self.local)):
                if units:
                    answer[kind] = {name: {"CapacityUnits": each} for name, each in units.items()}
        return answer


def of(told: Mapping[str, Any]) -> Spent:
    """What an answer tells of one table, by its index."""
    kinds = [told.get(kind) or {} for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")]
    indexes = [{name: each["CapacityUnits"] for name, each in kind.items()} for kind in kinds]
    elsewhere = sum(sum(each.values()) for each in indexes)
    table = told.get("Table", {}).get("CapacityUnits", told["CapacityUnits"] - elsewhere)
    return Spent(table, *indexes)


def read_units(size: int, each: float) -> float:
    """What it costs to read so many bytes at once; nothing that was found costs as much as 4 KB."""
    return max(1, math.ceil(size / READ_UNIT)) * each


def write_units(size: int) -> float:
    """What it costs to write an item of so many bytes."""
    return float(max(1, math.ceil(size / WRITE_UNIT)))


def on_index(table: Mapping[str, Any], index: str | None, units: float) -> Spent:
    """So many units, of an index if one is named."""
    if index is None:
        return Spent(units)
    is_local = any(each.get("IndexName") == index for each in table.get("LocalSecondaryIndexes") or [])
    return Spent(local={index: units}) if is_local else Spent(global_={index: units})
