"""Tests for what expires in a table on the embedded emulator, and what its stream says of it."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.emulators.inside.tables.time_to_live import TOO_OLD


@pytest.fixture
def dynamodb(clients):
    dynamodb = clients["dynamodb"]
    dynamodb.create_table(
        TableName="Trips",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.update_time_to_live(TableName="Trips", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    return dynamodb


def records(clients):
    stream = clients["dynamodb"].describe_table(TableName="Trips")["Table"]["LatestStreamArn"]
    streams = clients["dynamodbstreams"]
    (shard,) = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    about = {"StreamArn": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    return streams.get_records(ShardIterator=streams.get_shard_iterator(**about)["ShardIterator"])["Records"]


def test_what_expires_leaves_a_record_of_the_services_own(clients, dynamodb):
    for name, later in (("short", 3600), ("long", 86_400), ("ancient", -TOO_OLD - 86_400)):
        until = {"N": str(int(clients.emulator.now() + later))}
        dynamodb.put_item(TableName="Trips", Item={"id": {"S": name}, "until": until})
    dynamodb.delete_item(TableName="Trips", Key={"id": {"S": "long"}})
    list(clients.emulator.advance(7200))
    assert [item["id"]["S"] for item in dynamodb.scan(TableName="Trips")["Items"]] == ["ancient"]
    *_, own, expired = records(clients)
    assert "userIdentity" not in own
    assert expired["eventName"] == "REMOVE"
    assert expired["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    assert expired["dynamodb"]["OldImage"]["id"] == {"S": "short"}


def test_what_is_on_is_switched_off_before_it_is_changed(dynamodb):
    def switch(on, attribute="until"):
        asked = {"Enabled": on, "AttributeName": attribute}
        dynamodb.update_time_to_live(TableName="Trips", TimeToLiveSpecification=asked)

    with pytest.raises(ClientError, match="TimeToLive is already enabled"):
        switch(True)
    words = "TimeToLive is active on a different AttributeName: current AttributeName is until"
    for on in (True, False):
        with pytest.raises(ClientError, match=words):
            switch(on, "expires")
    switch(False)
    with pytest.raises(ClientError, match="TimeToLive is already disabled"):
        switch(False)
    switch(True, "expires")
    told = dynamodb.describe_time_to_live(TableName="Trips")["TimeToLiveDescription"]
    assert told == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
