"""Tests for aliases that share their calls between two versions on the embedded emulator."""

import json
import random

import pytest

from lab_harness.emulators.inside.functions import aliases
from tests.labs.helpers import deploy
from tests.log_lines import log_lines
from tests.waiting import wait_until

ALIAS = "arn:aws:lambda:us-east-1:000000000000:function:hello:live"
TELL = """
import os
def lambda_handler(event, context):
    return [os.environ["AWS_LAMBDA_FUNCTION_VERSION"], context.invoked_function_arn]
"""


@pytest.fixture
def live(hello):
    """Clients of an account whose function hello has two versions, and an alias with equal weights."""
    clients = hello(TELL)
    lambda_ = clients["lambda"]
    lambda_.publish_version(FunctionName="hello")
    deploy(clients, "hello", f"{TELL}# again")
    lambda_.publish_version(FunctionName="hello")
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    lambda_.create_alias(FunctionName="hello", Name="live", FunctionVersion="1", RoutingConfig=weights)
    return clients


def call(lambda_, **to):
    answer = lambda_.invoke(**to)
    return answer["ExecutedVersion"], *json.load(answer["Payload"])


@pytest.mark.parametrize("to", [{"FunctionName": "hello", "Qualifier": "live"}, {"FunctionName": ALIAS}])
def test_calls_of_an_alias_run_in_both_versions_under_the_aliass_arn(live, to):
    found = {call(live["lambda"], **to) for _ in range(40)}
    assert found == {("1", "1", ALIAS), ("2", "2", ALIAS)}


def test_events_for_an_alias_run_in_both_versions(live):
    for _ in range(40):
        live["lambda"].invoke(FunctionName=ALIAS, InvocationType="Event")

    def versions():
        lines = log_lines(live["logs"], "/aws/lambda/hello", filterPattern="START")
        return {each.split("Version: ")[1].strip() for each in lines} == {"1", "2"}

    wait_until(versions)


def test_alias_without_weights_calls_its_version_and_a_version_is_itself(live):
    lambda_ = live["lambda"]
    assert {call(lambda_, FunctionName="hello", Qualifier="2")[0] for _ in range(10)} == {"2"}
    lambda_.update_alias(FunctionName="hello", Name="live", RoutingConfig={})
    assert {call(lambda_, FunctionName=ALIAS)[0] for _ in range(10)} == {"1"}


def test_what_is_told_of_an_alias_is_its_first_version(live):
    told = {live["lambda"].get_function_configuration(FunctionName=ALIAS)["Version"] for _ in range(20)}
    assert told == {"1"}


def test_each_version_gets_its_share(monkeypatch):
    monkeypatch.setattr(aliases, "chance", random.Random(7))
    function = {"aliases": {"live": {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}}}
    drawn = [aliases.chosen(function, "live") for _ in range(10_000)]
    assert 900 < drawn.count("2") < 1100
    assert drawn.count(None) == 10_000 - drawn.count("2")
    assert aliases.chosen(function, "none") is None
    assert aliases.chosen(None, "live") is None
