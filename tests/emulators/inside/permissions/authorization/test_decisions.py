"""Tests for the order in which policies decide, as AWS documents it for one account."""

import json
from dataclasses import replace

import pytest

from lab_harness.emulators.inside.permissions.authorization import principals
from lab_harness.emulators.inside.permissions.authorization.decisions import Question, decide, lets_in, looked_at
from lab_harness.emulators.inside.permissions.authorization.principals import BOUNDARY, SESSION, Principal

ANA, ROLE = "arn:aws:iam::000000000000:user/ana", "arn:aws:iam::000000000000:role/reader"
READER, ACCOUNT = "arn:aws:sts::000000000000:assumed-role/reader/tea", "arn:aws:iam::000000000000:root"
ACTION, RESOURCE = "s3:GetObject", "arn:aws:s3:::pets/cat"
ALLOW = {"Effect": "Allow", "Action": ACTION, "Resource": RESOURCE}
DENY = {**ALLOW, "Effect": "Deny"}
OTHER = {**ALLOW, "Action": "s3:PutObject"}
NO_IDENTITY = f"because no identity-based policy allows the {ACTION} action"
IDENTITY_DENIES = "with an explicit deny in an identity-based policy"
RESOURCE_DENIES = "with an explicit deny in a resource-based policy"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def user(*statements, **limits):
    read = {kind.replace("_", " "): principals.statements(kind, document(*each)) for kind, each in limits.items()}
    return Principal(ANA, frozenset({ANA}), principals.statements("given", document(*statements)), read, ANA)


def reader(*statements, **limits):
    return replace(user(*statements, **limits), arn=READER, names=frozenset({READER, ROLE}), own=READER)


def asked(*grants, **about):
    policy = principals.grants(document(*grants)) if grants else None
    return Question(ACTION, RESOURCE, about.pop("context", {}), policy, **about)


def to(principal, statement=ALLOW):
    return {**statement, "Principal": principal if principal == "*" else {"AWS": principal}}


def besides(*principals_, statement=DENY):
    return {**statement, "NotPrincipal": {"AWS": list(principals_)}}


