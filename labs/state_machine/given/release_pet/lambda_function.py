import os

import boto3

TABLE_NAME = os.environ.get("TABLE_NAME", "Pets")


def lambda_handler(event, context):
    table = boto3.resource("dynamodb").Table(TABLE_NAME)
    try:
        table.update_item(
            Key={"petId": event["petId"]},
            UpdateExpression="SET #status = :available",
            ConditionExpression="#status = :reserved",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":available": "available", ":reserved": "reserved"},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return {"petId": event["petId"], "released": False}  # There was nothing to undo.
    return {"petId": event["petId"], "released": True}
