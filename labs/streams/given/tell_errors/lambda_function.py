"""Mails lines of a log, as a subscription filter sends them."""

import base64
import gzip
import json
import os

import boto3

sns = boto3.client("sns")


def lambda_handler(event, context):
    """Publish the lines, which come compressed."""
    told = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    lines = [each["message"].strip() for each in told["logEvents"]]
    sns.publish(TopicArn=os.environ["TOPIC"], Subject="A location was bad", Message="\n".join(lines))
