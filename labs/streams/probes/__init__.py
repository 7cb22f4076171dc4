"""What the checks of streams send and read: records as Kinesis gives them to functions, and the answers."""

import base64
import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from lab_harness.authors import Failure, customers, expect, functions, items

LOCATIONS, ARCHIVE = "pet-locations", "pet-archive"
POSITIONS, MINUTES = "PetPositions", "PetMinutes"
TRACK, COUNT, CLEAN, TELL = "track-pet", "count-moves", "clean-location", "tell-errors"
BAD = ["no json", '{"pet": "PET", "x": 4}', '{"pet": "PET", "x": "left", "y": 3}']
ARN = f"arn:aws:kinesis:us-east-1:000000000000:stream/{LOCATIONS}"
QUICKLY = 20  # seconds: a function that starts another by its log, cold starts, a mail


def described(kinesis, name=LOCATIONS):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def mapping(kinesis, lambda_, function):
    """The mapping from pet-locations to a function, which is there."""
    return functions.mappings(lambda_, function, described(kinesis)["StreamARN"])[0]


@contextmanager
def pets(dynamodb, count):
    """Names of pets that are not in PetPositions; what is written of them is taken away."""
    there, names = items.ids(dynamodb, POSITIONS, "Pet_ID"), []
    for _ in range(count):
        names.append(customers.some_id("pet-", but=[*there, *names]))
    with items.kept_items(dynamodb, POSITIONS, "Pet_ID", names):
        yield names


def at(pet, x, y):
    """A record of a pet at a place: its partition key and its data."""
    return pet, json.dumps({"pet": pet, "x": x, "y": y})


def event(sent, arrived=None):
    """Records as a mapping hands them to a function, in their order, of one shard."""
    now, first = arrived or datetime.now(UTC).timestamp(), customers.chance.randrange(1, 10**4)
    shard = f"shardId-{customers.chance.randrange(6):012d}"
    return {"Records": [_record(each, shard, first + place, now + place / 100) for place, each in enumerate(sent)]}


def _record(sent, shard, place, arrived):
    key, data = sent
    number = f"{int(arrived * 1000):020d}{place:010d}"  # as the emulator writes them; AWS's are longer
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": number,
            "data": base64.b64encode(data.encode()).decode(),
            "approximateArrivalTimestamp": round(arrived, 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/track-role",
        "awsRegion": "us-east-1",
        "eventSourceARN": ARN,
    }


def expect_positions(dynamodb, answer, wanted):
    """Pets stand where they were seen last."""
    found = {}
    for pet in wanted:
        item = items.read_item(dynamodb, POSITIONS, "Pet_ID", pet)
        found[pet] = (item.get("X"), item.get("Y")) if item else None
    if found != wanted:
        raise Failure(
            expected=", ".join(f"{pet} at X {x}, Y {y}" for pet, (x, y) in wanted.items()) + f" in {POSITIONS}",
            found=f"{', '.join(f'{pet} at {place}' for pet, place in found.items())}; {answer.described()}",
            next_step=answer.next_step("Section 5 says what of a record is written, and as which type."),
        )


def expect_reported(answer, told, place):
    """The answer reports the record at a place of an event as the first that failed, or none."""
    numbers = [each["kinesis"]["sequenceNumber"] for each in told["Records"]]
    said = answer.payload.get("batchItemFailures") if isinstance(answer.payload, dict) else None
    ids = [each.get("itemIdentifier") for each in said or [] if isinstance(each, dict)]
    first = min((numbers.index(each) if each in numbers else -1 for each in ids), default=None)
    if answer.error is None and first == place:
        return
    answers = "Section 5 shows what the answer looks like: one item, of the first bad record."
    if place is None:
        raise Failure(expected="no failures", found=answer.described(), next_step=answer.next_step(answers))
    wanted = f"batchItemFailures with the sequenceNumber {numbers[place]} first"
    raise Failure(expected=wanted, found=answer.described(), next_step=answers)  # not what is wrong with the record


def some_minute(dynamodb):
    """The start of a minute of the last weeks that PetMinutes does not have."""
    there = items.ids(dynamodb, MINUTES, "Minute")
    while True:
        ago = timedelta(minutes=customers.chance.randrange(60, 30_000))
        minute = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:00Z")
        if minute not in there:
            return minute


def window(lambda_, minute, shard, sizes):
    """Hand batches of these sizes to count-moves as one window of a shard, then its end; the last answer."""
    start = datetime.strptime(minute, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    told = {
        "window": {"start": minute, "end": (start + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")},
        "shardId": f"shardId-00000000000{shard}",
        "eventSourceARN": ARN,
        "isWindowTerminatedEarly": False,
    }
    state = {}
    for size in [*sizes, 0]:
        records = [at(customers.some_id("pet-", but=[]), 1, 2) for _ in range(size)]
        asked = {**event(records, start.timestamp()), **told, "state": state, "isFinalInvokeForWindow": not size}
        answer = functions.invoke(lambda_, COUNT, asked)
        if not size:
            break
        state = answer.payload.get("state") if isinstance(answer.payload, dict) else None
        if answer.error or not isinstance(state, dict):
            raise Failure(
                expected='an answer with the state that the next batch gets, such as {"state": {"moves": 3}}',
                found=answer.described(),
                next_step=answer.next_step("Section 7 says how a window's state is handed on."),
            )
    return answer


def expect_moves(dynamodb, answer, minute, wanted):
    """PetMinutes has so many moves in a minute."""
    item = items.read_item(dynamodb, MINUTES, "Minute", minute)
    if item.get("Moves") != wanted:
        raise Failure(
            expected=f"Moves {wanted} of the minute {minute} in {MINUTES}",
            found=f"{items.described(item) if item else 'no item'}; {answer.described()}",
            next_step=answer.next_step("Each shard has a window of its own: add its count to the minute's, section 7."),
        )


def expect_given_up(mapping, queue, most):
    """A mapping has what fails reported, halved, tried so often at most, and told to the queue with this ARN."""
    how = "Section 6 names the settings; update_event_source_mapping changes a mapping that is there."
    expect.value("FunctionResponseTypes:", ["ReportBatchItemFailures"], mapping.get("FunctionResponseTypes"), how)
    expect.value("BisectBatchOnFunctionError:", True, bool(mapping.get("BisectBatchOnFunctionError")), how)
    retries = mapping.get("MaximumRetryAttempts", -1)
    expect.value("MaximumRetryAttempts, at most:", most, "for ever" if retries < 0 else max(retries, most), how)
    target = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination", "none")
    expect.value("the destination OnFailure:", queue, target, how)


def mails_about(inbox, pet):
    """How many mails name a pet, which tell-errors has published, as far as the emulator sees who has."""
    told = [mail.text for mail in inbox() if mail.by in ("", f"function {TELL}")]
    return sum(re.search(rf"\b{re.escape(pet)}\b", text) is not None for text in told)


def expect_mailed(inbox, before, logs, pet):
    """There are more mails that name the pet than before: one of the same name may have had some."""
    if mails_about(inbox, pet) <= before:
        raise Failure(
            expected=f"a mail with the partition key {pet} of a bad record",
            found=f"no such mail; {functions.latest_log(logs, TRACK)}",
            next_step="track-pet prints a line with ERROR and the record's partition key: section 5.",
        )


def filters(logs, group):
    return [
        each
        for page in logs.get_paginator("describe_subscription_filters").paginate(logGroupName=group)
        for each in page["subscriptionFilters"]
    ]
