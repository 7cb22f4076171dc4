"""Tests for how large an invocation may be on the embedded emulator."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.emulators.inside.functions.payloads import LARGEST, LARGEST_ANSWER

CODE = "def lambda_handler(event, context):\n    return 'x' * event.get('answer', 0)"


@pytest.fixture
def lambda_(hello):
    return hello(CODE)["lambda"]


def payload(size):
    return json.dumps({"x": "y" * (size - len('{"x": ""}'))}).encode()


@pytest.mark.parametrize("kind", LARGEST)
def test_payload_may_be_as_large_as_awss_limit_and_no_larger(lambda_, kind):
    largest = LARGEST[kind]
    answer = lambda_.invoke(FunctionName="hello", InvocationType=kind, Payload=payload(largest))
    assert answer["StatusCode"] in (200, 202)
    rule = (
        rf"\(RequestEntityTooLargeException\).*{largest + 1} byte payload is too large for the {kind} invocation type"
    )
    with pytest.raises(ClientError, match=rf"{rule} \(limit {largest} bytes\)"):
        lambda_.invoke(FunctionName="hello", InvocationType=kind, Payload=payload(largest + 1))


def test_answer_that_is_too_large_is_an_error(lambda_):
    answer = lambda_.invoke(FunctionName="hello", Payload=json.dumps({"answer": LARGEST_ANSWER}))
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorType"] == "Function.ResponseSizeTooLarge"
