"""What the checks of orders_pipeline send, orders and messages that are none, and what they await of them."""

import json
from contextlib import contextmanager

from lab_harness.authors import Failure, customers, eventually, expect, functions, items, next_steps, queues

TABLE, QUEUE, DEAD_LETTER_QUEUE = "PetOrders", "pet-orders", "pet-orders-dlq"
FUNCTION = "process-pet-order"
FUNCTION_TIMEOUT, MAX_RECEIVES = 3, 3  # seconds, receives
VISIBILITY_TIMEOUT = 6 * FUNCTION_TIMEOUT  # seconds: as AWS advises
QUICKLY = 12  # seconds: a cold start, and one more receive of what is hastened
LATE = 4  # seconds by which LocalStack, on a busy machine, may receive a message later than it could
UNTIL_DEAD = MAX_RECEIVES * (VISIBILITY_TIMEOUT + LATE) + QUICKLY


def mappings(lambda_, sqs):
    return functions.mappings(lambda_, FUNCTION, queues.arn(sqs, QUEUE))


def fresh_order(but=()):
    return {
        "orderId": customers.order_id(but),
        "pet": customers.pet(),
        "customer": customers.name(),
        "quantity": customers.quantity(),
    }


def bad_messages():
    """Two or three messages that are no orders: broken off, without an id, or in other words."""
    text, (nameless, listed) = json.dumps(fresh_order()), (fresh_order(), fresh_order())
    del nameless["orderId"]
    kinds = [customers.cut(text), json.dumps(nameless), json.dumps([listed]), customers.words()]
    return customers.chance.sample(kinds, customers.chance.choice((2, 3)))


def is_of(item, order):
    """Whether an item may be of this order, under whatever id."""
    return item.get("orderId") == order["orderId"] or all(item.get(name) == order[name] for name in ("pet", "customer"))


@contextmanager
def sent_orders(dynamodb, sqs, count, copies=1, others=()):
    """Send fresh orders, and other message bodies among them, in one batch; their items are gone afterwards."""
    there = items.ids(dynamodb, TABLE, "orderId")
    orders = [fresh_order(there) for _ in range(count)]
    bodies = customers.shuffled([*others, *(json.dumps(order) for order in orders for _ in range(copies))])
    with items.kept_items(dynamodb, TABLE, "orderId", [order["orderId"] for order in orders], queue=QUEUE):
        queues.send(sqs, QUEUE, bodies, DEAD_LETTER_QUEUE)
        yield orders


def expect_one_item(dynamodb, logs, order, before):
    """Of this order one item is there that was not there before; Failure with those that are."""
    found = [each for each in items.read_items(dynamodb, TABLE) if each not in before and is_of(each, order)]
    if len(found) != 1 or not items.resembles(found[0], order):
        raise Failure(
            expected=f"one item {items.described(order)}",
            found=f"{len(found)} items: {'; '.join(map(items.described, found))}; "
            + functions.latest_log(logs, FUNCTION),
            next_step="Write the item so that doing it again changes nothing: put_item with orderId as the key.",
        )


def about_redriving(sqs, policy, target):
    """What to do about a redrive policy that does not take the orders to the dead-letter queue."""
    if not policy and "RedrivePolicy" in queues.attributes(sqs, DEAD_LETTER_QUEUE):
        return f"{DEAD_LETTER_QUEUE} has one: it belongs to {QUEUE}, the queue whose messages it takes away."
    if not policy:
        return "Section 2 shows the queue attribute RedrivePolicy."
    if policy.get("deadLetterTargetArn") != target:
        return f"deadLetterTargetArn is the ARN of {DEAD_LETTER_QUEUE}, which get_queue_attributes tells as QueueArn."
    return next_steps.change("maxReceiveCount in RedrivePolicy", "create_queue")


