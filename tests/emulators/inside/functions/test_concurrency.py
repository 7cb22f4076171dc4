"""Tests for the account's concurrency on the embedded emulator."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.inside.functions import concurrency
from tests.emulators.inside.functions.test_limits import SETTINGS
from tests.roles import ready
from tests.waiting import in_thread


@pytest.fixture
def lambda_(embedded):
    embedded.reset()
    ready(embedded)
    return Clients(embedded)["lambda"]


def limits(lambda_):
    found = lambda_.get_account_settings()["AccountLimit"]
    return found["ConcurrentExecutions"], found["UnreservedConcurrentExecutions"]


def test_functions_may_reserve_900_of_1000_together(lambda_):
    for name in ("one", "two"):
        lambda_.create_function(**SETTINGS | {"FunctionName": name})
    assert limits(lambda_) == (1000, 1000)
    lambda_.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=600)
    assert limits(lambda_) == (1000, 400)
    with pytest.raises(ClientError, match=r"InvalidParameterValueException.*below its minimum value of \[100\]"):
        lambda_.put_function_concurrency(FunctionName="two", ReservedConcurrentExecutions=301)
    lambda_.put_function_concurrency(FunctionName="two", ReservedConcurrentExecutions=300)
    lambda_.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=600)  # its own do not count
    assert limits(lambda_) == (1000, 100)


SLEEP = "import time\ndef lambda_handler(event, context):\n    time.sleep(event)\n    return event"


def called(lambda_, seconds, **to):
    """Whether the function ran, rather than was throttled, and for which reason."""
    try:
        lambda_.invoke(**to, Payload=json.dumps(seconds))
    except lambda_.exceptions.TooManyRequestsException as error:
        return error.response["Reason"]
    return "ran"


def test_reservation_counts_for_versions_and_aliases_too(hello):
    lambda_ = hello(SLEEP)["lambda"]
    lambda_.publish_version(FunctionName="hello")
    lambda_.create_alias(FunctionName="hello", Name="live", FunctionVersion="1")
    lambda_.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=2)
    qualifiers = ("$LATEST", "1", "live")
    calls = [in_thread(lambda q=q: called(lambda_, 1.5, FunctionName="hello", Qualifier=q)) for q in qualifiers]
    assert sorted(each.result() for each in calls) == [
        "ReservedFunctionConcurrentInvocationLimitExceeded",
        "ran",
        "ran",
    ]


def test_what_some_have_reserved_the_others_cannot_use():
    assert not concurrency.is_full({"busy": 99, "reserved": 50}, {"reserved": 900})
    assert concurrency.is_full({"busy": 99, "reserved": 50, "other": 1}, {"reserved": 900})
    assert not concurrency.is_full({"busy": 999}, {})
    assert concurrency.is_full({"busy": 1000}, {})
