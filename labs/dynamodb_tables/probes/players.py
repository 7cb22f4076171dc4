"""Players with scores: what they play, what is counted and mailed, and records of poison."""

import json
import random
import time
import uuid
from contextlib import contextmanager, suppress
from functools import partial

from lab_harness.authors import Failure, customers, eventually, expect, functions, items, queues

from . import FAILED, KEEPER, QUICKLY, SCORES, TOTALS

NOT_COUNTED = "Look at the log of score-keeper; lab.why() says what was refused."
REPEATED = "A batch may come again, with the same eventID in each record: section 5 says what that is good for."


@contextmanager
def player(dynamodb):
    """A new player, and a function that writes items: play(chess=5, go=None, profile={"Name": …})."""
    but = [item["User_ID"] for item in items.read_items(dynamodb, SCORES)] + items.ids(dynamodb, TOTALS, "User_ID")
    name = customers.some_id("u-", but=[*filter(lambda each: isinstance(each, str), but)])
    with items.kept_items(dynamodb, TOTALS, "User_ID", [name]):
        owed = {}

        def play(**played):
            for game in played.keys() - owed.keys():
                owed[game] = items.owe_row(dynamodb, SCORES, {"User_ID": name, "Game_ID": game})
            puts = [{"PutRequest": {"Item": row(name, game, each)}} for game, each in played.items()]
            dynamodb.batch_write_item(RequestItems={SCORES: puts})

        try:
            yield name, play
        finally:
            for each in owed.values():
                items.put_back(dynamodb, each)
                each.gone()
            with suppress(Failure):  # what was counted is taken off again; then nothing more comes
                eventually(partial(expect_none_left, dynamodb, name), within=QUICKLY)


def row(player, game, played):
    """An item of GameScores as DynamoDB writes it: a score, none, or a profile."""
    attributes = {"Score": {"N": str(played)}} if isinstance(played, int) else {}
    if isinstance(played, dict):
        attributes = {key: {"S": each} if isinstance(each, str) else {"N": str(each)} for key, each in played.items()}
    return {"User_ID": {"S": player}, "Game_ID": {"S": game}, **attributes}


def batch(player, game, old=None, new=None):
    """An event of one record, as a stream sends it: a score that is new, or is deleted."""
    images = {
        kind: row(player, game, each) for kind, each in (("OldImage", old), ("NewImage", new)) if each is not None
    }
    change = {
        "ApproximateCreationDateTime": int(time.time()),
        "Keys": row(player, game, None),
        "SequenceNumber": str(random.randint(10**20, 10**21)),
        "SizeBytes": len(json.dumps(images)),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    record = {
        "eventID": uuid.uuid4().hex,
        "eventName": "REMOVE" if new is None else "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": change | images,
    }
    return {"Records": [record]}


def take_away(dynamodb, player, game):
    dynamodb.delete_item(TableName=SCORES, Key={"User_ID": {"S": player}, "Game_ID": {"S": game}})


def expect_none_left(dynamodb, player):
    """Nothing of a player's total is left, once the items are gone."""
    total = items.read_item(dynamodb, TOTALS, "User_ID", player).get("Total_Score", 0)
    expect.value("what is left", 0, total, NOT_COUNTED)


def expect_total(dynamodb, logs, player, wanted, after, next_step=NOT_COUNTED):
    """The player's total becomes this."""

    def look():
        found = items.read_item(dynamodb, TOTALS, "User_ID", player)
        if found.get("Total_Score") != wanted:
            raise Failure(
                expected=f"Total_Score {wanted} of {player} in {TOTALS}, after {after}",
                found=f"{items.described(found) if found else 'no item'}; {functions.latest_log(logs, KEEPER)}",
                next_step=functions.next_step(logs, KEEPER, next_step),
            )

    eventually(look, within=QUICKLY)


def new_name():
    """A player's name that no mail has yet."""
    return f"{customers.name()}{customers.number()}"


def expect_one_mail(inbox, logs, name):
    """One mail has this name."""
    mails = [mail for mail in inbox() if name in f"{mail.subject} {mail.text}"]
    if len(mails) != 1:
        raise Failure(
            expected=f"one mail with the name {name}",
            found=f"{len(mails)} such mails; {functions.latest_log(logs, KEEPER)}",
            next_step="An item with the Game_ID profile is a new player; publish its Name to the topic.",
        )


@contextmanager
def records(sqs, queue):
    """The records of failures that come meanwhile, as a function that reads them; they are taken away."""
    before, seen = queues.peek(sqs, queue), []
    url = queues.url(sqs, queue)

    def hear():
        seen.extend(queues.take(sqs, url, lambda body: body not in before, hidden=0))
        return seen

    def look():
        hear()
        expect.value("records", True, len(seen) > 1, "")

    try:
        yield hear
    finally:
        if hear():  # poison that is deleted is poison once more
            with suppress(Failure):
                eventually(look, within=QUICKLY)


def batch_size(body):
    """How many records the batch had of which Lambda's record tells; None where it is no such record."""
    try:
        return json.loads(body)["DDBStreamBatchInfo"]["batchSize"]
    except (ValueError, KeyError, TypeError):
        return None


def expect_one_alone(heard, logs):
    """One batch was given up, of one record."""
    sizes = [batch_size(body) for body in heard()]
    if sizes != [1]:
        raise Failure(
            expected=f"one record in {FAILED}, of a batch of 1",
            found=f"batches of {sizes}" if sizes else f"none; {functions.latest_log(logs, KEEPER)}",
            next_step="Raise an error for an item without a score: Lambda halves the batch until it is alone.",
        )