def about_reporting(answer, good, bad, written):
    """What to do about a handler that does not report exactly the bad messages, by the ids of good and bad ones."""
    if answer.error:
        return "Let no exception leave the handler: catch it for each record, and report its messageId."
    if not isinstance(answer.payload, dict) or not isinstance(answer.payload.get("batchItemFailures"), list):
        return "Return a dictionary whose batchItemFailures lists the records that failed; section 4 shows one."
    reported = queues.reported(answer.payload)
    if answer.payload["batchItemFailures"] and not reported & (good | bad):
        return "Each entry of batchItemFailures has the record's messageId, as its itemIdentifier."
    if reported & good:
        return "Report only the records that failed: what is reported comes again, and ends in the dead-letter queue."
    if not written:
        return "Go on with the next record after one that failed."
    return "Report whatever is no order: text, JSON that is broken off or no object, an order without an orderId."


def take_dead(sqs):
    """Remove the checks' own messages from the dead-letter queue, and return them."""
    return queues.take_dead(sqs, DEAD_LETTER_QUEUE)


def expect_items(dynamodb, sqs, logs, witness, orders, moment):
    """Each order's item appears with the order's values, and it was this function that wrote it for the queue."""
    next_step = "Let nothing but this function take orders out of the queue: list_event_source_mappings shows who does."
    for order in orders:
        await_item(dynamodb, sqs, logs, order, witness, orders)
        expect.written_by(witness, FUNCTION, TABLE, order["orderId"], moment, next_step)
        expect.started_by(witness, FUNCTION, order["orderId"], f"sqs {QUEUE}", moment, next_step)


def await_item(dynamodb, sqs, logs, order, witness, together):
    """The order's item appears; Failure where it does not for long, or when the queue has nothing it could come of.

    `together` are the orders that were sent with one call, itself among them.
    """
    hastened = witness.moment() > 0  # not on LocalStack

    def look():
        witness.clock.hasten(QUEUE)
        comes = any(queues.counts(sqs, queues.url(sqs, QUEUE)).values())  # asked first
        try:
            expect_item(dynamodb, sqs, logs, order, together)
        except Failure as failure:
            if comes:
                raise
            return failure
        return None

    if failure := eventually(look, within=QUICKLY if hastened else QUICKLY + VISIBILITY_TIMEOUT):
        raise failure


def expect_item(dynamodb, sqs, logs, order, together):
    item = get_item(dynamodb, order)
    if not items.resembles(item, order):
        next_step = about_item(item or {}, order)
        if not item and any(items.resembles(get_item(dynamodb, each), each) for each in together):
            next_step = "Others that came with it are there: go through all records of the event, not the first alone."
        raise Failure(
            expected=f"the item {items.described(order)}",
            found=f"{items.described(item) if item else 'no such item'}; {evidence(sqs, logs)}",
            next_step=functions.next_step(logs, FUNCTION, next_step),
        )


def about_item(item, order):
    """What to do about an item that is not as its order; {} where there is none."""
    for name in order if item else ():
        if name not in item:
            return f"The item has no {name}: each part of the order is an attribute of its own."
        if not items.resembles(item, {name: order[name]}):
            return f"{name} is not as in the message: write it as it comes, a number as a number."
    return "Compare what the handler writes with the message, and read its log for errors."


def expect_empty_queue(sqs, logs, clock):
    def look():
        clock.hasten(QUEUE)
        if any(queues.counts(sqs, queues.url(sqs, QUEUE)).values()):
            raise Failure(
                expected=f"no message left in {QUEUE}",
                found=evidence(sqs, logs),
                next_step="A message leaves the queue when the function has handled it; the log says what fails.",
            )

    eventually(look, within=UNTIL_DEAD)


def evidence(sqs, logs):
    """Where the messages are now, and the function's own last words."""
    places = [queues.described(sqs, name) for name in (QUEUE, DEAD_LETTER_QUEUE)]
    return "; ".join([*places, functions.latest_log(logs, FUNCTION)])


def get_item(dynamodb, order):
    return items.read_item(dynamodb, TABLE, "orderId", order["orderId"])
