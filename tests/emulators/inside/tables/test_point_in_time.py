"""Tests for point-in-time recovery and backups on the embedded emulator."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients


@pytest.fixture
def dynamodb(clients):
    table(clients["dynamodb"])
    return clients["dynamodb"]


def table(dynamodb, name="Pets"):
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def protect(dynamodb, on=True, **settings):
    asked = {"PointInTimeRecoveryEnabled": on, **settings}
    told = dynamodb.update_continuous_backups(TableName="Pets", PointInTimeRecoverySpecification=asked)
    return told["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]


def put(dynamodb, name, price):
    dynamodb.put_item(TableName="Pets", Item={"id": {"S": name}, "price": {"N": str(price)}})


def items(dynamodb, name="Pets"):
    return {item["id"]["S"]: int(item["price"]["N"]) for item in dynamodb.scan(TableName=name)["Items"]}


def advance(embedded, seconds):
    """Move time, and return the moment that it is then, as a program writes it."""
    *_, moved = embedded.advance(seconds)
    return datetime.fromtimestamp(moved.now, UTC)


def restore(dynamodb, moment, name="Restored"):
    about = {"SourceTableName": "Pets", "TargetTableName": name}
    return dynamodb.restore_table_to_point_in_time(**about, RestoreDateTime=moment)["TableDescription"]


def spoil(dynamodb):
    """Change one item, add one, take one away."""
    update = {"UpdateExpression": "SET price = :zero", "ExpressionAttributeValues": {":zero": {"N": "0"}}}
    dynamodb.update_item(TableName="Pets", Key={"id": {"S": "cat"}}, **update)
    put(dynamodb, "bug", 0)
    dynamodb.batch_write_item(RequestItems={"Pets": [{"DeleteRequest": {"Key": {"id": {"S": "dog"}}}}]})


def test_table_is_restored_as_it_was(dynamodb, embedded):
    protect(dynamodb)
    put(dynamodb, "cat", 9)
    put(dynamodb, "dog", 20)
    good = advance(embedded, 3600)
    advance(embedded, 60)
    spoil(dynamodb)
    assert items(dynamodb) == {"cat": 0, "bug": 0}
    bad = advance(embedded, 60)
    advance(embedded, 600)
    told = restore(dynamodb, good)
    assert items(dynamodb, "Restored") == {"cat": 9, "dog": 20}
    assert told["RestoreSummary"]["SourceTableArn"].endswith("table/Pets")
    assert int(told["RestoreSummary"]["RestoreDateTime"].timestamp()) == int(good.timestamp())
    assert told["ItemCount"] == 2
    restore(dynamodb, bad, "AsItIs")
    assert items(dynamodb, "AsItIs") == items(dynamodb) == {"cat": 0, "bug": 0}


def test_restored_table_says_where_it_comes_from_and_has_no_recovery_of_its_own(dynamodb, embedded):
    protect(dynamodb)
    good = advance(embedded, 60)
    advance(embedded, 600)
    restore(dynamodb, good)
    told = dynamodb.describe_table(TableName="Restored")["Table"]
    assert told["RestoreSummary"]["RestoreInProgress"] is False
    backups = dynamodb.describe_continuous_backups(TableName="Restored")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"


def code(call, *args):
    with pytest.raises(ClientError) as refused:
        call(*args)
    return refused.value.response["Error"]["Code"]


def test_table_without_recovery_and_moments_outside_are_refused(dynamodb, embedded):
    before = advance(embedded, 60)
    advance(embedded, 3600)
    assert code(restore, dynamodb, before) == "PointInTimeRecoveryUnavailableException"
    protect(dynamodb)
    assert code(restore, dynamodb, before) == "InvalidRestoreTimeException"
    now = advance(embedded, 3600)
    assert code(restore, dynamodb, now) == "InvalidRestoreTimeException"
    protect(dynamodb, on=False)
    assert code(restore, dynamodb, now) == "PointInTimeRecoveryUnavailableException"


def test_earliest_moment_wanders_with_the_days_that_are_kept(dynamodb, embedded):
    told = protect(dynamodb, RecoveryPeriodInDays=2)
    assert told["RecoveryPeriodInDays"] == 2
    first = told["EarliestRestorableDateTime"]
    assert protect(dynamodb, RecoveryPeriodInDays=2)["EarliestRestorableDateTime"] == first
    put(dynamodb, "cat", 1)
    now = advance(embedded, 3 * 86_400)
    put(dynamodb, "cat", 2)
    told = dynamodb.describe_continuous_backups(TableName="Pets")["ContinuousBackupsDescription"]
    told = told["PointInTimeRecoveryDescription"]
    assert 0 <= (told["EarliestRestorableDateTime"] - now).total_seconds() + 2 * 86_400 < 60
    assert 0 <= (told["LatestRestorableDateTime"] - now).total_seconds() + 300 < 60
    assert code(lambda: protect(dynamodb, RecoveryPeriodInDays=36)) == "ValidationException"


def test_latest_moment_is_five_minutes_ago(dynamodb, embedded):
    protect(dynamodb)
    put(dynamodb, "cat", 1)
    advance(embedded, 3600)
    put(dynamodb, "cat", 2)
    about = {"SourceTableName": "Pets", "TargetTableName": "Latest", "UseLatestRestorableTime": True}
    dynamodb.restore_table_to_point_in_time(**about)
    assert items(dynamodb, "Latest") == {"cat": 1}


def test_what_changed_is_kept_through_a_restart(dynamodb, embedded):
    protect(dynamodb)
    put(dynamodb, "cat", 9)
    good = advance(embedded, 60)
    put(dynamodb, "cat", 0)
    advance(embedded, 3600)
    embedded.stop()
    embedded.start()
    dynamodb = Clients(embedded)["dynamodb"]
    restore(dynamodb, good)
    assert (items(dynamodb), items(dynamodb, "Restored")) == ({"cat": 0}, {"cat": 9})


def test_restored_backup_says_what_it_comes_from(dynamodb):
    put(dynamodb, "cat", 9)
    arn = dynamodb.create_backup(TableName="Pets", BackupName="before")["BackupDetails"]["BackupArn"]
    dynamodb.delete_table(TableName="Pets")
    told = dynamodb.restore_table_from_backup(BackupArn=arn, TargetTableName="Again")["TableDescription"]
    assert items(dynamodb, "Again") == {"cat": 9}
    assert told["RestoreSummary"]["SourceBackupArn"] == arn
    assert told["RestoreSummary"]["SourceTableArn"].endswith("table/Pets")


def test_replica_has_no_recovery_of_its_table(dynamodb, embedded):
    protect(dynamodb)
    dynamodb.update_table(TableName="Pets", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    put(dynamodb, "cat", 9)
    told = dynamodb.describe_continuous_backups(TableName="Pets")["ContinuousBackupsDescription"]
    assert told["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    moment = advance(embedded, 60)
    advance(embedded, 600)
    restore(dynamodb, moment)
    assert items(dynamodb, "Restored") == {"cat": 9}
