"""Checks for the lab orders_pipeline: every order that arrives in the queue becomes its item, once."""

import json
import uuid

from lab_harness.authors import (
    Failure,
    check,
    customers,
    eventually,
    expect,
    functions,
    items,
    next_steps,
    no_clock,
    no_witness,
    policies,
    queues,
    standard_checks,
)

from . import probes
from .probes import DEAD_LETTER_QUEUE, FUNCTION, FUNCTION_TIMEOUT, MAX_RECEIVES, QUEUE, TABLE, VISIBILITY_TIMEOUT

ROLE = "process-pet-order-role"
QUEUE_ARN, TABLE_ARN = policies.arn("sqs", QUEUE), policies.arn("dynamodb", f"table/{TABLE}")
QUEUE_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
WRITE_ACTIONS = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem")
# What else a function like this may rightly do: look before it writes, and give a message back sooner.
MORE = [("sqs:ChangeMessageVisibility", QUEUE_ARN), (("dynamodb:GetItem", "dynamodb:DescribeTable"), TABLE_ARN)]
NEEDED = [*((action, QUEUE_ARN) for action in QUEUE_ACTIONS), (WRITE_ACTIONS, TABLE_ARN)]


table_exists = standard_checks.table_exists(
    TABLE, "orderId", "Section 1 of the notebook shows create_table.", task="table"
)
table_is_on_demand = standard_checks.table_is_on_demand(TABLE, task="table", needs=table_exists)


@check("The queues pet-orders and pet-orders-dlq exist", task="queues")
def queues_exist(sqs):
    expect.exists(sqs, "queues", [QUEUE, DEAD_LETTER_QUEUE], "Section 2 of the notebook shows create_queue.")


@check("A received order is hidden for 18 seconds", task="queues", needs=queues_exist)
def order_is_hidden(sqs):
    expect.queue_attribute(sqs, QUEUE, "VisibilityTimeout", str(VISIBILITY_TIMEOUT))


@check("After 3 receives an order goes to the dead-letter queue", task="queues", needs=queues_exist)
def orders_are_redriven(sqs):
    target = queues.arn(sqs, DEAD_LETTER_QUEUE)
    policy = json.loads(queues.attributes(sqs, QUEUE).get("RedrivePolicy", "{}"))
    if policy.get("deadLetterTargetArn") != target or int(policy.get("maxReceiveCount", 0)) != MAX_RECEIVES:
        raise Failure(
            expected=f"a redrive policy to {target} after {MAX_RECEIVES} receives",
            found=f"the redrive policy {json.dumps(policy)}" if policy else "no redrive policy",
            next_step=probes.about_redriving(sqs, policy, target),
        )


role_exists = standard_checks.role_exists(ROLE, "Create it as you created the role in notebook 01.", task="role")
role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="role", needs=role_exists)


role_allows_the_work = standard_checks.role_permits(
    "The role may read the queue, write the table and log",
    ROLE,
    NEEDED,
    [FUNCTION],
    "Section 3 lists what the event source mapping and the handler do with the role.",
    task="role",
    needs=role_exists,
)
role_is_least_privilege = standard_checks.role_is_least_privilege(
    ROLE, [*NEEDED, *MORE], task="role", needs=role_allows_the_work
)
function_exists = standard_checks.function_exists(
    FUNCTION, "Section 5 of the notebook asks for create_function.", task="function"
)

function_times_out = standard_checks.function_times_out(
    FUNCTION, FUNCTION_TIMEOUT, task="function", needs=function_exists
)
function_uses_role = standard_checks.function_uses_role(
    FUNCTION, ROLE, task="function", needs=(function_exists, role_exists)
)


@check("The queue starts the function", task="mapping",
       needs=(function_exists, queues_exist, role_trusts_lambda, role_allows_the_work))  # fmt: skip
def mapping_is_enabled(lambda_, sqs):
    next_step = "Section 6 shows create_event_source_mapping; update_event_source_mapping enables one."
    expect.mapping(lambda_, FUNCTION, queues.arn(sqs, QUEUE), next_step)


@check("The function may report single orders as failed", task="mapping", needs=mapping_is_enabled)
def mapping_reads_failures(lambda_, sqs):
    types = [name for mapping in probes.mappings(lambda_, sqs) for name in mapping.get("FunctionResponseTypes", [])]
    next_step = next_steps.change("FunctionResponseTypes", "create_event_source_mapping")
    expect.names("function response types", ["ReportBatchItemFailures"], types, next_step, setting=True)


