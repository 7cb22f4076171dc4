"""Tests for the filter policies of subscriptions on the embedded emulator."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients

QUEUE = "arn:aws:sqs:us-east-1:000000000000:told"


@pytest.fixture
def clients(embedded):
    embedded.reset()
    found = Clients(embedded)
    found["sqs"].create_queue(QueueName="told")
    return found


@pytest.fixture
def topic(clients):
    return clients["sns"].create_topic(Name="news")["TopicArn"]


def subscribe(clients, topic, policy, **attributes):
    text = policy if isinstance(policy, str) else json.dumps(policy)
    return clients["sns"].subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes={"FilterPolicy": text, **attributes},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]  # fmt: skip


BAD = [
    ("no JSON", "failed to parse JSON"),
    ([1], "Filter is not an object"),
    ({"pet": "cat"}, "must be an object or an array"),
    ({"pet": []}, "Empty arrays are not allowed"),
    ({"pet": [{"begins": "c"}]}, "Unrecognized match type begins"),
    ({"price": [{"numeric": ["<", "ten"]}]}, "numeric"),
    ({name: ["x"] for name in "abcdef"}, "can not have more than 5 keys"),
    ({"pet": {"kind": ["cat"]}}, "does not support nested filter policy"),
    ({name: list("abcdef") for name in "abc"}, "Filter policy is too complex"),
]


@pytest.mark.parametrize(("policy", "reason"), BAD)
def test_filter_that_is_none_is_refused_with_and_after_the_subscription(clients, topic, policy, reason):
    with pytest.raises(ClientError, match=rf"\(InvalidParameter\).*Attributes Reason: FilterPolicy: .*{reason}"):
        subscribe(clients, topic, policy)
    assert clients["sns"].list_subscriptions()["Subscriptions"] == []
    arn = subscribe(clients, topic, {"pet": ["cat"]})
    text = policy if isinstance(policy, str) else json.dumps(policy)
    with pytest.raises(ClientError, match=rf"Invalid parameter: FilterPolicy: .*{reason}"):
        clients["sns"].set_subscription_attributes(
            SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=text
        )


def test_filters_that_aws_takes_are_taken(clients, topic):
    policy = {
        "pet": ["cat", {"prefix": "dog"}, {"anything-but": ["fish"]}],
        "price": [{"numeric": [">", 0, "<=", 150]}],
        "sold": [{"exists": False}],
    }
    arn = subscribe(clients, topic, policy)
    for name, value in (("FilterPolicyScope", "MessageBody"), ("FilterPolicy", '{"pet": {"kind": ["cat"]}}')):
        clients["sns"].set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
    with pytest.raises(ClientError, match="does not support nested filter policy"):
        clients["sns"].set_subscription_attributes(
            SubscriptionArn=arn, AttributeName="FilterPolicyScope", AttributeValue="MessageAttributes"
        )
    with pytest.raises(ClientError, match="FilterPolicyScope: Invalid value"):
        clients["sns"].set_subscription_attributes(
            SubscriptionArn=arn, AttributeName="FilterPolicyScope", AttributeValue="Body"
        )


def test_subscribing_again_changes_nothing_and_with_other_attributes_is_refused(clients, topic):
    arn = subscribe(clients, topic, {"pet": ["cat"]})
    again = clients["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, ReturnSubscriptionArn=True)
    assert [again["SubscriptionArn"], subscribe(clients, topic, '{"pet":["cat"]}')] == [arn, arn]
    for policy, attributes in (({"pet": ["dog"]}, {}), ({"pet": ["cat"]}, {"RawMessageDelivery": "true"})):
        with pytest.raises(ClientError, match="Subscription already exists with different attributes"):
            subscribe(clients, topic, policy, **attributes)
    kept = clients["sns"].get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (json.loads(kept["FilterPolicy"]), kept["RawMessageDelivery"]) == ({"pet": ["cat"]}, "false")


def test_subscribing_again_with_what_holds_anyway_is_no_change(clients, topic):
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": QUEUE, "ReturnSubscriptionArn": True}
    arn = clients["sns"].subscribe(**given)["SubscriptionArn"]
    usual = {"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes", "FilterPolicy": "{}"}
    assert clients["sns"].subscribe(**given, Attributes=usual)["SubscriptionArn"] == arn
    with pytest.raises(ClientError, match="Subscription already exists with different attributes"):
        clients["sns"].subscribe(**given, Attributes={"FilterPolicyScope": "MessageBody"})
