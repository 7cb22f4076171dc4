"""Tests for items: a probe's own are put, read as plain values, and removed."""

import pytest

from lab_harness.items import probe_items, put_item, read_item

TABLE = "Things"


@pytest.fixture
def dynamodb(clients):
    """DynamoDB with the table Things, whose key is the text `id`."""
    clients["dynamodb"].create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return clients["dynamodb"]


def test_an_item_is_read_as_it_was_written(dynamodb):
    put_item(dynamodb, TABLE, {"id": "a", "count": 3, "tags": ["x"]})
    assert read_item(dynamodb, TABLE, "id", "a") == {"id": "a", "count": 3, "tags": ["x"]}


def test_a_missing_item_is_empty(dynamodb):
    assert read_item(dynamodb, TABLE, "id", "nobody") == {}


def test_probe_items_are_gone_afterwards_and_so_is_what_came_about(dynamodb):
    with probe_items(dynamodb, TABLE, "id", {"a": {"count": 1}, "b": None}):
        assert read_item(dynamodb, TABLE, "id", "a") == {"id": "a", "count": 1}
        assert read_item(dynamodb, TABLE, "id", "b") == {}
        put_item(dynamodb, TABLE, {"id": "b"})
    assert dynamodb.scan(TableName=TABLE)["Items"] == []


def test_probe_items_are_gone_when_the_check_fails(dynamodb):
    with pytest.raises(ValueError), probe_items(dynamodb, TABLE, "id", {"a": {}}):
        raise ValueError
    assert dynamodb.scan(TableName=TABLE)["Items"] == []
