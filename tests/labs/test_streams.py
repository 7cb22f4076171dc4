"""Tests for the lab streams."""

import base64
import json
import re
import uuid

import pytest

from lab_harness import load_lab, run_checks
from tests.roles import policy
from tests.waiting import wait_until

from .helpers import aws_cli, configure, deploy, failure, found_alone, not_passed, solved, zipped

lab = load_lab("streams")
FIRST = {
    *("positions_exist", "minutes_exist", "queue_exists", "bucket_exists", "topic_exists", "changes_exist"),
    *("role_exists", "archive_role_allows_the_work", "stream_exists"),
    *("tracker_exists", "counter_exists", "cleaner_exists", "teller_exists"),
}
CODE = {
    name: (lab.folder / "functions" / name.replace("-", "_") / "lambda_function.py").read_text(encoding="utf-8")
    for name in ("track-pet", "count-moves", "clean-location")
}
LOCATIONS = {"StreamName": "pet-locations"}
ARN = "arn:aws:{}:us-east-1:000000000000:{}"


@pytest.fixture(scope="module")
def solved_once(emulator):
    """An account that is solved once, for tests that leave it as it was."""
    return solved(lab, emulator)


@pytest.fixture
def with_handler(solved_once, monkeypatch):
    """Gives a function its right code with one thing in it replaced, for one test."""
    given = []

    def use(function, old, new):
        assert old in CODE[function]
        deploy(solved_once, function, CODE[function].replace(old, new))
        given.append(function)
        monkeypatch.setattr(lab.checks.probes, "QUICKLY", 2)
        return solved_once

    yield use
    for function in given:
        deploy(solved_once, function, CODE[function])


def alone(clients, check, *only):
    """What a check found that fails, beside those that it needs, which pass."""
    return found_alone(lab, clients, check, *only)


def test_solved_lab_passes_and_leaves_nothing(solved_once):
    dynamodb = solved_once["dynamodb"]
    report = run_checks(lab, solved_once)
    assert not not_passed(report)
    assert report.complete
    for name in ("PetPositions", "PetMinutes"):
        assert not dynamodb.scan(TableName=name)["Items"]


@pytest.mark.parametrize(
    ("function", "check", "old", "new", "words"),
    [
        ("track-pet", "positions_are_kept", '"X": {"N"', '"x": {"N"', "(None, "),
        ("track-pet", "positions_are_kept", 'event["Records"]', 'reversed(event["Records"])', ", 5)"),
        ("track-pet", "positions_are_kept", '"batchItemFailures": []',
         '"batchItemFailures": [{"itemIdentifier": told["sequenceNumber"]}]', "batchItemFailures"),
        ("track-pet", "bad_record_is_reported", 'told["sequenceNumber"]', 'told["partitionKey"]', "pet-"),
        ("track-pet", "bad_record_is_reported", "ValueError, KeyError, TypeError", "ValueError, TypeError", "KeyError"),
        ("track-pet", "bad_record_is_reported", 'return {"batchItemFailures": [{', 'continue\n            {"b": [{',
         '{"batchItemFailures": []}'),
        ("count-moves", "minutes_are_counted", 'event["state"].get("moves", 0) + ', "", '"Moves": 0'),
        ("count-moves", "minutes_are_counted", "ADD Moves :moves", "SET Moves = :moves", '"Moves": '),
        ("count-moves", "minutes_are_counted", '{"state": {"moves": moves}}', '{"moves": moves}', '{"moves": '),
        ("clean-location", "records_are_cleaned", '+ "\\n"', "", "Ok '{"),
        ("clean-location", "records_are_cleaned", ">= 50", "> 50", '"zone": "south"'),
        ("clean-location", "records_are_cleaned", '"Dropped"', '"Ok"', "Ok '{"),
    ],
)  # fmt: skip
def test_wrong_handler_is_noticed(with_handler, function, check, old, new, words):
    clients = with_handler(function, old, new)
    found = next(each for each in run_checks(lab, clients, [check]) if each.name == check)
    assert found.outcome == "failed"
    assert words in found.found


