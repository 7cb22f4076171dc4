"""Tests for provisioned concurrency on the embedded emulator."""

import base64
import json
import time

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from tests import roles
from tests.emulators.inside.functions.test_limits import SETTINGS
from tests.labs.helpers import deploy, zipped
from tests.waiting import in_thread, wait_until

SLOW = """
import os, time, uuid
time.sleep(0.6)
ENVIRONMENT = uuid.uuid4().hex
def lambda_handler(event, context):
    time.sleep((event or {}).get("work", 0))
    return [ENVIRONMENT, os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]]
"""
NAME = {"FunctionName": "hello"}


@pytest.fixture
def lambda_(hello):
    """Lambda with the function hello, which takes 0.6 s to be ready, its version 1 and the alias live."""
    lambda_ = hello(SLOW)["lambda"]
    lambda_.publish_version(**NAME)
    lambda_.create_alias(**NAME, Name="live", FunctionVersion="1")
    return lambda_


def provision(lambda_, number, qualifier="live"):
    made = lambda_.put_provisioned_concurrency_config(
        **NAME, Qualifier=qualifier, ProvisionedConcurrentExecutions=number
    )
    assert (made["Status"], made["AllocatedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 0)
    return wait_until(lambda: ready(lambda_, qualifier))


def ready(lambda_, qualifier="live"):
    found = lambda_.get_provisioned_concurrency_config(**NAME, Qualifier=qualifier)
    return found if found["Status"] == "READY" else None


def call(lambda_, work=0.0, qualifier="live"):
    started = time.monotonic()
    payload = json.dumps({"work": work})
    answer = lambda_.invoke(**NAME, Qualifier=qualifier, LogType="Tail", Payload=payload)
    seconds = time.monotonic() - started
    return *json.load(answer["Payload"]), base64.b64decode(answer["LogResult"]).decode(), seconds


def test_first_calls_meet_environments_that_are_ready(lambda_):
    found = provision(lambda_, 2)
    assert found["AllocatedProvisionedConcurrentExecutions"] == found["AvailableProvisionedConcurrentExecutions"] == 2
    calls = [in_thread(lambda: call(lambda_, 0.3)) for _ in range(2)]
    answers = [each.result() for each in calls]
    assert len({environment for environment, *_ in answers}) == 2
    for _, kind, log, _ in answers:
        assert kind == "provisioned-concurrency"
        assert "Init Duration: 6" in log  # It was needed, but before the call, which is billed without it.
        assert "Billed Duration: 3" in log


def test_what_is_beyond_runs_on_demand(lambda_):
    provision(lambda_, 1)
    calls = [in_thread(lambda: call(lambda_, 1)) for _ in range(2)]
    kinds = sorted(each.result()[1] for each in calls)
    assert kinds == ["on-demand", "provisioned-concurrency"]


def test_alias_that_moves_takes_its_environments_along(lambda_, embedded):
    provision(lambda_, 1)
    deploy(Clients(embedded), "hello", f"{SLOW}# again")
    lambda_.publish_version(**NAME)
    lambda_.update_alias(**NAME, Name="live", FunctionVersion="2")
    wait_until(lambda: ready(lambda_))
    assert call(lambda_)[1] == "provisioned-concurrency"
    lambda_.delete_provisioned_concurrency_config(**NAME, Qualifier="live")
    with pytest.raises(ClientError, match="ProvisionedConcurrencyConfigNotFoundException"):
        ready(lambda_)


def refused(lambda_, message, qualifier="live", number=2):
    with pytest.raises(ClientError, match=rf"InvalidParameterValueException.*{message}"):
        lambda_.put_provisioned_concurrency_config(**NAME, Qualifier=qualifier, ProvisionedConcurrentExecutions=number)


def test_what_aws_refuses_is_refused(lambda_):
    refused(lambda_, "cannot be applied to unpublished function versions", "$LATEST")
    lambda_.put_function_concurrency(**NAME, ReservedConcurrentExecutions=1)
    refused(lambda_, "should not be greater than the reservedConcurrentExecution")
    lambda_.delete_function_concurrency(**NAME)
    lambda_.publish_version(**NAME)
    lambda_.create_alias(**NAME, Name="latest", FunctionVersion="$LATEST")
    refused(lambda_, "cannot be applied to unpublished function versions", "latest")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lambda_.put_provisioned_concurrency_config(**NAME, Qualifier="none", ProvisionedConcurrentExecutions=1)


def test_more_than_the_machine_can_bear_are_not_made_ready(lambda_):
    lambda_.put_provisioned_concurrency_config(**NAME, Qualifier="1", ProvisionedConcurrentExecutions=1_000_000)

    def failed():
        found = lambda_.get_provisioned_concurrency_config(**NAME, Qualifier="1")
        return found if found["Status"] == "FAILED" else None

    found = wait_until(failed)
    assert "1000000 are provisioned; this computer's memory is for" in found["StatusReason"]
    assert found["AllocatedProvisionedConcurrentExecutions"] == 0
    provision(lambda_, 1)  # what failed takes no place


def test_alias_with_weights_is_refused_but_its_version_is_not(lambda_, embedded):
    deploy(Clients(embedded), "hello", f"{SLOW}# again")
    lambda_.publish_version(**NAME)
    lambda_.update_alias(**NAME, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}})
    refused(lambda_, "Alias with weights can not be used with Provisioned Concurrency")
    provision(lambda_, 1, "1")
    assert call(lambda_, qualifier="1")[1] == "provisioned-concurrency"


def test_environments_are_ready_again_after_the_emulator_has_ended(tmp_path):
    first = Embedded(tmp_path)
    first.start()
    try:
        roles.ready(first)
        lambda_ = Clients(first)["lambda"]
        lambda_.create_function(**SETTINGS | {"Code": {"ZipFile": zipped(SLOW)}})
        lambda_.get_waiter("function_active_v2").wait(**NAME, WaiterConfig={"Delay": 0.1})
        lambda_.publish_version(**NAME)
        lambda_.create_alias(**NAME, Name="live", FunctionVersion="1")
        provision(lambda_, 1)
        first.stop()
        first.start()
        lambda_ = Clients(first)["lambda"]
        wait_until(lambda: ready(lambda_))
        assert call(lambda_)[1] == "provisioned-concurrency"
    finally:
        first.stop()
