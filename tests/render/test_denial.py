"""Tests for the explanation of a refused call."""

import json
from types import SimpleNamespace

import pytest

from lab_harness.emulators.base import Denial
from lab_harness.render.denial import why_note

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/orders"
ROLE = "arn:aws:iam::000000000000:role/worker"
MESSAGE = "User: worker/writer is not authorized to perform: dynamodb:PutItem"
LOOKED_AT = {
    "kind": "identity-based policy", "policy": "orders", "effect": "Allow", "actions": ["dynamodb:GetItem"],
    "resources": [TABLE], "why": "is about other actions",
}  # fmt: skip
DENIAL = Denial(
    time=1_800_000_000.0, by="function writer", principal="arn:aws:sts::000000000000:assumed-role/worker/writer",
    role=ROLE, action="dynamodb:PutItem", resource=TABLE, kind="identity-based policy", message=MESSAGE, denies=None,
    statements=[LOOKED_AT], probe=False,
)  # fmt: skip


def why(*denials, about="", checks=False):
    return why_note(SimpleNamespace(denials=lambda: list(denials)), about, checks)


def told(**changes):
    return why(Denial(**{**vars(DENIAL), **changes}))


def test_who_what_which_statements_and_the_one_that_is_missing_are_told():
    note = why(DENIAL)
    assert note.title == "Refused at 08:00:00 (UTC), done by: function writer"
    assert note.sentences == (
        MESSAGE,
        "1 statement was looked at:",
        f"– identity-based policy orders, Allow Action dynamodb:GetItem, Resource {TABLE}: it is about other actions.",
        f"What is missing, in a policy of {ROLE}:",
    )
    assert json.loads(note.code) == {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": TABLE}


@pytest.mark.parametrize(
    ("changes", "where", "statement"),
    [
        ({"kind": "resource-based policy", "principal": "sns.amazonaws.com", "role": ""},
         f"in the policy of {TABLE} itself", {"Principal": {"Service": "sns.amazonaws.com"}}),
        ({"kind": "resource-based policy", "principal": "anonymous", "role": ""},
         f"in the policy of {TABLE} itself", {"Principal": "*"}),
        ({"kind": "permissions boundary"}, f"in the permissions boundary of {ROLE}", {}),
    ],
)  # fmt: skip
def test_statement_stands_where_it_is_missing(changes, where, statement):
    note = told(**changes)
    assert note.sentences[-1] == f"What is missing, {where}:"
    assert json.loads(note.code).items() >= statement.items()


def test_trust_policy_has_no_resource():
    trusting = {"kind": "trust policy", "principal": "lambda.amazonaws.com", "action": "sts:AssumeRole"}
    assert json.loads(told(**trusting, resource=ROLE, role="").code) == {
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
    }  # fmt: skip


def test_a_deny_is_shown_and_nothing_is_missing():
    denying = {**LOOKED_AT, "effect": "Deny", "policy": "limits", "condition": {"Bool": {"aws:SecureTransport": "x"}}}
    note = told(denies=denying)
    assert note.code is None
    assert note.sentences[-1].startswith("A Deny wins over every Allow: identity-based policy limits, Deny Action")
    assert 'Condition {"Bool"' in note.sentences[-1]


def test_last_refusal_that_names_it_is_told_and_those_of_checks_if_asked_for():
    other = Denial(**{**vars(DENIAL), "message": "User: x on queue pets", "probe": True})
    assert why(DENIAL, other).sentences[0] == MESSAGE
    assert why(DENIAL, other, checks=True).sentences[0] == other.message
    assert why(DENIAL, other, checks=True, about="writer").sentences[0] == MESSAGE
    assert why(DENIAL, about="pets").title == "Nothing was refused"


def test_nothing_refused_and_an_emulator_that_does_not_tell():
    assert "was refused" in why().sentences[0]
    assert "does not tell" in why_note(SimpleNamespace(denials=lambda: None)).sentences[0]


def test_of_many_statements_some_are_told():
    assert "and 2 more" in told(statements=[LOOKED_AT] * 10).sentences
    assert "No statement was looked at." in told(statements=[]).sentences
