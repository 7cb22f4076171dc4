"""Tests for the statements of policies; what is asked of them is tested in test_policies.py."""

import pytest

from lab_harness.iam.contexts import of_service
from lab_harness.iam.statements import read_grants, read_statements, verdict

CALL = of_service("events.amazonaws.com", "arn:aws:events:us-east-1:000000000000:rule/ended")
HOLDS, HOLDS_NOT = ({"StringEquals": {"aws:SourceAccount": each}} for each in ("000000000000", "111111111111"))
UNKNOWN = {"StringEquals": {"sns:Protocol": "https"}}


@pytest.mark.parametrize("document", [None, [], "Allow", {}, {"Statement": "Allow"}, {"Statement": [1, None]}])
def test_what_is_no_policy_has_no_statements(document):
    assert read_statements("p", document) == read_grants(document) == []


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([("Allow", None)], True),
        ([("Allow", HOLDS)], True),
        ([("Allow", HOLDS_NOT)], False),
        ([("Allow", UNKNOWN)], True),
        ([("Allow", None), ("Deny", None)], False),
        ([("Allow", None), ("Deny", HOLDS)], False),
        ([("Allow", None), ("Deny", HOLDS_NOT)], True),
        ([("Allow", None), ("Deny", UNKNOWN)], True),
        ([("Allow", HOLDS_NOT), ("Allow", None)], True),
    ],
)
def test_a_deny_wins_and_what_cannot_be_told_is_taken_well(statements, allowed):
    document = {"Statement": [{"Effect": effect, "Condition": condition} for effect, condition in statements]}
    assert verdict(read_statements("p", document), CALL) is allowed


def test_a_statement_names_actions_whatever_they_are_for():
    (statement,) = read_statements("p", {"Statement": {"NotAction": "iam:*", "Resource": "arn:x"}})
    assert statement.names_action("s3:GetObject")
    assert not statement.names_action("IAM:GetRole")
    assert not statement.is_about("s3:GetObject", "arn:y")
