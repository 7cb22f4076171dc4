"""Keeps each player's total, and welcomes new players, from the stream of GameScores."""

import os

import boto3

dynamodb, sns = boto3.client("dynamodb"), boto3.client("sns")
TABLE = "GameTotals"


def lambda_handler(event, context):
    """Keep up with a batch of changes. A record that cannot be read fails all of it, before anything is done."""
    for act in [read(record) for record in event["Records"]]:
        act()


def read(record):
    """What there is to do about one change."""
    change = record["dynamodb"]
    new, old = change.get("NewImage"), change.get("OldImage")
    player, game = (change["Keys"][name]["S"] for name in ("User_ID", "Game_ID"))
    if game == "profile":
        return lambda: welcome(new) if record["eventName"] == "INSERT" else None
    difference = score(new) - score(old)
    return lambda: add(player, difference, record["eventID"])


def score(item):
    """An item's score; 0 where there is no item. KeyError where it has none."""
    return int(item["Score"]["N"]) if item else 0


def add(player, difference, token):
    """Add to a player's total; the same token counts once, for a batch may come again."""
    update = {
        "TableName": TABLE,
        "Key": {"User_ID": {"S": player}},
        "UpdateExpression": "ADD Total_Score :difference",
        "ExpressionAttributeValues": {":difference": {"N": str(difference)}},
    }
    dynamodb.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken=token)


def welcome(profile):
    """Mail a welcome to a new player."""
    name = profile["Name"]["S"]
    sns.publish(TopicArn=os.environ["TOPIC"], Subject="Welcome", Message=f"Welcome to the game, {name}!")
