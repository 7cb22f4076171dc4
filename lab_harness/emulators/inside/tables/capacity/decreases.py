"""Counts how often the capacity of a table or an index was lowered today, and refuses it where AWS does.

Four times a day at any moment, then once an hour; a day is one of UTC. MiniStack counts nothing.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html (2026)
"""

import time
from collections.abc import Iterator
from typing import Any

import wrapt

from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.tables import named_tables
from lab_harness.emulators.inside.tables.capacity import buckets

FREE, HOUR, DAY = 4, 3600, 86_400
TODAY, LAST, GROWN = "NumberOfDecreasesToday", "LastDecreaseDateTime", "LastIncreaseDateTime"
UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")
LIMITED = (
    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 "
    "decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. "
)


def change(dynamodb: Any) -> None:
    """Make MiniStack count and refuse."""
    wrapt.wrap_function_wrapper(dynamodb, "_update_table", _update)


def _update(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import dynamodb

    data = args[0]
    table = named_tables.table(data.get("TableName"))
    if table is None or buckets.is_on_demand(table):
        return original(*args, **kwargs)
    before = {name: dict(_now(table, name)) for name, _ in _wanted(data)}
    lowered = [name for name, wanted in _wanted(data) if _is_lower(before[name], wanted)]
    for name in lowered:
        if told := _refusal(before[name]):
            return dynamodb.error_response_json("LimitExceededException", told, 400)
    answer = original(*args, **kwargs)
    if answer[0] != 200 or buckets.is_on_demand(table):
        return answer
    for name, wanted in _wanted(data):
        kept = _now(table, name)
        kept |= {each: before[name][each] for each in (LAST, GROWN) if each in before[name]}
        kept[TODAY] = _today(before[name]) + (name in lowered)
        if name in lowered:
            kept[LAST] = clock.now()
        if any(wanted.get(unit, 0) > before[name].get(unit, 0) for unit in UNITS):
            kept[GROWN] = clock.now()
    return dynamodb.json_response({"TableDescription": dynamodb._table_description(table["TableName"])})


def _wanted(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is asked for: of the table itself, under an empty name, and of its indexes."""
    if isinstance(asked := data.get("ProvisionedThroughput"), dict):
        yield "", asked
    for each in data.get("GlobalSecondaryIndexUpdates") or []:
        change = each.get("Update") or {}
        if isinstance(asked := change.get("ProvisionedThroughput"), dict):
            yield change.get("IndexName", ""), asked


def _now(table: dict[str, Any], name: str) -> dict[str, Any]:
    """The capacity of the table or of an index as it is kept; of an index that is not there, nothing."""
    indexes = {each["IndexName"]: each for each in table.get("GlobalSecondaryIndexes") or []}
    whose = indexes.get(name, {}) if name else table
    found: dict[str, Any] = whose.setdefault("ProvisionedThroughput", {})
    return found


def _is_lower(before: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return any(unit in before and int(wanted.get(unit, 0)) < int(before[unit]) for unit in UNITS)


def _today(before: dict[str, Any]) -> int:
    """How often it was lowered today."""
    is_today = before.get(LAST, 0.0) // DAY == clock.now() // DAY
    return int(before.get(TODAY, 0)) if is_today else 0


def _refusal(before: dict[str, Any]) -> str:
    """Why it may not be lowered now; empty where it may."""
    last, count = before.get(LAST, 0.0), _today(before)
    if count < FREE or clock.now() - last >= HOUR:
        return ""
    when, then = _shown(last), _shown(last + HOUR)
    return f"{LIMITED}Number of decreases today: {count}. Last decrease at {when}. Next decrease can be made at {then}"


def _shown(moment: float) -> str:
    day = time.strftime("%A, %B %d, %Y at %I:%M:%S %p", time.gmtime(moment))
    return f"{day} Coordinated Universal Time"
