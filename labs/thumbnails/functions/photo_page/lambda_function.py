"""Serves a page from which a browser uploads a photo to S3 itself, by a link that this function signs."""

import json
import os
import uuid
from pathlib import Path

import boto3
from botocore.config import Config

BUCKET = os.environ["BUCKET"]
VALID = 300  # seconds
PAGE = Path(__file__).with_name("page.html")
s3 = boto3.client("s3", config=Config(signature_version="s3v4"))


def lambda_handler(event, context):
    """Answer a request to the function's URL: /links with new links, everything else with the page."""
    if event["rawPath"].endswith("/links"):
        return answer("application/json", json.dumps(links()))
    return answer("text/html; charset=utf-8", PAGE.read_text(encoding="utf-8"))


def answer(kind, body):
    """An answer of a function URL."""
    return {"statusCode": 200, "headers": {"content-type": kind}, "body": body}


def links():
    """Two links that are valid for a while: one uploads a new photo, one shows its thumbnail."""
    name = f"{uuid.uuid4().hex}.jpg"
    upload, thumbnail = {"Bucket": BUCKET, "Key": f"in/{name}"}, {"Bucket": BUCKET, "Key": f"out/{name}"}
    return {
        "upload": s3.generate_presigned_url("put_object", Params=upload, ExpiresIn=VALID),
        "thumbnail": s3.generate_presigned_url("get_object", Params=thumbnail, ExpiresIn=VALID),
    }
