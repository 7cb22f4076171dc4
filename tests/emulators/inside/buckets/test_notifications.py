"""Tests for the notifications of a bucket that the embedded emulator refuses."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.functions.test_limits import SETTINGS
from tests.roles import let_in, ready

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


@pytest.fixture
def clients(embedded):
    embedded.reset()
    ready(embedded)
    found = Clients(embedded)
    found["lambda"].create_function(**SETTINGS)
    let_in(found, "hello", "s3")
    found["s3"].create_bucket(Bucket="photos")
    return found


def rule(event="s3:ObjectCreated:*", prefix="", suffix="", function="hello"):
    rules = [{"Name": name, "Value": value} for name, value in (("prefix", prefix), ("suffix", suffix)) if value]
    filtered = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {"LambdaFunctionArn": f"{ARN}{function}", "Events": [event], **filtered}


def put(clients, *rules, **settings):
    told = {"LambdaFunctionConfigurations": list(rules)}
    clients["s3"].put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=told, **settings)


@pytest.mark.parametrize(
    "rules",
    [
        [rule(), rule()],
        [rule(), rule("s3:ObjectCreated:Put")],
        [rule(prefix="a/"), rule(prefix="a/b/")],
        [rule(suffix=".jpg"), rule(prefix="a/")],
        [rule(prefix="a/", suffix=".jpg"), rule(prefix="a/", suffix=".thumb.jpg")],
    ],
)
def test_two_rules_for_one_object_are_refused(clients, rules):
    with pytest.raises(ClientError, match=r"\(InvalidArgument\).*Configuration is ambiguously defined"):
        put(clients, *rules)
    assert "LambdaFunctionConfigurations" not in clients["s3"].get_bucket_notification_configuration(Bucket="photos")


@pytest.mark.parametrize(
    "rules",
    [
        [rule(), rule("s3:ObjectRemoved:*")],
        [rule("s3:ObjectCreated:Put"), rule("s3:ObjectCreated:Copy")],
        [rule(prefix="a/"), rule(prefix="b/")],
        [rule(suffix=".jpg"), rule(suffix=".png")],
        [rule(prefix="a/", suffix=".jpg"), rule(prefix="a/", suffix=".png")],
    ],
)
def test_rules_that_share_no_object_are_taken(clients, rules):
    put(clients, *rules)


def test_function_and_event_must_exist(clients):
    with pytest.raises(ClientError, match=f"Unable to validate the following destination .*{ARN}none"):
        put(clients, rule(function="none"))
    put(clients, rule(function="none"), SkipDestinationValidation=True)
    with pytest.raises(ClientError, match="A specified event is not supported for notifications"):
        put(clients, rule("s3:ObjectSeen:*"))
