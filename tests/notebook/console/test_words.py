"""Tests for how the console writes times, long texts and ARNs."""

import pytest

from lab_harness.notebook.console.words import clock, fine_clock, resource, shortened

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:pet-store"


@pytest.mark.parametrize(
    ("arn", "text"),
    [
        (FUNCTION, "Lambda pet-store"),
        (f"{FUNCTION}:live", "Lambda pet-store:live"),
        (
            f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations",
            "Lambda pet-store",
        ),
        ("arn:aws:sqs:us-east-1:000000000000:pet-orders", "SQS pet-orders"),
        ("arn:aws:sns:us-east-1:000000000000:news", "SNS news"),
        ("arn:aws:events:us-east-1:000000000000:event-bus/pet-shop", "EventBridge event-bus/pet-shop"),
        ("arn:aws:kinesis:us-east-1:000000000000:stream/a", "kinesis stream/a"),
        ("https://example.com/", "https://example.com/"),
        ("MOCK", "MOCK"),
        ("", ""),
    ],
)
def test_arn_is_a_service_and_a_name(arn, text):
    assert resource(arn) == text


def test_times_are_utc():
    assert (clock(1_700_000_000.25), fine_clock(1_700_000_000.25)) == ("22:13:20", "22:13:20.250")


def test_long_text_says_how_much_is_missing():
    assert shortened("x" * 5, 5) == "xxxxx"
    assert shortened("x" * 2005, 5) == "xxxxx… (2,000 more characters)"
