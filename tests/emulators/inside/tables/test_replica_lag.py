"""Tests for tables whose replicas lag on the embedded emulator: which reads miss the last moment, and which do not."""

import pytest

TAGGED = [{"Key": "lab:replica-lag", "Value": "60"}]
CAT = {"id": {"S": "cat"}}


def pets(dynamodb, tags=TAGGED):
    """The table Pets with the index by-kind."""
    index = {
        "IndexName": "by-kind",
        "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    dynamodb.create_table(
        TableName="Pets",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "kind")],
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
        Tags=tags,
    )


def put(dynamodb, price):
    dynamodb.put_item(TableName="Pets", Item=CAT | {"kind": {"S": "cats"}, "price": {"N": str(price)}})


def get(dynamodb, **how):
    item = dynamodb.get_item(TableName="Pets", Key=CAT, **how).get("Item")
    return item and int(item["price"]["N"])


def all_reads(dynamodb):
    """The prices that each kind of eventually consistent read sees."""
    asked = {"KeyConditionExpression": "kind = :kind", "ExpressionAttributeValues": {":kind": {"S": "cats"}}}
    batch = dynamodb.batch_get_item(RequestItems={"Pets": {"Keys": [CAT]}})["Responses"]["Pets"]
    reads = {
        "get": [dynamodb.get_item(TableName="Pets", Key=CAT).get("Item")],
        "scan": dynamodb.scan(TableName="Pets")["Items"],
        "index": dynamodb.query(TableName="Pets", IndexName="by-kind", **asked)["Items"],
        "batch": batch,
    }
    return {kind: [int(each["price"]["N"]) for each in found if each] for kind, found in reads.items()}


def test_eventually_consistent_reads_see_what_was_there_a_moment_before(dynamodb, embedded):
    pets(dynamodb)
    put(dynamodb, 1)
    assert all_reads(dynamodb) == {"get": [], "scan": [], "index": [], "batch": []}
    list(embedded.advance(61))
    put(dynamodb, 2)
    assert all_reads(dynamodb) == {"get": [1], "scan": [1], "index": [1], "batch": [1]}
    list(embedded.advance(61))
    assert all_reads(dynamodb) == {"get": [2], "scan": [2], "index": [2], "batch": [2]}


def test_strongly_consistent_reads_and_transactions_see_all(dynamodb):
    pets(dynamodb)
    put(dynamodb, 1)
    assert get(dynamodb, ConsistentRead=True) == 1
    found = dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": "Pets", "Key": CAT}}])["Responses"]
    assert found[0]["Item"]["price"] == {"N": "1"}
    (one,) = dynamodb.scan(TableName="Pets", ConsistentRead=True)["Items"]
    assert one["price"] == {"N": "1"}
    asked = {"Pets": {"Keys": [CAT], "ConsistentRead": True}}
    assert len(dynamodb.batch_get_item(RequestItems=asked)["Responses"]["Pets"]) == 1


def test_what_was_deleted_is_still_seen(dynamodb, embedded):
    pets(dynamodb)
    put(dynamodb, 1)
    list(embedded.advance(61))
    dynamodb.delete_item(TableName="Pets", Key=CAT)
    assert (get(dynamodb), get(dynamodb, ConsistentRead=True)) == (1, None)


def test_a_read_costs_what_it_costs_and_names_its_table(dynamodb):
    pets(dynamodb)
    put(dynamodb, 1)
    consumed = dynamodb.get_item(TableName="Pets", Key=CAT, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert consumed == {"TableName": "Pets", "CapacityUnits": 0.5}
    assert dynamodb.list_tables()["TableNames"] == ["Pets"]
    with pytest.raises(dynamodb.exceptions.ClientError):
        dynamodb.get_item(TableName="Pets", Key={"no": {"S": "key"}})
    assert dynamodb.list_tables()["TableNames"] == ["Pets"]


@pytest.mark.parametrize("value", ["0", "-5", "soon", "nan", ""])
def test_table_without_such_a_tag_has_no_lag(dynamodb, value):
    pets(dynamodb, [{"Key": "lab:replica-lag", "Value": value}])
    put(dynamodb, 1)
    assert all_reads(dynamodb) == {"get": [1], "scan": [1], "index": [1], "batch": [1]}


def test_tag_that_is_taken_away_ends_the_lag(dynamodb):
    pets(dynamodb)
    put(dynamodb, 1)
    assert get(dynamodb) is None
    arn = dynamodb.describe_table(TableName="Pets")["Table"]["TableArn"]
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["lab:replica-lag"])
    assert get(dynamodb) == 1
    put(dynamodb, 2)
    assert get(dynamodb) == 2