@pytest.mark.parametrize(
    ("who", "what", "ending"),
    [
        # an identity's policies
        (user(), asked(), NO_IDENTITY),
        (user(ALLOW), asked(), ""),
        (user(OTHER), asked(), NO_IDENTITY),
        (user(ALLOW, DENY), asked(), IDENTITY_DENIES),
        (user({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), asked(), ""),
        (user({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}), asked(), NO_IDENTITY),
        (user({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::pets/*"}), asked(), NO_IDENTITY),
        (user({"Effect": "Allow", "Action": "S3:get*", "Resource": "arn:aws:s3:::pets/c?t"}), asked(), ""),
        (user({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::PETS/*"}), asked(), NO_IDENTITY),
        # a boundary, a session's policy: what they do not allow is not allowed
        (user(ALLOW, permissions_boundary=[ALLOW]), asked(), ""),
        (user(ALLOW, permissions_boundary=[OTHER]), asked(), f"because no {BOUNDARY} allows the {ACTION} action"),
        (user(ALLOW, permissions_boundary=[ALLOW, DENY]), asked(), f"with an explicit deny in a {BOUNDARY}"),
        (user(permissions_boundary=[ALLOW]), asked(), NO_IDENTITY),
        (reader(ALLOW, session_policy=[OTHER]), asked(), f"because no {SESSION} allows the {ACTION} action"),
        # a resource's policy in the same account: either will do
        (user(), asked(to(ANA)), ""),
        (user(), asked(to("*")), ""),
        (user(), asked(to("arn:aws:iam::000000000000:user/bob")), NO_IDENTITY),
        (user(ALLOW), asked(to("arn:aws:iam::000000000000:user/bob")), ""),
        (user(ALLOW), asked(to("*", DENY)), RESOURCE_DENIES),
        (user(ALLOW), asked(to(ACCOUNT, DENY)), RESOURCE_DENIES),
        (user(DENY), asked(to(ANA)), IDENTITY_DENIES),
        (reader(), asked(to(ROLE)), ""),
        (reader(), asked(to(READER)), ""),
        # one that names the account leaves it to the account's policies
        (user(), asked(to(ACCOUNT)), NO_IDENTITY),
        (user(), asked(to("000000000000")), NO_IDENTITY),
        (user(ALLOW), asked(to(ACCOUNT)), ""),
        # limits do not count where the policy names the user or the session itself
        (user(permissions_boundary=[OTHER]), asked(to(ANA)), ""),
        (reader(permissions_boundary=[OTHER]), asked(to(READER)), ""),
        (reader(permissions_boundary=[OTHER]), asked(to(ROLE)), f"because no {BOUNDARY} allows the {ACTION} action"),
        (user(permissions_boundary=[DENY]), asked(to(ANA)), f"with an explicit deny in a {BOUNDARY}"),
        # NotPrincipal
        (user(ALLOW), asked(besides("arn:aws:iam::000000000000:user/bob")), RESOURCE_DENIES),
        (user(ALLOW), asked(besides(ANA, ACCOUNT)), ""),
        (user(ALLOW), asked(besides(ANA)), RESOURCE_DENIES),  # the account is not spared
        (reader(ALLOW), asked(besides(READER, ROLE, ACCOUNT)), ""),
        (reader(ALLOW), asked(besides(ROLE, ACCOUNT)), RESOURCE_DENIES),
        (user(), asked(besides("arn:aws:iam::000000000000:user/bob", statement=ALLOW)), ""),
        (user(), asked(besides(ANA, statement=ALLOW)), NO_IDENTITY),
        # where the resource's policy must allow as well: a key, a role
        (user(ALLOW), asked(to(ACCOUNT), required=True), ""),
        (user(ALLOW), asked(to(ROLE), required=True), f"because no resource-based policy allows the {ACTION} action"),
        (user(), asked(to(ACCOUNT), required=True), NO_IDENTITY),
        (user(), asked(to(ANA), required=True), ""),
        # who has no policies
        (principals.ROOT, asked(to("*", DENY)), ""),
        (principals.anybody(), asked(to("*")), ""),
        (principals.anybody(), asked(to(ACCOUNT)), f"because no resource-based policy allows the {ACTION} action"),
        (principals.service("sns.amazonaws.com"), asked(to("*")), ""),
    ],
)  # fmt: skip
def test_it_is_decided_as_aws_documents(who, what, ending):
    decision = decide(who, what)
    assert (decision.allowed, "" if decision.allowed else decision.because(ACTION)) == (not ending, ending)


def with_condition(statement, **condition):
    return {**statement, "Condition": {"StringEquals": condition}}


def test_a_condition_takes_an_allow_away_and_a_deny():
    home = with_condition(ALLOW, **{"aws:username": "ana"})
    assert decide(user(home), asked(context={"aws:username": "ana"})).allowed
    assert not decide(user(home), asked(context={"aws:username": "bob"})).allowed
    assert not decide(user(home), asked()).allowed
    kept_out = with_condition(DENY, **{"aws:username": "bob"})
    assert decide(user(ALLOW, kept_out), asked(context={"aws:username": "ana"})).allowed
    assert not decide(user(ALLOW, kept_out), asked(context={"aws:username": "bob"})).allowed


def test_a_variable_without_a_value_fits_nothing():
    home = {**ALLOW, "Resource": "arn:aws:s3:::pets/${aws:username}"}
    assert decide(user(home), asked(context={"aws:username": "cat"})).allowed
    assert not decide(user(home), asked(context={"aws:username": "*"})).allowed
    assert not decide(user(home), asked()).allowed


@pytest.mark.parametrize("version", [{"Version": "2008-10-17"}, {}])
def test_in_an_old_version_which_is_the_default_there_are_no_variables(version):
    old = json.dumps({**version, "Statement": {**ALLOW, "Resource": "arn:aws:s3:::pets/${aws:username}"}})
    who = replace(user(), policies=principals.statements("old", old))
    assert not decide(who, asked(context={"aws:username": "cat"})).allowed


@pytest.mark.parametrize(
    ("statements", "trusted"),
    [
        ([to(ROLE)], False),
        ([to(ANA)], True),
        ([to(ACCOUNT)], True),
        ([to("*")], True),
        ([to(ANA), to(ACCOUNT, DENY)], False),
    ],
)
def test_role_lets_in_whom_its_trust_policy_names(statements, trusted):
    assert lets_in(user(), asked(*statements)) is trusted


def test_of_each_statement_it_is_told_why_it_does_not_allow():
    who = user(
        OTHER, {**ALLOW, "Resource": "arn:aws:s3:::toys/*"}, with_condition(ALLOW, **{"aws:username": "x"}), DENY,
        permissions_boundary=[ALLOW],
    )  # fmt: skip
    assert [why for _, _, why in looked_at(who, asked(to(ROLE)))] == [
        "is about other actions", "is about other resources", "has a condition that does not hold", "denies it",
        "allows it", "is for another principal",
    ]  # fmt: skip
