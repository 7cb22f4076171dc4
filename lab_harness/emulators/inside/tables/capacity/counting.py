"""Counts reads by what was read: a query or a scan by its page as a whole, a batch and a transaction item by item."""

import json
from contextvars import ContextVar
from typing import Any

import wrapt

from lab_harness.emulators.inside.scopes import within
from lab_harness.emulators.inside.tables import named_tables
from lab_harness.emulators.inside.tables.capacity.spent import (
    EVENTUAL,
    STRONG,
    TRANSACTIONAL,
    Spent,
    on_index,
    read_units,
)

_page: ContextVar[int | None] = ContextVar("page", default=None)  # bytes of the items of this request's page


def change(dynamodb: Any) -> None:
    """Make MiniStack count so."""
    wrapt.wrap_function_wrapper(dynamodb, "_paginate_evaluated_items", _measure_page)
    for name, ours in (
        ("_add_consumed_capacity", _add),
        ("_query", _without_page),
        ("_scan", _without_page),
        ("_batch_get_item", _tell_batch),
        ("_transact_get_items", _tell_transaction),
    ):
        wrapt.wrap_function_wrapper(dynamodb, name, ours)


def _without_page(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    with within(_page, None):
        return original(*args, **kwargs)


def _measure_page(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import dynamodb

    page, more = original(*args, **kwargs)
    whole, index = args[2:4]
    read = page if index is None else [dynamodb._apply_index_projection(item, whole, index) for item in page]
    _page.set(sum(map(size, read)))
    return page, more


def _add(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    result, data, name = args
    if kwargs.get("write"):
        return original(*args, **kwargs)
    how = data.get("ReturnConsumedCapacity", "NONE")
    if how != "NONE":
        result["ConsumedCapacity"] = read(data, name, kwargs.get("index_name")).told(name, how)
    return None


def read(data: dict[str, Any], name: str, index: str | None) -> Spent:
    """What a GetItem, a Query or a Scan has consumed, as it is being answered."""
    found = named_tables.table(name) or {}
    page = _page.get()
    read = size(there(found, data)) if page is None else page
    return on_index(found, index, read_units(read, STRONG if data.get("ConsistentRead") else EVENTUAL))


def there(table: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The item that a request is about, as it stands; empty where there is none, or no such key."""
    from ministack.services import dynamodb

    key = data.get("Key") or data.get("Item")
    try:
        return dict(dynamodb._get_item_by_key(table, key) or {}) if isinstance(key, dict) else {}
    except (TypeError, ValueError, AttributeError):  # no key, which MiniStack refuses
        return {}


def partition(table: dict[str, Any], data: dict[str, Any]) -> str:
    """The partition key of the item that a request is about, as text; empty where it is about none."""
    key = data.get("Key") or data.get("Item")
    value = key.get(table["pk_name"]) if isinstance(key, dict) else None
    return json.dumps(value) if value else ""


def size(item: dict[str, Any]) -> int:
    """The bytes of an item."""
    from ministack.services import dynamodb

    return int(dynamodb._item_size_bytes(item))


def _tell_batch(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    asked = {
        name: (each.get("Keys", []), STRONG if each.get("ConsistentRead") else EVENTUAL)
        for name, each in (args[0].get("RequestItems") or {}).items()
        if isinstance(each, dict)
    }
    return _told_item_by_item(original(*args, **kwargs), args[0], asked)


def _tell_transaction(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    asked: dict[str, tuple[list[Any], float]] = {}
    for each in args[0].get("TransactItems") or []:
        get = each.get("Get") or {}
        asked.setdefault(get.get("TableName", ""), ([], TRANSACTIONAL))[0].append(get.get("Key") or {})
    return _told_item_by_item(original(*args, **kwargs), args[0], asked)


def _told_item_by_item(answer: Any, data: dict[str, Any], asked: dict[str, tuple[list[Any], float]]) -> Any:
    """An answer that tells what so many items have consumed, each rounded up by itself."""
    status, headers, body = answer
    how = data.get("ReturnConsumedCapacity", "NONE")
    if status != 200 or how == "NONE":
        return answer
    told = []
    for name, (keys, each) in asked.items():
        found = named_tables.table(name) or {}
        units = sum(read_units(size(there(found, {"Key": key})), each) for key in keys)
        told.append(Spent(units).told(name, how))
        if each == TRANSACTIONAL:
            told[-1]["ReadCapacityUnits"] = units
    return status, headers, json.dumps(json.loads(body) | {"ConsumedCapacity": told}, ensure_ascii=False).encode()
