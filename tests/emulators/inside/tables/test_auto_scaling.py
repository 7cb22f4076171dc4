"""Tests for auto scaling of tables on the embedded emulator: what it takes, and how capacity follows a load."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.roles import allow, ready

ABOUT = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/Scores",
    "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
}
METRIC = {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}


def create(dynamodb, name="Scores", units=5):
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": units, "WriteCapacityUnits": units},
    )


def track(scaling, least=5, most=40, target=70, **settings):
    scaling.register_scalable_target(**ABOUT, MinCapacity=least, MaxCapacity=most)
    return put_policy(scaling, target, **settings)


def put_policy(scaling, target=70, name="follow", **settings):
    settings = {"TargetValue": target, "PredefinedMetricSpecification": METRIC, **settings}
    about = ABOUT | {"PolicyName": name, "PolicyType": "TargetTrackingScaling"}
    return scaling.put_scaling_policy(**about, TargetTrackingScalingPolicyConfiguration=settings)


def units(dynamodb, name="Scores"):
    return dynamodb.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]["WriteCapacityUnits"]


def to_the_next_minute(embedded, minutes=1):
    """Move time to the beginning of a minute; returns what happened on the way."""
    happened = []
    for part in embedded.advance(60 * minutes - embedded.now() % 60):
        happened += part.happened
    return happened


def consume(dynamodb, many):
    """Write so many units at once, of ten each; returns how many of the writes were refused."""
    refused = 0
    for number in range(many // 10):
        try:
            item = {"id": {"S": str(number)}, "text": {"S": "x" * (10 * 1024 - 20)}}
            dynamodb.put_item(TableName="Scores", Item=item)
        except dynamodb.exceptions.ProvisionedThroughputExceededException:
            refused += 1
    return refused


def as_worker(embedded, service, *actions):
    """A client of somebody who may do these actions alone."""
    clients = Clients(embedded)
    arn = ready(embedded)
    allow(clients, "worker", {"Effect": "Allow", "Action": list(actions), "Resource": "*"})
    key = clients["sts"].assume_role(RoleArn=arn, RoleSessionName="scaler")["Credentials"]
    return boto3.client(
        service,
        endpoint_url=embedded.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )


def activities(scaling):
    return scaling.describe_scaling_activities(ServiceNamespace="dynamodb")["ScalingActivities"]


def refusal(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_capacity_grows_after_two_busy_minutes_and_falls_after_fifteen_idle_ones(embedded, dynamodb, scaling):
    alarms = track(scaling)["Alarms"]
    to_the_next_minute(embedded)
    consume(dynamodb, 600)
    to_the_next_minute(embedded)
    assert units(dynamodb) == 5
    consume(dynamodb, 600)
    assert to_the_next_minute(embedded) == ["write capacity of Scores set to 15"]
    assert units(dynamodb) == 15  # 600 a minute are 10 a second, which is 70 % of 14.3
    high = next(each["AlarmName"] for each in alarms if "AlarmHigh" in each["AlarmName"])
    assert (activities(scaling)[0]["Description"], activities(scaling)[0]["Cause"]) == (
        "Setting write capacity units to 15.",
        f"monitor alarm {high} in state ALARM triggered policy follow",
    )
    for _ in range(14):
        consume(dynamodb, 60)
        to_the_next_minute(embedded)
    assert units(dynamodb) == 15
    consume(dynamodb, 60)
    to_the_next_minute(embedded)
    assert units(dynamodb) == 5
    assert "AlarmLow" in activities(scaling)[0]["Cause"]


def test_capacity_stays_between_its_limits(embedded, dynamodb, scaling):
    track(scaling, least=8, most=12)
    assert (units(dynamodb), activities(scaling)[0]["Cause"]) == (8, "minimum capacity was set to 8")
    for _ in range(3):
        to_the_next_minute(embedded)
        consume(dynamodb, 1000)
    to_the_next_minute(embedded)
    assert units(dynamodb) == 12
    scaling.register_scalable_target(**ABOUT, MaxCapacity=10)
    assert (units(dynamodb), activities(scaling)[0]["Cause"]) == (10, "maximum capacity was set to 10")


def test_table_without_any_request_keeps_its_capacity(embedded, dynamodb, scaling):
    track(scaling)
    dynamodb.update_table(TableName="Scores", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 30})
    to_the_next_minute(embedded, minutes=40)
    assert units(dynamodb) == 30


def test_cooldown_puts_off_the_next_step(embedded, dynamodb, scaling):
    track(scaling, ScaleOutCooldown=300)
    to_the_next_minute(embedded)
    seen = []
    for _ in range(8):
        consume(dynamodb, 3000)
        to_the_next_minute(embedded)
        seen.append(units(dynamodb))
    assert seen[0] == 5
    assert len(set(seen[1:6])) == 1  # for five minutes
    assert seen[-1] > seen[1]


def test_scaling_in_can_be_switched_off_and_scaling_suspended(embedded, dynamodb, scaling, clients):
    names = [each["AlarmName"] for each in track(scaling, DisableScaleIn=True)["Alarms"]]
    assert not any("AlarmLow" in name for name in names)
    scaling.register_scalable_target(**ABOUT, SuspendedState={"DynamicScalingOutSuspended": True})
    for _ in range(3):
        to_the_next_minute(embedded)
        consume(dynamodb, 600)
    to_the_next_minute(embedded)
    assert units(dynamodb) == 5


def test_policy_makes_alarms_that_go_with_it(clients, dynamodb, scaling):
    track(scaling)
    cloudwatch = clients["cloudwatch"]
    found = {each["AlarmName"].split("-")[2]: each for each in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert {
        kind: (each["MetricName"], each["Threshold"], each["EvaluationPeriods"]) for kind, each in found.items()
    } == {
        "AlarmHigh": ("ConsumedWriteCapacityUnits", 210.0, 2),
        "AlarmLow": ("ConsumedWriteCapacityUnits", 150.0, 15),
        "ProvisionedCapacityHigh": ("ProvisionedWriteCapacityUnits", 5.0, 3),
        "ProvisionedCapacityLow": ("ProvisionedWriteCapacityUnits", 5.0, 3),
    }
    put_policy(scaling, target=50)
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 4
    scaling.deregister_scalable_target(**ABOUT)
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"] == []


def test_alarm_that_somebody_deleted_scales_nothing(embedded, dynamodb, scaling, clients):
    alarms = [each["AlarmName"] for each in track(scaling)["Alarms"]]
    clients["cloudwatch"].delete_alarms(AlarmNames=alarms)
    for _ in range(3):
        to_the_next_minute(embedded)
        consume(dynamodb, 600)
    to_the_next_minute(embedded)
    assert units(dynamodb) == 5


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"ResourceId": "table/None"}, "ValidationException", "DynamoDB table does not exist: table/None"),
        ({"ResourceId": "Scores"}, "ValidationException", "Unsupported service namespace, resource type or scalable"),
        ({"MinCapacity": 50}, "ValidationException", "cannot be greater than maximum capacity"),
        ({"MinCapacity": 0}, "ValidationException", "at least 1"),
        ({"ScalableDimension": "dynamodb:index:WriteCapacityUnits"}, "ValidationException", "Unsupported"),
        ({"ServiceNamespace": "ecs"}, "ValidationException", "scales dynamodb alone"),
        ({"ServiceNamespace": "dynamo"}, "ValidationException", "Member must satisfy enum value set"),
        ({"ResourceId": "table/OnDemand"}, "ValidationException", "no provisioned capacity"),
    ],
)
def test_target_that_is_none_is_refused(scaling, dynamodb, changed, code, words):
    dynamodb.create_table(
        TableName="OnDemand",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    asked = ABOUT | {"MinCapacity": 5, "MaxCapacity": 40} | changed
    found, message = refusal(scaling.register_scalable_target, **asked)
    assert (found, words in message) == (code, True), message


def test_policy_that_cannot_be_is_refused(scaling):
    about = {**ABOUT, "PolicyName": "follow"}
    code, message = refusal(scaling.delete_scaling_policy, **about)
    assert (code, message[:24]) == ("ObjectNotFoundException", "No scaling policy found ")
    code, message = refusal(put_policy, scaling=scaling)
    assert code == "ObjectNotFoundException"
    assert "No scalable target registered for service namespace: dynamodb, resource ID: table/Scores" in message
    assert refusal(scaling.deregister_scalable_target, **ABOUT)[0] == "ObjectNotFoundException"
    track(scaling)
    assert "between 20 and 90" in refusal(put_policy, scaling=scaling, target=95)[1]
    reads = {"PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}}
    assert "DynamoDBReadCapacityUtilization cannot be used" in refusal(put_policy, scaling=scaling, **reads)[1]
    assert "Only one" in refusal(put_policy, scaling=scaling, name="another")[1]
    steps = {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity"}}
    assert "TargetTrackingScaling alone" in refusal(scaling.put_scaling_policy, **about, **steps)[1]


def test_who_may_not_change_the_table_may_not_have_it_scaled(embedded, scaling):
    limits = {"MinCapacity": 5, "MaxCapacity": 40}
    scaler = as_worker(embedded, "application-autoscaling", "application-autoscaling:*", "dynamodb:DescribeTable")
    code, message = refusal(scaler.register_scalable_target, **ABOUT, **limits)
    assert (code, "dynamodb:UpdateTable" in message) == ("FailedResourceAccessException", True)
    reader = as_worker(embedded, "application-autoscaling", "dynamodb:*")
    assert refusal(reader.register_scalable_target, **ABOUT, **limits)[0] == "AccessDeniedException"
    assert refusal(reader.describe_scalable_targets, ServiceNamespace="dynamodb")[0] == "AccessDeniedException"
    as_worker(embedded, "application-autoscaling", "dynamodb:*", "application-autoscaling:*").register_scalable_target(
        **ABOUT, **limits
    )
    scaler = as_worker(embedded, "application-autoscaling", "application-autoscaling:*", "dynamodb:DescribeTable")
    assert refusal(scaler.register_scalable_target, **ABOUT, **limits)[0] == "FailedResourceAccessException"


def test_what_was_registered_outlasts_the_emulator_and_goes_with_the_account(embedded, dynamodb, scaling):
    track(scaling)
    embedded.stop()
    embedded.start()
    clients = Clients(embedded)
    scaling, dynamodb = clients["application-autoscaling"], clients["dynamodb"]
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (5, 40)
    for _ in range(3):
        to_the_next_minute(embedded)
        consume(dynamodb, 600)
    to_the_next_minute(embedded)
    assert units(dynamodb) > 5
    embedded.reset()
    assert scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"] == []
    assert activities(scaling) == []


def test_index_is_scaled_apart_from_its_table(embedded, clients):
    dynamodb, scaling = clients["dynamodb"], clients["application-autoscaling"]
    throughput = {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}
    index = {
        "IndexName": "top",
        "KeySchema": [{"AttributeName": "game", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
        **throughput,
    }
    dynamodb.create_table(
        TableName="Games",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "game")],
        GlobalSecondaryIndexes=[index],
        **throughput,
    )
    about = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/Games/index/top",
        "ScalableDimension": "dynamodb:index:ReadCapacityUnits",
    }
    scaling.register_scalable_target(**about, MinCapacity=7, MaxCapacity=20)
    (found,) = dynamodb.describe_table(TableName="Games")["Table"]["GlobalSecondaryIndexes"]
    assert found["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    assert found["ProvisionedThroughput"]["WriteCapacityUnits"] == 5


def test_table_is_lowered_four_times_a_day_and_then_once_an_hour(embedded, dynamodb, scaling):
    def lower(to):
        changed = {"ReadCapacityUnits": 5, "WriteCapacityUnits": to}
        return dynamodb.update_table(TableName="Scores", ProvisionedThroughput=changed)["TableDescription"]

    list(embedded.advance(86_400 - embedded.now() % 86_400))  # so that all are on one day
    lower(40)
    for number, to in enumerate((30, 25, 20, 15), 1):
        told = lower(to)["ProvisionedThroughput"]
        assert told["NumberOfDecreasesToday"] == number
    code, message = refusal(lower, to=10)
    assert (code, "Number of decreases today: 4." in message) == ("LimitExceededException", True)
    assert lower(20)["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 4  # it may grow
    list(embedded.advance(3600))
    assert lower(10)["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 5
    assert refusal(lower, to=9)[0] == "LimitExceededException"
    list(embedded.advance(86_400))
    assert lower(9)["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 1


def test_scaling_in_that_comes_too_often_is_noted_as_failed(embedded, dynamodb, scaling):
    list(embedded.advance(86_400 - embedded.now() % 86_400))
    for to in (40, 39, 38, 37, 36):
        dynamodb.update_table(
            TableName="Scores", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": to}
        )
    scaling.register_scalable_target(**ABOUT, MinCapacity=5, MaxCapacity=20)
    (activity,) = activities(scaling)
    assert (activity["StatusCode"], activity["StatusMessage"][:45]) == (
        "Failed",
        "Failed to set write capacity units to 20. Rea",
    )


def test_cloudwatch_tells_what_each_minute_consumed_and_refused(embedded, dynamodb, clients):
    create(dynamodb)
    to_the_next_minute(embedded)
    refused = consume(dynamodb, 2000)
    about = {"Namespace": "AWS/DynamoDB", "Dimensions": [{"Name": "TableName", "Value": "Scores"}], "Period": 60}
    now = datetime.fromtimestamp(embedded.now(), UTC)
    span = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=5)}

    def told(metric, statistic="Sum"):
        asked = {**about, **span, "MetricName": metric, "Statistics": [statistic]}
        found = clients["cloudwatch"].get_metric_statistics(**asked)["Datapoints"]
        return [each[statistic] for each in found]

    assert refused > 0
    assert told("ConsumedWriteCapacityUnits") == [2000 - refused * 10]
    assert told("WriteThrottleEvents") == [refused]
    assert told("ProvisionedWriteCapacityUnits", "Average") == [5.0]
    assert told("ConsumedReadCapacityUnits") == []
