"""Tests for Firehose's streams on the embedded emulator: they collect, transform, compress and name as AWS's do."""

import base64
import gzip
import json
import re
import time

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.streams.delivery_streams.transforming import LARGEST_CALL, Record, batches
from lab_harness.emulators.process import free_port
from tests.emulators.inside.permissions.authorization.conftest import account  # noqa: F401  a fixture
from tests.emulators.inside.permissions.authorization.listener import FUNCTION
from tests.emulators.inside.permissions.authorization.test_pipelines import denied_by_role
from tests.emulators.inside.tables.test_point_in_time import advance
from tests.labs.helpers import zipped
from tests.roles import allow, role, take_away
from tests.waiting import wait_until

BUCKET = "arn:aws:s3:::archive"
WRITES = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{BUCKET}/*"}
CALLS = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION}
AT_ONCE = {"SizeInMBs": 1, "IntervalInSeconds": 0}
STREAM = {"DeliveryStreamName": "archive"}
SORTS = """
import base64
def lambda_handler(event, context):
    return {"records": [made(each) for each in event["records"] if b"lost" not in base64.b64decode(each["data"])]}
def made(each):
    text = base64.b64decode(each["data"]).decode()
    result = {"bad": "ProcessingFailed", "no": "Dropped"}.get(text, "Ok")
    data = base64.b64encode((text.upper() + "\\n").encode()).decode()
    keys = {"partitionKeys": {"letter": text[0]}}
    return {"recordId": each["recordId"], "result": result, "data": data, "metadata": keys}
"""


@pytest.fixture
def aws(account):  # noqa: F811
    account["s3"].create_bucket(Bucket="archive")
    role(account, "carrier", WRITES, CALLS, services=["firehose"])
    return account


def create(aws, **more):
    destination = {"RoleARN": "arn:aws:iam::000000000000:role/carrier", "BucketARN": BUCKET, **more}
    aws["firehose"].create_delivery_stream(**STREAM, ExtendedS3DestinationConfiguration=destination)


def transforming(aws, code=SORTS, **more):
    """A stream whose function has this code."""
    aws["lambda"].update_function_code(FunctionName="listener", ZipFile=zipped(code))
    aws["lambda"].get_waiter("function_updated_v2").wait(FunctionName="listener", WaiterConfig={"Delay": 0.1})
    processor = {"Type": "Lambda", "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": FUNCTION}]}
    create(aws, ProcessingConfiguration={"Enabled": True, "Processors": [processor]}, **more)


def put(aws, *texts):
    records = [{"Data": text if isinstance(text, bytes) else text.encode()} for text in texts]
    aws["firehose"].put_record_batch(**STREAM, Records=records)


def objects(aws):
    """What is in the bucket: bodies by their keys."""
    listed = aws["s3"].list_objects_v2(Bucket="archive").get("Contents", [])
    return {each["Key"]: aws["s3"].get_object(Bucket="archive", Key=each["Key"])["Body"].read() for each in listed}


def written(aws, count=1):
    return wait_until(lambda: len(found := objects(aws)) == count and found)


def test_records_are_one_object_when_their_time_has_come(aws, embedded):
    create(aws, BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 60})
    put(aws, "a\n", "b\n")
    advance(embedded, 30)
    put(aws, "c\n")
    advance(embedded, 29)
    assert not objects(aws)
    advance(embedded, 2)
    [(key, body)] = written(aws).items()
    assert body == b"a\nb\nc\n"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\d\d/archive-1-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9a-f-]{36}", key)


def test_what_was_collected_is_delivered_after_the_emulator_was_stopped(tmp_path):
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    try:
        aws = Clients(emulator)
        aws["s3"].create_bucket(Bucket="archive")
        role(aws, "carrier", WRITES, services=["firehose"])
        create(aws, BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 60})
        put(aws, "a\n")
        emulator.stop()
        emulator.start()
        advance(emulator, 61)
        assert list(written(Clients(emulator)).values()) == [b"a\n"]
    finally:
        emulator.stop()


def test_records_are_written_when_they_are_large_enough(aws):
    create(aws, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    put(aws, b"x" * 600_000)
    put(aws, b"y" * 600_000)
    [body] = written(aws).values()
    assert len(body) == 1_200_000


def test_objects_are_compressed_and_stand_where_the_prefix_says(aws):
    create(
        aws, BufferingHints=AT_ONCE, CompressionFormat="GZIP", Prefix="year=!{timestamp:yyyy}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
    )  # fmt: skip
    put(aws, "a\n")
    [(key, body)] = written(aws).items()
    assert re.fullmatch(r"year=\d{4}/archive-1-.*\.gz", key)
    assert gzip.decompress(body) == b"a\n"


def test_function_changes_drops_and_fails_records(aws):
    transforming(aws, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 1})
    put(aws, "cat", "no", "bad", "dog", "lost")
    found = written(aws, 2)
    errors, good = sorted(found.items(), key=lambda each: not each[0].startswith("processing-failed/"))
    assert good[1] == b"CAT\nDOG\n"
    told = {base64.b64decode(each["rawData"]): each for each in map(json.loads, errors[1].splitlines())}
    assert {text: each["errorCode"] for text, each in told.items()} == {
        b"bad": "Lambda.ProcessingFailedStatus", b"lost": "Lambda.MissingRecordId",
    }  # fmt: skip
    assert told[b"bad"]["lambdaArn"] == FUNCTION
    assert told[b"bad"]["errorMessage"] == "ProcessingFailed status set for record"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("def lambda_handler(event, context): raise ValueError('no')", "Lambda.FunctionError"),
        ("def lambda_handler(event, context): return 'no'", "Lambda.JsonProcessingException"),
    ],
)
def test_records_of_a_function_that_fails_are_kept(aws, embedded, code, error):
    transforming(aws, code, BufferingHints=AT_ONCE)
    put(aws, "cat")
    [body] = written(aws).values()
    told = json.loads(body)
    assert (told["errorCode"], base64.b64decode(told["rawData"])) == (error, b"cat")
    assert told["attemptsMade"] == len(embedded.runs("listener"))


def test_records_are_spread_by_keys_of_the_function_and_of_their_own(aws):
    partitions = {"DynamicPartitioningConfiguration": {"Enabled": True}, "ErrorOutputPrefix": "errors/"}
    large = {"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 1}}
    transforming(aws, **partitions, **large, Prefix="letter=!{partitionKeyFromLambda:letter}/!{timestamp:yyyy}/")
    put(aws, "cat", "cow", "dog")
    found = {key.partition("/")[0]: body for key, body in written(aws, 2).items()}
    assert found == {"letter=c": b"CAT\nCOW\n", "letter=d": b"DOG\n"}


def test_records_are_spread_by_what_is_in_them(aws):
    query = [
        {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{pet: .pet}"},
        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
    ]
    ends = [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]
    processors = [
        {"Type": "MetadataExtraction", "Parameters": query}, {"Type": "AppendDelimiterToRecord", "Parameters": ends},
    ]  # fmt: skip
    create(
        aws, Prefix="!{partitionKeyFromQuery:pet}/", ErrorOutputPrefix="errors/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 1},
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration={"Enabled": True, "Processors": processors},
    )  # fmt: skip
    put(aws, '{"pet": "rex"}', "no json")
    found = {key.partition("/")[0]: body for key, body in written(aws, 2).items()}
    assert found["rex"] == b'{"pet": "rex"}\n'
    assert json.loads(found["errors"])["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"Prefix": "!{timestamp:yyyy}/"}, "ErrorOutputPrefix cannot be null"),
        ({"Prefix": "!{timestamp:yyyy}/", "ErrorOutputPrefix": "!{timestamp:yyyy}/"}, "error-output-type"),
        ({"Prefix": "!{partitionKeyFromLambda:a}/", "ErrorOutputPrefix": "e/"}, "dynamic partitioning"),
        ({"DynamicPartitioningConfiguration": {"Enabled": True}}, "at least 64"),
        ({"BufferingHints": {"SizeInMBs": 129, "IntervalInSeconds": 1}}, "less than or equal to 128"),
        ({"CompressionFormat": "ZIP"}, "GZIP"),
    ],
)
def test_destination_that_aws_refuses_is_refused(aws, settings, words):
    with pytest.raises(ClientError, match=words):
        create(aws, **settings)
    assert not aws["firehose"].list_delivery_streams()["DeliveryStreamNames"]


def test_changed_destination_is_refused_too(aws):
    create(aws)
    about = aws["firehose"].describe_delivery_stream(**STREAM)["DeliveryStreamDescription"]
    with pytest.raises(ClientError, match="ErrorOutputPrefix"):
        aws["firehose"].update_destination(
            **STREAM, CurrentDeliveryStreamVersionId=about["VersionId"],
            DestinationId=about["Destinations"][0]["DestinationId"],
            ExtendedS3DestinationUpdate={"Prefix": "!{timestamp:yyyy}/"},
        )  # fmt: skip


def test_stream_writes_while_its_role_may(aws, embedded):
    create(aws, BufferingHints=AT_ONCE)
    put(aws, "moved\n")
    written(aws)
    take_away(aws, "carrier")
    assert denied_by_role(embedded, lambda: put(aws, "x"), "s3:PutObject")["resource"].startswith(f"{BUCKET}/")
    allow(aws, "carrier", WRITES)
    put(aws, "moved\n")
    written(aws, 2)
    take_away(aws, "carrier")
    denied_by_role(embedded, lambda: put(aws, "x"), "s3:PutObject")


def test_stream_keeps_as_failed_what_its_role_may_not_have_transformed(aws, embedded):
    allow(aws, "carrier", WRITES)
    transforming(aws, BufferingHints=AT_ONCE)
    denied_by_role(embedded, lambda: put(aws, "cat"), "lambda:InvokeFunction")
    [(key, body)] = written(aws).items()
    assert key.startswith("processing-failed/")
    assert json.loads(body)["errorCode"] == "Lambda.InvokeAccessDenied"
    allow(aws, "carrier", WRITES, {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{FUNCTION}*"})
    put(aws, "cat")
    assert any(not key.startswith("processing-failed/") for key in written(aws, 2))
    allow(aws, "carrier", WRITES)
    denied_by_role(embedded, lambda: put(aws, "cat"), "lambda:InvokeFunction")


def test_stream_is_made_with_a_role_that_trusts_firehose(aws):
    arn = role(aws, "other", services=["lambda"])
    with pytest.raises(ClientError, match=r"Firehose is unable to assume role .*/other\. Please check the role"):
        create(aws, RoleARN=arn)


