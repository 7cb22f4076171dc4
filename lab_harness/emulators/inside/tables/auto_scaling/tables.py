"""The capacity of what is scaled: a table's, or that of one of its global indexes."""

import json
import re
from dataclasses import dataclass
from typing import Any

from lab_harness.emulators.inside.records.deeds import acting_as
from lab_harness.emulators.inside.tables import consumption

RESOURCE = re.compile(r"table/(?P<table>[a-zA-Z0-9_.-]{3,255})(/index/(?P<index>[a-zA-Z0-9_.-]{3,255}))?")
ON_DEMAND = "PAY_PER_REQUEST"


@dataclass(frozen=True)
class Scaled:
    """What a target names: a table, or one of its indexes, and Read or Write."""

    table: str
    index: str
    kind: str

    @property
    def unit(self) -> str:
        """What DynamoDB calls its capacity."""
        return f"{self.kind}CapacityUnits"

    @property
    def dimensions(self) -> list[dict[str, str]]:
        """How CloudWatch names it."""
        index = [{"Name": "GlobalSecondaryIndexName", "Value": self.index}] if self.index else []
        return [{"Name": "TableName", "Value": self.table}, *index]


def scaled(about: dict[str, Any]) -> Scaled | None:
    """What a target's resource and dimension name; None if the two name nothing, or not the same."""
    found = RESOURCE.fullmatch(about["ResourceId"])
    _, what, unit = about["ScalableDimension"].split(":")
    if not found or what != ("index" if found["index"] else "table"):
        return None
    return Scaled(found["table"], found["index"] or "", unit.removesuffix("CapacityUnits"))


def table_arn(what: Scaled) -> str:
    """The ARN of the table; empty where there is none."""
    from ministack.services import dynamodb

    return str((dynamodb._tables.get(what.table) or {}).get("TableArn", ""))


def billing(table: dict[str, Any]) -> str:
    """How a table is paid for."""
    return str((table.get("BillingModeSummary") or {}).get("BillingMode", ""))


def capacity(what: Scaled) -> int | None:
    """How many units a second it has; None where there is no such table or index, or it is on demand."""
    from ministack.services import dynamodb

    table = dynamodb._tables.get(what.table)
    if not table or billing(table) == ON_DEMAND:
        return None
    found = _part(table, what)
    return None if found is None else int((found.get("ProvisionedThroughput") or {}).get(what.unit, 0))


def set_capacity(what: Scaled, units: int) -> str:
    """Give it so many units a second, by UpdateTable, as AWS does; why that failed, or nothing."""
    from ministack.services import dynamodb

    table = dynamodb._tables[what.table]
    now = (_part(table, what) or {}).get("ProvisionedThroughput") or {}
    wanted = {name: int(now.get(name, 1)) for name in ("ReadCapacityUnits", "WriteCapacityUnits")} | {what.unit: units}
    change: dict[str, Any] = {"ProvisionedThroughput": wanted}
    if what.index:
        change = {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": what.index, **change}}]}
    with acting_as("application-autoscaling"):
        status, _, body = dynamodb._update_table({"TableName": what.table, **change})
    return "" if status == 200 else str(json.loads(body).get("message", ""))


def minutes(what: Scaled) -> dict[int, float]:
    """What it consumed in each minute that is over, by when the minute began."""
    whose, now = consumption.Whose(table_arn(what), what.index, what.kind), consumption.this_minute()
    return {when: minute.consumed for when, minute in consumption.minutes(whose).items() if when < now}


def _part(table: dict[str, Any], what: Scaled) -> dict[str, Any] | None:
    indexes = table.get("GlobalSecondaryIndexes") or []
    return next((each for each in indexes if each["IndexName"] == what.index), None) if what.index else table
