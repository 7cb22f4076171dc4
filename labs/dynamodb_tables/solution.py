"""The reference answer of the lab dynamodb_tables. There are other right ones."""

import contextlib
import io
import json
import time
import zipfile
from datetime import datetime
from pathlib import Path

import boto3

dynamodb, sqs, sns, s3 = (boto3.client(name) for name in ("dynamodb", "sqs", "sns", "s3"))
iam, lambda_ = boto3.client("iam"), boto3.client("lambda")
scaling = boto3.client("application-autoscaling")


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def queue_arn(name):
    """The ARN of a queue."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def table(name="GameScores"):
    """What DynamoDB tells of a table."""
    return dynamodb.describe_table(TableName=name)["Table"]


def keys(**kinds):
    """The parts of create_table that say what the keys are: keys(id="S")."""
    return {
        "KeySchema": [{"AttributeName": n, "KeyType": k} for n, k in zip(kinds, ("HASH", "RANGE"), strict=False)],
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": kind} for n, kind in kinds.items()],
    }


def recreate(name):
    """Take a table away, where it is there, so that it can be made anew."""
    with contextlib.suppress(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.delete_table(TableName=name)
        dynamodb.get_waiter("table_not_exists").wait(TableName=name)


# %% task:given
on_demand = {"BillingMode": "PAY_PER_REQUEST"}
five = {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}
for name, key, paid in (
    ("GameShop", "Item_ID", on_demand),
    ("GameTotals", "User_ID", on_demand),
    ("GameSessions", "Session_ID", five),
):
    with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
        dynamodb.create_table(TableName=name, **keys(**{key: "S"}), **paid)
    dynamodb.get_waiter("table_exists").wait(TableName=name)
sqs.create_queue(QueueName="scores-failed")
s3.create_bucket(Bucket="game-exports")
rows = ["User_ID,Game_ID,Score", "u-1,chess,40", "u-1,go,25", "u-2,chess,31", "u-3,darts,180"]
s3.put_object(Bucket="game-exports", Key="seasons/last.csv", Body="\n".join(rows).encode())
topic = sns.create_topic(Name="game-mails")["TopicArn"]
sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="you@example.com")

trust_policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
arn = table("GameShop")["TableArn"].rpartition("/")[0]
may = {
    "Read": (["dynamodb:GetItem", "dynamodb:UpdateItem"], [f"{arn}/GameShop", f"{arn}/GameTotals"]),
    "Stream": (
        ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"],
        [f"{arn}/GameScores/stream/*"],
    ),
    "Tell": (["sqs:SendMessage", "sns:Publish"], [queue_arn("scores-failed"), topic]),
}
permissions = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": on} for sid, (actions, on) in may.items()
    ],
}
with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
    iam.create_role(RoleName="game-role", AssumeRolePolicyDocument=json.dumps(trust_policy))
iam.put_role_policy(RoleName="game-role", PolicyName="work", PolicyDocument=json.dumps(permissions))
logs_policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
iam.attach_role_policy(RoleName="game-role", PolicyArn=logs_policy)
print(iam.get_role(RoleName="game-role")["Role"]["Arn"])

# %% task:table
with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
    dynamodb.create_table(
        TableName="GameScores",
        KeySchema=[
            {"AttributeName": "User_ID", "KeyType": "HASH"},
            {"AttributeName": "Game_ID", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "User_ID", "AttributeType": "S"},
            {"AttributeName": "Game_ID", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
dynamodb.get_waiter("table_exists").wait(TableName="GameScores")
print(table()["TableStatus"])

# %% task:indexes
there = [index["IndexName"] for index in table().get("GlobalSecondaryIndexes", [])]
for name, wanted in (
    ("leaderboard", keys(Game_ID="S", Score="N")),
    ("champions", keys(Champion_Of="S")),
):
    if name not in there:
        index = {"IndexName": name, "KeySchema": wanted["KeySchema"], "Projection": {"ProjectionType": "ALL"}}
        dynamodb.update_table(
            TableName="GameScores",
            AttributeDefinitions=wanted["AttributeDefinitions"],
            GlobalSecondaryIndexUpdates=[{"Create": index}],
        )
        while any(each["IndexStatus"] != "ACTIVE" for each in table()["GlobalSecondaryIndexes"]):
            time.sleep(0.2)
print(sorted(index["IndexName"] for index in table()["GlobalSecondaryIndexes"]))

# %% task:scaling
sessions = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/GameSessions",
    "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
}
scaling.register_scalable_target(**sessions, MinCapacity=5, MaxCapacity=40)
policy = scaling.put_scaling_policy(
    **sessions,
    PolicyName="follow-the-load",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration={
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
    },
)
print(len(policy["Alarms"]), "alarms")

# %% task:shop file=functions/buy_pet/lambda_function.py

# %% task:shop_function
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
    lambda_.create_function(
        FunctionName="buy-pet",
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=iam.get_role(RoleName="game-role")["Role"]["Arn"],
        Timeout=10,
        Code={"ZipFile": zip_folder("functions/buy_pet")},
    )
lambda_.get_waiter("function_active_v2").wait(FunctionName="buy-pet")
print(lambda_.get_function_configuration(FunctionName="buy-pet")["State"])

# %% task:stream file=functions/score_keeper/lambda_function.py

# %% task:keeper_function
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
    lambda_.create_function(
        FunctionName="score-keeper",
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=iam.get_role(RoleName="game-role")["Role"]["Arn"],
        Timeout=10,
        Code={"ZipFile": zip_folder("functions/score_keeper")},
        Environment={"Variables": {"TOPIC": sns.create_topic(Name="game-mails")["TopicArn"]}},
    )
lambda_.get_waiter("function_active_v2").wait(FunctionName="score-keeper")
print(lambda_.get_function_configuration(FunctionName="score-keeper")["State"])

# %% task:mapping
stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
there = table().get("StreamSpecification", {})
if there.get("StreamEnabled") and there != stream:  # of another kind: it is switched off first
    dynamodb.update_table(TableName="GameScores", StreamSpecification={"StreamEnabled": False})
if there != stream:
    dynamodb.update_table(TableName="GameScores", StreamSpecification=stream)
reads = {"EventSourceArn": table()["LatestStreamArn"], "FunctionName": "score-keeper"}
settings = {
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 2,
    "DestinationConfig": {"OnFailure": {"Destination": queue_arn("scores-failed")}},
}
mappings = lambda_.list_event_source_mappings(**reads)["EventSourceMappings"]
if mappings:  # it is there already
    mapping = lambda_.update_event_source_mapping(UUID=mappings[0]["UUID"], **settings)
else:
    mapping = lambda_.create_event_source_mapping(**reads, StartingPosition="TRIM_HORIZON", **settings)
print(mapping["MaximumRetryAttempts"], mapping["BisectBatchOnFunctionError"])

# %% task:safety
expiry = {"Enabled": True, "AttributeName": "ExpiresAt"}
there = dynamodb.describe_time_to_live(TableName="GameScores")["TimeToLiveDescription"]
if there["TimeToLiveStatus"] == "ENABLED" and there["AttributeName"] != "ExpiresAt":  # by one attribute alone
    other = {"Enabled": False, "AttributeName": there["AttributeName"]}
    dynamodb.update_time_to_live(TableName="GameScores", TimeToLiveSpecification=other)
if there.get("AttributeName") != "ExpiresAt" or there["TimeToLiveStatus"] != "ENABLED":
    dynamodb.update_time_to_live(TableName="GameScores", TimeToLiveSpecification=expiry)
recovery = {"PointInTimeRecoveryEnabled": True}
dynamodb.update_continuous_backups(TableName="GameScores", PointInTimeRecoverySpecification=recovery)
if not dynamodb.list_backups(TableName="GameScores")["BackupSummaries"]:
    dynamodb.create_backup(TableName="GameScores", BackupName="before-season-2")
print([each["BackupName"] for each in dynamodb.list_backups(TableName="GameScores")["BackupSummaries"]][-1:])

# %% task:restore
recreate("GameScores-restored")
tags = dynamodb.list_tags_of_resource(ResourceArn=table()["TableArn"])["Tags"]
good = [each["Value"] for each in tags if each["Key"] == "update-began"]
moment = {"RestoreDateTime": datetime.fromisoformat(good[0])} if good else {"UseLatestRestorableTime": True}
dynamodb.restore_table_to_point_in_time(SourceTableName="GameScores", TargetTableName="GameScores-restored", **moment)
dynamodb.get_waiter("table_exists").wait(TableName="GameScores-restored")
print(table("GameScores-restored")["TableStatus"])

# %% task:archive
export = dynamodb.export_table_to_point_in_time(TableArn=table()["TableArn"], S3Bucket="game-exports")
export = {"ExportArn": export["ExportDescription"]["ExportArn"]}
while (told := dynamodb.describe_export(**export)["ExportDescription"])["ExportStatus"] == "IN_PROGRESS":
    time.sleep(0.2)
print("export", told["ExportStatus"])
recreate("GameArchive")
done = dynamodb.import_table(
    S3BucketSource={"S3Bucket": "game-exports", "S3KeyPrefix": "seasons/"},
    InputFormat="CSV",
    TableCreationParameters={
        "TableName": "GameArchive",
        "BillingMode": "PAY_PER_REQUEST",
        **keys(User_ID="S", Game_ID="S"),
    },
)
done = {"ImportArn": done["ImportTableDescription"]["ImportArn"]}
while (told := dynamodb.describe_import(**done)["ImportTableDescription"])["ImportStatus"] == "IN_PROGRESS":
    time.sleep(0.2)
print("import", told["ImportStatus"], told["ImportedItemCount"])

# %% task:global
if "eu-west-1" not in [each["RegionName"] for each in table().get("Replicas", [])]:
    dynamodb.update_table(TableName="GameScores", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
while any(each["ReplicaStatus"] != "ACTIVE" for each in table()["Replicas"]):
    time.sleep(0.2)
print([each["RegionName"] for each in table()["Replicas"]])
