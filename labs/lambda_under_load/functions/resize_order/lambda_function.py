"""Resizes a photo, and notes an order once, however often its event comes."""

import os
import time
import uuid

SIZE = int(os.environ.get("SIZE", "128"))  # of the small picture, in pixels: a setting of the function
ENVIRONMENT = uuid.uuid4().hex[:8]  # outside the handler: once for each execution environment
WORK = 0.2  # seconds


class UnknownFormat(Exception):
    """The file is no photo that this function can read."""


def lambda_handler(event, context):
    """Resize event["photo"]; an event with an orderId is noted as well."""
    photo = event["photo"]
    print("resizing", photo)
    if not photo.endswith(".jpg"):
        raise UnknownFormat(photo)
    time.sleep(WORK)
    answer = {"photo": photo, "size": SIZE, "environment": ENVIRONMENT}
    if "orderId" in event:
        answer["noted"] = note(event["orderId"], photo)
    return answer


def note(order_id, photo):
    """Write an order's item where there is none; whether it was written."""
    import boto3  # takes longer to load than all the rest; previews need not wait for it
    from botocore.exceptions import ClientError

    try:
        boto3.client("dynamodb").put_item(
            TableName="Thumbnails",
            Item={"orderId": {"S": order_id}, "photo": {"S": photo}},
            ConditionExpression="attribute_not_exists(orderId)",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True
