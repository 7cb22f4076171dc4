"""What the checks of web_app ask an API with: items of their own, unknown ids, and bodies that are no items."""

import json
from contextlib import contextmanager
from decimal import Decimal
from functools import partial

from lab_harness.authors import Failure, customers, eventually, expect, expect_api, items

TABLE, FUNCTION = "PetShopItems", "pet-shop-items"
OWN_CLIENT = "The handler itself works on the table, with a client of its own; section 3 shows how."
DONE = range(200, 205)  # the statuses of a PUT or DELETE that worked
FOUND = "The item is in the table: section 3 says how the handler finds it, and what it answers."
QUICKLY = 3  # seconds until a scan shows what was written


@contextmanager
def probe_item(dynamodb, stored):
    """An item of the checks' own, which is in the table or may come there, and is gone afterwards."""
    new = customers.some_id("p-", items.ids(dynamodb, TABLE, "id"))
    item = {"id": new, "type": customers.pet(), "price": customers.price()}
    attributes = {"type": item["type"], "price": Decimal(str(item["price"]))} if stored else None
    with items.probe_items(dynamodb, TABLE, "id", {item["id"]: attributes}):
        yield item


def wrong(expected, answer, logs, next_step, also=""):
    """A Failure that shows an answer, and the function's log where the function broke."""
    found, next_step = expect_api.explained(answer, logs, FUNCTION, next_step)
    return Failure(expected=expected, found=f"{found}{also}", next_step=next_step)


def put(ask, dynamodb, logs, witness, again):
    with probe_item(dynamodb, stored=again) as item:
        for price in (round(item["price"] + 1, 2), 0, 2_500_000.125) if again else (item["price"],):
            item |= {"type": customers.pet(), "price": price}
            moment = witness.moment()
            answer = ask("PUT", "/items", item)
            row = items.read_item(dynamodb, TABLE, "id", item["id"])
            if answer.status not in DONE or not items.resembles(row, item):
                also = f"; in the table: {items.described(row) if row else 'no such item'}"
                next_step = "Section 3 says what PUT writes: the values as they were sent, the price as a number."
                raise wrong(f"200 from PUT /items, and the item {json.dumps(item)}", answer, logs, next_step, also)
            expect.written_by(witness, FUNCTION, TABLE, item["id"], moment, OWN_CLIENT)


def get(ask, dynamodb, logs, listed, base="", next_step=FOUND):
    with probe_item(dynamodb, stored=True) as item:
        path = f"{base}/items" if listed else f"{base}/items/{item['id']}"

        def look():
            answer = ask("GET", path)
            found = answer.json() if listed else [answer.json()]
            if (
                answer.status != 200
                or not isinstance(found, list)
                or not any(items.resembles(each, item) for each in found)
            ):
                what = f"a JSON list with {json.dumps(item)}" if listed else json.dumps(item)
                raise wrong(f"200 and {what} from GET {path}", answer, logs, next_step)

        eventually(look, within=QUICKLY)


def delete(ask, dynamodb, logs, witness):
    with probe_item(dynamodb, stored=True) as item:
        moment = witness.moment()
        answer = ask("DELETE", f"/items/{item['id']}")
        row = items.read_item(dynamodb, TABLE, "id", item["id"])
        if answer.status not in DONE or row:
            also = f"; in the table: {'it is still there' if row else 'it is gone'}"
            next_step = "delete_item takes the Key, whose id is among the event's pathParameters."
            raise wrong(f"200 from DELETE /items/{item['id']}, and no such item", answer, logs, next_step, also)
        expect.written_by(witness, FUNCTION, TABLE, item["id"], moment, OWN_CLIENT)


def unknown_id(ask, dynamodb, logs):
    for method in customers.shuffled(("GET", "DELETE")):
        unknown = customers.some_id("p-", items.ids(dynamodb, TABLE, "id"))
        answer = ask(method, f"/items/{unknown}")
        if answer.status != 404:
            next_step = "Section 3 says how get_item and delete_item tell that there was no item."
            raise wrong(f"404 from {method} /items/… with an unknown id", answer, logs, next_step)


def bad_bodies(ask, dynamodb, logs):
    there = items.ids(dynamodb, TABLE, "id")
    with probe_item(dynamodb, stored=False) as item:
        for body in customers.shuffled(no_items(item)):
            answer = ask("PUT", "/items", body, {"Content-Type": "application/json"})
            if answer.status != 400 or items.read_item(dynamodb, TABLE, "id", item["id"]):
                remove_items(dynamodb, item, there)
                next_step = "Section 3 lists what a good body has; answer 400 to any other before you write."
                raise wrong(f"400 from PUT /items with the body {body!r}", answer, logs, next_step)


def no_items(item):
    """Bodies that are no items: broken off, in words, empty, a list, with something missing or a price that is none."""
    lacking = [{name: item[name] for name in item if name != lost} for lost in item]
    prices = [str(item["price"]), -0.5, -1, -item["price"], True, None, float("nan")]
    texts = [{"id": ""}, {"type": ""}, {"id": customers.number()}, {"type": customers.number()}, {"type": None}]
    text = partial(json.dumps, separators=(",", ":"))  # as browsers write it
    broken = [customers.cut(text(item)), f"a {item['type']}, please", ""]
    wrong_values = [item | each for each in (*texts, *({"price": price} for price in prices))]
    return [*broken, *map(text, [[item], *lacking, *wrong_values])]


def remove_items(dynamodb, item, but):
    """Remove what a function has made of a bad item, under whatever id it gave; `but` are the ids that were there."""
    for row in items.read_items(dynamodb, TABLE):
        if row["id"] not in but and (row.get("type") == item["type"] or row.get("price") == item["price"]):
            dynamodb.delete_item(TableName=TABLE, Key={"id": {"S": row["id"]}})
