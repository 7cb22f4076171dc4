"""Removes originals that are older than 30 days."""

import os
from datetime import datetime, timedelta

import boto3

KEPT = timedelta(days=30)
s3 = boto3.client("s3")


def lambda_handler(event, context):
    """Remove the objects under event["prefix"] that are older than 30 days at event["time"]."""
    oldest = datetime.fromisoformat(event["time"]) - KEPT
    bucket = os.environ["BUCKET"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=event["prefix"])
    photos = [photo for page in pages for photo in page.get("Contents", [])]
    old = [photo["Key"] for photo in photos if photo["LastModified"] < oldest]
    for key in old:
        s3.delete_object(Bucket=bucket, Key=key)
    print("at", event["time"], "removed", len(old), "of", len(photos))
    return {"removed": old}
