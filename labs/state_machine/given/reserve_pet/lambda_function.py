import os

import boto3

TABLE_NAME = os.environ.get("TABLE_NAME", "Pets")


class PetUnavailable(Exception):
    pass


def lambda_handler(event, context):
    table = boto3.resource("dynamodb").Table(TABLE_NAME)
    try:
        # Looking and writing in one step: of two who want the same pet at the same moment, one gets it.
        table.update_item(
            Key={"petId": event["petId"]},
            UpdateExpression="SET #status = :reserved",
            ConditionExpression="#status = :available",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":available": "available", ":reserved": "reserved"},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        raise PetUnavailable(f"the pet {event['petId']} is not available") from None
    return {"petId": event["petId"], "status": "reserved"}
