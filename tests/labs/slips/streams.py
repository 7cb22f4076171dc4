"""Lab 11."""

from .mistakes import (
    edit,
    mapping,
    policy,
    rebuild_table,
    rename_function,
    rename_queue,
    rename_role,
    trust,
)
from .slip import Slip

LOCATIONS, ARCHIVE, POSITIONS, FAILED = "pet-locations", "pet-archive", "PetPositions", "locations-failed"
TRACK, COUNT, CLEAN, TELL = "track-pet", "count-moves", "clean-location", "tell-errors"
ROLE, ARCHIVE_ROLE, GROUP = "track-role", "archive-role", "/aws/lambda/track-pet"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:"
KINESIS = "arn:aws:kinesis:us-east-1:000000000000:stream/"


def handler(function, old, new):
    return edit("streams", function.replace("-", "_"), old, new)


def no_stream(name, other=None):
    """The stream has another name; without one it was forgotten."""

    def make(clients):
        kinesis = clients["kinesis"]
        kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
        if other:
            kinesis.create_stream(StreamName=other, ShardCount=1)

    return make


def shards(count):
    return lambda clients: clients["kinesis"].update_shard_count(
        StreamName=LOCATIONS, TargetShardCount=count, ScalingType="UNIFORM_SCALING"
    )


def kept(hours):
    return lambda clients: clients["kinesis"].decrease_stream_retention_period(
        StreamName=LOCATIONS, RetentionPeriodHours=hours
    )


def archive(**changed):
    """pet-archive writes otherwise."""

    def make(clients):
        firehose = clients["firehose"]
        told = firehose.describe_delivery_stream(DeliveryStreamName=ARCHIVE)["DeliveryStreamDescription"]
        firehose.update_destination(
            DeliveryStreamName=ARCHIVE,
            CurrentDeliveryStreamVersionId=told["VersionId"],
            DestinationId=told["Destinations"][0]["DestinationId"],
            ExtendedS3DestinationUpdate=changed,
        )

    return make


def cleaned_by(function, on=True):
    arn = {"ParameterName": "LambdaArn", "ParameterValue": LAMBDA + function}
    return archive(ProcessingConfiguration={"Enabled": on, "Processors": [{"Type": "Lambda", "Parameters": [arn]}]})


def rename_archive(other=None):
    def make(clients):
        firehose = clients["firehose"]
        firehose.delete_delivery_stream(DeliveryStreamName=ARCHIVE)
        if other:
            role = clients["iam"].get_role(RoleName=ARCHIVE_ROLE)["Role"]["Arn"]
            to = {"RoleARN": role, "BucketARN": "arn:aws:s3:::pet-location-archive"}
            firehose.create_delivery_stream(DeliveryStreamName=other, ExtendedS3DestinationConfiguration=to)

    return make


def permission(source=None):
    """CloudWatch Logs' permission is for another log; without one it was forgotten."""

    def make(clients):
        clients["lambda"].remove_permission(FunctionName=TELL, StatementId="logs")
        if source:
            clients["lambda"].add_permission(
                FunctionName=TELL,
                StatementId="logs",
                Action="lambda:InvokeFunction",
                Principal="logs.amazonaws.com",
                SourceArn=f"arn:aws:logs:us-east-1:000000000000:log-group:{source}",
            )

    return make


def subscribed(pattern=None):
    """The log's filter is for other lines; without a pattern it was forgotten."""

    def make(clients):
        named = {"logGroupName": GROUP, "filterName": "errors"}
        if pattern is None:
            clients["logs"].delete_subscription_filter(**named)
        else:
            clients["logs"].put_subscription_filter(**named, filterPattern=pattern, destinationArn=LAMBDA + TELL)

    return make


def changes_to(name=None):
    """The table's changes go to another stream; without one it was forgotten."""

    def make(clients):
        dynamodb, table = clients["dynamodb"], {"TableName": POSITIONS}
        dynamodb.disable_kinesis_streaming_destination(**table, StreamArn=f"{KINESIS}pet-changes")
        if name:
            dynamodb.enable_kinesis_streaming_destination(**table, StreamArn=KINESIS + name)

    return make


