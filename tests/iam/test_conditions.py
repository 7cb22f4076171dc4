"""Tests for conditions, as IAM reads them."""

import time

import pytest

from lab_harness.iam.conditions import holds, like
from lab_harness.iam.contexts import of_role, of_service

RULE = "arn:aws:events:us-east-1:000000000000:rule/ended"
EVENTS = of_service("events.amazonaws.com", RULE)


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        (None, True),
        ({}, True),
        ("text", False),
        ({"ArnLike": RULE}, False),
        ({"Sounds like": {"aws:SourceArn": RULE}}, False),
        ({"ArnEquals": {"AWS:sourceArn": RULE}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:*:rule/*"}}, False),  # each part by itself
        ({"StringLike": {"aws:SourceArn": "arn:aws:*:rule/?nded"}}, True),
        ({"StringEquals": {"aws:SourceArn": "arn:aws:*"}}, False),  # the asterisk is one
        ({"StringEquals": {"aws:SourceArn": ["x", RULE]}}, True),
        ({"StringNotEquals": {"aws:SourceArn": ["x", RULE]}}, False),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, True),
        ({"StringEqualsIgnoreCase": {"aws:SourceArn": RULE.upper()}}, True),
        ({"StringEquals": {"aws:SourceAccount": "000000000000"}, "Bool": {"aws:SecureTransport": True}}, True),
        ({"StringEquals": {"aws:SourceAccount": "000000000000", "aws:RequestedRegion": "eu-west-1"}}, False),
        ({"NumericEquals": {"aws:SourceAccount": "0"}}, True),
        ({"NumericLessThan": {"aws:SourceAccount": "few"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}, False),
        ({"DateLessThan": {"aws:EpochTime": 1577836800}}, False),
        ({"StringEquals": {"aws:SourceArn": "${aws:SourceArn}"}}, None),
        # what is not in the call
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}, False),
        ({"Null": {"aws:PrincipalOrgID": "true"}}, True),
        ({"Null": {"aws:SourceArn": True}}, False),
        # what nobody can say before
        ({"StringEquals": {"sns:Protocol": "https"}}, None),
        ({"Resembles": {"aws:SecureTransport": "true"}}, None),
        ({"StringEquals": {"sns:Protocol": "https", "aws:SourceArn": "x"}}, False),
    ],
)
def test_condition_holds_for_a_services_call_or_not_or_cannot_be_told(condition, verdict):
    assert holds(condition, EVENTS) is verdict


def test_a_role_is_known_by_its_name_and_its_callers_address_is_not():
    worker = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/work*"}}
    assert holds(worker, of_role("worker")) is True
    assert holds(worker, of_role("another")) is False
    assert holds(worker, of_role("")) is None
    assert holds({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, of_role("worker")) is None


def test_service_of_which_the_source_is_not_known_calls_for_this_account():
    context = of_service("lambda.amazonaws.com")
    assert holds({"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:*"}}, context) is None
    assert holds({"StringEquals": {"aws:SourceAccount": "000000000000"}}, context) is True
    assert holds({"StringEquals": {"aws:SourceAccount": "111111111111"}}, context) is False


def test_wildcards_stand_for_any_text_and_for_one_letter():
    assert like("a*c?", "a/b:cd")
    assert not like("a?", "a")
    assert not like("a.c", "abc")
    assert like("*ab*b", "abab-b")
    assert like("a**${*}?", "abc*d")
    assert not like("*a*a", "ba")


def test_pattern_of_many_wildcards_is_read_at_once():
    began = time.process_time()
    assert not like("*a" * 200 + "b", "a" * 10_000)
    assert like("*a" * 200 + "*", "a" * 10_000)
    assert time.process_time() - began < 5  # To try all ways takes longer than the sun will shine.


TAGS = {
    "aws:tagkeys": ["owner", "stage"],
    "aws:username": "ana",
    "aws:sourceip": "10.1.2.3",
    "aws:principaltag/team": "*",
}


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        # a key with several values
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["owner", "stage", "cost"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["owner"]}}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["owner"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["cost"]}}, False),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["cost"]}}, True),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["owner"]}}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["owner"]}}, True),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["owner", "stage"]}}, False),
        # one that is not in the call
        ({"ForAllValues:StringEquals": {"s3:none": "x"}}, True),
        ({"ForAnyValue:StringNotEquals": {"s3:none": "x"}}, False),
        ({"StringEquals": {"s3:prefix": "x"}}, False),
        ({"StringNotEquals": {"s3:prefix": "x"}}, True),
        ({"Null": {"s3:prefix": "true"}}, True),
        # networks
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}}, False),
        ({"IpAddress": {"aws:SourceIp": "no network"}}, False),
        # variables
        ({"StringEquals": {"aws:username": "${aws:username}"}}, True),
        ({"StringLike": {"aws:username": "${aws:UserName}*"}}, True),
        ({"StringEquals": {"aws:username": "${aws:PrincipalTag/name, 'ana'}"}}, True),
        ({"StringEquals": {"aws:username": "${aws:PrincipalTag/name}"}}, False),  # which has no value
        ({"StringNotEquals": {"aws:username": "${aws:PrincipalTag/name}"}}, True),
        ({"StringLike": {"aws:username": "${aws:PrincipalTag/team}"}}, False),  # whose value is an asterisk
        ({"StringEquals": {"aws:PrincipalTag/team": "${*}"}}, True),
        ({"StringLike": {"aws:PrincipalTag/team": "${*}"}}, True),
        ({"StringLike": {"aws:username": "${*}"}}, False),
    ],
)
def test_condition_holds_for_a_call_of_which_everything_is_known(condition, verdict):
    assert holds(condition, TAGS) is verdict
