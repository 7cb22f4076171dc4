"""Which items and attributes a request to DynamoDB names, for policies that open only some of a table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html (2026). MiniStack knows
of none of the items, and of the attributes only those that are to be shown.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lab_harness.emulators.inside.tables import named_tables

Asked = Mapping[str, Any]
EXPRESSIONS = ("ProjectionExpression", "KeyConditionExpression", "FilterExpression", "UpdateExpression",
               "ConditionExpression")  # fmt: skip
SELECTING, SOME = {"ProjectionExpression", "AttributesToGet"}, "SPECIFIC_ATTRIBUTES"
# The first part of a path: no value, no function's name, nothing after a dot.
NAME = re.compile(r"(?<![\w:.#])(#?[A-Za-z_]\w*)(?![\w]*\s*\()")
WORDS = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"})
NAMED, GIVEN = r"(?<![\w:.#])(?P<name>#?[\w.-]+)", r"(?P<value>:\w+)"
IS_KEY = (re.compile(rf"{NAMED}\s*=\s*{GIVEN}"), re.compile(rf"{GIVEN}\s*=\s*{NAMED}"))  # in either order
IN_TRANSACTIONS = ("Put", "Update", "Delete", "Get", "ConditionCheck")


def keys_of_request(_operation: str, asked: Asked) -> dict[str, Any]:
    """The condition keys of a request, by what its members say."""
    parts = list(_parts(asked))
    return {
        "dynamodb:LeadingKeys": _unique(value for part in parts for value in _leading(part)),
        "dynamodb:Attributes": _unique(name for part in parts for name in _attributes(part)),
        "dynamodb:FullTableScan": "true" if any(_reads_all(part) for part in parts) else None,
        "dynamodb:ReturnValues": asked.get("ReturnValues"),
        "dynamodb:ReturnConsumedCapacity": asked.get("ReturnConsumedCapacity"),
        "dynamodb:Select": asked.get("Select") or (SOME if asked.keys() & SELECTING else "ALL_ATTRIBUTES"),
    }


def _unique(texts: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _parts(asked: Asked) -> Iterator[dict[str, Any]]:
    """What a request asks of one table after another, each in the form of a request for one item."""
    for each in [*_list(asked, "Statements"), *_list(asked, "TransactStatements"), asked]:
        if "Statement" in each:
            yield _of_statement(each)
    for item in _list(asked, "TransactItems"):
        yield from (dict(item[kind]) for kind in IN_TRANSACTIONS if isinstance(item.get(kind), dict))
    batches = asked.get("RequestItems")
    for table, batch in batches.items() if isinstance(batches, dict) else ():
        yield from _of_batch(table, batch)
    if "TableName" in asked:
        yield dict(asked)


def _list(asked: Asked, name: str) -> list[dict[str, Any]]:
    found = asked.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _of_batch(table: str, batch: Any) -> Iterator[dict[str, Any]]:
    if isinstance(batch, dict):
        shown = {name: value for name, value in batch.items() if name != "Keys"}
        yield from ({**shown, "TableName": table, "Key": key} for key in batch.get("Keys") or [])
    for each in batch if isinstance(batch, list) else []:
        yield from ({**asked, "TableName": table} for asked in each.values() if isinstance(asked, dict))


def _of_statement(given: Asked) -> dict[str, Any]:
    """A statement of PartiQL, which may name its items' keys by a comparison."""
    from ministack.services import dynamodb

    try:
        parsed = dynamodb._parse_partiql(given["Statement"], given.get("Parameters") or [])
    except (ValueError, AttributeError, TypeError):
        return {}  # DynamoDB refuses it itself.
    reads = parsed["op"] in ("SELECT", "EXISTS")
    parsed = parsed["select"] if parsed["op"] == "EXISTS" else parsed
    named = [name for name, *_ in parsed.get("conditions") or []]
    named += [path[0] for path, *_ in parsed.get("assignments") or []]
    return {
        "TableName": parsed.get("table"),
        "IndexName": parsed.get("index"),
        "Item": parsed.get("item"),
        "Conditions": parsed.get("conditions") or [],
        "AttributesToGet": [*(parsed.get("projections") or []), *named],
        "Reads": reads,
    }


def _key(part: Asked) -> str:
    """The name of the partition key, of the table or of the index that is asked."""
    table = named_tables.table(part.get("TableName")) or {}
    indexes = [*(table.get("GlobalSecondaryIndexes") or []), *(table.get("LocalSecondaryIndexes") or [])]
    schema = next((each["KeySchema"] for each in indexes if each["IndexName"] == part.get("IndexName")), None)
    listed = schema or table.get("KeySchema") or []
    return next((str(each["AttributeName"]) for each in listed if each["KeyType"] == "HASH"), "")


def _leading(part: Asked) -> Iterator[str]:
    """The values of the partition key that are named."""
    key = _key(part)
    for item in (part.get("Key"), part.get("Item")):
        if isinstance(item, dict) and key in item:
            yield _text(item[key])
    names, values = part.get("ExpressionAttributeNames") or {}, part.get("ExpressionAttributeValues") or {}
    condition = str(part.get("KeyConditionExpression") or "")
    for found in (each for order in IS_KEY for each in order.finditer(condition)):
        if names.get(found["name"], found["name"]) == key and found["value"] in values:
            yield _text(values[found["value"]])
    legacy = (part.get("KeyConditions") or {}).get(key) or {}
    yield from (_text(each) for each in legacy.get("AttributeValueList") or [])
    for name, operator, value in part.get("Conditions") or []:
        if name == key and operator in ("=", "IN"):
            yield from (_text(each) for each in (value if isinstance(value, list) else [value]))


def _text(value: Any) -> str:
    """A value of an attribute, without its type."""
    return str(next(iter(value.values()))) if isinstance(value, dict) and value else str(value)


def _attributes(part: Asked) -> Iterator[str]:
    names = part.get("ExpressionAttributeNames")
    names = names if isinstance(names, dict) else {}
    for member in EXPRESSIONS:
        found = (each[1] for each in NAME.finditer(str(part.get(member) or "")))
        yield from (str(names.get(each, each)) for each in found if each.upper() not in WORDS)
    for member in ("Key", "Item", "KeyConditions", "AttributeUpdates", "Expected", "QueryFilter", "ScanFilter"):
        yield from part.get(member) or {}
    yield from (str(each) for each in part.get("AttributesToGet") or [])


def _reads_all(part: Asked) -> bool:
    """Whether it is a statement that reads a whole table, for it compares no partition key."""
    return bool(part.get("Reads")) and not list(_leading(part))
