"""Keeps where each pet was seen last, from the stream pet-locations."""

import base64
import json

import boto3

dynamodb = boto3.client("dynamodb")
TABLE = "PetPositions"


def lambda_handler(event, context):
    """Write each record's position. Report the first that cannot be read: what stands before it is done."""
    for record in event["Records"]:
        told = record["kinesis"]
        try:
            location = json.loads(base64.b64decode(told["data"]))
            position = {"X": {"N": str(int(location["x"]))}, "Y": {"N": str(int(location["y"]))}}
        except (ValueError, KeyError, TypeError) as error:
            print("ERROR", told["partitionKey"], repr(error))
            return {"batchItemFailures": [{"itemIdentifier": told["sequenceNumber"]}]}
        dynamodb.put_item(TableName=TABLE, Item={"Pet_ID": {"S": location["pet"]}, **position})
    return {"batchItemFailures": []}
