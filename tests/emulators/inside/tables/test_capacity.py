"""Tests for the capacity of tables on the embedded emulator: what requests consume, and what is refused."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients

KB = 1024
PROVISIONED = {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}
BURST = 300 * 5


def scores(dynamodb, **settings):
    """The table Scores, with the index top by game and points."""
    names = {"player": "S", "game": "S", "points": "N"}
    settings = settings or {"BillingMode": "PAY_PER_REQUEST"}
    index = {
        "IndexName": "top",
        "KeySchema": key("game", "points"),
        "Projection": {"ProjectionType": "KEYS_ONLY"},
        **{name: value for name, value in settings.items() if name == "ProvisionedThroughput"},
    }
    dynamodb.create_table(
        TableName="Scores",
        KeySchema=key("player", "game"),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in names.items()],
        GlobalSecondaryIndexes=[index],
        **settings,
    )


def key(partition, sort):
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def item(player="ann", game="chess", size=0, **attributes):
    return {"player": {"S": player}, "game": {"S": game}, "text": {"S": "x" * size}, **attributes}


def named(player="ann", game="chess"):
    return {"player": {"S": player}, "game": {"S": game}}


def put(dynamodb, *args, **kwargs):
    return dynamodb.put_item(TableName="Scores", Item=item(*args, **kwargs), ReturnConsumedCapacity="INDEXES")


def units(answer):
    return answer["ConsumedCapacity"]["CapacityUnits"]


def refusal(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response


@pytest.mark.parametrize(("size", "strong", "expected"), [(1, False, 0.5), (5 * KB, False, 1), (9 * KB, True, 3)])
def test_item_costs_half_a_unit_for_each_4_kb_or_a_whole_one(dynamodb, size, strong, expected):
    scores(dynamodb)
    put(dynamodb, size=size)
    asked = {"TableName": "Scores", "ReturnConsumedCapacity": "TOTAL", "ConsistentRead": strong}
    assert units(dynamodb.get_item(Key=named(), **asked)) == expected
    assert units(dynamodb.get_item(Key=named("nobody"), **asked)) == (1 if strong else 0.5)


def test_query_is_rounded_up_as_a_whole_and_a_scan_costs_what_it_leaves_out(dynamodb):
    scores(dynamodb)
    for number in range(20):
        put(dynamodb, game=str(number), size=KB)
    asked = {"TableName": "Scores", "ReturnConsumedCapacity": "INDEXES"}
    one = {":player": {"S": "ann"}}
    found = dynamodb.query(KeyConditionExpression="player = :player", ExpressionAttributeValues=one, **asked)
    assert (found["Count"], units(found)) == (20, 3)  # 21 KB
    assert found["ConsumedCapacity"]["Table"] == {"CapacityUnits": 3}
    found = dynamodb.scan(FilterExpression="player <> :player", ExpressionAttributeValues=one, **asked)
    assert (found["Count"], units(found)) == (0, 3)


def test_index_is_read_by_what_it_projects(dynamodb):
    scores(dynamodb)
    for number in range(20):
        put(dynamodb, f"p{number}", size=KB, points={"N": str(number)})
    put(dynamodb, "sparse")
    found = dynamodb.query(
        TableName="Scores",
        IndexName="top",
        KeyConditionExpression="game = :game",
        ExpressionAttributeValues={":game": {"S": "chess"}},
        ReturnConsumedCapacity="INDEXES",
    )
    assert (found["Count"], found["ConsumedCapacity"]["GlobalSecondaryIndexes"]) == (
        20,
        {"top": {"CapacityUnits": 0.5}},
    )
    assert found["ConsumedCapacity"]["Table"] == {"CapacityUnits": 0}


def test_batch_and_transaction_read_each_item_by_itself(dynamodb):
    scores(dynamodb)
    for player in ("ann", "bob"):
        put(dynamodb, player, size=4 * KB)
    keys = [named("ann"), named("bob")]
    found = dynamodb.batch_get_item(
        RequestItems={"Scores": {"Keys": keys, "ConsistentRead": True}}, ReturnConsumedCapacity="TOTAL"
    )
    assert found["ConsumedCapacity"] == [{"TableName": "Scores", "CapacityUnits": 4}]
    gets = [{"Get": {"TableName": "Scores", "Key": each}} for each in keys]
    (told,) = dynamodb.transact_get_items(TransactItems=gets, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert told["ReadCapacityUnits"] == 8


def test_transaction_writes_twice(dynamodb):
    scores(dynamodb)
    puts = [{"Put": {"TableName": "Scores", "Item": item(player, size=KB)}} for player in ("ann", "bob")]
    (told,) = dynamodb.transact_write_items(TransactItems=puts, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert told == {"TableName": "Scores", "CapacityUnits": 8, "WriteCapacityUnits": 8}


def exhaust(dynamodb, size=100 * KB):
    """Write until the table refuses; returns how many units that took, and the refusal."""
    spent = 0
    for number in range(400):
        try:
            spent += units(put(dynamodb, f"p{number}", size=size))
        except ClientError as refused:
            return spent, refused.response
    raise AssertionError("never refused")


def test_table_has_five_minutes_of_burst_and_then_what_is_provisioned(dynamodb, clients, embedded):
    scores(dynamodb, **PROVISIONED)
    spent, refused = exhaust(dynamodb)
    assert BURST <= spent <= BURST + 202
    assert refused["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert refused["ThrottlingReasons"][0]["reason"] == "TableWriteProvisionedThroughputExceeded"
    assert units(dynamodb.get_item(TableName="Scores", Key=named("p0"), ReturnConsumedCapacity="TOTAL")) == 13
    list(embedded.advance(60))
    spent, _ = exhaust(dynamodb, size=9 * KB)
    assert 300 - 110 <= spent <= 320
    list(embedded.advance(3600))
    spent, _ = exhaust(dynamodb)
    assert BURST - 110 <= spent <= BURST + 202


def test_spent_table_refuses_each_kind_of_write_and_takes_reads(dynamodb):
    scores(dynamodb, **PROVISIONED)
    exhaust(dynamodb, size=390 * KB)
    about = {"TableName": "Scores", "Key": named("p0")}
    code = "ProvisionedThroughputExceededException"
    update = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    assert refusal(dynamodb.update_item, **about, **update)["Error"]["Code"] == code
    assert refusal(dynamodb.delete_item, **about)["Error"]["Code"] == code
    batch = {"RequestItems": {"Scores": [{"PutRequest": {"Item": item()}}]}}
    assert refusal(dynamodb.batch_write_item, **batch)["Error"]["Code"] == code
    cancelled = refusal(dynamodb.transact_write_items, TransactItems=[{"Delete": about}])
    assert cancelled["CancellationReasons"][0]["Code"] == "ProvisionedThroughputExceeded"
    assert dynamodb.get_item(**about)["Item"]


def test_batch_hands_back_what_it_could_not_write(dynamodb):
    scores(dynamodb, **PROVISIONED)
    batch = [{"PutRequest": {"Item": item(f"p{number}", size=100 * KB)}} for number in range(20)]
    left = dynamodb.batch_write_item(RequestItems={"Scores": batch})["UnprocessedItems"]["Scores"]
    assert batch[-len(left) :] == left
    assert len(left) in (4, 5)  # 101 units each
    pages = dynamodb.get_paginator("scan").paginate(TableName="Scores", Select="COUNT")
    assert sum(page["Count"] for page in pages) == len(batch) - len(left)


def test_reads_are_refused_too(dynamodb):
    scores(dynamodb, **PROVISIONED)
    put(dynamodb, size=390 * KB)
    asked = {"TableName": "Scores", "Key": named(), "ConsistentRead": True}
    for _ in range(16):
        dynamodb.get_item(**asked)
    for read, arguments in (
        (dynamodb.get_item, asked),
        (dynamodb.scan, {"TableName": "Scores"}),
        (dynamodb.batch_get_item, {"RequestItems": {"Scores": {"Keys": [named()]}}}),
    ):
        assert refusal(read, **arguments)["Error"]["Code"] == "ProvisionedThroughputExceededException"


def test_spent_index_keeps_back_writes_to_its_table(dynamodb):
    scores(dynamodb, **PROVISIONED)
    dynamodb.update_table(
        TableName="Scores", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 1000}
    )
    index = {"IndexName": "top", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}
    dynamodb.update_table(TableName="Scores", GlobalSecondaryIndexUpdates=[{"Update": index}])
    with pytest.raises(ClientError) as refused:
        for points in range(200):  # the index had 5 units, and has 1 now: 300 at most; a new place in it costs two
            put(dynamodb, points={"N": str(points)})
    assert "global secondary indexes" in refused.value.response["Error"]["Message"]
    put(dynamodb, "another")  # is not in the index


def test_failed_condition_costs_what_is_there(dynamodb):
    scores(dynamodb, **PROVISIONED)
    put(dynamodb, size=390 * KB)
    again = {"TableName": "Scores", "Item": item(), "ConditionExpression": "attribute_not_exists(player)"}
    codes = [refusal(dynamodb.put_item, **again)["Error"]["Code"] for _ in range(6)]  # 391 units each
    assert codes[0] == "ConditionalCheckFailedException"
    assert {"ThrottlingException", "ProvisionedThroughputExceededException"} & {*codes}


def test_hot_partition_is_refused_on_demand_too(dynamodb):
    scores(dynamodb)

    def left(players):
        puts = [item(player, str(number), size=390 * KB) for number, player in enumerate(players)]
        batch = [{"PutRequest": {"Item": each}} for each in puts]
        return len(dynamodb.batch_write_item(RequestItems={"Scores": batch})["UnprocessedItems"].get("Scores", []))

    assert left(["ann"] * 10) == 7
    assert left([f"p{number}" for number in range(10)]) == 0


def test_table_on_demand_is_refused_nothing_and_a_maximum_holds(dynamodb):
    scores(dynamodb)
    for number in range(20):
        put(dynamodb, f"p{number}", size=390 * KB)
    dynamodb.update_table(TableName="Scores", OnDemandThroughput={"MaxWriteRequestUnits": 5})
    _, refused = exhaust(dynamodb, size=5 * KB)
    assert refused["Error"]["Code"] == "ThrottlingException"


def test_an_emptied_account_has_all_of_it_again(dynamodb, embedded):
    scores(dynamodb, **PROVISIONED)
    exhaust(dynamodb, size=390 * KB)
    embedded.reset()
    dynamodb = Clients(embedded)["dynamodb"]
    scores(dynamodb, **PROVISIONED)
    put(dynamodb)
