"""Pets with a price, buyers with coins, and sales."""

import json
import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from lab_harness.authors import Failure, customers, functions, items

from . import SHOP

SECTION = "Section 4 says which conditions the transaction has, and where the token goes."
UNCAUGHT = (
    "A transaction whose condition does not hold raises an error: the handler catches it, and says so in its answer."
)


@contextmanager
def market(dynamodb, coins, price):
    """A pet at a price, and buyers with so many coins each."""
    there = items.ids(dynamodb, SHOP, "Item_ID")
    pet, buyers = customers.some_id("p-", but=there), []
    for _ in coins:
        buyers.append(customers.some_id("u-", but=[*there, *buyers]))
    stock = {pet: {"Price": price}} | {buyer: {"Coins": each} for buyer, each in zip(buyers, coins, strict=True)}
    with items.probe_items(dynamodb, SHOP, "Item_ID", stock):
        yield pet, buyers


def some_price():
    """The price of a pet, up to all coins of a buyer who has 50: a sale for a price of one's own is not this one."""
    return random.randint(21, 50)


def order(pet, buyer):
    return {"pet": pet, "buyer": buyer, "token": str(uuid.uuid4())}


def side_by_side(lambda_, function, events):
    """The answers to events that are sent at once."""
    with ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(partial(functions.invoke, lambda_, function), events))


def expect_sale(dynamodb, answers, pet, coins, bought, owner):
    """The pet has this owner, the buyers so many coins, and the answers say so."""
    read = partial(items.read_item, dynamodb, SHOP, "Item_ID")
    said = [answer.payload.get("bought") if isinstance(answer.payload, dict) else None for answer in answers]
    found = {buyer: read(buyer).get("Coins") for buyer in coins}
    has = read(pet).get("Bought_By")
    if (said, found, has) == (bought, coins, owner):
        return
    failed = next((answer for answer in answers if answer.error), answers[0])
    is_uncaught = failed.error and "TransactionCanceledException" in failed.described()
    raise Failure(
        expected=f"{pet} of {owner or 'nobody'}, coins {json.dumps(coins)}, bought {json.dumps(bought)}",
        found=f"{pet} of {has or 'nobody'}, coins {items.described(found)}; "
        + " and ".join(answer.described() for answer in answers),
        next_step=UNCAUGHT if is_uncaught else failed.next_step(SECTION),
    )
