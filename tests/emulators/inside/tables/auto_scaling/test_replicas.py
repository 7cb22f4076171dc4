"""Tests for how the replicas of a global table are scaled on the embedded emulator."""

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.tables.test_auto_scaling import ABOUT, consume, to_the_next_minute, track, units
from tests.roles import ready

ABROAD = "eu-west-1"
UNFIT = "Table write capacity should either be Pay-Per-Request or AutoScaled"


@pytest.fixture
def abroad(embedded, clients):
    """Clients for the other Region, by their services."""
    key = clients["sts"].assume_role(RoleArn=ready(embedded), RoleSessionName="scaler")["Credentials"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], region_name=ABROAD)
    return lambda service: session.client(service, endpoint_url=embedded.endpoint)


def replicate(dynamodb, verb="Create", **more):
    return dynamodb.update_table(TableName="Scores", ReplicaUpdates=[{verb: {"RegionName": ABROAD}}], **more)


def test_table_whose_writes_follow_no_load_takes_no_replica(dynamodb, scaling):
    with pytest.raises(ClientError, match=UNFIT):
        replicate(dynamodb)
    scaling.register_scalable_target(**ABOUT, MinCapacity=5, MaxCapacity=40)  # a target without a policy scales nothing
    with pytest.raises(ClientError, match=UNFIT):
        replicate(dynamodb)
    assert "Replicas" not in dynamodb.describe_table(TableName="Scores")["Table"]
    replicate(dynamodb, BillingMode="PAY_PER_REQUEST")


def test_replica_is_scaled_as_its_table_until_it_is_gone(embedded, dynamodb, scaling, abroad):
    track(scaling, target=50)
    replicate(dynamodb)
    there, table = abroad("application-autoscaling"), abroad("dynamodb")
    (target,) = there.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    (policy,) = there.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (5, 40)
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50
    assert f":{ABROAD}:" in policy["PolicyARN"]
    assert all(f":{ABROAD}:" in each["AlarmARN"] for each in policy["Alarms"])
    for _ in range(6):
        to_the_next_minute(embedded)
        consume(table, 600)
    to_the_next_minute(embedded)
    assert units(table) > 5
    replicate(dynamodb, "Delete")
    assert there.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"] == []
    assert there.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"] == []
    assert len(scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]) == 1
