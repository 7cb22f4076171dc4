"""Refuses requests for which a table, one of its global indexes or a partition has nothing left.

A request is let in while something is left, and takes what it then costs, as AWS knows that only afterwards. Items that
are imported, restored or replicated cost nothing here, nor do those that expire, nor PartiQL's statements.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import wrapt

from lab_harness.emulators.inside.scopes import within
from lab_harness.emulators.inside.tables import consumption, named_tables
from lab_harness.emulators.inside.tables.capacity import buckets, counting, refusing
from lab_harness.emulators.inside.tables.capacity.buckets import Limit
from lab_harness.emulators.inside.tables.capacity.spent import Spent, of, write_units

FAILED = b"ConditionalCheckFailedException"

_free: ContextVar[bool] = ContextVar("free", default=False)


def change(dynamodb: Any) -> None:
    """Make MiniStack refuse them."""
    for name, write in (
        *(("_get_item", False), ("_query", False), ("_scan", False)),
        *(("_put_item", True), ("_update_item", True), ("_delete_item", True)),
    ):
        wrapt.wrap_function_wrapper(dynamodb, name, _admitting(write))
    wrapt.wrap_function_wrapper(dynamodb, "_add_consumed_capacity", _charge)
    wrapt.wrap_function_wrapper(dynamodb, "_run_import", _for_nothing)
    wrapt.wrap_function_wrapper(dynamodb, "reset", _forgetting)


def _admitting(write: bool) -> Callable[..., Any]:
    def answer(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        data = args[0]
        table = named_tables.table(data.get("TableName"))
        if table is None or _free.get():
            return original(*args, **kwargs)
        if spent := next(filter(buckets.is_spent, limits(table, data, write)), None):
            buckets.note_refusal(table, spent)
            return refusing.refused(spent)
        status, headers, body = original(*args, **kwargs)
        if write and status == 400 and FAILED in body:  # which costs what is there
            there = counting.size(counting.there(table, data))
            charge(table, Spent(write_units(there)), write, data)
        return status, headers, body

    return answer


def limits(table: dict[str, Any], data: dict[str, Any], write: bool) -> Iterator[Limit]:
    """The limits that a request about one item, a Query or a Scan must keep."""
    kind, index = "Write" if write else "Read", data.get("IndexName")
    indexes = list(buckets.of_indexes(table, kind))
    asked = [limit for each, limit in indexes if each["IndexName"] == index]
    yield from asked
    if not asked and (limit := buckets.of_table(table, kind)):
        yield limit
    if value := counting.partition(table, data):
        yield buckets.of_partition(table, kind, value)
    if write:
        yield from (limit for each, limit in indexes if _may_touch(table, each, data))


def _may_touch(table: dict[str, Any], index: dict[str, Any], data: dict[str, Any]) -> bool:
    """Whether a write may change an index: an update may; what is put or deleted does where it is in the index."""
    if "UpdateExpression" in data:
        return True
    names = [each["AttributeName"] for each in index["KeySchema"]]
    items = counting.there(table, data), data.get("Item") or {}
    return any(all(name in item for name in names) for item in items)


def _charge(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Take away what a request about one item, a Query or a Scan has consumed, whether it asks to be told or not."""
    _result, data, name = args
    table, write = named_tables.table(name), bool(kwargs.get("write"))
    if table is not None and not _free.get():
        told: dict[str, Any] = {}
        original(told, data | {"ReturnConsumedCapacity": "INDEXES"}, name, **kwargs)
        charge(table, of(told["ConsumedCapacity"]), write, data)
    return original(*args, **kwargs)


def charge(table: dict[str, Any], spent: Spent, write: bool, data: dict[str, Any]) -> None:
    """Take away what a request has consumed."""
    kind = "Write" if write else "Read"
    own, provisioned = spent.table + sum(spent.local.values()), 0.0
    if limit := buckets.of_table(table, kind):
        buckets.take(limit, own)
        provisioned = limit.rate
    if own:
        consumption.note(consumption.of(table, kind), own, provisioned)
    for index, limit in buckets.of_indexes(table, kind):
        units = spent.global_.get(index["IndexName"], 0.0)
        buckets.take(limit, units)
        if units:
            consumption.note(consumption.of(table, kind, index["IndexName"]), units, limit.rate)
    if value := counting.partition(table, data):
        buckets.take(buckets.of_partition(table, kind, value), spent.table)


def _for_nothing(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    with within(_free, True):
        return original(*args, **kwargs)


def _forgetting(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    buckets.forget()
    consumption.forget()
    return original(*args, **kwargs)
