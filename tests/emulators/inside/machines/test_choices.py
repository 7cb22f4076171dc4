"""Tests for Choice rules about fields that are not there."""

import json

import pytest

from lab_harness.aws import Clients
from tests.roles import ready
from tests.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/any"
BIG = {"Variable": "$.pet.size", "NumericGreaterThan": 3}
THERE = {"Variable": "$.pet.size", "IsPresent": True}


@pytest.fixture(scope="module")
def sfn(embedded):
    ready(embedded, ROLE)
    return Clients(embedded)["stepfunctions"]


def ended(sfn, rule, data):
    """Whether a rule fits, or the error of an execution that it fails."""
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"}
    ends = {name: {"Type": "Pass", "Result": name, "End": True} for name in ("Yes", "No")}
    definition = json.dumps({"StartAt": "Which", "States": {"Which": choice, **ends}})
    arn = sfn.create_state_machine(name="choices", roleArn=ROLE, definition=definition)["stateMachineArn"]
    try:
        execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps(data))["executionArn"]
        wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING")
        found = sfn.describe_execution(executionArn=execution)
    finally:
        sfn.delete_state_machine(stateMachineArn=arn)
    failed = found["status"] == "FAILED"
    return (found["error"], found["cause"]) if failed else json.loads(found["output"])


@pytest.mark.parametrize("data", [{}, {"pet": {}}, {"pet": "cat"}, {"pet": [5]}])
def test_a_rule_about_a_field_that_is_not_there_fails_the_execution(sfn, data):
    error, cause = ended(sfn, BIG, data)
    assert error == "States.Runtime"
    assert "Invalid path '$.pet.size'" in cause


@pytest.mark.parametrize(
    ("rule", "data", "found"),
    [
        (BIG, {"pet": {"size": 5}}, "Yes"),
        (BIG, {"pet": {"size": "5"}}, "No"),
        (THERE, {"pet": {}}, "No"),
        (THERE, {"pet": {"size": None}}, "Yes"),  # a null is there
        ({"Variable": "$.pet.size", "IsPresent": False}, {}, "Yes"),
        ({"And": [THERE, BIG]}, {}, "No"),
        ({"And": [THERE, BIG]}, {"pet": {"size": 5}}, "Yes"),
        ({"Not": THERE}, {}, "Yes"),
        ({"Variable": "$.pets[1]", "StringEquals": "cat"}, {"pets": ["dog", "cat"]}, "Yes"),
        ({"Variable": "$$.Execution.Name", "StringEquals": "none"}, {}, "No"),
    ],
)
def test_a_rule_that_asks_first_or_finds_its_field_is_judged(sfn, rule, data, found):
    assert ended(sfn, rule, data) == found


def test_what_a_field_is_compared_with_must_be_there_too(sfn):
    rule = {"Variable": "$.a", "NumericEqualsPath": "$.b"}
    assert ended(sfn, rule, {"a": 1, "b": 1}) == "Yes"
    assert ended(sfn, rule, {"a": 1})[0] == "States.Runtime"
