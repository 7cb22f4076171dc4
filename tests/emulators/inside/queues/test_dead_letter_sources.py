"""Tests for the question whose dead letters a queue gets, on the embedded emulator."""

import json

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:sqs:us-east-1:000000000000:"


@pytest.fixture
def sqs(clients):
    return clients["sqs"]


def create(sqs, name, **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def feeds(name):
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{ARN}{name}", "maxReceiveCount": 3})}


def test_sources_are_those_whose_dead_letters_come_here_now(sqs):
    dead, other = create(sqs, "dead"), create(sqs, "other")
    work, more = create(sqs, "work", **feeds("dead")), create(sqs, "more", **feeds("dead"))
    create(sqs, "elsewhere", **feeds("other"))
    assert sorted(sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]) == sorted([work, more])
    sqs.set_queue_attributes(QueueUrl=more, Attributes={"RedrivePolicy": ""})
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [work]
    sqs.set_queue_attributes(QueueUrl=work, Attributes=feeds("other"))
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead).get("queueUrls", []) == []
    assert work in sqs.list_dead_letter_source_queues(QueueUrl=other)["queueUrls"]


def test_pages_follow_one_another(sqs):
    dead = create(sqs, "dead")
    work = {create(sqs, f"work-{number}", **feeds("dead")) for number in range(3)}
    pages = list(
        sqs.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=dead, PaginationConfig={"PageSize": 2})
    )
    assert [len(page["queueUrls"]) for page in pages] == [2, 1]
    assert {url for page in pages for url in page["queueUrls"]} == work
    assert "NextToken" not in sqs.list_dead_letter_source_queues(QueueUrl=dead)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"QueueUrl": "http://localhost/000000000000/nowhere"}, "AWS.SimpleQueueService.NonExistentQueue"),
        ({"MaxResults": 0}, "InvalidParameterValue"),
        ({"MaxResults": 1001}, "InvalidParameterValue"),
        ({"NextToken": "made up"}, "InvalidParameterValue"),
    ],
)
def test_question_that_sqs_refuses(sqs, asked, code):
    with pytest.raises(ClientError) as caught:
        sqs.list_dead_letter_source_queues(**{"QueueUrl": create(sqs, "dead"), **asked})
    assert caught.value.response["Error"]["Code"] == code
