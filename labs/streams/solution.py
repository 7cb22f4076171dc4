"""The reference answer of the lab streams. There are other right ones."""

import contextlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import boto3

from lab_harness import load_lab

kinesis, firehose, dynamodb = (boto3.client(name) for name in ("kinesis", "firehose", "dynamodb"))
sqs, sns, s3, logs = (boto3.client(name) for name in ("sqs", "sns", "s3", "logs"))
iam, lambda_ = boto3.client("iam"), boto3.client("lambda")
shutil.copytree(load_lab("streams").folder / "given", "functions", dirs_exist_ok=True)


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def arn(service, resource):
    """The ARN of something in this account."""
    account = boto3.client("sts").get_caller_identity()["Account"]
    return f"arn:aws:{service}:us-east-1:{account}:{resource}"


def stream(name="pet-locations"):
    """What Kinesis tells of a stream."""
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def create_stream(name, **settings):
    """Create a stream, where it is not there yet."""
    with contextlib.suppress(kinesis.exceptions.ResourceInUseException):
        kinesis.create_stream(StreamName=name, **settings)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})


def create_function(name, **settings):
    """Create a function of the code in its folder, where it is not there yet."""
    with contextlib.suppress(lambda_.exceptions.ResourceConflictException):
        lambda_.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="lambda_function.lambda_handler",
            Role=iam.get_role(RoleName="track-role")["Role"]["Arn"],
            Timeout=30,
            Code={"ZipFile": zip_folder(f"functions/{name.replace('-', '_')}")},
            **settings,
        )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    print(lambda_.get_function_configuration(FunctionName=name)["State"])


# %% task:given
for name, key in (("PetPositions", "Pet_ID"), ("PetMinutes", "Minute")):
    with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
create_stream("pet-changes", ShardCount=1)
sqs.create_queue(QueueName="locations-failed")
s3.create_bucket(Bucket="pet-location-archive")
topic = sns.create_topic(Name="pet-mails")["TopicArn"]
sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="you@example.com")

locations = arn("kinesis", "stream/pet-locations")
names = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards", "ListStreams")
reading = [f"kinesis:{name}" for name in names]
tables = [arn("dynamodb", f"table/{name}") for name in ("PetPositions", "PetMinutes")]
roles = {
    "track-role": ("lambda", {
        "Read": (reading, [locations]),
        "Write": (["dynamodb:PutItem", "dynamodb:UpdateItem"], tables),
        "Tell": (["sqs:SendMessage", "sns:Publish"], [arn("sqs", "locations-failed"), topic]),
    }),
    "archive-role": ("firehose", {
        "Read": (reading, [locations]),
        "Write": (["s3:PutObject"], ["arn:aws:s3:::pet-location-archive/*"]),
        "Call": (["lambda:InvokeFunction"], [arn("lambda", "function:clean-location")]),
    }),
}  # fmt: skip
for name, (service, may) in roles.items():
    by = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust_policy = {"Version": "2012-10-17", "Statement": [by]}
    permissions = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": on} for sid, (actions, on) in may.items()
        ],
    }
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust_policy))
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=json.dumps(permissions))
logs_policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
iam.attach_role_policy(RoleName="track-role", PolicyArn=logs_policy)
print([iam.get_role(RoleName=name)["Role"]["RoleName"] for name in roles])

# %% task:stream
create_stream("pet-locations", ShardCount=2)
print(stream()["OpenShardCount"], "shards")

# %% task:reshard
if stream()["OpenShardCount"] < 4:
    kinesis.update_shard_count(StreamName="pet-locations", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    kinesis.get_waiter("stream_exists").wait(StreamName="pet-locations", WaiterConfig={"Delay": 1})
if stream()["RetentionPeriodHours"] < 168:
    kinesis.increase_stream_retention_period(StreamName="pet-locations", RetentionPeriodHours=168)
print(stream()["OpenShardCount"], "shards,", stream()["RetentionPeriodHours"], "hours")

# %% task:tracker file=functions/track_pet/lambda_function.py

# %% task:tracker_function
create_function("track-pet")
with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):  # the function has run already
    logs.create_log_group(logGroupName="/aws/lambda/track-pet")

# %% task:mapping
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the mapping is there already
    lambda_.create_event_source_mapping(
        EventSourceArn=stream()["StreamARN"],
        FunctionName="track-pet",
        StartingPosition="TRIM_HORIZON",
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": arn("sqs", "locations-failed")}},
    )
(mapping,) = lambda_.list_event_source_mappings(FunctionName="track-pet")["EventSourceMappings"]
print(mapping["MaximumRetryAttempts"], mapping["BisectBatchOnFunctionError"])

# %% task:window file=functions/count_moves/lambda_function.py

# %% task:window_function
create_function("count-moves")

# %% task:window_mapping
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the mapping is there already
    lambda_.create_event_source_mapping(
        EventSourceArn=stream()["StreamARN"],
        FunctionName="count-moves",
        StartingPosition="TRIM_HORIZON",
        TumblingWindowInSeconds=60,
    )
(mapping,) = lambda_.list_event_source_mappings(FunctionName="count-moves")["EventSourceMappings"]
print(mapping["TumblingWindowInSeconds"], "seconds")

# %% task:clean file=functions/clean_location/lambda_function.py

# %% task:clean_function
create_function("clean-location")

# %% task:archive
archive_role = iam.get_role(RoleName="archive-role")["Role"]["Arn"]
function = {"ParameterName": "LambdaArn", "ParameterValue": arn("lambda", "function:clean-location")}
with contextlib.suppress(firehose.exceptions.ResourceInUseException):  # it is there already
    firehose.create_delivery_stream(
        DeliveryStreamName="pet-archive",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": stream()["StreamARN"], "RoleARN": archive_role},
        ExtendedS3DestinationConfiguration={
            "RoleARN": archive_role,
            "BucketARN": "arn:aws:s3:::pet-location-archive",
            "Prefix": "locations/!{timestamp:yyyy/MM/dd}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
            "CompressionFormat": "GZIP",
            "ProcessingConfiguration": {
                "Enabled": True,
                "Processors": [{"Type": "Lambda", "Parameters": [function]}],
            },
        },
    )
told = firehose.describe_delivery_stream(DeliveryStreamName="pet-archive")["DeliveryStreamDescription"]
print(told["DeliveryStreamName"], told["DeliveryStreamType"])

# %% task:teller_function
create_function("tell-errors", Environment={"Variables": {"TOPIC": sns.create_topic(Name="pet-mails")["TopicArn"]}})

# %% task:subscription
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # it is permitted already
    lambda_.add_permission(
        FunctionName="tell-errors",
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=arn("logs", "log-group:/aws/lambda/track-pet:*"),
    )
logs.put_subscription_filter(
    logGroupName="/aws/lambda/track-pet",
    filterName="errors",
    filterPattern="ERROR",
    destinationArn=arn("lambda", "function:tell-errors"),
)
filters = logs.describe_subscription_filters(logGroupName="/aws/lambda/track-pet")["subscriptionFilters"]
print([each["filterName"] for each in filters])

# %% task:changes
about = {"TableName": "PetPositions", "StreamArn": stream("pet-changes")["StreamARN"]}
told = dynamodb.describe_kinesis_streaming_destination(TableName="PetPositions")["KinesisDataStreamDestinations"]
if not any(each["DestinationStatus"] == "ACTIVE" for each in told):
    dynamodb.enable_kinesis_streaming_destination(**about)
told = dynamodb.describe_kinesis_streaming_destination(TableName="PetPositions")["KinesisDataStreamDestinations"]
print(told[-1]["DestinationStatus"])
