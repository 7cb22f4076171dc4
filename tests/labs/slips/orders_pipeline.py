"""Lab 02."""

import json

from .mistakes import (
    edit,
    mapping,
    policy,
    queue_attributes,
    rebuild_table,
    rename_function,
    rename_queue,
    rename_role,
    settings,
    trust,
)
from .slip import Slip

ROLE, FUNCTION, TABLE = "process-pet-order-role", "process-pet-order", "PetOrders"
QUEUE, DEAD = "pet-orders", "pet-orders-dlq"
SQS, TABLES = "arn:aws:sqs:us-east-1:000000000000:", "arn:aws:dynamodb:us-east-1:000000000000:table/"
WROTE, FAILED = 'print("wrote order", order["orderId"])', 'failures.append({"itemIdentifier": record["messageId"]})'


def redrive(target, count):
    return queue_attributes(QUEUE, RedrivePolicy=json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": count}))


def handler(old, new):
    return edit("orders_pipeline", "process_pet_order", old, new)


def without_orders_policy(clients):
    clients["iam"].delete_role_policy(RoleName=ROLE, PolicyName="orders")


SLIPS = {
    "table_exists": [
        Slip("a letter less", rebuild_table(TABLE, "PetOrder"), "PetOrder is nearly PetOrders"),
        Slip("the key in lower case", rebuild_table(TABLE, rename=str.lower), "orderid (HASH, S)", "lab.reset()"),
        Slip("the key a number", rebuild_table(TABLE, kind="N"), "orderId (HASH, N)", "A key cannot be changed"),
    ],
    "queues_exist": [
        Slip("underscores", rename_queue(QUEUE, "pet_orders"), "pet_orders is nearly pet-orders"),
        Slip("no dead-letter queue", rename_queue(DEAD), "create_queue"),
        Slip("letters swapped", rename_queue(DEAD, "pet-orders-dql"), "pet-orders-dql is nearly pet-orders-dlq"),
    ],
    "order_is_hidden": [
        Slip("the default", queue_attributes(QUEUE, VisibilityTimeout="30"), "30", "Correct VisibilityTimeout"),
    ],
    "orders_are_redriven": [
        Slip("to itself", redrive(SQS + QUEUE, 3), f"deadLetterTargetArn is the ARN of {DEAD}"),
        Slip("once more", redrive(SQS + DEAD, 4), "Correct maxReceiveCount"),
    ],
    "role_exists": [
        Slip("plural", rename_role(ROLE, "process-pet-orders-role"), "compare them letter by letter"),
    ],
    "role_trusts_lambda": [
        Slip("the queue's service", trust(ROLE, "lambda.", "sqs."), "Its Principal is sqs.amazonaws.com"),
    ],
    "role_allows_the_work": [
        Slip("logs only", without_orders_policy, "sqs:ReceiveMessage", "dynamodb:PutItem on PetOrders"),
        Slip("the dead letters", policy(ROLE, SQS + QUEUE, SQS + DEAD), f"allows on {SQS}{DEAD} only"),
        Slip(
            "misspelt", policy(ROLE, "sqs:DeleteMessage", "sqs:DeleteMessages"), "sqs:DeleteMessages, which is nearly"
        ),
        Slip("another table", policy(ROLE, TABLES, TABLES.replace("us-east", "eu-west")), "eu-west", "only"),
    ],
    "role_is_least_privilege": [
        Slip("everywhere", policy(ROLE, f'"{SQS}{QUEUE}"', '"*"'), 'Resource "*" for sqs:ReceiveMessage'),
    ],
    "function_exists": [
        Slip("plural", rename_function(FUNCTION, "process-pet-orders"), "compare them letter by letter"),
    ],
    "function_times_out": [
        Slip("more", settings(FUNCTION, Timeout=30), "Correct Timeout"),
    ],
    "mapping_is_enabled": [
        Slip("forgotten", mapping(FUNCTION), "no mapping between the two", "create_event_source_mapping"),
        Slip("disabled", mapping(FUNCTION, Enabled=False), "Disabled", "update_event_source_mapping enables"),
    ],
    "mapping_reads_failures": [
        Slip("forgotten", mapping(FUNCTION, FunctionResponseTypes=[]), "Correct FunctionResponseTypes"),
    ],
    "order_becomes_item": [
        Slip("Body", handler('record["body"]', 'record["Body"]'), "Nothing is called 'Body'"),
        Slip("no json.loads", handler('json.loads(record["body"])', 'record["body"]'), "json.loads makes one of it"),
        Slip(
            "another table", handler('"PetOrders"', '"PetOrder"'), "does not allow dynamodb:PutItem", "table/PetOrder:"
        ),
        Slip("no quantity", handler(', "quantity")', ")"), "The item has no quantity"),
        Slip("texts", handler("name: order[name]", "name: str(order[name])"), "quantity is not as in the message"),
        Slip("records", handler('event["Records"]', 'event["records"]'), "Nothing is called 'records'"),
    ],
    "function_logs_order_ids": [
        Slip("another id", handler(WROTE, 'print(record["messageId"])'), "Print the order's id"),
    ],
    "function_reports_bad_messages": [
        Slip("raises", handler(FAILED, "raise"), "Let no exception leave the handler"),
        Slip("a capital", handler('"itemIdentifier"', '"ItemIdentifier"'), "as its itemIdentifier"),
        Slip("forgotten", handler(FAILED, "pass"), "Report whatever is no order"),
        Slip("another id", handler('record["messageId"]})', 'record["receiptHandle"]})'), "the record's messageId"),
    ],
}