def test_log_that_says_nothing_of_errors_is_noticed(with_handler):
    clients = with_handler("track-pet", 'print("ERROR", ', 'print("WARN", ')
    assert "no such mail" in alone(clients, "bad_records_are_mailed", "bad_records_are_mailed")


FORGED = """
            import gzip
            told["message"] = f"ERROR {told['partitionKey']}"
            lines = {"logEvents": [{"message": told["message"]}], "logGroup": "/aws/lambda/track-pet"}
            event = {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(lines).encode())).decode()}}
            boto3.client("lambda").invoke(FunctionName="tell-errors", Payload=json.dumps(event))
            ("""


def test_tracker_that_tells_the_errors_itself_is_noticed(with_handler):
    clients = with_handler("track-pet", 'print("ERROR", ', FORGED)
    more = policy({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"})
    clients["iam"].put_role_policy(RoleName="track-role", PolicyName="more", PolicyDocument=more)
    try:
        found = alone(clients, "bad_records_are_mailed", "bad_records_are_mailed")
    finally:
        clients["iam"].delete_role_policy(RoleName="track-role", PolicyName="more")
    assert "runs of tell-errors for it by function track-pet" in found


def mapping(clients, function):
    (found,) = clients["lambda"].list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    return found


@pytest.mark.parametrize(
    ("function", "check", "wrong", "words"),
    [
        ("track-pet", "failures_are_given_up", {"BisectBatchOnFunctionError": False}, "False"),
        ("track-pet", "failures_are_given_up", {"MaximumRetryAttempts": -1}, "for ever"),
        ("track-pet", "failures_are_given_up", {"MaximumRetryAttempts": 3}, "3"),
        ("track-pet", "failures_are_given_up", {"FunctionResponseTypes": []}, "[]"),
        ("track-pet", "stream_starts_it", {"Enabled": False}, "isabled"),
        ("count-moves", "window_is_a_minute", {"TumblingWindowInSeconds": 30}, "30"),
    ],
)
def test_mapping_with_other_settings_is_noticed(solved_once, function, check, wrong, words):
    before = mapping(solved_once, function)
    right = {"Enabled": True} if "Enabled" in wrong else {name: before[name] for name in wrong}
    change = solved_once["lambda"].update_event_source_mapping
    change(UUID=before["UUID"], **wrong)
    try:
        assert words in alone(solved_once, check, check)
    finally:
        change(UUID=before["UUID"], **right)


def update_archive(clients, **settings):
    firehose = clients["firehose"]
    told = firehose.describe_delivery_stream(DeliveryStreamName="pet-archive")["DeliveryStreamDescription"]
    firehose.update_destination(
        DeliveryStreamName="pet-archive",
        CurrentDeliveryStreamVersionId=told["VersionId"],
        DestinationId=told["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate=settings,
    )
    return told["Destinations"][0]["ExtendedS3DestinationDescription"]


@pytest.mark.parametrize(
    ("check", "wrong", "words"),
    [
        ("archive_writes_by_date", {"CompressionFormat": "UNCOMPRESSED"}, "UNCOMPRESSED"),
        ("archive_writes_by_date", {"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 300}}, "300"),
        ("archive_writes_by_date", {"Prefix": "location/!{timestamp:yyyy/MM/dd}/"}, "location/"),
        ("archive_writes_by_date", {"Prefix": "locations/!{timestamp:yyyy/MM}/"}, "the day"),
        ("archive_writes_by_date", {"ErrorOutputPrefix": "failed/"}, "failed/"),
        ("archive_writes_by_date", {"BucketARN": "arn:aws:s3:::elsewhere"}, "elsewhere"),
        ("archive_is_cleaned", {"ProcessingConfiguration": {"Enabled": False}}, "[]"),
    ],
)
def test_archive_with_other_settings_is_noticed(solved_once, check, wrong, words):
    before = update_archive(solved_once, **wrong)
    try:
        assert words in alone(solved_once, check, check)
    finally:
        update_archive(solved_once, **{name: before[name] for name in wrong})


def test_prefix_without_a_date_has_firehoses_own_and_other_ways_to_write_it_pass(solved_once):
    ways = ("locations/", "locations/y=!{timestamp:yyyy}/m=!{timestamp:MM}/d=!{timestamp:dd}/h=!{timestamp:HH}/")
    before = {"Prefix": "locations/!{timestamp:yyyy/MM/dd}/"}
    for way in ways:
        update_archive(solved_once, Prefix=way)
        lab.checks.archive_writes_by_date(solved_once["firehose"])
    update_archive(solved_once, **before)


def test_filter_of_other_lines_and_one_that_may_start_nothing_are_noticed(solved_once):
    logs, group = solved_once["logs"], {"logGroupName": "/aws/lambda/track-pet"}
    target = ARN.format("lambda", "function:tell-errors")

    def subscribe(pattern):
        logs.put_subscription_filter(**group, filterName="errors", filterPattern=pattern, destinationArn=target)

    subscribe("WARN")
    assert alone(solved_once, "errors_are_subscribed", "errors_are_subscribed") == "its pattern: WARN"
    logs.delete_subscription_filter(**group, filterName="errors")
    assert "none" in alone(solved_once, "errors_are_subscribed", "errors_are_subscribed").replace("no ", "none ")
    subscribe("ERROR")
    about = {"FunctionName": "tell-errors", "StatementId": "logs"}
    solved_once["lambda"].remove_permission(**about)
    assert "no permission" in alone(solved_once, "logs_may_start_it", "logs_may_start_it")
    source = {"SourceArn": ARN.format("logs", "log-group:/aws/lambda/track-pet:*")}
    may = {**about, "Action": "lambda:InvokeFunction", "Principal": "logs.amazonaws.com"}
    solved_once["lambda"].add_permission(**may)
    assert "every source" in alone(solved_once, "logs_may_start_it", "logs_may_start_it")
    solved_once["lambda"].remove_permission(**about)
    solved_once["lambda"].add_permission(**may, **source)


def test_changes_that_go_nowhere_or_elsewhere_are_noticed(solved_once):
    dynamodb, table = solved_once["dynamodb"], {"TableName": "PetPositions"}
    right, wrong = (ARN.format("kinesis", f"stream/{name}") for name in ("pet-changes", "pet-locations"))
    dynamodb.disable_kinesis_streaming_destination(**table, StreamArn=right)
    told = failure(lab.checks.changes_reach_the_stream, dynamodb, solved_once["kinesis"])
    assert "pet-" not in told.found
    dynamodb.enable_kinesis_streaming_destination(**table, StreamArn=wrong)
    assert "pet-locations" in alone(solved_once, "changes_reach_the_stream", "changes_reach_the_stream")
    dynamodb.disable_kinesis_streaming_destination(**table, StreamArn=wrong)
    dynamodb.enable_kinesis_streaming_destination(**table, StreamArn=right)


# From here on the solved account is changed for good.


def test_stream_that_forgets_and_one_with_other_shards_are_noticed(solved_once):
    kinesis = solved_once["kinesis"]
    kinesis.decrease_stream_retention_period(**LOCATIONS, RetentionPeriodHours=24)
    assert alone(solved_once, "records_are_kept_for_a_week", "reshard") == "hours kept, at least: 24"
    kinesis.increase_stream_retention_period(**LOCATIONS, RetentionPeriodHours=8760)
    kinesis.update_shard_count(**LOCATIONS, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    assert alone(solved_once, "stream_has_four_shards", "reshard") == "open shards: 3"


def test_functions_with_another_role_are_noticed(solved_once):
    iam = solved_once["iam"]
    trust = iam.get_role(RoleName="track-role")["Role"]["AssumeRolePolicyDocument"]
    arn = iam.create_role(RoleName="other-role", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    for function, check in (
        ("track-pet", "tracker_uses_role"),
        ("count-moves", "counter_uses_role"),
        ("tell-errors", "teller_uses_role"),
    ):
        configure(solved_once, function, Role=arn)
        assert "other-role" in alone(solved_once, check, check)


def test_archive_that_reads_nothing_is_noticed(solved_once):
    firehose = solved_once["firehose"]
    firehose.delete_delivery_stream(DeliveryStreamName="pet-archive")
    role = solved_once["iam"].get_role(RoleName="archive-role")["Role"]["Arn"]
    firehose.create_delivery_stream(
        DeliveryStreamName="pet-archive",
        ExtendedS3DestinationConfiguration={"RoleARN": role, "BucketARN": "arn:aws:s3:::pet-location-archive"},
    )
    assert alone(solved_once, "archive_exists", "archive_exists") == "its source: direct PUT alone"


def test_roles_that_may_too_little_are_noticed(solved_once):
    iam = solved_once["iam"]
    for role, sid, check, words in (
        ("track-role", "Tell", "role_allows_the_work", "sqs:SendMessage"),
        ("archive-role", "Call", "archive_role_allows_the_work", "lambda:InvokeFunction"),
    ):
        policy = iam.get_role_policy(RoleName=role, PolicyName="work")["PolicyDocument"]
        policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != sid]
        iam.put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=json.dumps(policy))
        assert words in alone(solved_once, check, check)
    trust = iam.get_role(RoleName="track-role")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}
    iam.update_assume_role_policy(RoleName="track-role", PolicyDocument=json.dumps(trust))
    assert "ec2.amazonaws.com" in alone(solved_once, "role_trusts_lambda", "role_trusts_lambda")


# From here on each test has an account of its own.


def test_stream_on_demand_and_one_shard_are_noticed(clients):
    kinesis = clients["kinesis"]
    kinesis.create_stream(**LOCATIONS, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert failure(lab.checks.stream_exists, kinesis).found == "capacity: ON_DEMAND"
    kinesis.delete_stream(**LOCATIONS)
    kinesis.get_waiter("stream_not_exists").wait(**LOCATIONS, WaiterConfig={"Delay": 1})
    kinesis.create_stream(**LOCATIONS, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(**LOCATIONS, WaiterConfig={"Delay": 1})
    assert failure(lab.checks.stream_exists, kinesis).found == "open shards, at least: 1"
    assert failure(lab.checks.changes_exist, kinesis).found


def of(kind, **properties):
    return {"Type": f"AWS::{kind}", "Properties": properties}


def arn_of(resource):
    return {"Fn::GetAtt": [resource, "Arn"]}


def allow(actions, *resources):
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


def role_of_stack(name, service, *statements):
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    work = {"Version": "2012-10-17", "Statement": list(statements)}
    return of(
        "IAM::Role", RoleName=name, AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]},
        Policies=[{"PolicyName": "work", "PolicyDocument": work}],
    )  # fmt: skip


def template():
    """All of the lab; the packages of its functions must be in a bucket before."""

    def table(name, key, **settings):
        return of(
            "DynamoDB::Table", TableName=name, BillingMode="PAY_PER_REQUEST", **settings,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        )  # fmt: skip

    def function(name, **settings):
        return of(
            "Lambda::Function", FunctionName=name, Runtime="python3.13", Handler="lambda_function.lambda_handler",
            Role=arn_of("TrackRole"), Timeout=30, Code={"S3Bucket": "code", "S3Key": name}, **settings,
        )  # fmt: skip

    def mapping(function, **settings):
        return of(
            "Lambda::EventSourceMapping", EventSourceArn=arn_of("Stream"), FunctionName={"Ref": function},
            StartingPosition="TRIM_HORIZON", **settings,
        )  # fmt: skip

    reading = allow(["kinesis:Get*", "kinesis:Describe*", "kinesis:List*"], arn_of("Stream"))
    objects = {"Fn::Sub": "${Bucket.Arn}/*"}
    cleaning = {"ParameterName": "LambdaArn", "ParameterValue": arn_of("Clean")}
    return {
        "Stream": of("Kinesis::Stream", Name="pet-locations", ShardCount=4, RetentionPeriodHours=168),
        "Changes": of("Kinesis::Stream", Name="pet-changes", ShardCount=1),
        "Positions": table(
            "PetPositions", "Pet_ID", KinesisStreamSpecification={"StreamArn": arn_of("Changes")}
        ),
        "Minutes": table("PetMinutes", "Minute"),
        "Failed": of("SQS::Queue", QueueName="locations-failed"),
        "Bucket": of("S3::Bucket", BucketName="pet-location-archive"),
        "Mails": of(
            "SNS::Topic", TopicName="pet-mails", Subscription=[{"Protocol": "email", "Endpoint": "you@example.com"}]
        ),
        "TrackRole": role_of_stack(
            "track-role", "lambda", reading,
            allow(["dynamodb:PutItem", "dynamodb:UpdateItem"], arn_of("Positions"), arn_of("Minutes")),
            allow(["sqs:SendMessage", "sns:Publish"], arn_of("Failed"), {"Ref": "Mails"}),
            allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "*"),
        ),
        "ArchiveRole": role_of_stack(
            "archive-role", "firehose", reading, allow("s3:PutObject", objects),
            allow("lambda:InvokeFunction", arn_of("Clean")),
        ),
        "Track": function("track-pet"),
        "Count": function("count-moves"),
        "Clean": function("clean-location"),
        "Tell": function("tell-errors", Environment={"Variables": {"TOPIC": {"Ref": "Mails"}}}),
        "Tracking": mapping(
            "Track", FunctionResponseTypes=["ReportBatchItemFailures"], BisectBatchOnFunctionError=True,
            MaximumRetryAttempts=2, DestinationConfig={"OnFailure": {"Destination": arn_of("Failed")}},
        ),
        "Counting": mapping("Count", TumblingWindowInSeconds=60),
        "Archive": of(
            "KinesisFirehose::DeliveryStream", DeliveryStreamName="pet-archive",
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={
                "KinesisStreamARN": arn_of("Stream"), "RoleARN": arn_of("ArchiveRole"),
            },
            ExtendedS3DestinationConfiguration={
                "RoleARN": arn_of("ArchiveRole"), "BucketARN": arn_of("Bucket"), "Prefix": "locations/",
                "ErrorOutputPrefix": "errors/", "CompressionFormat": "GZIP",
                "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
                "ProcessingConfiguration": {
                    "Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": [cleaning]}],
                },
            },
        ),
        "Log": of("Logs::LogGroup", LogGroupName="/aws/lambda/track-pet"),
        "LetsIn": of(
            "Lambda::Permission", FunctionName=arn_of("Tell"), Action="lambda:InvokeFunction",
            Principal="logs.amazonaws.com", SourceArn=arn_of("Log"),
        ),
        "Errors": {
            **of(
                "Logs::SubscriptionFilter", LogGroupName={"Ref": "Log"}, FilterName="errors", FilterPattern="ERROR",
                DestinationArn=arn_of("Tell"),
            ),
            "DependsOn": ["LetsIn"],
        },
    }  # fmt: skip


def test_built_by_cloudformation_all_pass(clients):
    s3, formation = clients["s3"], clients["cloudformation"]
    s3.create_bucket(Bucket="code")
    teller = (lab.folder / "given" / "tell_errors" / "lambda_function.py").read_text(encoding="utf-8")
    for name, code in {**CODE, "tell-errors": teller}.items():
        s3.put_object(Bucket="code", Key=name, Body=zipped(code))
    formation.create_stack(
        StackName="pets", TemplateBody=json.dumps({"Resources": template()}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    wait = {"Delay": 0.2, "MaxAttempts": 300}
    formation.get_waiter("stack_create_complete").wait(StackName="pets", WaiterConfig=wait)
    try:
        report = run_checks(lab, clients)
        assert not not_passed(report)
        assert report.complete
    finally:
        formation.delete_stack(StackName="pets")
        formation.get_waiter("stack_delete_complete").wait(StackName="pets", WaiterConfig=wait)


def test_built_with_the_aws_cli_and_a_wide_policy_it_passes(clients):
    lab.solve(clients)
    firehose, kinesis = clients["firehose"], clients["kinesis"]
    firehose.delete_delivery_stream(DeliveryStreamName="pet-archive")
    (by_stream,) = clients["lambda"].list_event_source_mappings(FunctionName="track-pet")["EventSourceMappings"]
    clients["lambda"].delete_event_source_mapping(UUID=by_stream["UUID"])
    kinesis.delete_stream(**LOCATIONS, EnforceConsumerDeletion=True)
    wide = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [wide]})
    for role in ("track-role", "archive-role"):
        clients["iam"].put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=document)
    aws_cli(clients, "kinesis", "create-stream", "--stream-name", "pet-locations", "--shard-count", "4")
    aws_cli(clients, "kinesis", "increase-stream-retention-period", "--stream-name", "pet-locations",
            "--retention-period-hours", "240")  # fmt: skip
    destination = {
        "RoleARN": ARN.format("iam", "role/archive-role").replace(":us-east-1:", "::"),
        "BucketARN": "arn:aws:s3:::pet-location-archive",
        "Prefix": "locations/", "ErrorOutputPrefix": "errors/", "CompressionFormat": "GZIP",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 0},
        "ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": [
            {"ParameterName": "LambdaArn", "ParameterValue": ARN.format("lambda", "function:clean-location:$LATEST")},
            {"ParameterName": "BufferSizeInMBs", "ParameterValue": "1"},
        ]}]},
    }  # fmt: skip
    source = {"KinesisStreamARN": ARN.format("kinesis", "stream/pet-locations"), "RoleARN": destination["RoleARN"]}
    aws_cli(clients, "firehose", "create-delivery-stream", "--delivery-stream-name", "pet-archive",
            "--delivery-stream-type", "KinesisStreamAsSource",
            "--kinesis-stream-source-configuration", json.dumps(source),
            "--extended-s3-destination-configuration", json.dumps(destination))  # fmt: skip
    aws_cli(clients, "lambda", "create-event-source-mapping", "--function-name", "track-pet",
            "--event-source-arn", source["KinesisStreamARN"], "--starting-position", "LATEST",
            "--function-response-types", "ReportBatchItemFailures", "--bisect-batch-on-function-error",
            "--maximum-retry-attempts", "1", "--destination-config",
            json.dumps({"OnFailure": {"Destination": ARN.format("sqs", "locations-failed")}}))  # fmt: skip
    assert not not_passed(run_checks(lab, clients))


