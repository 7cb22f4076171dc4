"""Tests for what AWS refuses of policies when they are written, and in which words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_harness.iam import refusals
from tests.roles import everybody, policy, trust

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pets/*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
READ = everybody("s3:GetObject", "arn:aws:s3:::pets/*")
PUBLISH = everybody("sns:Publish", "arn:aws:sns:us-east-1:000000000000:news")
SEND = everybody("sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:orders")
ANA, NOBODY = ({"AWS": f"arn:aws:iam::000000000000:user/{name}"} for name in ("ana", "nobody"))


def without(statement, field):
    return {name: value for name, value in statement.items() if name != field}


def changed(statement, **fields):
    return policy({**statement, **fields})


def there(principal):
    return "nobody" not in principal


IDENTITY = [
    ("{bad", "Syntax errors in policy."),
    ("[]", "Syntax errors in policy."),
    ("{}", "Syntax errors in policy."),
    (policy(), "Syntax errors in policy."),
    (policy("Allow"), "Syntax errors in policy."),
    (json.dumps({"Version": "2026-01-01", "Statement": ALLOW}), "Syntax errors in policy."),
    (policy(without(ALLOW, "Effect")), "Syntax errors in policy."),
    (changed(ALLOW, Effect="Permit"), "Syntax errors in policy."),
    (changed(ALLOW, Actions="s3:*"), "Syntax errors in policy."),
    (changed(ALLOW, NotAction="s3:*"), "Syntax errors in policy."),
    (changed(ALLOW, Action=7), "Syntax errors in policy."),
    (changed(ALLOW, Condition={"StringEqual": {"aws:username": "ana"}}), "Syntax errors in policy."),
    (changed(ALLOW, Condition={"NullIfExist": {"aws:username": "true"}}), "Syntax errors in policy."),
    (changed(ALLOW, Sid=[1]), "Syntax errors in policy."),
    (policy(without(ALLOW, "Action")), "Policy statement must contain actions."),
    (policy(without(ALLOW, "Resource")), "Policy statement must contain resources."),
    (changed(ALLOW, Principal="*"), "Policy document should not specify a principal."),
    (changed(ALLOW, NotPrincipal=ANA), "Policy document should not specify a principal."),
    (changed(ALLOW, Action="GetObject"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    (changed(ALLOW, NotAction="s3 :Get", Action=["s3:*"]), "Syntax errors in policy."),
    (changed(ALLOW, Action="s3 :GetObject"), "Vendor s3  is not valid"),
    (changed(ALLOW, Action="s3:Get:Object"), "Actions/Condition can contain only one colon."),
    (changed(ALLOW, Resource="pets"), 'Resource pets must be in ARN format or "*".'),
    (changed(ALLOW, Resource="arn:aws2:s3:::pets"), 'Partition "aws2" is not valid for resource "arn:aws2:s3:::pets".'),
    (changed(ALLOW, Resource="arn:aws:s3"), "The policy failed legacy parsing"),
    (policy({**ALLOW, "Sid": "a"}, {**ALLOW, "Sid": "a"}), "Statement IDs (SID) in a single policy must be unique."),
]


@pytest.mark.parametrize(("document", "words"), IDENTITY)
def test_policy_of_an_identity_that_iam_refuses(document, words):
    assert refusals.of_identity(document) == words


@pytest.mark.parametrize(
    "document",
    [
        policy(ALLOW),
        json.dumps({"Statement": ALLOW}),
        json.dumps({"Version": "2008-10-17", "Id": "mine", "Statement": [ALLOW]}),
        policy({"Sid": "One", "Effect": "Deny", "NotAction": ["iam:*", "s3:Get*"], "NotResource": "*"}),
        changed(ALLOW, Action="*", Resource=["*", "arn:*:s3:::${aws:username}", "arn:aws-cn:sqs:*:*:q:x"]),
        changed(ALLOW, Condition={"ForAllValues:StringNotEqualsIgnoreCase": {"aws:TagKeys": ["a"]}}),
        changed(ALLOW, Condition={"Null": {"aws:username": "true"}}),
        changed(ALLOW, Condition={"NumericLessThanEqualsIfExists": {"s3:max-keys": 7}, "ArnNotLike": {"a": "b"}}),
    ],
)  # fmt: skip
def test_policy_of_an_identity_that_iam_takes(document):
    assert refusals.of_identity(document) == ""


TRUSTS = [
    ("{bad", "This policy contains invalid Json"),
    ("{}", "Missing required field Statement"),
    (policy(), "Could not parse the policy: Statement is empty!"),
    (json.dumps({"Version": "2026", "Statement": TRUST}), "The policy must contain a valid version string"),
    (json.dumps({"Statement": TRUST, "Name": "x"}), "Unknown field Name"),
    (policy(without(TRUST, "Principal")), "Missing required field Principal"),
    (policy(without(TRUST, "Effect")), "Missing required field Effect"),
    (policy(without(TRUST, "Action")), "Missing required field Action"),
    (changed(TRUST, Effect="Permit"), 'Invalid effect: "Permit"'),
    (policy(ALLOW), "Has prohibited field Resource"),
    (changed(TRUST, Resource="*"), "Has prohibited field Resource"),
    (changed(TRUST, Principal={}), "Missing required field Principal cannot be empty!"),
    (changed(TRUST, Principal={"Services": "lambda.amazonaws.com"}), "Invalid principal in policy"),
    (changed(TRUST, Principal="lambda.amazonaws.com"), "Invalid principal in policy"),
    (changed(TRUST, Principal={"Service": "lambda"}), 'Invalid principal in policy: "SERVICE":"lambda"'),
    (changed(TRUST, Principal={"AWS": "ana"}), 'Invalid principal in policy: "AWS":"ana"'),
    (changed(TRUST, Principal=NOBODY), f'Invalid principal in policy: "AWS":"{NOBODY["AWS"]}"'),
    (changed(TRUST, Action="*"), "AssumeRole policy may only specify STS AssumeRole actions."),
    (changed(TRUST, Action="lambda:InvokeFunction"), "AssumeRole policy may only specify STS AssumeRole actions."),
]  # fmt: skip


@pytest.mark.parametrize(("document", "words"), TRUSTS)
def test_trust_policy_that_iam_refuses(document, words):
    assert refusals.of_trust(document, there) == words


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        ANA,
        {"AWS": ["000000000000", "arn:aws:iam::111111111111:root", "AROAEXAMPLE123456789"]},
        {"Service": ["states.us-east-1.amazonaws.com", "edgelambda.amazonaws.com"]},
        {"Federated": "cognito-identity.amazonaws.com"},
    ],
)
def test_trust_policy_that_iam_takes(principal):
    assert refusals.of_trust(changed(TRUST, Principal=principal), there) == ""
    assert refusals.of_trust(trust("lambda", "ec2"), there) == ""


BUCKETS = [
    ("no JSON", "Policies must be valid JSON and the first byte must be '{'"),
    ("{bad", "This policy contains invalid Json"),
    ("{}", "Missing required field Statement"),
    (policy(without(READ, "Principal")), "Missing required field Principal"),
    (policy(without(READ, "Resource")), "Missing required field Resource"),
    (changed(READ, Principal={"AWS": "ana"}), "Invalid principal in policy"),
    (changed(READ, Principal=NOBODY), "Invalid principal in policy"),
    (changed(READ, Action="sqs:SendMessage"), "Policy has invalid action"),
    (changed(READ, Resource="arn:aws:s3:::others/*"), "Policy has invalid resource"),
    (changed(READ, Resource="arn:aws:s3:::pets"), "Action does not apply to any resource(s) in statement"),
    (changed(READ, Action="s3:ListBucket"), "Action does not apply to any resource(s) in statement"),
    (changed(READ, Action=["s3:ListBucket", "s3:GetObject"]), "Action does not apply to any resource(s) in statement"),
]


@pytest.mark.parametrize(("document", "words"), BUCKETS)
def test_policy_of_a_bucket_that_s3_refuses(document, words):
    assert refusals.of_bucket(document, "pets", there) == words


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Action": "s3:*"},
        {"Action": ["s3:ListBucket", "s3:GetObject"], "Resource": ["arn:aws:s3:::pets", "arn:aws:s3:::pets/*"]},
        {"Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "arn:aws:s3:::pet*"},
        {"Action": "s3:GetBucketPolicy", "Resource": "arn:aws:s3:::pets", "Principal": {"Service": "x.amazonaws.com"}},
    ],
)
def test_policy_of_a_bucket_that_s3_takes(changes):
    assert refusals.of_bucket(changed(READ, **changes), "pets", there) == ""


TOPICS = [
    ("{}", "Policy Error: null"),
    (policy(without(PUBLISH, "Principal")), "Policy Error: null"),
    (changed(PUBLISH, Principal=NOBODY), "Policy Error: PrincipalNotFound"),
    (changed(PUBLISH, Action="sns:*"), "Policy statement action out of service scope!"),
    (changed(PUBLISH, Action="sns:CreateTopic"), "Policy statement action out of service scope!"),
    (changed(PUBLISH, Resource=[PUBLISH["Resource"]] * 2), "Policy statement must apply to a single resource!"),
    (policy(PUBLISH), ""),
    (changed(PUBLISH, Action=["SNS:Subscribe", "sns:Receive"], Principal=ANA), ""),
]


@pytest.mark.parametrize(("document", "words"), TOPICS)
def test_policy_of_a_topic(document, words):
    assert refusals.of_topic(document, there) == words


@pytest.mark.parametrize(
    ("document", "taken"),
    [
        (policy(SEND), True),
        (changed(SEND, Action=["SQS:*", "sqs:Receive?essage"], Principal=ANA), True),
        ("{}", False),
        (policy(), False),
        (changed(SEND, Effect="Permit"), False),
        (changed(SEND, Action="sns:Publish"), False),
        (changed(SEND, Principal=NOBODY), False),
        (policy(without(SEND, "Resource")), False),
    ],
)
def test_policy_of_a_queue(document, taken):
    assert refusals.of_queue(document, there) == ("" if taken else "Invalid value for the parameter Policy.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["Allow", "*", "s3:x", "AWS"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(["Version", "Statement", "Sid", "Effect", "Principal", "Action", "Resource", "Condition"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_whatever_a_policy_says_it_is_taken_or_refused(document):
    text = json.dumps(document)
    assert isinstance(refusals.of_identity(text), str)
    assert isinstance(refusals.of_bucket(text, "pets", there), str)
    assert isinstance(refusals.of_bus(text, "arn:aws:events:us-east-1:000000000000:event-bus/pets", there), str)
    for say in (refusals.of_trust, refusals.of_topic, refusals.of_queue, refusals.of_key):
        assert isinstance(say(text, there), str)


@pytest.mark.parametrize("text", ["", " ", "[" * 100_000, "NaN", "\ufeff{}", '{"Statement": null}'])
def test_what_is_no_policy_is_refused(text):
    assert refusals.of_identity(text)
    assert refusals.of_trust(text, there)
    assert refusals.of_bucket(text, "pets", there)
    assert refusals.of_topic(text, there)
    assert refusals.of_queue(text, there)
    assert refusals.of_key(text, there)
    assert refusals.of_bus(text, "arn:aws:events:us-east-1:000000000000:event-bus/pets", there)
