"""Tests for the lab dynamodb_tables."""

import json

import pytest

from lab_harness import load_lab, run_checks
from tests.waiting import wait_until

from .helpers import aws_cli, configure, deploy, failure, found_alone, not_passed, solved

lab = load_lab("dynamodb_tables")
FIRST = {
    *("shop_exists", "totals_exist", "queue_exists", "topic_exists", "bucket_exists", "role_exists", "table_exists"),
    *("shop_function_exists", "keeper_exists", "sessions_exist"),
}
SCORES = {"TableName": "GameScores"}
BUYER = (lab.folder / "functions/buy_pet/lambda_function.py").read_text(encoding="utf-8")
KEEPER = (lab.folder / "functions/score_keeper/lambda_function.py").read_text(encoding="utf-8")
LOOKS_FIRST = """
    read = lambda key: dynamodb.get_item(TableName=TABLE, Key={"Item_ID": {"S": key}})["Item"]
    if "Bought_By" in pet or int(read(event["buyer"])["Coins"]["N"]) < int(pet["Price"]["N"]):
        return {"bought": False}
    import time
    looked = {"TableName": TABLE, "Key": {"Item_ID": {"S": "looked " + event["pet"]}}}
    one = {":one": {"N": "1"}}
    dynamodb.update_item(**looked, UpdateExpression="ADD calls :one", ExpressionAttributeValues=one)
    for _ in range(80):  # until another has looked, too
        if dynamodb.get_item(**looked)["Item"]["calls"]["N"] != "1":
            break
        time.sleep(0.05)
    for update in (sell, pay):
        del update["ConditionExpression"]
        dynamodb.update_item(**update)
    return {"bought": True}
"""


@pytest.fixture(scope="module")
def solved_once(emulator):
    """An account that is solved once, for tests that leave it as it was."""
    return solved(lab, emulator)


@pytest.fixture
def scores(clients):
    """DynamoDB with the table GameScores alone, and the bucket with a season's CSV."""
    dynamodb, s3 = clients["dynamodb"], clients["s3"]
    create_scores(dynamodb)
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(**SCORES, PointInTimeRecoverySpecification=recovery)
    s3.create_bucket(Bucket="game-exports")
    s3.put_object(Bucket="game-exports", Key="seasons/last.csv", Body=b"User_ID,Game_ID,Score\nu-1,go,25\n")
    return dynamodb


def create_scores(dynamodb, name="GameScores", **settings):
    kinds = {"User_ID": "S", "Game_ID": "S"}
    dynamodb.create_table(
        TableName=name,
        KeySchema=key_schema(*kinds),
        AttributeDefinitions=definitions(**kinds),
        BillingMode="PAY_PER_REQUEST",
        **settings,
    )


def key_schema(*names):
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def definitions(**kinds):
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()]


def changed(source, old, new):
    """A handler with one thing in it replaced."""
    assert old in source
    return source.replace(old, new)


@pytest.fixture
def with_handler(solved_once, monkeypatch):
    """Gives a function other code for one test."""
    given = []

    def use(function, code):
        deploy(solved_once, function, code)
        given.append(function)
        for module in (lab.checks, lab.checks.players):
            monkeypatch.setattr(module, "QUICKLY", 3)
        return solved_once

    yield use
    for function in given:
        deploy(solved_once, function, {"buy-pet": BUYER, "score-keeper": KEEPER}[function])


def alone(clients, check):
    """What a check found that fails, beside those that it needs, which pass."""
    return found_alone(lab, clients, check)


def test_solved_lab_passes_and_leaves_nothing(solved_once):
    dynamodb, sqs = solved_once["dynamodb"], solved_once["sqs"]
    tables = ("GameScores", "GameShop", "GameTotals")
    before = [dynamodb.scan(TableName=name)["Items"] for name in tables]
    report = run_checks(lab, solved_once)
    assert not not_passed(report)
    assert report.complete
    assert [dynamodb.scan(TableName=name)["Items"] for name in tables] == before
    url = sqs.get_queue_url(QueueName="scores-failed")["QueueUrl"]
    assert not sqs.receive_message(QueueUrl=url).get("Messages")


