"""Tests for new buckets on the embedded emulator, which block public access, as on AWS."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients

BUCKET = "pet-shop"
READ = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": READ})


def test_everyone_may_read_a_bucket_only_once_its_block_is_lifted(embedded):
    embedded.reset()
    s3 = Clients(embedded)["s3"]
    s3.create_bucket(Bucket=BUCKET)
    blocks = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert len(blocks) == 4
    assert all(blocks.values())
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_bucket_policy(Bucket=BUCKET, Policy=POLICY)
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=POLICY)
    assert s3.get_bucket_policy(Bucket=BUCKET)["Policy"] == POLICY
