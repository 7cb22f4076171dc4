"""What checks do with the items of a DynamoDB table: put some of their own, read them, and put back what was there."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from lab_harness.answers import pages, there
from lab_harness.authors.made import owe
from lab_harness.authors.memory import Owed
from lab_harness.authors.witness import present

Item = dict[str, Any]


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
def kept_items(dynamodb: Any, table: str, key: str, names: Collection[str], queue: str = "") -> Iterator[None]:
    """Put back afterwards what a table has under these keys, exactly; functions at work are awaited first.

    What cannot be put back now is put back after this run of the lab's checks, or before the next one. So is what
    comes later: from a function that works for long, and from a `queue`, whose messages one may get once more.

        with items.kept_items(dynamodb, TABLE, "orderId", [order["orderId"]]):
            ...  # send the order, and await its item
    """
    kept = [_kept(dynamodb, table, key, name, queue) for name in names]
    try:
        yield
    finally:
        over = present().at_rest() and not queue
        for item in kept:
            with suppress(BotoCoreError, ClientError):  # An emulator that hiccups; the item is owed on.
                put_back(dynamodb, item)
                if over:
                    item.gone()


def _kept(dynamodb: Any, table: str, key: str, name: str, queue: str) -> Owed:
    before = _raw_item(dynamodb, table, key, name)
    return owe("item", name, table=table, key=key, before=before, queue=queue)


def owe_row(dynamodb: Any, table: str, keys: Mapping[str, str]) -> Owed:
    """Remember what a table with a partition and a sort key, both texts, has under them; `put_back` restores it.

    For example:

        owed = items.owe_row(dynamodb, TABLE, {"User_ID": player, "Game_ID": game})
    """
    (key, name), *rest = keys.items()
    sort = {attribute: {"S": value} for attribute, value in rest}
    found = dynamodb.get_item(TableName=table, Key={key: {"S": name}, **sort}, ConsistentRead=True)
    return owe("item", name, table=table, key=key, sort=sort, before=found.get("Item"), queue="")


def put_back(dynamodb: Any, item: Owed) -> None:
    """Write an item as it was before the checks, or remove it where there was none; nothing where its table is gone.

    For example:

        for item in made.owed("item"):
            items.put_back(dynamodb, item)
    """
    table, key, before = (item.details[name] for name in ("table", "key", "before"))
    if before is None:
        there(dynamodb.delete_item, TableName=table, Key={key: {"S": item.name}, **item.details.get("sort", {})})
    else:
        there(dynamodb.put_item, TableName=table, Item=before)


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


def resembles(found: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether something has all attributes of an item, with their values; what else it has is the learner's own.

    Numbers are compared by value: 1, 1.0 and Decimal("1.00") are the same, but neither true nor the text "1" is 1.

        if not items.resembles(items.read_item(dynamodb, TABLE, "orderId", order["orderId"]), order): ...
    """
    return isinstance(found, Mapping) and all(name in found and _same(found[name], wanted[name]) for name in wanted)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, int | float | Decimal) and not isinstance(wanted, bool):
        is_number = isinstance(found, int | float | Decimal) and not isinstance(found, bool)
        return is_number and Decimal(str(found)) == Decimal(str(wanted))
    return type(found) is type(wanted) and bool(found == wanted)


def described(item: Item) -> str:
    """An item as JSON, as evidence for `Failure.found`; what a table may hold and JSON not, such as a set, as text.

    For example:

        raise Failure(expected="no such item", found=items.described(item), next_step="delete_item takes the Key.")
    """
    return json.dumps(item, default=_described, sort_keys=True)


def _described(value: Any) -> float | str:
    return float(value) if isinstance(value, Decimal) else repr(value)


def _plain_item(item: Item) -> Item:
    return {name: _deserialized(value) for name, value in item.items()}


def _deserialized(value: Any) -> Any:
    """An attribute's plain value; as text, where AWS would never have taken it: a number of more than 38 digits."""
    try:
        return _plain(TypeDeserializer().deserialize(value))
    except ArithmeticError:
        return repr(value)


def _plain(value: Any) -> Any:
    """A whole number as int: DynamoDB's Decimal is no JSON."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
