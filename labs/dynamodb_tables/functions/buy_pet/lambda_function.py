"""Sells a pet to a player: once, to one, for coins that are there."""

import boto3

dynamodb = boto3.client("dynamodb")
TABLE = "GameShop"


def lambda_handler(event, context):
    """Sell event["pet"] to event["buyer"]; the same event["token"] counts once."""
    pet = dynamodb.get_item(TableName=TABLE, Key={"Item_ID": {"S": event["pet"]}})["Item"]
    sell = {
        "TableName": TABLE,
        "Key": {"Item_ID": {"S": event["pet"]}},
        "UpdateExpression": "SET Bought_By = :buyer",
        "ConditionExpression": "attribute_not_exists(Bought_By)",
        "ExpressionAttributeValues": {":buyer": {"S": event["buyer"]}},
    }
    pay = {
        "TableName": TABLE,
        "Key": {"Item_ID": {"S": event["buyer"]}},
        "UpdateExpression": "SET Coins = Coins - :price",
        "ConditionExpression": "Coins >= :price",
        "ExpressionAttributeValues": {":price": pet["Price"]},
    }
    try:
        dynamodb.transact_write_items(
            TransactItems=[{"Update": sell}, {"Update": pay}], ClientRequestToken=event["token"]
        )
    except dynamodb.exceptions.TransactionCanceledException as error:
        print(event["pet"], "was not sold:", error)
        return {"bought": False}
    return {"bought": True}
