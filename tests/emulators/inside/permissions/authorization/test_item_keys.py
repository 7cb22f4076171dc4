"""Tests for policies that open only some items, or some attributes, of a table."""

import pytest

from lab_harness.aws import Clients
from tests.emulators.inside.permissions.authorization.test_calls import denied, user
from tests.roles import policy

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/scores"
KEYS = {"ana": {"player": {"S": "ana"}}, "eve": {"player": {"S": "eve"}}}
READ = "SELECT * FROM scores WHERE player = '{}'"
ONE_TABLE = ("query", "put_item", "update_item", "delete_item")
SHOWN = {"ProjectionExpression": "player"}
# How somebody asks for an item of a player's, other than by GetItem.
WAYS = {
    "Query": lambda who: ("query", {"KeyConditionExpression": "player = :p",
                                    "ExpressionAttributeValues": {":p": {"S": who}}}),
    "Query the other way round": lambda who: (
        "query", {"KeyConditionExpression": ":p = player", "ExpressionAttributeValues": {":p": {"S": who}}}),
    "Query with another name": lambda who: (
        "query", {"KeyConditionExpression": "#p=:p", "ExpressionAttributeNames": {"#p": "player"},
                  "ExpressionAttributeValues": {":p": {"S": who}}}),
    "an old Query": lambda who: (
        "query", {"KeyConditions": {"player": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": who}]}}}),
    "a condition of a transaction's": lambda who: (
        "execute_transaction", {"TransactStatements": [{"Statement": f"EXISTS({READ.format(who)} AND pay = 1)"}]}),
    "PutItem": lambda who: ("put_item", {"Item": KEYS[who]}),
    "UpdateItem": lambda who: ("update_item", {"Key": KEYS[who]}),
    "DeleteItem": lambda who: ("delete_item", {"Key": KEYS[who]}),
    "BatchGetItem": lambda who: (
        "batch_get_item", {"RequestItems": {"scores": {"Keys": [KEYS[each] for each in {"ana", who}]}}}),
    "BatchWriteItem": lambda who: (
        "batch_write_item", {"RequestItems": {"scores": [{"PutRequest": {"Item": KEYS[who]}}]}}),
    "a transaction": lambda who: (
        "transact_write_items", {"TransactItems": [{"Put": {"TableName": "scores", "Item": KEYS[who]}}]}),
    "PartiQL": lambda who: ("execute_statement", {"Statement": READ.format(who)}),
    "PartiQL with a parameter": lambda who: (
        "execute_statement", {"Statement": "SELECT * FROM scores WHERE player = ?", "Parameters": [{"S": who}]}),
}  # fmt: skip


@pytest.fixture
def account(embedded):
    """The learner's clients of an account with a table of two players' scores."""
    embedded.reset()
    clients = Clients(embedded, as_learner=True)
    clients["dynamodb"].create_table(
        TableName="scores", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "player", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "player", "AttributeType": "S"}],
    )  # fmt: skip
    for item in KEYS.values():
        clients["dynamodb"].put_item(TableName="scores", Item=item | {"pay": {"N": "1"}})
    return clients


def ana(account, embedded, condition):
    """The client of a user who may read and write the table on a condition."""
    given = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": TABLE, "Condition": condition}
    return user(account, embedded, given).client("dynamodb", endpoint_url=embedded.endpoint)


def test_each_player_reaches_their_own_items_alone(account, embedded):
    hers = ana(account, embedded, {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "${aws:username}"}})
    assert hers.get_item(TableName="scores", Key=KEYS["ana"])["Item"]
    for way in WAYS.values():
        for who in KEYS:
            operation, asked = way(who)
            one = {"TableName": "scores"} if operation in ONE_TABLE else {}
            call = getattr(hers, operation)
            if who == "ana":
                call(**one, **asked)
            else:
                assert "is not authorized to perform: dynamodb:" in denied(call, **one, **asked)[2], operation
    account["iam"].delete_user_policy(UserName="ana", PolicyName="given")
    assert "dynamodb:GetItem" in denied(hers.get_item, TableName="scores", Key=KEYS["ana"])[2]


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("get_item", {"ProjectionExpression": "player, pay"}),
        ("get_item", {"ProjectionExpression": "#x", "ExpressionAttributeNames": {"#x": "pay"}}),
        ("update_item", {"UpdateExpression": "SET pay = :p", "ExpressionAttributeValues": {":p": {"N": "9"}}}),
        ("update_item", {"UpdateExpression": "REMOVE pay.day"}),
        ("update_item", {"ConditionExpression": "attribute_exists(pay)"}),
    ],
)
def test_attribute_that_is_not_named_in_the_policy_is_neither_read_nor_written(account, embedded, operation, asked):
    hers = ana(account, embedded, {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["player", "points"]}})
    words = f"is not authorized to perform: dynamodb:{operation.title().replace('_', '')}"
    assert words in denied(getattr(hers, operation), TableName="scores", Key=KEYS["ana"], **asked)[2]
    assert hers.get_item(TableName="scores", Key=KEYS["ana"], **SHOWN)["Item"] == KEYS["ana"]
    hers.update_item(
        TableName="scores", Key=KEYS["ana"], UpdateExpression="SET points = if_not_exists(points, :n)",
        ExpressionAttributeValues={":n": {"N": "7"}},
    )  # fmt: skip
    deny = {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}
    account["iam"].put_user_policy(UserName="ana", PolicyName="out", PolicyDocument=policy(deny))
    assert "explicit deny" in denied(hers.get_item, TableName="scores", Key=KEYS["ana"], **SHOWN)[2]


def test_statement_that_reads_a_whole_table_can_be_denied(account, embedded):
    hers = ana(account, embedded, {"StringNotEquals": {"aws:username": "eve"}})
    every, one = "SELECT * FROM scores", READ.format("ana")
    assert len(hers.execute_statement(Statement=every)["Items"]) == 2
    deny = {"Effect": "Deny", "Action": "dynamodb:PartiQLSelect", "Resource": "*",
            "Condition": {"Bool": {"dynamodb:FullTableScan": "true"}}}  # fmt: skip
    account["iam"].put_user_policy(UserName="ana", PolicyName="out", PolicyDocument=policy(deny))
    assert "explicit deny" in denied(hers.execute_statement, Statement=every)[2]
    assert hers.execute_statement(Statement=one)["Items"]
    account["iam"].delete_user_policy(UserName="ana", PolicyName="out")
    assert hers.execute_statement(Statement=every)["Items"]


def test_what_is_selected_is_a_key_of_every_request(account, embedded):
    """A request that names attributes selects these, without saying so."""
    hers = ana(account, embedded, {"StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}})
    assert hers.get_item(TableName="scores", Key=KEYS["ana"], **SHOWN)["Item"] == KEYS["ana"]
    assert denied(hers.get_item, TableName="scores", Key=KEYS["ana"])
    assert denied(hers.scan, TableName="scores", Select="COUNT")
