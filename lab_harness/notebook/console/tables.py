"""Tables and their first items, in plain values."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from lab_harness.answers import pages
from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.parts import Blocks, nothing, own, part, rest
from lab_harness.notebook.console.words import shortened
from lab_harness.render.blocks import Note, Table

MOST_TABLES, MOST_ITEMS, MOST_ATTRIBUTES, MOST_CHARACTERS = 5, 50, 15, 300
KEYS = {"HASH": "partition key", "RANGE": "sort key"}

Value = dict[str, Any]  # as DynamoDB writes it: {"S": "text"}
Item = dict[str, Value]


def show(lab: Lab, clients: Clients) -> Blocks:
    """Each of the lab's tables."""
    return part("Tables", partial(_tables, lab, clients["dynamodb"]))


def _tables(lab: Lab, dynamodb: Any) -> Blocks:
    names = own(lab, "AWS::DynamoDB::Table", pages(dynamodb, "list_tables", "TableNames"))
    if not names:
        return nothing("Tables appear here with their items.")
    shown = names[:MOST_TABLES]
    blocks = [block for name in shown for block in part(name, partial(_table, dynamodb, name))]
    more = rest(len(names), len(shown))
    return [*blocks, *([Note(more)] if more else [])]


def _table(dynamodb: Any, name: str) -> Blocks:
    described = dynamodb.describe_table(TableName=name)["Table"]
    keys = [key["AttributeName"] for key in described["KeySchema"]]
    # AWS counts a table's items every six hours (2026), the emulators at once.
    scanned = dynamodb.scan(TableName=name, Limit=MOST_ITEMS)
    items = scanned["Items"]
    count = max(described.get("ItemCount", 0), len(items))
    note = rest(count, len(items)) or ("and more" if "LastEvaluatedKey" in scanned else "")
    columns, left_out = _columns(keys, items)
    rows = [tuple(shortened(_shown(item, column), MOST_CHARACTERS) for column in columns) for item in items]
    notes = [note, f"{left_out} more attributes are not shown" if left_out else ""]
    title = f"{name}: {_schema(described)}, {count:,} item{'s' if count != 1 else ''}"
    empty = "No items yet. What is put into the table appears here."
    return [Table(title, columns, rows, empty, "; ".join(filter(None, notes)), filterable=True)]


def _schema(described: dict[str, Any]) -> str:
    types = {each["AttributeName"]: each["AttributeType"] for each in described.get("AttributeDefinitions", [])}
    keys = ((KEYS[key["KeyType"]], key["AttributeName"]) for key in described["KeySchema"])
    return ", ".join(f"{kind} {name} ({types.get(name, '?')})" for kind, name in keys)


def _columns(keys: list[str], items: list[Item]) -> tuple[tuple[str, ...], int]:
    """The attributes that the items have, keys first, and how many more there are."""
    names = list(dict.fromkeys([*keys, *(name for item in items for name in item)]))
    return tuple(names[:MOST_ATTRIBUTES]), max(0, len(names) - MOST_ATTRIBUTES)


def _shown(item: Item, attribute: str) -> str:
    """An item's attribute; empty where it has none of this name, a text in quotes only where it is empty."""
    if attribute not in item:
        return ""
    text = item[attribute].get("S")
    return text if isinstance(text, str) and text else _text_of(item[attribute])


def _text_of(value: Value) -> str:
    """A value as JSON writes it; a set in braces.

    Not by boto3's TypeDeserializer, which makes a Decimal of each number: JSON has none.
    """
    kind, content = next(iter(value.items()), ("", None))
    return PLAIN[kind](content) if kind in PLAIN else "?"


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


def _bytes(content: bytes) -> str:
    return f"({len(content):,} bytes)"


def _list(content: list[Value]) -> str:
    return f"[{', '.join(map(_text_of, content))}]"


def _map(content: Item) -> str:
    return f"{{{', '.join(f'{_json(name)}: {_text_of(value)}' for name, value in content.items())}}}"


def _set(content: list[Any], shown: Callable[[Any], str]) -> str:
    return f"{{{', '.join(map(shown, content))}}}"


PLAIN: dict[str, Callable[[Any], str]] = {
    "S": _json,
    "N": str,
    "BOOL": _json,
    "NULL": lambda _: "null",
    "B": _bytes,
    "L": _list,
    "M": _map,
    "SS": partial(_set, shown=_json),
    "NS": partial(_set, shown=str),
    "BS": partial(_set, shown=_bytes),
}
