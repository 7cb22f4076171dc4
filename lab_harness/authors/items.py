"""What checks do with the items of a DynamoDB table: put some of their own, read them, and put back what was there."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from lab_harness.answers import pages

Item = dict[str, Any]

# What could not be put back: by endpoint and table the items by their keys, as DynamoDB writes them, None for nothing.
_owed: dict[tuple[str, str], dict[str, Item | None]] = {}


@contextmanager
def probe_items(dynamodb: Any, table: str, key: str, items: Mapping[str, Item | None]) -> Iterator[None]:
    """Put items into a table whose key is one text attribute, and put back afterwards what was there, or nothing.

    `items` has the attributes by key; None puts nothing, and takes away what is there.

        with items.probe_items(dynamodb, TABLE, "petId", {pet: {"status": "available"}}):
            ...  # call the function, and look at the item
    """
    with kept_items(dynamodb, table, key, items):
        for name, attributes in items.items():
            if attributes is None:
                dynamodb.delete_item(TableName=table, Key={key: {"S": name}})
            else:
                put_item(dynamodb, table, {key: name, **attributes})
        yield


@contextmanager
def kept_items(dynamodb: Any, table: str, key: str, names: Collection[str]) -> Iterator[None]:
    """Put back afterwards what a table has under these keys, exactly.

    What an emulator that hiccups keeps from being put back is put back by the next probe.

        with items.kept_items(dynamodb, TABLE, "orderId", [order["orderId"]]):
            ...  # send the order, and await its item
    """
    account = dynamodb.meta.endpoint_url, table
    _put_back(dynamodb, table, key, _owed.pop(account, {}))
    before = {name: _raw_item(dynamodb, table, key, name) for name in names}
    try:
        yield
    finally:
        if owed := _put_back(dynamodb, table, key, before):
            _owed.setdefault(account, {}).update(owed)


def _put_back(dynamodb: Any, table: str, key: str, before: Mapping[str, Item | None]) -> dict[str, Item | None]:
    """Write each item as it was; those that could not be written are returned."""
    owed = {}
    for name, item in before.items():
        try:
            if item is None:
                dynamodb.delete_item(TableName=table, Key={key: {"S": name}})
            else:
                dynamodb.put_item(TableName=table, Item=item)
        except (BotoCoreError, ClientError):
            owed[name] = item
    return owed


def _raw_item(dynamodb: Any, table: str, key: str, name: str) -> Item | None:
    found: Item | None = dynamodb.get_item(TableName=table, Key={key: {"S": name}}, ConsistentRead=True).get("Item")
    return found


def table_arn(dynamodb: Any, table: str) -> str:
    """The ARN of a table, which is there.

    For example:

        expect.permissions(iam, ROLE, [("dynamodb:PutItem", items.table_arn(dynamodb, TABLE))], "Section 3 lists it.")
    """
    return str(dynamodb.describe_table(TableName=table)["Table"]["TableArn"])


def put_item(dynamodb: Any, table: str, item: Item) -> None:
    """Write an item of plain values.

    For example:

        items.put_item(dynamodb, TABLE, {"petId": pet, "status": "adopted"})
    """
    written = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    dynamodb.put_item(TableName=table, Item=written)


def read_item(dynamodb: Any, table: str, key: str, name: str) -> Item:
    """An item's plain values, as just written; empty where there is no such item.

    For example:

        status = items.read_item(dynamodb, TABLE, "petId", pet).get("status")
    """
    return _plain_item(_raw_item(dynamodb, table, key, name) or {})


def read_items(dynamodb: Any, table: str) -> list[Item]:
    """All items of a table, with plain values.

    For example:

        made = [item for item in items.read_items(dynamodb, TABLE) if item not in before]
    """
    return [_plain_item(item) for item in pages(dynamodb, "scan", "Items", TableName=table, ConsistentRead=True)]


def ids(dynamodb: Any, table: str, key: str) -> list[str]:
    """The keys of all items that are there, where they are texts.

    For example:

        new = customers.some_id("p-", but=items.ids(dynamodb, TABLE, "id"))
    """
    wanted = {"ProjectionExpression": "#key", "ExpressionAttributeNames": {"#key": key}}
    found = pages(dynamodb, "scan", "Items", TableName=table, ConsistentRead=True, **wanted)
    return [item[key]["S"] for item in found if "S" in item.get(key, {})]


def described(item: Item) -> str:
    """An item as JSON, as evidence for `Failure.found`; what a table may hold and JSON not, such as a set, as text.

    For example:

        raise Failure(expected="no such item", found=items.described(item), next_step="delete_item takes the Key.")
    """
    return json.dumps(item, default=_described, sort_keys=True)


def _described(value: Any) -> float | str:
    return float(value) if isinstance(value, Decimal) else repr(value)


def _plain_item(item: Item) -> Item:
    return {name: _plain(TypeDeserializer().deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    """A whole number as int: DynamoDB's Decimal is no JSON."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