@pytest.mark.parametrize(
    ("check", "old", "new", "words"),
    [
        ("buyer_pays", "Coins - :price", "Coins + :price", '"u-'),
        ("buyer_pays", '":price": pet["Price"]', '":price": {"N": "20"}', '"u-'),
        ("poor_buyer_gets_nothing", "Coins >= :price", "attribute_exists(Coins)", "-1"),
        ("same_token_counts_once", ', ClientRequestToken=event["token"]', "", '{"bought": false}'),
        ("pet_has_one_buyer", "    try:\n", LOOKS_FIRST + "    try:\n", "of u-"),
    ],
)
def test_wrong_sale_is_noticed(with_handler, check, old, new, words):
    clients = with_handler("buy-pet", changed(BUYER, old, new))
    found = next(each for each in run_checks(lab, clients, [check]) if each.name == check)
    assert found.outcome == "failed"
    assert words in found.found


@pytest.mark.parametrize(
    ("check", "old", "new", "words"),
    [
        ("totals_are_kept", "score(new) - score(old)", "score(new)", '"Total_Score": 21'),
        ("totals_are_kept", "ADD Total_Score", "SET Total_Score =", '"Total_Score": '),
        ("new_players_are_welcomed", "record[\"eventName\"] == \"INSERT\"", "new", "such mails"),
        ("new_players_are_welcomed", "sns.publish", "str", "0 such mails"),
        ("poison_is_set_aside", 'int(item["Score"]["N"]) if item else 0',
         'int(item.get("Score", {"N": "0"})["N"]) if item else 0', "none"),
        ("totals_are_kept", ", ClientRequestToken=token", "", '"Total_Score": 17'),
    ],
)  # fmt: skip
def test_wrong_keeping_is_noticed(with_handler, check, old, new, words):
    clients = with_handler("score-keeper", changed(KEEPER, old, new))
    found = next(each for each in run_checks(lab, clients, [check]) if each.name == check)
    assert found.outcome == "failed"
    assert words in found.found


def mapping(clients):
    (found,) = clients["lambda"].list_event_source_mappings(FunctionName="score-keeper")["EventSourceMappings"]
    return found["UUID"]


def update_mapping(clients, **settings):
    clients["lambda"].update_event_source_mapping(UUID=mapping(clients), **settings)


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        ({"BisectBatchOnFunctionError": False}, {"BisectBatchOnFunctionError": True}, "False"),
        ({"MaximumRetryAttempts": -1}, {"MaximumRetryAttempts": 2}, "for ever"),
    ],
)
def test_batches_that_are_not_given_up_are_noticed(solved_once, wrong, right, words):
    update_mapping(solved_once, **wrong)
    try:
        assert words in alone(solved_once, "batches_are_halved")
    finally:
        update_mapping(solved_once, **right)


def test_expiry_by_another_attribute_is_noticed(solved_once):
    dynamodb = solved_once["dynamodb"]
    for before, name in (("ExpiresAt", "Expires"), ("Expires", "ExpiresAt")):
        for wanted in ({"Enabled": False, "AttributeName": before}, {"Enabled": True, "AttributeName": name}):
            dynamodb.update_time_to_live(**SCORES, TimeToLiveSpecification=wanted)
        if name == "Expires":
            assert alone(solved_once, "sessions_expire") == "expiry by Expires"


def test_recovery_that_is_off_is_noticed(solved_once):
    dynamodb = solved_once["dynamodb"]
    for on in (False, True):
        asked = {"PointInTimeRecoveryEnabled": on}
        dynamodb.update_continuous_backups(**SCORES, PointInTimeRecoverySpecification=asked)
        if not on:
            assert alone(solved_once, "every_moment_is_kept") == "recovery: DISABLED"


def scaled(kind="Write"):
    return {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/GameSessions",
        "ScalableDimension": f"dynamodb:table:{kind}CapacityUnits",
    }


