"""Counts the records of each minute, shard by shard, and adds them up in PetMinutes."""

import boto3

dynamodb = boto3.client("dynamodb")
TABLE = "PetMinutes"


def lambda_handler(event, context):
    """Hand the count on from batch to batch; write it when the window is over."""
    moves = event["state"].get("moves", 0) + len(event["Records"])
    if event["isFinalInvokeForWindow"]:
        dynamodb.update_item(
            TableName=TABLE,
            Key={"Minute": {"S": event["window"]["start"]}},
            UpdateExpression="ADD Moves :moves",
            ExpressionAttributeValues={":moves": {"N": str(moves)}},
        )
    return {"state": {"moves": moves}}
