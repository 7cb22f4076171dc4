import os

import boto3

TABLE_NAME = os.environ.get("TABLE_NAME", "Pets")


class PetNotFound(Exception):
    pass


class TransientError(Exception):
    pass


def lambda_handler(event, context):
    table = boto3.resource("dynamodb").Table(TABLE_NAME)
    key = {"petId": event["petId"]}
    pet = table.get_item(Key=key, ConsistentRead=True).get("Item")
    if pet is None:
        raise PetNotFound(f"there is no pet {event['petId']}")
    if pet.get("flaky", 0) > 0:
        table.update_item(Key=key, UpdateExpression="ADD flaky :less", ExpressionAttributeValues={":less": -1})
        raise TransientError("the register of pets did not answer")
    return {"petId": event["petId"], "status": pet["status"]}