SLIPS = {
    "positions_exist": [
        Slip("singular", rebuild_table(POSITIONS, "PetPosition"), "PetPosition is nearly PetPositions"),
    ],
    "queue_exists": [
        Slip("singular", rename_queue(FAILED, "location-failed"), "location-failed is nearly locations-failed"),
    ],
    "role_exists": [
        Slip("tracks", rename_role(ROLE, "tracks-role"), "tracks-role is nearly track-role"),
    ],
    "role_trusts_lambda": [
        Slip("the stream's service", trust(ROLE, "lambda.", "kinesis."), "Its Principal is kinesis.amazonaws.com"),
    ],
    "role_allows_the_work": [
        Slip("misspelt", policy(ROLE, "kinesis:GetRecords", "kinesis:GetRecord"), "which is nearly"),
    ],
    "archive_role_allows_the_work": [
        Slip("the stream's service", trust(ARCHIVE_ROLE, "firehose.", "kinesis."), "Its Principal is kinesis"),
        Slip("no slash", policy(ARCHIVE_ROLE, "pet-location-archive/*", "pet-location-archive"), "s3:PutObject"),
    ],
    "stream_exists": [
        Slip("singular", no_stream(LOCATIONS, "pet-location"), "pet-location is nearly pet-locations"),
    ],
    "stream_has_four_shards": [
        Slip("one too few", shards(3), "open shards: 3", "update_shard_count; it doubles at most"),
    ],
    "records_are_kept_for_a_week": [
        Slip("seven", kept(24), "hours kept, at least: 24", "it counts hours"),
    ],
    "tracker_exists": [
        Slip("plural", rename_function(TRACK, "track-pets"), "track-pets is nearly track-pet"),
    ],
    "positions_are_kept": [
        Slip("not decoded", handler(TRACK, 'base64.b64decode(told["data"])', 'told["data"]'), "Section 5"),
        Slip("a capital", handler(TRACK, 'record["kinesis"]', 'record["Kinesis"]'), "Nothing is called 'Kinesis'"),
    ],
    "bad_record_is_reported": [
        Slip("raised", handler(TRACK, 'print("ERROR", told["partitionKey"], repr(error))', "raise"), "Section 5 shows"),
    ],
    "stream_starts_it": [
        Slip("disabled", mapping(TRACK, Enabled=False), "Disabled", "update_event_source_mapping enables"),
    ],
    "counter_exists": [
        Slip("singular", rename_function(COUNT, "count-move"), "count-move is nearly count-moves"),
    ],
    "minutes_are_counted": [
        Slip("each time", handler(COUNT, 'if event["isFinalInvokeForWindow"]', "if True"), "add its count"),
    ],
    "window_is_a_minute": [
        Slip("forgotten", mapping(COUNT), "no mapping", "Section 7 names the setting"),
    ],
    "cleaner_exists": [
        Slip("plural", rename_function(CLEAN, "clean-locations"), "clean-locations is nearly clean-location"),
    ],
    "records_are_cleaned": [
        Slip("a small letter", handler(CLEAN, '"Dropped"', '"dropped"'), "dropped", "Section 8"),
        Slip(
            "bytes",
            handler(CLEAN, "base64.b64encode(line.encode()).decode()", "base64.b64encode(line.encode())"),
            "must be JSON",
        ),
    ],
    "archive_exists": [
        Slip("plural", rename_archive("pet-archives"), "pet-archives is nearly pet-archive"),
    ],
    "archive_writes_by_date": [
        Slip("minutes", archive(Prefix="locations/!{timestamp:yyyy/mm/dd}/"), "the month", "Section 8"),
    ],
    "archive_is_cleaned": [
        Slip("not enabled", cleaned_by(CLEAN, on=False), "it has to be Enabled"),
    ],
    "teller_exists": [
        Slip("singular", rename_function(TELL, "tell-error"), "tell-error is nearly tell-errors"),
    ],
    "logs_may_start_it": [
        Slip("another log", permission("/aws/lambda/track-pets:*"), "track-pets:*", "SourceArn"),
        Slip("no :*", permission(GROUP), GROUP, "SourceArn"),
    ],
    "errors_are_subscribed": [
        Slip("small letters", subscribed("error"), "its pattern: error", "put_subscription_filter"),
    ],
    "changes_reach_the_stream": [
        Slip("the other one", changes_to(LOCATIONS), LOCATIONS, "enable_kinesis_streaming_destination"),
    ],
}
