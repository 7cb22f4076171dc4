"""Tests for how many indexes of a table a request may change."""

import pytest

PARTS = {"KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
TYPES = [{"AttributeName": "name", "AttributeType": "S"}]


@pytest.fixture
def dynamodb(clients):
    dynamodb = clients["dynamodb"]
    dynamodb.create_table(
        TableName="Pets",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def indexes(dynamodb):
    found = dynamodb.describe_table(TableName="Pets")["Table"].get("GlobalSecondaryIndexes", [])
    return sorted(each["IndexName"] for each in found)


def change(dynamodb, *updates):
    about = {"AttributeDefinitions": TYPES} if any("Create" in each for each in updates) else {}
    dynamodb.update_table(TableName="Pets", GlobalSecondaryIndexUpdates=list(updates), **about)


def create(name):
    return {"Create": {"IndexName": name, **PARTS}}


def delete(name):
    return {"Delete": {"IndexName": name}}


def test_indexes_are_created_and_deleted_one_after_the_other(dynamodb):
    change(dynamodb, create("one"))
    change(dynamodb, create("two"))
    assert indexes(dynamodb) == ["one", "two"]
    change(dynamodb, delete("one"))
    assert indexes(dynamodb) == ["two"]


def test_two_in_one_request_are_refused_and_neither_is_changed(dynamodb):
    change(dynamodb, create("one"))
    for updates in ([create("two"), create("three")], [create("two"), delete("one")]):
        with pytest.raises(dynamodb.exceptions.LimitExceededException, match="Only 1 online index can be created"):
            change(dynamodb, *updates)
    assert indexes(dynamodb) == ["one"]
