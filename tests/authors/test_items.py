"""Tests for items: a probe's own are put, read as plain values, and removed."""

import json
import threading
from decimal import Decimal

import pytest
from botocore.exceptions import ConnectionClosedError

from lab_harness.authors.checks import cancellable
from lab_harness.authors.items import (
    described,
    ids,
    kept_items,
    owe_row,
    probe_items,
    put_back,
    put_item,
    read_item,
    resembles,
    table_arn,
)
from lab_harness.authors.made import remembered_in
from lab_harness.authors.witness import Witness, watching
from tests.late_writer import LateWriter
from tests.waiting import wait_until

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


def test_number_that_aws_would_not_take_is_read_as_text():
    """An emulator takes it; the item may be somebody's who has nothing to do with the check."""

    class Table:
        def get_item(self, **_):
            return {"Item": {"id": {"S": "p-1"}, "price": {"N": "1" * 39}, "deep": {"L": [{"N": "0." + "1" * 39}]}}}

    found = read_item(Table(), "Pets", "id", "p-1")
    assert found["id"] == "p-1"
    assert found["price"] == repr({"N": "1" * 39})
    assert "0.1111" in found["deep"]


def test_an_item_is_read_as_it_was_written(dynamodb):
    put_item(dynamodb, TABLE, {"id": "a", "count": 3, "tags": ["x"]})
    assert read_item(dynamodb, TABLE, "id", "a") == {"id": "a", "count": 3, "tags": ["x"]}


def test_a_tables_arn_is_told(dynamodb):
    assert table_arn(dynamodb, TABLE) == "arn:aws:dynamodb:us-east-1:000000000000:table/Things"


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


def test_what_had_the_id_before_is_back_afterwards_as_it_was(dynamodb):
    before = {"id": {"S": "a"}, "seen": {"SS": ["x", "y"]}, "raw": {"B": b"\x00"}, "price": {"N": "1.50"}}
    dynamodb.put_item(TableName=TABLE, Item=before)
    with probe_items(dynamodb, TABLE, "id", {"a": None}):
        assert read_item(dynamodb, TABLE, "id", "a") == {}
        put_item(dynamodb, TABLE, {"id": "a", "other": 1})
    (found,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert found.pop("price")["N"] in ("1.5", "1.50")
    assert found == {name: before[name] for name in ("id", "seen", "raw")}


def test_what_could_not_be_put_back_is_owed_on(dynamodb, tmp_path):
    class Hiccuping:
        """DynamoDB that does not answer to a deletion."""

        meta = dynamodb.meta

        def __getattr__(self, name):
            return getattr(dynamodb, name)

        def delete_item(self, **_):
            raise ConnectionClosedError(endpoint_url="here")

    with remembered_in(tmp_path, "here", "lab") as memory:
        with probe_items(Hiccuping(), TABLE, "id", {"a": {"count": 1}, "b": {"count": 2}}):
            pass
        assert len(dynamodb.scan(TableName=TABLE)["Items"]) == 2
        for item in memory.owed():
            put_back(dynamodb, item)
    assert dynamodb.scan(TableName=TABLE)["Items"] == []


def test_what_is_put_back_is_owed_no_longer_but_where_more_may_come_of_it(dynamodb, tmp_path):
    with remembered_in(tmp_path, "here", "lab") as memory:
        with kept_items(dynamodb, TABLE, "id", ["a"]):
            assert [(each.name, each.details["before"]) for each in memory.owed()] == [("a", None)]
        assert memory.owed() == []
        with pytest.raises(ValueError), kept_items(dynamodb, TABLE, "id", ["b"]):
            raise ValueError
        assert memory.owed() == []
        with kept_items(dynamodb, TABLE, "id", ["c"], queue="orders"):
            pass
        assert [each.name for each in memory.owed()] == ["c"]


def test_what_a_function_writes_late_is_awaited_and_goes(dynamodb, clients, embedded, tmp_path, monkeypatch):
    writer = LateWriter(clients, tmp_path, TABLE)
    writer.write_once_awaited(embedded, monkeypatch)
    with remembered_in(tmp_path, "here", "lab") as memory, watching(Witness(embedded)):
        with kept_items(dynamodb, TABLE, "id", ["a"]):
            writer.start(clients, "a")
        assert memory.owed() == []
    assert embedded.going() == 0
    assert ids(dynamodb, TABLE, "id") == []


def test_where_a_function_works_for_long_or_the_run_ends_its_item_is_owed_on(dynamodb, clients, embedded, tmp_path):
    writer, ended = LateWriter(clients, tmp_path, TABLE), threading.Event()
    ended.set()
    with remembered_in(tmp_path, "here", "lab") as memory, watching(Witness(embedded)):
        with cancellable(ended), kept_items(dynamodb, TABLE, "id", ["a"]):
            writer.start(clients, "a")
        assert [each.name for each in memory.owed()] == ["a"]
    writer.gate.touch()
    wait_until(lambda: embedded.going() == 0)


def test_ids_are_those_of_all_items_also_of_more_than_a_scan_reads_at_once(dynamodb):
    many = [str(number) for number in range(6)]
    for each in many:
        put_item(dynamodb, TABLE, {"id": each, "text": "x" * 300_000})
    assert sorted(ids(dynamodb, TABLE, "id")) == many


def test_an_item_is_described_whatever_it_holds(dynamodb):
    put_item(dynamodb, TABLE, {"id": "a", "price": Decimal("2.5"), "count": 3, "tags": {"x"}, "data": b"y"})
    found = json.loads(described(read_item(dynamodb, TABLE, "id", "a")))
    assert (found["price"], found["count"], found["tags"]) == (2.5, 3, "{'x'}")
    assert "data" in found


@pytest.mark.parametrize(
    ("found", "alike"),
    [
        ({"id": "p-1", "price": 4}, True),
        ({"id": "p-1", "price": Decimal("4.00"), "note": "mine"}, True),
        ({"id": "p-1", "price": 4.0}, True),
        ({"id": "p-1", "price": "4"}, False),
        ({"id": "p-1", "price": True}, False),
        ({"id": "p-1"}, False),
        ({"id": 1, "price": 4}, False),
        ({}, False),
        (None, False),
        ([4], False),
    ],
)
def test_an_item_with_all_attributes_and_values_resembles_another(found, alike):
    assert resembles(found, {"id": "p-1", "price": 4}) is alike


def test_row_with_two_keys_is_put_back_or_taken_away(clients):
    dynamodb = clients["dynamodb"]
    keys = {"player": "HASH", "game": "RANGE"}
    dynamodb.create_table(
        TableName="Scores",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        BillingMode="PAY_PER_REQUEST",
    )
    before = [{"player": {"S": "ann"}, "game": {"S": game}} for game in ("chess", "darts")]
    for each in before:
        dynamodb.put_item(TableName="Scores", Item=each)
    owed = [owe_row(dynamodb, "Scores", {"player": "ann", "game": game}) for game in ("chess", "go")]
    for game in ("chess", "go"):
        put_item(dynamodb, "Scores", {"player": "ann", "game": game, "points": 5})
    for each in owed:
        put_back(dynamodb, each)
    assert dynamodb.scan(TableName="Scores")["Items"] == before
