"""Tests for exports of a table to S3 on the embedded emulator."""

import gzip
import json

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.tables.test_point_in_time import advance, protect, put, table
from tests.roles import allow, ready


@pytest.fixture
def aws(clients):
    table(clients["dynamodb"])
    clients["s3"].create_bucket(Bucket="exports")
    return clients


def export(aws, **settings):
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Pets"
    told = aws["dynamodb"].export_table_to_point_in_time(TableArn=arn, **{"S3Bucket": "exports"} | settings)
    assert told["ExportDescription"]["ExportStatus"] == "IN_PROGRESS"
    return aws["dynamodb"].describe_export(ExportArn=told["ExportDescription"]["ExportArn"])["ExportDescription"]


def read(aws, key):
    return aws["s3"].get_object(Bucket="exports", Key=key)["Body"].read()


def exported(aws, told):
    """The items of an export, found by its manifests."""
    summary = json.loads(read(aws, told["ExportManifest"]))
    files = [json.loads(line) for line in read(aws, summary["manifestFilesS3Key"]).splitlines()]
    lines = [line for file in files for line in gzip.decompress(read(aws, file["dataFileS3Key"])).splitlines()]
    assert summary["itemCount"] == sum(file["itemCount"] for file in files) == len(lines)
    return [json.loads(line)["Item"] for line in lines]


def test_export_has_the_items_of_its_moment(aws, embedded):
    dynamodb = aws["dynamodb"]
    protect(dynamodb)
    put(dynamodb, "cat", 9)
    moment = advance(embedded, 60)
    put(dynamodb, "cat", 0)
    put(dynamodb, "dog", 20)
    assert len(exported(aws, export(aws))) == 2
    told = export(aws, ExportTime=moment, S3Prefix="old/")
    assert told["ExportStatus"] == "COMPLETED"
    assert told["ItemCount"] == 1
    assert told["ExportManifest"].startswith("old/AWSDynamoDB/")
    assert exported(aws, told) == [{"id": {"S": "cat"}, "price": {"N": "9"}}]


def test_export_needs_recovery(aws):
    with pytest.raises(ClientError, match="PointInTimeRecoveryUnavailable"):
        export(aws)


def test_export_to_a_bucket_that_is_not_there_fails(aws):
    protect(aws["dynamodb"])
    told = export(aws, S3Bucket="nowhere")
    assert (told["ExportStatus"], told["FailureCode"]) == ("FAILED", "S3NoSuchBucket")


def test_moment_that_cannot_be_exported_is_refused(aws, embedded):
    before = advance(embedded, 60)
    advance(embedded, 60)
    protect(aws["dynamodb"])
    with pytest.raises(ClientError, match="InvalidExportTime"):
        export(aws, ExportTime=before)


def test_token_that_was_used_exports_nothing_anew(aws):
    protect(aws["dynamodb"])
    first = export(aws, ClientToken="once")
    listed = aws["s3"].list_objects_v2(Bucket="exports")["KeyCount"]
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Pets"
    again = aws["dynamodb"].export_table_to_point_in_time(TableArn=arn, S3Bucket="exports", ClientToken="once")
    assert again["ExportDescription"]["ExportArn"] == first["ExportArn"]
    assert aws["s3"].list_objects_v2(Bucket="exports")["KeyCount"] == listed


def test_who_exports_must_be_allowed_to_write_to_the_bucket(aws, embedded):
    protect(aws["dynamodb"])
    key = aws["sts"].assume_role(RoleArn=ready(embedded), RoleSessionName="exporter")["Credentials"]
    allowed = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
    dynamodb = boto3.client(
        "dynamodb", region_name="us-east-1", endpoint_url=embedded.endpoint, aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"], aws_session_token=key["SessionToken"],
    )  # fmt: skip
    write = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::exports/AWSDynamoDB/*"}
    for statements, status in (([allowed], "FAILED"), ([allowed, write], "COMPLETED"), ([allowed], "FAILED")):
        allow(aws, "worker", *statements)
        told = export({"dynamodb": dynamodb})
        assert told["ExportStatus"] == status
        if status == "COMPLETED":
            assert exported(aws, told) == []
