"""What becomes of batches and transactions for which too little is left.

A batch hands back what it cannot do, and is refused where that is all of it; a transaction is cancelled.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import wrapt

from lab_harness.emulators.inside.tables import named_tables
from lab_harness.emulators.inside.tables.capacity import buckets, counting, refusing, throttling
from lab_harness.emulators.inside.tables.capacity.buckets import Limit
from lab_harness.emulators.inside.tables.capacity.spent import EVENTUAL, STRONG, of, read_units, write_units

BREAKDOWN = ("Table", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "VectorIndexes")


def change(dynamodb: Any) -> None:
    """Make MiniStack do so."""
    for name, ours in (
        ("_batch_write_item", _in_parts("UnprocessedItems")),
        ("_batch_get_item", _in_parts("UnprocessedKeys")),
        ("_transact_write_items", _cancelling),
        ("_transact_get_items", _cancelling),
    ):
        wrapt.wrap_function_wrapper(dynamodb, name, ours)


def _in_parts(left: str) -> Callable[..., Any]:
    """Do of a batch what there is capacity for, item by item."""
    write = left == "UnprocessedItems"

    def answer(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        data = args[0]
        now, rest, spent = _divided(data.get("RequestItems"), write)
        if spent and not now:
            return refusing.refused(spent)
        parted = data | {"RequestItems": now} if spent else data
        status, headers, body = _charged(original, parted, write)
        if spent and status == 200:
            body = json.dumps(json.loads(body) | {left: rest}, ensure_ascii=False).encode()
        return status, headers, body

    return answer


def _divided(asked: Any, write: bool) -> tuple[dict[str, Any], dict[str, Any], Limit | None]:
    """What of a batch is done, what is left for later, and the limit for which it is; nothing of what is no batch."""
    now: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    spent: Limit | None = None
    taken: dict[tuple[str, ...], float] = defaultdict(float)
    requests: Any  # a list of writes, or what is said of reads
    for name, requests in (asked or {}).items():
        table = named_tables.table(name)
        if table is None or not _is_batch(requests, write):
            return {}, {}, None
        for each in requests if write else requests.get("Keys", []):
            data = _about_one(each) if write else {**requests, "Key": each}
            limit = _lacking(table, data, write, taken)
            if limit:
                buckets.note_refusal(table, limit)
            spent = spent or limit
            part = rest if limit else now
            if write:
                part.setdefault(name, []).append(each)
            else:
                part.setdefault(name, requests | {"Keys": []})["Keys"].append(each)
    return now, rest, spent


def _is_batch(requests: object, write: bool) -> bool:
    return isinstance(requests, list if write else dict)


def _about_one(request: Mapping[str, Any]) -> dict[str, Any]:
    return dict(request.get("PutRequest") or request.get("DeleteRequest") or {})


def _about(transact: Mapping[str, Any]) -> dict[str, Any]:
    """What a transaction asks about one item."""
    return dict(*transact.values())


def _lacking(
    table: dict[str, Any], data: dict[str, Any], write: bool, taken: dict[tuple[str, ...], float]
) -> Limit | None:
    """The limit that has nothing left for one more item of a batch; if there is none, `taken` has what it takes."""
    limits = list(throttling.limits(table, data, write))
    if spent := next((each for each in limits if buckets.left(each) <= taken[each.name]), None):
        return spent
    units = _units(table, data, write)
    for each in limits:
        taken[each.name] += units
    return None


def _units(table: dict[str, Any], data: dict[str, Any], write: bool) -> float:
    """What one item of a batch costs the table."""
    there = counting.size(counting.there(table, data))
    if write:
        return write_units(max(there, counting.size(data.get("Item") or {})))
    return read_units(there, STRONG if data.get("ConsistentRead") else EVENTUAL)


def _cancelling(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Cancel a transaction if one of its items finds nothing left."""
    reasons: list[Limit | None] = []
    write = True
    for each in args[0].get("TransactItems") or []:
        write = "Get" not in each
        data = _about(each)
        table = named_tables.table(data.get("TableName"))
        limits = throttling.limits(table, data, write) if table else ()
        spent = next(filter(buckets.is_spent, limits), None)
        if table and spent:
            buckets.note_refusal(table, spent)
        reasons.append(spent)
    return refusing.cancelled(reasons) if any(reasons) else _charged(original, args[0], write)


def _charged(original: Any, data: dict[str, Any], write: bool) -> Any:
    """Do a batch or a transaction, and take away what it has consumed, whether it asks to be told or not."""
    items = _items(data, write)
    sizes = [(table, each, _units(table, each, write)) for table, each in items]
    status, headers, body = original(data | {"ReturnConsumedCapacity": "INDEXES"})
    if status != 200:
        return status, headers, body
    answer = json.loads(body)
    told = answer.pop("ConsumedCapacity", [])
    for each in told:
        if table := named_tables.table(each["TableName"]):
            throttling.charge(table, of(each), "ReadCapacityUnits" not in each and write, {})
    for table, each, units in sizes:
        if value := counting.partition(table, each):
            buckets.take(buckets.of_partition(table, "Write" if write else "Read", value), units)
    how = data.get("ReturnConsumedCapacity", "NONE")
    if how != "NONE" and told:
        shown = told if how == "INDEXES" else [_total(each) for each in told]
        answer["ConsumedCapacity"] = shown
    return status, headers, json.dumps(answer, ensure_ascii=False).encode()


def _total(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in BREAKDOWN}


def _items(data: dict[str, Any], write: bool) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each item of a batch or a transaction: its table, and what is asked about it."""
    found = []
    for name, requests in (data.get("RequestItems") or {}).items():
        asked = map(_about_one, requests) if write else ({"Key": key} | requests for key in requests.get("Keys", []))
        found += [(table, each) for each in asked if (table := named_tables.table(name))]
    for transact in data.get("TransactItems") or []:
        about = _about(transact)
        if table := named_tables.table(about.get("TableName")):
            found.append((table, about))
    return found
