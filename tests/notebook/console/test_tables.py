"""Tests for the tab of tables."""

import pytest

from .helpers import HOSTILE, Partly, Refusing, look, rows, words

LABS = ["orders_pipeline", "web_app"]


@pytest.fixture
def dynamodb(account):
    return account["dynamodb"]


def create(dynamodb, name="PetOrders", *more_keys):
    keys = [("orderId", "HASH", "S"), *more_keys]
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, _, kind in keys],
        KeySchema=[{"AttributeName": key, "KeyType": role} for key, role, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.1})


def put(dynamodb, **attributes):
    dynamodb.put_item(TableName="PetOrders", Item=attributes)


def shown(clients):
    [table] = look("orders_pipeline", "tables", clients)
    return table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"S": "cat"}, "cat"),
        ({"S": HOSTILE}, HOSTILE),
        ({"N": "3"}, "3"),
        ({"N": "12.5"}, "12.5"),
        ({"BOOL": False}, "false"),
        ({"NULL": True}, "null"),
        ({"B": b"\x00\xff"}, "(2 bytes)"),
        ({"L": [{"S": "a"}, {"N": "1"}, {"L": []}]}, '["a", 1, []]'),
        ({"M": {"b": {"M": {"c": {"BOOL": True}}}, "größe": {"N": "1"}}}, '{"b": {"c": true}, "größe": 1}'),
        ({"NS": ["7"]}, "{7}"),
        ({"SS": ["x"]}, '{"x"}'),
        ({"BS": [b"abc"]}, "{(3 bytes)}"),
    ],
)
def test_values_are_shown_as_plain_ones(account, dynamodb, value, text):
    create(dynamodb)
    put(dynamodb, orderId={"S": "o-1"}, value=value)
    assert rows(shown(account)) == [{"orderId": "o-1", "value": text}]
    assert text in words([shown(account)])


def test_empty_text_is_told_from_none(account, dynamodb):
    if account.emulator.name == "localstack":
        pytest.skip("LocalStack's table may refuse an empty text")
    create(dynamodb)
    put(dynamodb, orderId={"S": "o-1"}, empty={"S": ""}, within={"L": [{"S": ""}]})
    assert rows(shown(account)) == [{"orderId": "o-1", "empty": '""', "within": '[""]'}]


def test_keys_come_first_and_what_an_item_lacks_is_empty(account, dynamodb):
    create(dynamodb, "PetOrders", ("at", "RANGE", "N"))
    put(dynamodb, aaa={"S": "cat"}, orderId={"S": "o-1"}, at={"N": "1"})
    put(dynamodb, zzz={"S": "dog"}, orderId={"S": "o-1"}, at={"N": "2"})
    table = shown(account)
    assert table.title == "PetOrders: partition key orderId (S), sort key at (N), 2 items"
    assert table.columns[:2] == ("orderId", "at")
    assert sorted(table.columns[2:]) == ["aaa", "zzz"]
    assert [(row["aaa"], row["zzz"]) for row in rows(table)] == [("cat", ""), ("", "dog")]


def test_table_without_items_says_what_will_appear(account, dynamodb):
    create(dynamodb)
    assert words([shown(account)]) == [
        "PetOrders: partition key orderId (S), 0 items",
        "No items yet. What is put into the table appears here.",
    ]


def test_of_many_items_the_first_50_are_shown(account, dynamodb):
    create(dynamodb)
    for start in range(0, 125, 25):
        writes = [{"PutRequest": {"Item": {"orderId": {"S": str(start + n)}}}} for n in range(25)]
        dynamodb.batch_write_item(RequestItems={"PetOrders": writes})
    table = shown(account)
    assert (len(table.rows), table.note) == (50, "and 75 more")
    assert table.title.endswith("125 items")


def test_long_values_and_many_attributes_are_cut(account, dynamodb):
    create(dynamodb)
    put(dynamodb, orderId={"S": "o" * 1000}, **{f"a{number}": {"N": "1"} for number in range(20)})
    table = shown(account)
    assert table.rows[0][0] == "o" * 300 + "… (700 more characters)"
    assert (len(table.columns), table.note) == (15, "6 more attributes are not shown")


def test_only_the_labs_tables_are_shown(account, dynamodb):
    create(dynamodb)
    create(dynamodb, "PetShopItems")
    assert [block.title.partition(":")[0] for block in look("orders_pipeline", "tables", account)] == ["PetOrders"]


def test_table_that_is_deleted_meanwhile_hides_no_other(account, dynamodb):
    create(dynamodb)
    gone = Refusing(dynamodb, "scan", "ResourceNotFoundException", "Requested resource not found")
    assert words([shown(Partly(account, dynamodb=gone))]) == [
        "PetOrders",
        "This could not be read: Requested resource not found",
    ]