@check("A fresh order becomes its item", task="handler", needs=(table_exists, mapping_is_enabled))
def order_becomes_item(dynamodb, sqs, logs, witness=no_witness):
    moment = witness.moment()
    with probes.sent_orders(dynamodb, sqs, 1) as orders:
        probes.expect_items(dynamodb, sqs, logs, witness, orders, moment)


@check("The function logs each order's id", task="handler", needs=order_becomes_item)
def function_logs_order_ids(dynamodb, sqs, logs, witness=no_witness):
    moment = witness.moment()
    with probes.sent_orders(dynamodb, sqs, 2) as orders:
        probes.expect_items(dynamodb, sqs, logs, witness, orders, moment)
    next_step = "Print the order's id in the handler, for every record of the batch."
    expect.logged(logs, FUNCTION, [order["orderId"] for order in orders], next_step, witness=witness)


@check("The same order sent twice is one item", task="handler", needs=order_becomes_item)
def same_order_is_one_item(dynamodb, sqs, logs, clock=no_clock):
    before = items.read_items(dynamodb, TABLE)
    with probes.sent_orders(dynamodb, sqs, 1, copies=2) as (order,):
        probes.expect_empty_queue(sqs, logs, clock)
        # LocalStack's queue may look empty before the function has begun.
        eventually(lambda: probes.expect_one_item(dynamodb, logs, order, before), within=probes.LATE)


@check("The queue ends empty", task="handler", needs=order_becomes_item)
def queue_ends_empty(sqs, logs, clock=no_clock):
    probes.expect_empty_queue(sqs, logs, clock)


@check("Of a batch only the bad messages are reported as failed", task="handler", needs=order_becomes_item)
def function_reports_bad_messages(lambda_, dynamodb, sqs, logs):
    there = items.ids(dynamodb, TABLE, "orderId")
    orders = [probes.fresh_order(there) for _ in range(customers.chance.randint(1, 3))]
    bodies = customers.shuffled([*map(json.dumps, orders), *probes.bad_messages()])
    batch = {str(uuid.uuid4()): body for body in bodies}
    good = {each for each, body in batch.items() if body in map(json.dumps, orders)}
    with items.kept_items(dynamodb, TABLE, "orderId", [order["orderId"] for order in orders]):
        answer = functions.invoke(lambda_, FUNCTION, queues.event(queues.arn(sqs, QUEUE), batch))
        written = all(items.resembles(probes.get_item(dynamodb, order), order) for order in orders)
    if answer.error or queues.reported(answer.payload) != batch.keys() - good or not written:
        raise Failure(
            expected="each good message's item, and the answer {'batchItemFailures': …} with the bad messages' ids",
            found=f"{'its' if written else 'no such'} item, the answer {answer.payload} to good messages "
            f"with the ids {', '.join(sorted(good))}; {functions.latest_log(logs, FUNCTION)}",
            next_step=probes.about_reporting(answer, good, batch.keys() - good, written),
        )


@check("Bad messages end in the dead-letter queue, good ones do not", task="handler",
       needs=(function_reports_bad_messages, orders_are_redriven, mapping_reads_failures))  # fmt: skip
def bad_messages_are_set_aside(dynamodb, sqs, logs, witness=no_witness, clock=no_clock):
    bad, dead, moment = set(probes.bad_messages()), set(probes.take_dead(sqs)), witness.moment()
    with probes.sent_orders(dynamodb, sqs, 3, others=bad) as orders:
        probes.expect_items(dynamodb, sqs, logs, witness, orders, moment)

        def look():
            clock.hasten(QUEUE)
            dead.update(probes.take_dead(sqs))
            if missing := sorted(bad - dead):
                raise Failure(
                    expected=f"the message {missing[0]!r} in {DEAD_LETTER_QUEUE}",
                    found=probes.evidence(sqs, logs),
                    next_step="A message that cannot be handled must be reported in batchItemFailures each time "
                    "it comes.",
                )

        eventually(look, within=probes.UNTIL_DEAD)
        probes.expect_empty_queue(sqs, logs, clock)
        dead.update(probes.take_dead(sqs))
    taken_along = [order["orderId"] for order in orders if json.dumps(order) in dead]
    if taken_along:
        raise Failure(
            expected="only the bad messages of a batch fail",
            found=f"the good orders {', '.join(taken_along)} in {DEAD_LETTER_QUEUE}, too; "
            + functions.latest_log(logs, FUNCTION),
            next_step="Report only the messageIds of the records that failed, and let no exception leave the handler.",
        )