def test_event_of_the_notebook_and_of_the_checks_have_one_shape():
    made = lab.checks.probes.event([lab.checks.probes.at("rex", 1, 2)])["Records"][0]["kinesis"]
    assert json.loads(base64.b64decode(made["data"])) == {"pet": "rex", "x": 1, "y": 2}


SHOWN = "lambda_handler = lambda event, context: print('SEEN', __import__('json').dumps(event)) or {}"


def test_records_of_checks_look_like_those_of_a_mapping(solved_once):
    deploy(solved_once, "track-pet", SHOWN)
    solved_once["kinesis"].put_record(**LOCATIONS, PartitionKey="rex", Data=b"{}")
    (seen,) = wait_until(lambda: events_seen(solved_once, "track-pet"))["Records"]
    deploy(solved_once, "track-pet", CODE["track-pet"])
    (made,) = lab.checks.probes.event([lab.checks.probes.at("rex", 1, 2)])["Records"]
    varies = {"eventID", "kinesis"}
    assert {**made, **dict.fromkeys(varies)} == {**seen, **dict.fromkeys(varies)}
    assert ([*made], [*made["kinesis"]]) == ([*seen], [*seen["kinesis"]])
    assert written(made) == written(seen)


def events_seen(clients, function):
    """The last event that a function was run with, as its log has it; None before there is one."""
    lines = clients["logs"].filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern="SEEN")["events"]
    return json.loads(lines[-1]["message"].removeprefix("SEEN ")) if lines else None


def written(record):
    """By what a record that a check has made could be told from another: how long its texts are."""
    number, arrived = record["kinesis"]["sequenceNumber"], record["kinesis"]["approximateArrivalTimestamp"]
    return len(number), len(record["eventID"]), number[:8], round(arrived, 3) == arrived


def test_records_of_checks_are_named_as_firehose_names_them():
    told, _ = lab.checks.probes.archives.collected()
    assert all(re.fullmatch("[0-9]{20}[0-9a-f]{32}", each["recordId"]) for each in told["records"])
    assert uuid.UUID(told["invocationId"])
