"""What `lab grade` checks of the assignment: the same as the tests in `benchmarks/assignment.py`."""

import json
import secrets

from lab_harness.authors import Failure, check, eventually, expect


@check("The table Orders has the partition key id", task="table")
def table_exists(dynamodb):
    expect.table(dynamodb, "Orders", "id (HASH, S)", "create_table makes it.")


@check("The queue orders exists", task="queue")
def queue_exists(sqs):
    names = [url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])]
    expect.names("queues", ["orders"], names, "create_queue makes it.")


@check("The function write-order exists", task="function")
def function_exists(lambda_):
    expect.function(lambda_, "write-order", "create_function makes it.")


@check("A message becomes an item", task="mapping", needs=(table_exists, queue_exists, function_exists))
def message_becomes_item(sqs, dynamodb):
    order = secrets.token_hex(6)
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"id": order}))

    def look():
        if "Item" not in dynamodb.get_item(TableName="Orders", Key={"id": {"S": order}}):
            raise Failure(expected=f"an item with the id {order}", found="no such item", next_step="Join the two.")

    eventually(look, within=15)
