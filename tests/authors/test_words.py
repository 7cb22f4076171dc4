"""Tests for names in texts."""

import pytest

from lab_harness.authors.words import mentions, nearly, nearly_action


@pytest.mark.parametrize(
    ("text", "told"), [('{"id": "o-1"}', True), ("o-1", True), ('"o-17"', False), ("oo-1", False), ("o-1-2", False)]
)
def test_a_name_is_mentioned_as_a_whole(text, told):
    assert mentions(text, "o-1") is told


def test_a_name_is_no_regular_expression():
    assert not mentions("o17", "o.7")
    assert mentions("the file a+b.jpg was read", "a+b.jpg")


@pytest.mark.parametrize(
    ("there", "near"),
    [
        (["pet-order", "logs"], "pet-order"),
        (["pet_orders"], "pet_orders"),
        (["Pet-Orders"], "Pet-Orders"),
        (["pets-orders", "orders"], "pets-orders"),
        (["pte-orders"], "pte-orders"),
        (["pet-orders"], ""),  # it is no slip for itself
        (["pet-orders-dlq", "dog-orders", "orders", "pets"], ""),
        ([], ""),
    ],
)
def test_a_slip_for_a_name_is_known_and_another_name_is_none(there, near):
    assert nearly("pet-orders", there) == near


@pytest.mark.parametrize(
    ("there", "near"),
    [
        (["logs:PutLogEvent"], "logs:PutLogEvent"),
        (["logs:putlogsevents"], "logs:putlogsevents"),
        (["s3:PutLogEvent", "logs:CreateLogGroup", "*", "logs:Put*"], ""),
        (["logs:PutLogEvents"], ""),  # it is no slip for itself
    ],
)
def test_a_slip_for_an_action_is_known_and_another_action_is_none(there, near):
    assert nearly_action("logs:PutLogEvents", there) == near
    assert nearly_action("dynamodb:GetItem", ["dynamodb:PutItem"]) == ""
