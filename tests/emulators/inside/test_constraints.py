"""Tests for what a service's model says of a request's members."""

import pytest

from lab_harness.emulators.inside.constraints import told

TARGET = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"}


@pytest.mark.parametrize(
    ("service", "operation", "members", "message"),
    [
        ("lambda", "PutFunctionEventInvokeConfig", {"MaximumRetryAttempts": 3},
         "Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: "
         "Member must have value less than or equal to 2"),
        ("lambda", "PutFunctionEventInvokeConfig", {"MaximumEventAgeInSeconds": 59},
         "Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: "
         "Member must have value greater than or equal to 60"),
        ("events", "PutTargets", {"Rule": "r", "Targets": [TARGET, {**TARGET, "Id": "a b"}]},
         r"Value 'a b' at 'targets.2.member.id' failed to satisfy constraint: "
         r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"),
        ("scheduler", "CreateSchedule", {"FlexibleTimeWindow": {"Mode": "ON"}},
         "Value 'ON' at 'flexibleTimeWindow.mode' failed to satisfy constraint: "
         "Member must satisfy enum value set: [OFF, FLEXIBLE]"),
        ("lambda", "CreateFunction", {"Environment": {"Variables": {"1A": "x"}}},
         "Value '{\"1A\": \"x\"}' at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
         "constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"),
        ("events", "PutRule", {"Name": "n" * 65},
         f"Value '{'n' * 65}' at 'name' failed to satisfy constraint: "
         "Member must have length less than or equal to 64"),
    ],
)  # fmt: skip
def test_member_out_of_its_model_is_told_in_awss_words(service, operation, members, message):
    assert told(service, operation, members) == f"1 validation error detected: {message}"


def test_what_the_model_allows_and_what_it_does_not_know_is_no_problem():
    assert (
        told("lambda", "CreateFunction", {"FunctionName": "hello", "Timeout": 30, "Strange": 1, "Layers": None}) == ""
    )


def test_all_problems_are_told_at_once():
    found = told("lambda", "PutFunctionEventInvokeConfig", {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 1})
    assert found.startswith("2 validation errors detected: Value '3'")
    assert "; Value '1' at 'maximumEventAgeInSeconds'" in found


def test_a_limit_of_ours_goes_before_the_models():
    assert told("lambda", "CreateFunction", {"Timeout": 2000}) == ""
    assert "equal to 1800" in told("lambda", "CreateFunction", {"Timeout": 2000}, {"timeout": {"max": 1800}})