def track(clients, kind="Write", target=70.0, name="follow-the-load", **settings):
    metric = {"PredefinedMetricType": f"DynamoDB{kind}CapacityUtilization"}
    settings = {"TargetValue": target, "PredefinedMetricSpecification": metric, **settings}
    about = scaled(kind) | {"PolicyName": name, "PolicyType": "TargetTrackingScaling"}
    clients["application-autoscaling"].put_scaling_policy(**about, TargetTrackingScalingPolicyConfiguration=settings)


def limit(clients, least=5, most=40, kind="Write", **settings):
    target = scaled(kind) | {"MinCapacity": least, "MaxCapacity": most}
    clients["application-autoscaling"].register_scalable_target(**target, **settings)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"most": 400}, "write units of GameSessions: 5 to 400"),
        ({"least": 1}, "write units of GameSessions: 1 to 40"),
        ({"SuspendedState": {"DynamicScalingOutSuspended": True}}, "suspended: DynamicScalingOutSuspended"),
    ],
)
def test_other_limits_and_scaling_that_is_suspended_are_noticed(solved_once, wrong, words):
    limit(solved_once, **wrong)
    try:
        assert alone(solved_once, "capacity_has_limits") == words
    finally:
        limit(solved_once, SuspendedState={"DynamicScalingOutSuspended": False})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"target": 50.0}, "the target, in per cent: 50.0"),
        ({"DisableScaleIn": True}, "when the load is gone, the capacity does not: DisableScaleIn"),
    ],
)
def test_policy_with_another_target_or_that_never_takes_away_is_noticed(solved_once, wrong, words):
    track(solved_once, **wrong)
    try:
        assert alone(solved_once, "capacity_follows") == words
    finally:
        track(solved_once)


def test_policy_whose_alarms_somebody_deleted_is_noticed(solved_once):
    cloudwatch = solved_once["cloudwatch"]
    names = [each["AlarmName"] for each in cloudwatch.describe_alarms()["MetricAlarms"]]
    cloudwatch.delete_alarms(AlarmNames=names[:1])
    try:
        assert alone(solved_once, "capacity_follows").startswith("the policy's alarms: ")
    finally:
        track(solved_once)


def test_table_on_demand_which_nothing_scales_is_noticed(solved_once):
    dynamodb, sessions = solved_once["dynamodb"], {"TableName": "GameSessions"}
    dynamodb.update_table(**sessions, BillingMode="PAY_PER_REQUEST")
    try:
        assert alone(solved_once, "capacity_has_limits") == "the capacity of GameSessions: PAY_PER_REQUEST"
    finally:
        five = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
        dynamodb.update_table(**sessions, BillingMode="PROVISIONED", ProvisionedThroughput=five)


def test_reads_that_are_scaled_in_place_of_writes_are_noticed(solved_once):
    scaling = solved_once["application-autoscaling"]
    scaling.deregister_scalable_target(**scaled())
    assert alone(solved_once, "capacity_has_limits") == "none of it"
    limit(solved_once, kind="Read")
    track(solved_once, kind="Read")
    try:
        assert alone(solved_once, "capacity_has_limits") == "table/GameSessions, dynamodb:table:ReadCapacityUnits"
        limit(solved_once)
        assert alone(solved_once, "capacity_follows") == "follow-the-load for dynamodb:table:ReadCapacityUnits"
    finally:
        scaling.deregister_scalable_target(**scaled("Read"))
        track(solved_once)


