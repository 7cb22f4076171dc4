"""Tests for the account's concurrency on the embedded emulator."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.test_function_limits import SETTINGS
from tests.roles import ready


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
