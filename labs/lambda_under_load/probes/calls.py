"""Orders at once: what is noted of them, and how long a call takes."""

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import combinations

from lab_harness.authors import Failure, customers, functions, items

from . import FUNCTION, TABLE, photo, told

OVERLAP = 0.05  # seconds for which two runs are seen to go on at once


def order(dynamodb):
    return {"orderId": customers.order_id(items.ids(dynamodb, TABLE, "orderId")), **photo()}


def side_by_side(lambda_, *events):
    """The answers to these events, which are sent at once."""
    with ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(partial(functions.invoke, lambda_, FUNCTION), events))


def expect_ids_of_their_own(events, ids, witness):
    """What ran at the same time has answered with different ids; Failure where it has not, as far as is known."""
    spans = {}
    for run in witness.runs(FUNCTION) or []:
        took = re.search(r"\tDuration: ([\d.]+) ms", "\n".join(run.lines))
        event = json.loads(run.event)
        if took and event in events:
            spans[events.index(event)] = (run.time, run.time + float(took[1]) / 1000)
    for (one, its), (other, others) in combinations(spans.items(), 2):
        both = min(its[1], others[1]) - max(its[0], others[0])
        if ids[one] == ids[other] and both > OVERLAP:
            raise Failure(
                expected="different ids from environments that answer at the same time",
                found=f"the id {ids[one]} twice, from two calls of which both ran for {both * 1000:.0f} ms",
                next_step="Draw the id when the module is loaded, as by uuid.uuid4().hex, not from a few fixed ones.",
            )


def duration(lambda_, event):
    """How many milliseconds the handler ran, as the log's REPORT says; no cold start is in them."""
    answer = lambda_.invoke(FunctionName=FUNCTION, LogType="Tail", Payload=json.dumps(event))
    log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
    found = re.findall(r"^REPORT RequestId: \S+\s+Duration: ([\d.]+) ms", log, re.MULTILINE)
    return float(found[-1]) if found else 0.0  # The last is Lambda's: a handler can only print before it.


def expect_noted(answers, dynamodb, order, wanted):
    """The item of an order is as it should be, and so many answers say that they have noted it."""
    found = items.read_item(dynamodb, TABLE, "orderId", order["orderId"])
    noted = [told(answer, "noted") for answer in answers]
    if items.resembles(found, order) and sorted(map(str, noted)) == sorted(map(str, wanted)):
        return
    failed = next((answer for answer in answers if answer.error), None)
    if failed:
        next_step = failed.next_step("lab.why() says what was refused.")
    elif None in noted:
        next_step = "The answer to an order has noted: true where this call has written the item, else false."
    else:
        next_step = "Write on the condition attribute_not_exists(orderId): after a look somebody else may come first."
    raise Failure(
        expected=f"the item {items.described(order)}, and noted {' and '.join(json.dumps(each) for each in wanted)}",
        found=f"{items.described(found) if found else 'no such item'}; "
        + " and ".join(answer.described() for answer in answers),
        next_step=next_step,
    )
