import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ.get("TABLE_NAME", "PetOrders"))  # once an environment


def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            # The same order twice is the same key, so the same item: this handler is idempotent.
            table.put_item(Item={name: order[name] for name in ("orderId", "pet", "customer", "quantity")})
            print("wrote order", order["orderId"])
        except Exception as error:
            print("failed", record["messageId"], repr(error))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
