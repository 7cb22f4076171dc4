"""Tests for the account's concurrency on the embedded emulator."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.inside.functions import concurrency
from tests.emulators.inside.functions.test_limits import SETTINGS
from tests.labs.helpers import zipped
from tests.roles import ready
from tests.waiting import in_thread, wait_until


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


def rush(lambda_):
    """What becomes of a call of `quiet` while `busy` runs as often as it may: one of its own calls is refused."""
    busy = [in_thread(lambda: called(lambda_, 2, FunctionName="busy")) for _ in range(3)]
    wait_until(lambda: any(each.done() for each in busy))
    found = called(lambda_, 0, FunctionName="quiet")
    assert "ConcurrentInvocationLimitExceeded" in [each.result() for each in busy]
    return found


def test_a_tag_makes_the_account_small_so_that_one_busy_function_starves_another_until_it_reserves(lambda_):
    for name, tags in (("busy", {concurrency.TAG: "2"}), ("quiet", {})):
        settings = {"FunctionName": name, "Tags": tags, "Code": {"ZipFile": zipped(SLEEP)}, "Timeout": 10}
        lambda_.create_function(**SETTINGS | settings)
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
    assert limits(lambda_) == (2, 2)
    assert rush(lambda_) == "ConcurrentInvocationLimitExceeded"
    with pytest.raises(ClientError, match=r"below its minimum value of \[0\]"):
        lambda_.put_function_concurrency(FunctionName="quiet", ReservedConcurrentExecutions=3)
    lambda_.put_function_concurrency(FunctionName="quiet", ReservedConcurrentExecutions=1)
    assert limits(lambda_) == (2, 1)
    assert rush(lambda_) == "ran"
    lambda_.delete_function(FunctionName="busy")
    assert limits(lambda_) == (1000, 999)


@pytest.mark.parametrize("value", ["", "many", "-1", "2000", "²"])
def test_a_tag_that_is_no_smaller_number_changes_nothing(lambda_, value):
    lambda_.create_function(**SETTINGS | {"FunctionName": "busy", "Tags": {concurrency.TAG: value}})
    assert limits(lambda_) == (1000, 1000)


def test_throttled_call_is_told_in_awss_words(hello):
    lambda_ = hello(SLEEP)["lambda"]
    lambda_.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=0)
    with pytest.raises(lambda_.exceptions.TooManyRequestsException) as caught:
        lambda_.invoke(FunctionName="hello", Payload=b"0")
    told = caught.value.response
    assert (told["Error"]["Message"], told["Type"]) == ("Rate Exceeded.", "User")