def test_stream_of_kinesis_feeds_it_while_its_role_may_read(aws, embedded):
    aws["kinesis"].create_stream(StreamName="clicks", ShardCount=1)
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
    reads = {"Effect": "Allow", "Action": "kinesis:*", "Resource": arn}
    allow(aws, "carrier", WRITES, reads)
    carrier = "arn:aws:iam::000000000000:role/carrier"
    aws["firehose"].create_delivery_stream(
        **STREAM, DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": carrier},
        ExtendedS3DestinationConfiguration={"RoleARN": carrier, "BucketARN": BUCKET, "BufferingHints": AT_ONCE},
    )  # fmt: skip

    def click():
        aws["kinesis"].put_record(StreamName="clicks", Data=b"c\n", PartitionKey="k")

    click()
    written(aws)
    aws["dynamodb"].create_table(
        TableName="pets", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    aws["dynamodb"].enable_kinesis_streaming_destination(TableName="pets", StreamArn=arn)
    aws["dynamodb"].put_item(TableName="pets", Item={"id": {"S": "rex"}})
    bodies = written(aws, 2).values()
    assert any(b'"rex"' in body for body in bodies)
    allow(aws, "carrier", WRITES)
    assert denied_by_role(embedded, click, "kinesis:DescribeStream")["resource"] == arn


def test_many_small_records_are_put_into_events_in_no_time():
    records, started = [Record(str(number), b"a" * 300, 0.0) for number in range(20_000)], time.process_time()
    most = LARGEST_CALL // 300
    assert [len(each) for each in batches(records)] == [most, 20_000 - most]
    assert time.process_time() - started < 2
