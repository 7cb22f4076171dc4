"""What checks do with the items of a DynamoDB table: put some of their own, read them, and take them out again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

Item = dict[str, Any]


@contextmanager
def probe_items(dynamodb: Any, table: str, key: str, items: Mapping[str, Item | None]) -> Iterator[None]:
    """Put items into a table whose key is one text attribute, and remove them afterwards.

    `items` has the attributes by key; None puts nothing, and removes what the probe may bring about.
    """
    try:
        for name, attributes in items.items():
            if attributes is not None:
                put_item(dynamodb, table, {key: name, **attributes})
        yield
    finally:
        for name in items:
            dynamodb.delete_item(TableName=table, Key={key: {"S": name}})


def put_item(dynamodb: Any, table: str, item: Item) -> None:
    """Write an item of plain values."""
    written = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    dynamodb.put_item(TableName=table, Item=written)


def read_item(dynamodb: Any, table: str, key: str, name: str) -> Item:
    """An item's plain values, as just written; empty where there is no such item."""
    found = dynamodb.get_item(TableName=table, Key={key: {"S": name}}, ConsistentRead=True).get("Item", {})
    return _plain_item(found)


def read_items(dynamodb: Any, table: str) -> list[Item]:
    """All items of a table, with plain values."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [_plain_item(item) for page in pages for item in page["Items"]]


def _plain_item(item: Item) -> Item:
    return {name: _plain(TypeDeserializer().deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    """A whole number as int: DynamoDB's Decimal is no JSON."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
