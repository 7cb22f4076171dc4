"""Tests for what AWS answers: a thing that is there, one that is not, and what is neither."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from lab_harness.answers import pages, there


def refused(code, status=400):
    error = ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Any")

    def ask(**_):
        raise error

    return ask


def test_answer_is_without_what_is_about_the_call():
    answer = {"Policy": "{}", "ResponseMetadata": {"RequestId": "1"}}
    assert there(lambda **asked: answer | asked, Bucket="mine") == {"Policy": "{}", "Bucket": "mine"}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ResourceNotFoundException", 400), ("NoSuchEntity", 404), ("NoSuchBucketPolicy", 404), ("Anything", 404),
        ("AWS.SimpleQueueService.NonExistentQueue", 400), ("StateMachineDoesNotExist", 400),
    ],
)  # fmt: skip
def test_what_is_not_there_is_none(code, status):
    assert there(refused(code, status)) is None


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("InternalFailure", 500), ("Throttling", 400)])
def test_any_other_refusal_is_not_hidden(code, status):
    with pytest.raises(ClientError, match=code):
        there(refused(code, status))


def test_pages_are_read_as_one_list():
    asked = []

    def paginate(**arguments):
        asked.append(arguments)
        return [{"Items": [1, 2]}, {}, {"Items": [3]}]

    client = SimpleNamespace(get_paginator=lambda operation: SimpleNamespace(paginate=paginate))
    assert list(pages(client, "list_any", "Items", Name="mine")) == [1, 2, 3]
    assert asked == [{"Name": "mine"}]