def test_capacity_scaled_by_the_aws_cli_passes(solved_once):
    about = [f"--{name}" for name in ("service-namespace=dynamodb", "resource-id=table/GameSessions")]
    about.append("--scalable-dimension=dynamodb:table:WriteCapacityUnits")
    service = "application-autoscaling"
    aws_cli(solved_once, service, "deregister-scalable-target", *about)
    aws_cli(solved_once, service, "register-scalable-target", *about, "--min-capacity=5", "--max-capacity=40")
    metric = {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}
    settings = {"PredefinedMetricSpecification": metric, "TargetValue": 70, "ScaleInCooldown": 60}
    policy = ["--policy-name=mine", "--policy-type=TargetTrackingScaling"]
    config = f"--target-tracking-scaling-policy-configuration={json.dumps(settings)}"
    aws_cli(solved_once, service, "put-scaling-policy", *about, *policy, config)
    assert not not_passed(run_checks(lab, solved_once, ["scaling"]))


# From here on the solved account is changed for good.


def test_functions_with_another_role_are_noticed(solved_once):
    iam = solved_once["iam"]
    trust = iam.get_role(RoleName="game-role")["Role"]["AssumeRolePolicyDocument"]
    arn = iam.create_role(RoleName="other-role", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    for function, check in (("buy-pet", "shop_function_uses_role"), ("score-keeper", "keeper_uses_role")):
        configure(solved_once, function, Role=arn)
        assert "other-role" in alone(solved_once, check)


def test_mapping_that_reads_nothing_is_noticed(solved_once):
    solved_once["lambda"].delete_event_source_mapping(UUID=mapping(solved_once))
    assert "no mapping between the two" in alone(solved_once, "stream_starts_it")


def test_role_that_nobody_may_assume_or_that_may_not_sell_is_noticed(solved_once):
    iam, role = solved_once["iam"], {"RoleName": "game-role"}
    policy = iam.get_role_policy(**role, PolicyName="work")["PolicyDocument"]
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != "Tell"]
    iam.put_role_policy(**role, PolicyName="work", PolicyDocument=json.dumps(policy))
    assert "sqs:SendMessage" in alone(solved_once, "role_allows_the_work")
    trust = iam.get_role(**role)["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}
    iam.update_assume_role_policy(**role, PolicyDocument=json.dumps(trust))
    assert "ec2.amazonaws.com" in alone(solved_once, "role_trusts_lambda")


# From here on each test has an account of its own.


def found(check, *services):
    """What a check found that fails."""
    told = failure(check, *services)
    assert told.next_step
    return told.found


def test_backup_of_another_name_is_noticed(scores):
    scores.create_backup(**SCORES, BackupName="before-season-3")
    assert "before-season-3" in found(lab.checks.backup_exists, scores)


def score(dynamodb, value):
    key = {"User_ID": {"S": "u-1"}, "Game_ID": {"S": "chess"}}
    dynamodb.put_item(**SCORES, Item={**key, "Score": {"N": str(value)}})


def restore(dynamodb, source="GameScores"):
    about = {"SourceTableName": source, "TargetTableName": "GameScores-restored"}
    dynamodb.restore_table_to_point_in_time(**about, UseLatestRestorableTime=True)


def advance(clients, seconds):
    list(clients.emulator.advance(seconds))


def test_table_restored_to_the_right_moment_passes_and_to_one_after_the_update_is_noticed(clients, scores):
    score(scores, 40)
    advance(clients, 600)
    restore(scores)
    score(scores, 0)
    lab.checks.table_was_restored(scores)
    advance(clients, 600)
    scores.delete_table(TableName="GameScores-restored")
    restore(scores)
    assert found(lab.checks.table_was_restored, scores) == "a score of 0"


def test_table_restored_to_a_moment_before_all_is_noticed(clients, scores):
    restore(scores)
    score(scores, 0)
    assert found(lab.checks.table_was_restored, scores) == "no such item"


def test_table_that_was_made_by_hand_or_of_another_is_no_restored_one(scores):
    create_scores(scores, "GameScores-restored")
    assert found(lab.checks.table_was_restored, scores) == "restored from nothing"
    scores.delete_table(TableName="GameScores-restored")
    create_scores(scores, "Other")
    recovery = {"PointInTimeRecoveryEnabled": True}
    scores.update_continuous_backups(TableName="Other", PointInTimeRecoverySpecification=recovery)
    restore(scores, "Other")
    assert found(lab.checks.table_was_restored, scores).endswith(":table/Other")


def test_export_elsewhere_and_one_whose_objects_are_gone_are_noticed(clients, scores):
    s3, arn = clients["s3"], scores.describe_table(**SCORES)["Table"]["TableArn"]
    assert found(lab.checks.export_is_there, scores, s3) == "no export"
    s3.create_bucket(Bucket="elsewhere")
    scores.export_table_to_point_in_time(TableArn=arn, S3Bucket="elsewhere")
    assert found(lab.checks.export_is_there, scores, s3) == "COMPLETED to elsewhere"
    scores.export_table_to_point_in_time(TableArn=arn, S3Bucket="game-exports")
    lab.checks.export_is_there(scores, s3)
    for each in s3.list_objects_v2(Bucket="game-exports", Prefix="AWSDynamoDB/")["Contents"]:
        s3.delete_object(Bucket="game-exports", Key=each["Key"])
    assert "COMPLETED to game-exports" in found(lab.checks.export_is_there, scores, s3)


def test_items_that_were_put_by_hand_are_no_import_and_missing_ones_are_named(clients, scores):
    s3 = clients["s3"]
    create_scores(scores, "GameArchive")
    row = {"User_ID": {"S": "u-1"}, "Game_ID": {"S": "go"}}
    assert found(lab.checks.archive_is_there, scores, s3).endswith("missing: u-1 go")
    scores.put_item(TableName="GameArchive", Item=row | {"Score": {"S": "25"}})
    assert found(lab.checks.archive_is_there, scores, s3) == "no import to this table"


def replicate(dynamodb, action, region):
    dynamodb.update_table(**SCORES, ReplicaUpdates=[{action: {"RegionName": region}}])


def test_replica_in_another_region_is_noticed(scores):
    assert found(lab.checks.replica_is_there, scores) == "no replicas"
    replicate(scores, "Create", "eu-central-1")
    assert found(lab.checks.replica_is_there, scores) == "replicas: eu-central-1 ACTIVE"
    replicate(scores, "Create", "eu-west-1")
    lab.checks.replica_is_there(scores)


def create_index(dynamodb, name, projected="ALL", **kinds):
    index = {"IndexName": name, "KeySchema": key_schema(*kinds), "Projection": {"ProjectionType": projected}}
    update = {"GlobalSecondaryIndexUpdates": [{"Create": index}], "AttributeDefinitions": definitions(**kinds)}
    dynamodb.update_table(**SCORES, **update)


def test_indexes_with_other_keys_are_noticed(scores):
    assert found(lab.checks.champions_are_sparse, scores) == "no global secondary indexes"
    create_index(scores, "leaderboard", Game_ID="S", Score="S")
    assert found(lab.checks.scores_are_ranked, scores) == "the key of leaderboard Game_ID (HASH, S), Score (RANGE, S)"
    create_index(scores, "champions", Champion_Of="S", Score="S")
    assert (
        found(lab.checks.champions_are_sparse, scores) == "the key of champions Champion_Of (HASH, S), Score (RANGE, S)"
    )


def test_index_that_projects_its_keys_alone_is_noticed(scores):
    create_index(scores, "leaderboard", "KEYS_ONLY", Game_ID="S", Score="N")
    assert found(lab.checks.scores_are_ranked, scores) == "leaderboard projects KEYS_ONLY"


def test_answers_mend_a_stream_of_another_kind_and_expiry_by_another_attribute(clients, scores):
    other = {"Enabled": True, "AttributeName": "Until"}
    scores.update_time_to_live(**SCORES, TimeToLiveSpecification=other)
    told = failure(lab.checks.sessions_expire, scores)
    assert told.next_step.startswith("A table expires by one attribute: switch Until off first")
    scores.update_table(**SCORES, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    assert failure(lab.checks.stream_is_on, scores).next_step.startswith("A stream's kind cannot be changed: switch it")
    lab.solve(clients)
    assert not not_passed(run_checks(lab, clients))


def test_table_with_one_key_is_noticed(clients):
    clients["dynamodb"].create_table(
        **SCORES,
        KeySchema=key_schema("User_ID"),
        AttributeDefinitions=definitions(User_ID="S"),
        BillingMode="PAY_PER_REQUEST",
    )
    assert found(lab.checks.table_exists, clients["dynamodb"]) == "the key User_ID (HASH, S)"


def test_stream_that_is_off_or_of_new_images_alone_is_noticed(scores):
    assert found(lab.checks.stream_is_on, scores) == "the stream: no stream"
    scores.update_table(**SCORES, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    assert found(lab.checks.stream_is_on, scores) == "the stream: NEW_IMAGE"


def test_given_parts_that_are_missing_are_named(clients):
    checks = lab.checks
    for check, service in (
        (checks.shop_exists, "dynamodb"),
        (checks.totals_exist, "dynamodb"),
        (checks.sessions_exist, "dynamodb"),
        (checks.queue_exists, "sqs"),
        (checks.topic_exists, "sns"),
        (checks.bucket_exists, "s3"),
        (checks.role_exists, "iam"),
        (checks.shop_function_exists, "lambda"),
        (checks.keeper_exists, "lambda"),
    ):
        assert "no " in found(check, clients[service])


def test_table_built_by_the_aws_cli_passes(clients):
    words = "--key-schema AttributeName=User_ID,KeyType=HASH AttributeName=Game_ID,KeyType=RANGE "
    words += "--attribute-definitions AttributeName=User_ID,AttributeType=S AttributeName=Game_ID,AttributeType=S "
    words += "AttributeName=Score,AttributeType=N AttributeName=Champion_Of,AttributeType=S "
    words += "--billing-mode PAY_PER_REQUEST"
    indexes = [
        {
            "IndexName": name,
            "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in parts],
            "Projection": {"ProjectionType": "ALL"},
        }
        for name, parts in {
            "leaderboard": [("Game_ID", "HASH"), ("Score", "RANGE")],
            "champions": [("Champion_Of", "HASH")],
        }.items()
    ]
    stream = "--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
    create = f"dynamodb create-table --table-name GameScores {words} {stream}".split()
    aws_cli(clients, *create, "--global-secondary-indexes", json.dumps(indexes))
    lab.solve(clients)  # the rest, around the table that is there
    report = run_checks(lab, clients)
    assert not not_passed(report)
    assert report.complete


def of(kind, **properties):
    return {"Type": f"AWS::{kind}", "Properties": properties}


def arn(resource, attribute="Arn"):
    return {"Fn::GetAtt": [resource, attribute]}


def template():
    """What of the lab CloudFormation can build; the game's CSV must be in a bucket before."""

    def table(name, kind="Table", **settings):
        key = settings.pop("key")
        return of(
            f"DynamoDB::{kind}", TableName=name, KeySchema=key_schema(*key),
            AttributeDefinitions=definitions(**key, **settings.pop("more", {})), **settings,
        )  # fmt: skip

    def index(name, *key):
        return {"IndexName": name, "KeySchema": key_schema(*key), "Projection": {"ProjectionType": "ALL"}}

    def function(name, code, **settings):
        about = {"Runtime": "python3.13", "Handler": "index.lambda_handler", "Role": arn("Role"), "Timeout": 10}
        return of("Lambda::Function", FunctionName=name, Code={"ZipFile": code}, **about, **settings)

    on_demand, both = {"BillingMode": "PAY_PER_REQUEST"}, {"User_ID": "S", "Game_ID": "S"}
    five = {"ReadCapacityUnits": "5", "WriteCapacityUnits": "5"}
    work = [
        {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["sqs:SendMessage", "sns:Publish"],
            "Resource": [arn("Failed"), {"Ref": "Mails"}],
        },
    ]
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    kept = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    return {
        "Shop": table("GameShop", key={"Item_ID": "S"}, **on_demand),
        "Totals": table("GameTotals", key={"User_ID": "S"}, **on_demand),
        "Sessions": table("GameSessions", key={"Session_ID": "S"}, ProvisionedThroughput=five),
        "Scores": table(
            "GameScores", "GlobalTable", key=both, more={"Score": "N", "Champion_Of": "S"}, **on_demand,
            GlobalSecondaryIndexes=[index("leaderboard", "Game_ID", "Score"), index("champions", "Champion_Of")],
            StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"},
            TimeToLiveSpecification={"AttributeName": "ExpiresAt", "Enabled": True},
            Replicas=[{"Region": "us-east-1", **kept}, {"Region": "eu-west-1"}],
        ),
        "Archive": table(
            "GameArchive", key=both, **on_demand,
            ImportSourceSpecification={
                "InputFormat": "CSV", "S3BucketSource": {"S3Bucket": "game-exports", "S3KeyPrefix": "seasons/"}
            },
        ),
        "Scaled": of(
            "ApplicationAutoScaling::ScalableTarget", MinCapacity="5", MaxCapacity="40", ServiceNamespace="dynamodb",
            ResourceId={"Fn::Sub": "table/${Sessions}"}, ScalableDimension="dynamodb:table:WriteCapacityUnits",
        ),
        "Follow": of(
            "ApplicationAutoScaling::ScalingPolicy", PolicyName="follow", PolicyType="TargetTrackingScaling",
            ScalingTargetId={"Ref": "Scaled"}, TargetTrackingScalingPolicyConfiguration={
                "TargetValue": "70",
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
            },
        ),
        "Failed": of("SQS::Queue", QueueName="scores-failed"),
        "Mails": of(
            "SNS::Topic", TopicName="game-mails", Subscription=[{"Protocol": "email", "Endpoint": "a@example.com"}]
        ),
        "Role": of(
            "IAM::Role", RoleName="game-role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]},
            ManagedPolicyArns=["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
            Policies=[{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": work}}],
        ),
        "Buyer": function("buy-pet", BUYER),
        "Keeper": function("score-keeper", KEEPER, Environment={"Variables": {"TOPIC": {"Ref": "Mails"}}}),
        "Mapping": of(
            "Lambda::EventSourceMapping", EventSourceArn=arn("Scores", "StreamArn"), FunctionName={"Ref": "Keeper"},
            StartingPosition="TRIM_HORIZON", BisectBatchOnFunctionError=True, MaximumRetryAttempts=2,
            DestinationConfig={"OnFailure": {"Destination": arn("Failed")}},
        ),
    }  # fmt: skip


def test_built_by_cloudformation(clients):
    dynamodb, s3, formation = (clients[name] for name in ("dynamodb", "s3", "cloudformation"))
    s3.create_bucket(Bucket="game-exports")
    s3.put_object(Bucket="game-exports", Key="seasons/last.csv", Body=b"User_ID,Game_ID,Score\nu-1,go,25\n")
    formation.create_stack(
        StackName="game", TemplateBody=json.dumps({"Resources": template()}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    wait = {"Delay": 0.2, "MaxAttempts": 300}
    formation.get_waiter("stack_create_complete").wait(StackName="game", WaiterConfig=wait)
    try:
        # What is done once, to a table that is there, no template can say.
        dynamodb.create_backup(**SCORES, BackupName="before-season-2")
        dynamodb.restore_table_to_point_in_time(
            SourceTableName="GameScores", TargetTableName="GameScores-restored", UseLatestRestorableTime=True
        )
        table = dynamodb.describe_table(**SCORES)["Table"]["TableArn"]
        dynamodb.export_table_to_point_in_time(TableArn=table, S3Bucket="game-exports")
        wait_until(lambda: run_checks(lab, clients, ["export_is_there"]).complete)
        assert not not_passed(run_checks(lab, clients))
    finally:
        formation.delete_stack(StackName="game")
        formation.get_waiter("stack_delete_complete").wait(StackName="game", WaiterConfig=wait)
    assert (
        clients["application-autoscaling"].describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
        == []
    )
