"""What a request needs besides its own permission where it tags what it makes: that to tag, which MiniStack forgets.

Who may make a queue, but not tag one, could otherwise give it the tag by which others are let in.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html, and the page of each other
of these operations, under its tags (2026)
"""

from collections.abc import Mapping
from typing import Any

# For each operation that makes something with tags, the permission to tag it.
TAGS = {
    "cloudwatch:PutMetricAlarm": "cloudwatch:TagResource",
    "dynamodb:CreateTable": "dynamodb:TagResource",
    "events:PutRule": "events:TagResource",
    "firehose:CreateDeliveryStream": "firehose:TagDeliveryStream",
    "iam:CreatePolicy": "iam:TagPolicy",
    "iam:CreateRole": "iam:TagRole",
    "iam:CreateUser": "iam:TagUser",
    "kinesis:CreateStream": "kinesis:AddTagsToStream",
    "kms:CreateKey": "kms:TagResource",
    "lambda:CreateFunction": "lambda:TagResource",
    "logs:CreateLogGroup": "logs:TagResource",
    "secretsmanager:CreateSecret": "secretsmanager:TagResource",
    "sns:CreateTopic": "sns:TagResource",
    "sqs:CreateQueue": "sqs:TagQueue",
    "ssm:PutParameter": "ssm:AddTagsToResource",
}


def action_for(action: str, keys: Mapping[str, Any] | None) -> str:
    """The permission that a request needs to tag what it makes; empty where it tags nothing."""
    return TAGS.get(action, "") if keys and keys.get("aws:TagKeys") else ""
